/** The fused reduction: a straight-line program evaluated at every point of a space, then reduced over some axes. */
import { type Program, programFlops } from '../elementwise/index.ts';
import { type KernelContract, sizeOf } from '../support/contract.ts';

/**
 * `sum` and `max` reduce over any axes; `argMax` over exactly one, with the first of equal maxima winning.
 * A NaN makes `max` NaN, and counts as the maximum for `argMax` (NumPy). Empty reductions: sum 0, max -Infinity.
 */
export type ReduceOperator = 'sum' | 'max' | 'argMax';

/** The result has the size of `shape` without the reduced axes, in order. */
export interface ReduceAttributes extends Program {
  readonly operator: ReduceOperator;
  /** The register that is reduced. */
  readonly value: number;
  /** Reduced axes of `shape`, ascending. */
  readonly axes: readonly number[];
}

/**
 * Sums run in one fixed order, whatever the number of threads, in float64, and round once to float32 (int32 sums wrap). A
 * device may add short runs, of up to 16 values, in float32 before they join the float64 sum.
 */
export const reduce: KernelContract<ReduceAttributes> = {
  name: 'reduce',
  flops: ({ attributes }) => programFlops(attributes) + sizeOf(attributes.shape),
};
