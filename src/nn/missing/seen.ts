/** What is seen of an input: NaN and masks as one mask, what follows from it over time, and the mean of what was seen. */
import { broadcastTo, reshape, sum } from '../../ops/broadcast.ts';
import { cast } from '../../ops/cast.ts';
import {
  add,
  clamp,
  divide,
  greater,
  isNaN as isNotANumber,
  logicalAnd,
  logicalNot,
  maximum,
  multiply,
  stopGradient,
  subtract,
  where,
} from '../../ops/elementwise.ts';
import { linearRecurrence } from '../../ops/linear-recurrence.ts';
import { concat, expandDims, narrow } from '../../ops/movement.ts';
import { isPlainObject, requireKnownOptions } from '../../options.ts';
import { fill } from '../../tensor/leaves.ts';
import { type Shape, sizeOf } from '../../tensor/shape.ts';
import { notATensor, Tensor } from '../../tensor/tensor.ts';
import type { Variable } from '../../tensor/variable.ts';
import { type Cure, requireDTypeFor, requireLastAxes, requireMask } from '../checks.ts';

/** An input of which something is missing: NaN in x, or false in a mask. */
export interface MissingInput {
  /** [N, T, …]; NaN is missing. */
  readonly x: Tensor;
  /** bool, which of x is seen: of the shape of x, or of its first axes, as [N, T] for whole steps. Default: all but NaN. */
  readonly mask?: Tensor;
}

/** An input looked at. */
export interface Seen {
  /** [N, T, …], 0 where nothing is seen: no NaN is left, whatever is computed of it, and no gradient reaches there. */
  readonly x: Tensor;
  /** bool, of the same shape. */
  readonly seen: Tensor;
}

/**
 * Checks an input whose last axes are `shape`, and gives its mask.
 *
 * @throws DTypeError for what is no tensor, and a mask that is not bool; ShapeError for an input of other axes, and a mask of other
 * axes than the first ones of x
 */
export function seenOf(
  layer: { describe(): string },
  input: Tensor | MissingInput,
  shape: Shape,
  cure: Cure,
): Seen {
  const { x, mask } = input instanceof Tensor ? { x: input } : given(layer, input);
  requireLastAxes(layer, x, shape, cure, Math.max(3, shape.length + 1));
  requireDTypeFor(layer, 'x', x, 'float32');
  const number = logicalNot(isNotANumber(x));
  const seen = mask === undefined ? number : logicalAnd(number, wholeMask(layer, mask, x));
  return { x: where(seen, x, 0), seen };
}

function given(layer: { describe(): string }, input: MissingInput): MissingInput {
  if (!isPlainObject(input)) throw notATensor(layer.describe(), input);
  requireKnownOptions(layer.describe(), input, ['x', 'mask']);
  return input;
}

/** A mask of the first axes of x, with axes of 1 for the others. */
function wholeMask(layer: { describe(): string }, mask: Tensor, { shape }: Tensor): Tensor {
  const rank = mask instanceof Tensor ? Math.min(Math.max(mask.rank, 2), shape.length) : 2;
  const names = shape.length === 4 ? ['N', 'H', 'W', 'C'] : ['N', 'T', 'F'];
  const axes = shape.slice(0, rank).map((length, axis) => [names[axis] ?? `axis ${axis}`, length] as const);
  const cure =
    'It says of each value of x, or of the first of its axes, whether it is seen: [N, T] of each step.';
  requireMask(layer, 'mask', mask, axes, cure);
  return reshape(mask, [...mask.shape, ...shape.slice(rank).map(() => 1)]);
}

/** The largest finite number of float32. */
const largestFloat = (2 - 2 ** -23) * 2 ** 127;

/** What is seen as numbers: 1 and 0. */
export function asNumbers(seen: Tensor): Tensor {
  return cast(seen, 'float32');
}

/**
 * At each step the value that was seen last, that of the step itself included; before any was seen, `before`, of the last axes of x.
 * x [N, T, …] → the same shape. l_t = (1 - m_t) l_{t-1} + m_t x_t: a linear recurrence, exact since m is 0 or 1
 * and what is carried is finite: an infinite value is carried as the largest number there is, since 0 · ∞ would stay NaN for good.
 */
export function lastSeen({ x, seen }: Seen, before: Tensor, reverse = false): Tensor {
  const [n, steps, ...rest] = x.shape;
  const flat = (each: Tensor): Tensor => reshape(each, [n, steps, sizeOf(rest)]);
  const m = asNumbers(seen);
  const kept = flat(subtract(1, m));
  const carried = (each: Tensor): Tensor => reshape(linearRecurrence(kept, flat(each), { reverse }), x.shape);
  const finite = clamp(x, -largestFloat, largestFloat);
  return where(seen, x, where(greater(carried(m), 0), carried(finite), before));
}

/**
 * How long ago each value was seen, in steps: δ_t = 1 + (1 - m_{t-1}) δ_{t-1}, and 0 at the first step (Che et al. 2018), of
 * m [N, T, F]. So 1 says that the step before was seen, whether this one is or not. Steps that are not `real` [N, T] take no time;
 * with `reverse`, the sequence is read from the end.
 */
export function timeSinceSeen(seen: Tensor, real?: Tensor, reverse = false): Tensor {
  const [n, steps, features] = seen.shape as [number, number, number];
  const passed = real === undefined ? fill(1, [1, 1, 1]) : expandDims(asNumbers(real), -1);
  // What the next step finds.
  const next = linearRecurrence(asNumbers(logicalNot(seen)), broadcastTo(passed, seen.shape), { reverse });
  const first = fill(0, [n, 1, features]);
  return reverse
    ? concat([narrow(next, 1, 1, steps), first], 1)
    : concat([first, narrow(next, 1, 0, steps - 1)], 1);
}

/** The mean of what was seen in training, kept by a layer. */
export interface SeenMean {
  /** The mean, of the last axes of the input; 0 where nothing was seen. */
  readonly mean: Variable;
  /** How many values it is of. */
  readonly count: Variable;
}

/** Takes a batch of training into the mean, and gives the new one. The order of the batches does not matter, nor their sizes. */
export function learnMean({ mean, count }: SeenMean, { x, seen }: Seen): Tensor {
  const axes = x.shape.slice(0, x.rank - mean.rank).map((_, axis) => axis);
  const m = asNumbers(seen);
  const added = sum(m, axes);
  const total = add(count, added);
  // Σ (x - mean) over what is seen: no large sum is kept, so that float32 will do.
  const off = sum(multiply(m, subtract(stopGradient(x), mean)), axes);
  const next = add(mean, divide(off, maximum(total, 1)));
  mean.assign(next);
  count.assign(total);
  return next;
}
