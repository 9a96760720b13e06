/**
 * Running totals on the GPU, by doubling (Hillis and Steele): pass s computes, for s = 0, 1, … ⌈log₂ length⌉ - 1,
 *
 *     totals[i] = i ≥ 2^s ? before[i] ∘ before[i - 2^s] : before[i]        in reverse: i + 2^s, if that is < length
 */
import { product, wrapped } from '../elementwise/operators/int32-halves.ts';
import type { Register } from '../elementwise/operators/row.ts';
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
import type { ThreadSource } from '../support/gpu/thread-source.ts';
import type { CumulativeAttributes, CumulativeOperator } from './index.ts';

export const cumulativeGpu: GpuKernel<CumulativeAttributes> = ({ inputs: [x], attributes }) => {
  const { operator, axis, reverse } = attributes;
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
      const halves = x.dtype === 'float32' ? [0] : [0, size];
      const [own, before] = [index, other].map((at) =>
        halves.map((offset) => f.keep(f.read(from, f.offset([at], [1], offset)))),
      );
      const total = totalOf[operator](f, own, before).map((half) => f.keep(half, 'total'));
      f.returnHalf(
        total.map((half, at) => `${exists} ? ${half} : ${own[at]}`),
        plane,
      );
    });
  });
  return { passes };
};

/** a ∘ b, of floats by name or of int32 as the names of its halves. */
const totalOf: Record<CumulativeOperator, (f: ThreadSource, a: Register, b: Register) => Register> = {
  sum(f, a, b) {
    const [low, high] = a.map((half, at) => `${half} + ${b[at]}`);
    return high === undefined ? [low] : wrapped(f, low, high);
  },
  product(f, a, b) {
    return a.length === 1 ? [`${a[0]} * ${b[0]}`] : product(f, a, b);
  },
};
