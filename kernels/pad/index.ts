/** An array set into a larger one, with room around it and between its elements. */
import type { KernelContract } from '../support/contract.ts';

/** One entry per axis, each a whole number from 0 on. */
export interface PadAttributes {
  /** Elements before the first. */
  readonly low: readonly number[];
  /** Elements after the last. */
  readonly high: readonly number[];
  /** Elements between two neighbors. */
  readonly interior: readonly number[];
  /** What the new elements hold. */
  readonly value: number;
}

/** XLA's pad. Input [L, ..]; output [low + L + (L - 1)·interior + high, ..] (low + high where L is 0). */
export const pad: KernelContract<PadAttributes> = {
  name: 'pad',
  flops: () => 0,
};
