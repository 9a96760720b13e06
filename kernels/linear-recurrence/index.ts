/**
 * The linear recurrence h_t = a_t ⊙ h_{t-1} + b_t over time, of real or complex numbers: the contract.
 *
 * cpu takes all features of a sequence from step to step: the definition.
 * wasm does the same in vectors. An item is 16 features of a sequence; what a thread has of a row it walks as one run of
 * memory, since columns of 16 would jump to another page at every step.
 * gpu has no order between threads: blocks of steps are composed to one step each, and the steps of blocks to longer ones.
 */
import { type KernelCall, type KernelContract, sizeOf } from '../support/contract.ts';
import { denseStrides } from '../support/view.ts';

export interface LinearRecurrenceAttributes {
  /** Whether time runs from the last step to the first. */
  readonly reverse: boolean;
  /** Whether numbers are complex: then two arrays stand for one, the real parts and the imaginary ones. */
  readonly complex: boolean;
  /** Whether b_t is added before a_t multiplies; see the formula. */
  readonly addFirst: boolean;
}

/**
 * Inputs: a [N or 1, T or 1, F or 1], b [N,T,F], initial [N,F]; of complex numbers the parts of each in turn, six arrays.
 * Output: h [N,T,F], or its two parts. With s = initial, for each t in the order of time:
 *
 *     h_t = s = a_t ⊙ s + b_t               or, with addFirst:
 *     h_t = s + b_t,  s = a_t ⊙ h_t
 *
 * Each of the two, run against the order of time, is the gradient of the other: what reaches h_t goes on to h_{t-1} through
 * the a_t of its own step. s is float64 and every h_t rounds it once; on the gpu all is float32, in the order of composition:
 * there the product of the a of a block may overflow where no h_t does.
 */
export const linearRecurrence: KernelContract<LinearRecurrenceAttributes> = {
  name: 'linearRecurrence',
  flops: ({ outputs: [h], attributes: { complex } }) => sizeOf(h.shape) * (complex ? 8 : 2),
};

/** The sizes of a call. */
export interface LinearRecurrenceSizes {
  readonly batch: number;
  readonly time: number;
  readonly features: number;
  /** Arrays that stand for one: 2 of complex numbers. */
  readonly parts: 1 | 2;
  /** From one element of a to the next along N, T and F: 0 where one is for all. */
  readonly strides: readonly [ofBatch: number, ofTime: number, ofFeatures: number];
}

export function linearRecurrenceSizes({
  inputs: [a],
  outputs: [h],
  attributes,
}: KernelCall<LinearRecurrenceAttributes>): LinearRecurrenceSizes {
  const [batch, time, features] = h.shape;
  const [n, t, f] = denseStrides(a.shape).map((stride, axis) => (a.shape[axis] === 1 ? 0 : stride));
  return { batch, time, features, parts: attributes.complex ? 2 : 1, strides: [n, t, f] };
}
