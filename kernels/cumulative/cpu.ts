/** The cumulativeSum kernel in plain loops, over x as [outer, length, inner]: one running sum for each of inner. */
import { type CpuKernel, sizeOf } from '../support/contract.ts';
import type { CumulativeAttributes } from './index.ts';

export const cumulativeSumCpu: CpuKernel<CumulativeAttributes> = ({ inputs: [x], attributes }) => {
  const { axis, reverse } = attributes;
  const outer = sizeOf(x.shape.slice(0, axis));
  const length = x.shape[axis];
  const inner = sizeOf(x.shape.slice(axis + 1));
  // The store into an Int32Array is what wraps.
  const running = x.dtype === 'float32' ? new Float64Array(inner) : new Int32Array(inner);

  return ([input], [output]) => {
    for (let o = 0; o < outer; o++) {
      running.fill(0);
      for (let i = 0; i < length; i++) {
        const row = (o * length + (reverse ? length - 1 - i : i)) * inner;
        for (let k = 0; k < inner; k++) {
          running[k] += input[row + k];
          output[row + k] = running[k];
        }
      }
    }
  };
};
