/** Running sums along one axis. */
import { type KernelContract, sizeOf } from '../support/contract.ts';

export interface CumulativeAttributes {
  readonly axis: number;
  /** Whether the sum runs from the last element to the first. */
  readonly reverse: boolean;
}

/**
 * Input and output: float32 or int32 of one shape; element i is the sum of the elements up to and including i.
 * The running sum is float64 and every element rounds it once; int32 wraps.
 */
export const cumulativeSum: KernelContract<CumulativeAttributes> = {
  name: 'cumulativeSum',
  flops: ({ inputs: [{ shape }] }) => sizeOf(shape),
};
