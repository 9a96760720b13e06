/**
 * The gather and scatterAdd kernels on the GPU, over x as [outer, length, inner]. Nothing can be added to by several
 * threads here, so an element of scatterAdd looks at every index: with many indices and a long axis that is slow.
 */

import { beginFold } from '../reduce/gpu-fold.ts';
import { sizeOf } from '../support/contract.ts';
import type { ThreadSource } from '../support/gpu/thread-source.ts';
import { floatsOf, type GpuKernel, input, movingPass, output, pass } from '../support/gpu.ts';
import type { GatherAttributes } from './index.ts';

/** The index at a place: indices were checked, so they are whole numbers below 2^24. */
function indexAt(f: ThreadSource, place: string, count: number): string {
  return f.keep(
    `${f.read(input(1), place)} + 65536.0 * ${f.read(input(1), `${place} + ${count}.0`)}`,
    'pick',
  );
}

export const gatherGpu: GpuKernel<GatherAttributes> = ({ inputs: [x, picks], attributes: { axis } }) => {
  const outer = sizeOf(x.shape.slice(0, axis));
  const length = x.shape[axis];
  const inner = sizeOf(x.shape.slice(axis + 1));
  const count = sizeOf(picks.shape);
  const size = outer * count * inner;
  if (size === 0) return { passes: [], checks: [{ indices: input(1), length }] };
  const from = { dtype: x.dtype, from: input(0), fromSize: sizeOf(x.shape) };
  const copy = movingPass(from, output(0), size, (f, index) => {
    const [o, i, k] = f.coordinates(index, [outer, count, inner]);
    return f.offset([o, indexAt(f, i, count), k], [length * inner, inner, 1]);
  });
  return { passes: [copy], checks: [{ indices: input(1), length }] };
};

export const scatterAddGpu: GpuKernel<GatherAttributes> = ({ inputs, outputs, attributes: { axis } }) => {
  const [{ dtype, shape }] = outputs;
  const [updates, picks] = inputs;
  const outer = sizeOf(shape.slice(0, axis));
  const length = shape[axis];
  const inner = sizeOf(shape.slice(axis + 1));
  const count = sizeOf(picks.shape);
  const size = outer * length * inner;
  const checks = [{ indices: input(1), length }];
  if (size === 0) return { passes: [], checks };
  const updatesSize = sizeOf(updates.shape);
  const sum = pass(output(0), floatsOf(dtype, size), (f) => {
    const { index, plane } = f.planes(dtype, size);
    const [o, l, k] = f.coordinates(index, [outer, length, inner]);
    const total = beginFold(f, 'sum', dtype);
    const first = f.keep(f.offset([o, k], [count * inner, 1]), 'first');
    f.loop(updatesSize === 0 ? 0 : count, (i) => {
      f.if(`${indexAt(f, i, count)} == ${l}`, () => {
        const at = f.keep(`${first} + ${i} * ${inner}.0`, 'at');
        const halves = dtype === 'int32' ? [at, `${at} + ${updatesSize}.0`] : [at];
        total.add(
          halves.map((half) => f.keep(f.read(input(0), half))),
          '0.0',
        );
      });
    });
    const { result } = total;
    f.return(result.length === 1 ? result[0] : `${plane} < 0.5 ? ${result[0]} : ${result[1]}`);
  });
  return { passes: [sum], checks };
};
