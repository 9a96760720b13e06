/** Softmax and its logarithm over the last axis: the contracts. */

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
