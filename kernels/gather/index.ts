/**
 * Rows of an array picked by index along one axis, and the gradient of that: rows added at their indices. With x as
 * [outer, length, inner] and indices flat:
 *
 *     gather:      y[o, i, k]   = x[o, indices[i], k]
 *     scatterAdd:  out[o, l, k] = Σ updates[o, i, k] over the i with indices[i] = l, in order
 *
 * cpu looks at all indices, then copies or adds row after row: the definition.
 * wasm first finds the smallest and largest index of each block of 1024, which is the check and tells a thread of scatterAdd
 * which updates it can pass over: a thread owns rows of the output and adds to nobody else's.
 * gpu computes each element in a thread of its own, and threads cannot add to one place, so an element of scatterAdd
 * looks at every index: with many indices and a long axis that is slow.
 */
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
