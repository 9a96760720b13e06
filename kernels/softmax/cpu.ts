/** Softmax and its logarithm over the last axis: plain loops, the oracle for the faster devices. */

import { type CpuKernel, type NumericArray, sizeOf } from '../support/contract.ts';
import type { SoftmaxAttributes } from './index.ts';

/** y = exp(x) / Σ exp(x) over the last axis. */
export const softmaxCpu = byRows((x, y, start, end, maximum) => {
  let sum = 0;
  for (let i = start; i < end; i++) {
    const power = Math.exp(x[i] - maximum);
    y[i] = power;
    sum += power;
  }
  for (let i = start; i < end; i++) y[i] /= sum;
});

/** y = x - log Σ exp(x) over the last axis. */
export const logSoftmaxCpu = byRows((x, y, start, end, maximum) => {
  let sum = 0;
  for (let i = start; i < end; i++) sum += Math.exp(x[i] - maximum);
  const logSum = Math.log(sum);
  // In this order: the maximum may be 1e4 and the logarithm 1e-7, and their sum would lose the latter.
  for (let i = start; i < end; i++) y[i] = x[i] - maximum - logSum;
});

/** Computes elements [start, end) of y, one row, from those of x, whose largest is `maximum`. */
type RowFunction = (x: NumericArray, y: NumericArray, start: number, end: number, maximum: number) => void;

/**
 * The kernel that applies a function to every row. The functions subtract the maximum, which changes nothing in exact
 * arithmetic, and keeps exp from overflowing.
 */
function byRows(computeRow: RowFunction): CpuKernel<SoftmaxAttributes> {
  return ({ inputs: [{ shape }] }) => {
    const size = sizeOf(shape);
    const length = shape[shape.length - 1];
    return ([x], [y]) => {
      for (let start = 0; start < size; start += length) {
        const end = start + length;
        computeRow(x, y, start, end, maximumOf(x, start, end));
      }
    };
  };
}

/** The largest number of x [start, end). It passes over NaN, which reaches the sum, and so the whole row, by itself. */
function maximumOf(x: NumericArray, start: number, end: number): number {
  let maximum = Number.NEGATIVE_INFINITY;
  for (let i = start; i < end; i++) if (x[i] > maximum) maximum = x[i];
  return maximum;
}
