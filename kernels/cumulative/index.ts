/**
 * Running sums along one axis. With x as [outer, length, inner]:
 *
 *     y[o, i, k] = x[o, 0, k] + … + x[o, i, k]                      or, in reverse:
 *     y[o, i, k] = x[o, i, k] + … + x[o, length - 1, k]
 *
 * cpu goes through x once, with one running sum for each k: the definition.
 * wasm does the same for 16 neighboring k at once in vectors, or, if inner is 1 and so nothing lies side by side, for four
 * rows o, because each addition waits for the one before it in its row.
 * gpu has no order between threads, so it doubles: after pass s, an element is the sum of the 2^s elements up to it.
 */
import { type KernelContract, sizeOf } from '../support/contract.ts';

export interface CumulativeAttributes {
  readonly axis: number;
  /** Whether the sum runs from the last element to the first. */
  readonly reverse: boolean;
}

/**
 * Input and output: float32 or int32 of one shape. The running sum is float64 and every element rounds it once (on the
 * gpu it is float32); int32 wraps.
 */
export const cumulativeSum: KernelContract<CumulativeAttributes> = {
  name: 'cumulativeSum',
  flops: ({ inputs: [{ shape }] }) => sizeOf(shape),
};
