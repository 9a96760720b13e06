/**
 * The fused reduction: a program is evaluated at every point of a space, and one of its registers is folded over some of
 * the axes. With kept index k and reduced index r, both counted row by row, and ∘ for the operator:
 *
 *     out[k] = value(k, 0) ∘ value(k, 1) ∘ … ∘ value(k, R - 1)
 *
 * cpu evaluates 512 points at a time, in order, and folds them into totals (of floats in float64): the definition.
 * wasm folds four values at a time as they are computed: four lanes along a reduced axis become one result, four along a
 * kept axis are four results, whichever lies contiguous in memory; few results over many points are folded in blocks, so
 * that every thread has work.
 * gpu gives each result a thread, or where results are few many threads, which fold a part each for a second pass to
 * fold: its threads share nothing.
 */
import { type Program, programBytesRead, programFlops } from '../elementwise/index.ts';
import { type DType, type KernelContract, sizeOf } from '../support/contract.ts';

/** What all devices have to know of an operator. How each device folds is in its own table. */
interface ReduceRule {
  /** The dtype in which values of a dtype are folded. */
  readonly foldedAs: (values: DType) => DType;
  /** The result of no values. */
  readonly ofNothing: (values: DType) => number;
}

/** The least value of each dtype. */
export const leastValue: Record<DType, number> = {
  float32: Number.NEGATIVE_INFINITY,
  int32: -(2 ** 31),
  bool: 0,
};

/**
 * `sum` (of bools: their count) and `max` reduce over any axes; `argMax` over exactly one, with the first of equal
 * maxima winning. A NaN makes `max` NaN, and counts as the maximum for `argMax` (NumPy).
 *
 * An operator is a row here and one in the table of each device: cpu/accumulators.ts, wasm/lane-reductions.ts and
 * gpu/thread-folds.ts, which do not compile without it.
 */
export const reduceRules = {
  sum: { foldedAs: (values) => (values === 'bool' ? 'int32' : values), ofNothing: () => 0 },
  max: { foldedAs: (values) => values, ofNothing: (values) => leastValue[values] },
  argMax: { foldedAs: (values) => values, ofNothing: () => 0 },
} satisfies Record<string, ReduceRule>;

export type ReduceOperator = keyof typeof reduceRules;

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
 * device may add up to 16 values in float32 before they join the float64 sum.
 */
export const reduce: KernelContract<ReduceAttributes> = {
  name: 'reduce',
  flops: ({ attributes }) => programFlops(attributes) + sizeOf(attributes.shape),
  bytesRead: programBytesRead,
};
