/** Arrays joined along one axis. */
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
