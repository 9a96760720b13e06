/**
 * The gather and scatterAdd kernels on the GPU, over x as [outer, length, inner]. Nothing can be added to by several
 * threads here, so an element of scatterAdd looks at every index: with many indices and a long axis that is slow.
 */

import { beginFold } from '../reduce/gpu/fold.ts';
import { sizeOf } from '../support/contract.ts';
import { floatsOf, type GpuKernel, input, movingPass, output, pass } from '../support/gpu/gpu-kernel.ts';
import type { GatherAttributes } from './index.ts';

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
    return f.offset([o, f.readWhole(input(1), i, count), k], [length * inner, inner, 1]);
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
    const first = f.whole(f.offset([o, k], [count * inner, 1]), 'first');
    f.loop(updatesSize === 0 ? 0 : count, (i) => {
      f.if(`${f.readWhole(input(1), i, count)} == ${l}`, () => {
        const at = f.whole(f.offset([first, i], [1, inner]), 'at');
        const value = f.readElement(input(0), dtype, at, updatesSize);
        total.add(
          value.map((half) => f.keep(half)),
          '0',
        );
      });
    });
    f.returnHalf(total.result(), plane);
  });
  return { passes: [sum], checks };
};
