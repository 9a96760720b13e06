/**
 * Arrays joined along one axis. With everything before the axis as `outer`, each input is [outer, run], and a row of the
 * output [outer, Σ run] is one run of every input, in their order.
 *
 * cpu copies, for each input, its runs into the output.
 * wasm copies row by row, so that threads share rows; few long rows are shared by ranges of elements.
 * gpu has a thread for each element, which finds the input that it comes from by comparing its place with where the runs
 * end; a pass reads so many arrays, so more of them are joined in groups first.
 */
import type { KernelContract } from '../support/contract.ts';

export interface ConcatAttributes {
  /** The axis along which the inputs follow each other; the other lengths are equal. */
  readonly axis: number;
}

/** Inputs: one or more of one dtype, [.., length of each, ..]; output: [.., sum of the lengths, ..]. */
export const concat: KernelContract<ConcatAttributes> = {
  name: 'concat',
  flops: () => 0,
};
