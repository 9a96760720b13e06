/**
 * Softmax and its logarithm over the last axis: the contracts.
 *
 * All versions subtract a row's maximum first, so that exp does not overflow, and differ in where the row is meanwhile. On
 * `cpu` it lies in memory, and three loops go over it: maximum, sum of exponentials in doubles, results. On `wasm` a row
 * of up to 32 elements stays in vector registers from the load to the store, and a longer one in the cache; threads share
 * the rows. On `gpu` nothing stays, since threads share nothing: maxima and sums are the passes of two reductions, and the
 * results are one elementwise pass that computes the exponential again.
 */

import { type KernelContract, sizeOf } from '../support/contract.ts';

/** Nothing to choose: both run over the last axis. */
export type SoftmaxAttributes = Readonly<Record<string, never>>;

/**
 * y = exp(x) / Σ exp(x) over the last axis of x (any rank ≥ 1). A row with a NaN or a +Infinity, and a row of nothing
 * but -Infinity, gives NaN throughout; a -Infinity beside numbers gives 0.
 */
export const softmax: KernelContract<SoftmaxAttributes> = {
  name: 'softmax',
  // Each element: compare with the maximum, subtract it, exponentiate, add to the sum, divide.
  flops: ({ inputs: [x] }) => 5 * sizeOf(x.shape),
};

/** y = x - log Σ exp(x) over the last axis of x (any rank ≥ 1); non-finite values as in `softmax`, -Infinity for its 0. */
export const logSoftmax: KernelContract<SoftmaxAttributes> = {
  name: 'logSoftmax',
  // Each element: compare with the maximum, subtract it, exponentiate, add to the sum, subtract its logarithm.
  flops: ({ inputs: [x] }) => 5 * sizeOf(x.shape),
};
