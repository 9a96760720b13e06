/**
 * Running sums or products along one axis. With x as [outer, length, inner], and ∘ for + or ·:
 *
 *     y[o, i, k] = x[o, 0, k] ∘ … ∘ x[o, i, k]                      or, in reverse:
 *     y[o, i, k] = x[o, i, k] ∘ … ∘ x[o, length - 1, k]
 *
 * cpu goes through x once, with one running total for each k: the definition.
 * wasm does the same for 16 neighboring k at once in vectors, or, if inner is 1 and so nothing lies side by side, for four
 * rows o, because each operation waits for the one before it in its row.
 * gpu has no order between threads, so it doubles: after pass s, an element is the total of the 2^s elements up to it.
 */
import { type KernelContract, sizeOf } from '../support/contract.ts';

/** What a running total begins with. */
export const neutral = { sum: 0, product: 1 } as const;
export type CumulativeOperator = keyof typeof neutral;

export interface CumulativeAttributes {
  readonly operator: CumulativeOperator;
  readonly axis: number;
  /** Whether the total runs from the last element to the first. */
  readonly reverse: boolean;
}

/**
 * Input and output: float32 or int32 of one shape. The running total is float64 and every element rounds it once; int32 wraps.
 * On the gpu it is float32, in the order of doubling: a product of finite factors may overflow there on the way.
 */
export const cumulative: KernelContract<CumulativeAttributes> = {
  name: 'cumulative',
  flops: ({ inputs: [{ shape }] }) => sizeOf(shape),
};
