/** What the recurrent kernels share: the order of time, where a step's state comes from, and the sigmoid. */

import type { Matrix } from './matrix.ts';

/** σ(x) = 1 / (1 + exp(-x)). */
export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** The t of the step that runs as number `order` of `time`. */
export function stepAt(order: number, time: number, reverse: boolean): number {
  return reverse ? time - 1 - order : order;
}

/**
 * The state before step number `order`, as a matrix [N, H]: `initial` [N,H] before the first step, else the slice of
 * `states` [N,T,H] at the step that ran just before.
 */
export function stateBefore(
  initial: Float32Array,
  states: Float32Array,
  order: number,
  time: number,
  hidden: number,
  reverse: boolean,
): Matrix {
  if (order === 0) return { data: initial, offset: 0, rowStride: hidden, columnStride: 1 };
  const before = stepAt(order - 1, time, reverse);
  return { data: states, offset: before * hidden, rowStride: time * hidden, columnStride: 1 };
}
