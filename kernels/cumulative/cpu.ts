/** The cumulative kernel in plain loops, over x as [outer, length, inner]: one running total for each of inner. */
import { type CpuKernel, type NumericArray, sizeOf } from '../support/contract.ts';
import { type CumulativeAttributes, type CumulativeOperator, neutral } from './index.ts';

type RunningTotals = Float64Array | Int32Array;

/** totals[k] ∘= values[at + k]. The store into an Int32Array is what wraps a sum. */
const joins: Record<CumulativeOperator, (totals: RunningTotals, values: NumericArray, at: number) => void> = {
  sum(totals, values, at) {
    for (let k = 0; k < totals.length; k++) totals[k] += values[at + k];
  },
  product(totals, values, at) {
    if (totals instanceof Int32Array) {
      for (let k = 0; k < totals.length; k++) totals[k] = Math.imul(totals[k], values[at + k]);
    } else {
      for (let k = 0; k < totals.length; k++) totals[k] *= values[at + k];
    }
  },
};

export const cumulativeCpu: CpuKernel<CumulativeAttributes> = ({ inputs: [x], attributes }) => {
  const { operator, axis, reverse } = attributes;
  const outer = sizeOf(x.shape.slice(0, axis));
  const length = x.shape[axis];
  const inner = sizeOf(x.shape.slice(axis + 1));
  const totals = x.dtype === 'float32' ? new Float64Array(inner) : new Int32Array(inner);
  const join = joins[operator];

  return ([input], [output]) => {
    for (let o = 0; o < outer; o++) {
      totals.fill(neutral[operator]);
      for (let i = 0; i < length; i++) {
        const row = (o * length + (reverse ? length - 1 - i : i)) * inner;
        join(totals, input, row);
        for (let k = 0; k < inner; k++) output[row + k] = totals[k];
      }
    }
  };
};
