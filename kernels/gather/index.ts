/** Slices of an array picked by index along one axis, and the gradient of that: slices added at their indices. */
import { type KernelContract, sizeOf } from '../support/contract.ts';

export interface GatherAttributes {
  /** The indexed axis of x. */
  readonly axis: number;
}

/**
 * NumPy's take. Inputs: x [A.., L, B..] and int32 indices [I..]; output [A.., I.., B..]. An index outside [0, L)
 * throws an IndexOutOfRangeError.
 */
export const gather: KernelContract<GatherAttributes> = {
  name: 'gather',
  flops: () => 0,
};

/**
 * Inputs: updates [A.., I.., B..] and int32 indices [I..]; output [A.., L, B..]: zeros, plus each update at its index,
 * equal indices in the order of the updates. An index outside [0, L) throws an IndexOutOfRangeError.
 */
export const scatterAdd: KernelContract<GatherAttributes> = {
  name: 'scatterAdd',
  flops: ({ inputs: [updates] }) => sizeOf(updates.shape),
};
