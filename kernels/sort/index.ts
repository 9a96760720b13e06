/**
 * The order of elements along the last axis, by merge sorts: on the cpu that of the JavaScript engine. On wasm a thread sorts
 * whole rows, element and position packed into one integer, so that comparing two is one instruction. On the GPU no
 * thread can move two numbers: each asks, for the place it writes, which of two sorted runs the element there comes from.
 */
import { type KernelContract, sizeOf } from '../support/contract.ts';

export interface SortAttributes {
  /** Whether the largest element comes first. */
  readonly descending: boolean;
}

/**
 * Input: float32 or int32 [A.., L]; output: int32 of that shape, the positions along the last axis in the order of the
 * elements at them. Equal elements keep their order in both directions, -0 equals 0, and every NaN is larger than
 * Infinity and equal to every other NaN.
 */
export const argSort: KernelContract<SortAttributes> = {
  name: 'argSort',
  flops: ({ inputs: [{ shape }] }) =>
    sizeOf(shape) * Math.ceil(Math.log2(Math.max(1, shape[shape.length - 1]))),
};
