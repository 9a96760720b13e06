/**
 * An array set into a larger one, with room around it and between its elements (XLA's pad). Along every axis:
 *
 *     out[low + i · (interior + 1)] = x[i]   for i from 0 to L - 1;   the other elements of out are `value`
 *
 * cpu fills the output with the value, then copies the elements of the input into it.
 * wasm writes each row of the output once, in order, of filled elements and copied ones, so that threads share rows.
 * gpu has a thread for each element of the output, which asks whether there is an i for it on every axis.
 */
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

/** Input [L, ..]; output [low + L + (L - 1)·interior + high, ..] (low + high where L is 0). */
export const pad: KernelContract<PadAttributes> = {
  name: 'pad',
  flops: () => 0,
};
