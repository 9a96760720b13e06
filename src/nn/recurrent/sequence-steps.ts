/** The step of a sequence that is read last: of all, and of those that are real. */
import { reshape, sum } from '../../ops/broadcast.ts';
import { add, equal, logicalAnd, subtract, where } from '../../ops/elementwise.ts';
import { iota } from '../../ops/indexing.ts';
import { expandDims, narrow } from '../../ops/movement.ts';
import { max } from '../../ops/reduce.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** The step of [N, T, F] that is read last, [N, F]. */
export function lastRead(sequence: Tensor, reverse: boolean): Tensor {
  const [n, steps, features] = sequence.shape as [number, number, number];
  const t = reverse ? 0 : steps - 1;
  return reshape(narrow(sequence, 1, t, t + 1), [n, features]);
}

/** Of [N, T, F], for each sequence the step that is read last of those that are real [N, F]; 0 where none is. */
export function lastOutput(sequence: Tensor, mask: Tensor | undefined, reverse: boolean): Tensor {
  const steps = sequence.shape[1];
  if (!mask) return lastRead(sequence, reverse);
  const order = reverse ? subtract(steps, iota(steps)) : add(iota(steps), 1);
  const real = where(mask, order, 0);
  const isLast = logicalAnd(mask, equal(real, max(real, 1, { keepDims: true })));
  return sum(where(expandDims(isLast, -1), sequence, 0), 1);
}
