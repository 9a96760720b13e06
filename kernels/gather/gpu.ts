/** The gather and scatterAdd kernels on the GPU: a thread computes one element of the output. */
import { threadReductions } from '../reduce/gpu/thread-folds.ts';
import { sizeOf } from '../support/contract.ts';
import { floatsOf, type GpuKernel, input, movingPass, output, pass } from '../support/gpu/gpu-kernel.ts';
import type { GatherAttributes } from './index.ts';
import { indexedRows } from './indexed-rows.ts';

/** y[o, i, k] = x[o, indices[i], k] */
export const gatherGpu: GpuKernel<GatherAttributes> = ({ inputs: [x, picks], attributes: { axis } }) => {
  const { outer, length, count, inner } = indexedRows(x, picks, axis);
  const size = outer * count * inner;
  const checks = [{ indices: input(1), length }];
  if (size === 0) return { passes: [], checks };
  const from = { dtype: x.dtype, from: input(0), fromSize: sizeOf(x.shape) };
  const copy = movingPass(from, output(0), size, (f, index) => {
    const [o, i, k] = f.coordinates(index, [outer, count, inner]);
    return f.offset([o, f.readWhole(input(1), i, count), k], [length * inner, inner, 1]);
  });
  return { passes: [copy], checks };
};

/** out[o, l, k] = Σ over i from 0 to count - 1 of (indices[i] = l ? updates[o, i, k] : 0) */
export const scatterAddGpu: GpuKernel<GatherAttributes> = ({ inputs, outputs, attributes: { axis } }) => {
  const [{ dtype }] = outputs;
  const [updates, picks] = inputs;
  const { outer, length, count, inner } = indexedRows(outputs[0], picks, axis);
  const size = outer * length * inner;
  const checks = [{ indices: input(1), length }];
  if (size === 0) return { passes: [], checks };
  const updatesSize = sizeOf(updates.shape);
  const sum = pass(output(0), floatsOf(dtype, size), (f) => {
    const { index, plane } = f.planes(dtype, size);
    const [o, l, k] = f.coordinates(index, [outer, length, inner]);
    const total = threadReductions.sum.begin(f, dtype);
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
