/** Softmax and its logarithm over the last axis: plain loops, the oracle for the faster devices. */

import { type CpuKernel, type NumericArray, sizeOf, type TensorSpec } from '../support/contract.ts';
import type { SoftmaxAttributes } from './index.ts';

/** y = exp(x) / Σ exp(x) over the last axis. */
export const softmaxCpu: CpuKernel<SoftmaxAttributes> = ({ inputs }) => {
  const [rows, length] = rowsOf(inputs[0]);
  return ([x], [y]) => {
    for (let row = 0; row < rows; row++) {
      const start = row * length;
      const end = start + length;
      // Subtracting the maximum changes nothing in exact arithmetic, and keeps exp from overflowing.
      const maximum = maximumOf(x, start, end);
      let sum = 0;
      for (let i = start; i < end; i++) {
        const power = Math.exp(x[i] - maximum);
        y[i] = power;
        sum += power;
      }
      for (let i = start; i < end; i++) y[i] /= sum;
    }
  };
};

/** y = x - log Σ exp(x) over the last axis. */
export const logSoftmaxCpu: CpuKernel<SoftmaxAttributes> = ({ inputs }) => {
  const [rows, length] = rowsOf(inputs[0]);
  return ([x], [y]) => {
    for (let row = 0; row < rows; row++) {
      const start = row * length;
      const end = start + length;
      const maximum = maximumOf(x, start, end);
      let sum = 0;
      for (let i = start; i < end; i++) sum += Math.exp(x[i] - maximum);
      const logSum = Math.log(sum);
      // In this order: the maximum may be 1e4 and the logarithm 1e-7, and their sum would lose the latter.
      for (let i = start; i < end; i++) y[i] = x[i] - maximum - logSum;
    }
  };
};

/** [how many rows, how long each]. */
function rowsOf({ shape }: TensorSpec): [rows: number, length: number] {
  const length = shape[shape.length - 1];
  return [sizeOf(shape.slice(0, -1)), length];
}

/** The largest number of x [start, end). It passes over NaN, which reaches the sum, and so the whole row, by itself. */
function maximumOf(x: NumericArray, start: number, end: number): number {
  let maximum = Number.NEGATIVE_INFINITY;
  for (let i = start; i < end; i++) if (x[i] > maximum) maximum = x[i];
  return maximum;
}
