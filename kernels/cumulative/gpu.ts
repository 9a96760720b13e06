/**
 * Running sums on the GPU, by doubling (Hillis and Steele): pass s computes, for s = 0, 1, … ⌈log₂ length⌉ - 1,
 *
 *     sums[i] = before[i] + (i ≥ 2^s ? before[i - 2^s] : 0)        in reverse: i + 2^s, if that is < length
 */
import { wrapHigh, wrapLow } from '../elementwise/operators/int32-halves.ts';
import { sizeOf } from '../support/contract.ts';
import {
  floatsOf,
  type GpuArray,
  type GpuKernel,
  type GpuPass,
  input,
  output,
  pass,
  temporary,
} from '../support/gpu/gpu-kernel.ts';
import type { CumulativeAttributes } from './index.ts';

export const cumulativeSumGpu: GpuKernel<CumulativeAttributes> = ({ inputs: [x], attributes }) => {
  const { axis, reverse } = attributes;
  const size = sizeOf(x.shape);
  if (size === 0) return { passes: [] };
  const length = x.shape[axis];
  const inner = sizeOf(x.shape.slice(axis + 1));
  const doublings = Math.max(1, Math.ceil(Math.log2(length)));
  const passes = Array.from({ length: doublings }, (_, number): GpuPass => {
    const from: GpuArray = number === 0 ? input(0) : temporary(number - 1);
    const to: GpuArray = number === doublings - 1 ? output(0) : temporary(number);
    const reach = 2 ** number;
    return pass(to, floatsOf(x.dtype, size), (f) => {
      const { index, plane } = f.planes(x.dtype, size);
      const [, place] = f.coordinates(index, [size / (length * inner), length, inner]);
      const other = f.whole(f.offset([index], [1], (reverse ? reach : -reach) * inner), 'other');
      const exists = reverse ? `${place} < ${length - reach}` : `${place} >= ${reach}`;
      const sumOf = (offset: number): string => {
        const [own, others] = [index, other].map((at) => f.read(from, f.offset([at], [1], offset)));
        return f.keep(`${own} + (${exists} ? ${others} : 0.0)`, 'sum');
      };
      const low = sumOf(0);
      if (x.dtype === 'float32') {
        f.return(low);
        return;
      }
      const high = sumOf(size);
      const wrappedHigh = f.call(wrapHigh, `${high} + Math.floor(${low} * 0.0000152587890625)`);
      f.returnHalf([f.call(wrapLow, low), wrappedHigh], plane);
    });
  });
  return { passes };
};
