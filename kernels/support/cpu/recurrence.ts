/**
 * What the recurrent kernels of the `cpu` device share: the walk through time, its products and scratch memory, and the
 * sigmoid.
 */

import { multiplyPacked, packedSize, packPanels } from '../../matmul/cpu/panels.ts';
import type { Sequence } from '../recurrent-calls.ts';
import type { Matrix } from './matrix.ts';

/** σ(x) = 1 / (1 + exp(-x)). */
export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** The t of the step that runs as number `order`. */
function stepAt({ time, reverse }: Sequence, order: number): number {
  return reverse ? time - 1 - order : order;
}

/**
 * The state before step number `order`, as a matrix [N, H]: `initial` [N,H] before the first step, else the slice of
 * `states` [N,T,H] at the step that ran just before.
 */
export function stateBefore(
  sequence: Sequence,
  order: number,
  initial: Float32Array,
  states: Float32Array,
): Matrix {
  const { time, hidden } = sequence;
  if (order === 0) return { data: initial, offset: 0, rowStride: hidden, columnStride: 1 };
  const before = stepAt(sequence, order - 1);
  return { data: states, offset: before * hidden, rowStride: time * hidden, columnStride: 1 };
}

/** float32 elements of scratch for `walkForward`: the packed weight, then the products of one step. */
export function forwardWorkspace({ batch, hidden, width }: Sequence): number {
  return packedSize(hidden, width) + batch * width;
}

/** float32 elements of scratch for `walkBack`: the packed weight. */
export function backWorkspace({ hidden, width }: Sequence): number {
  return packedSize(width, hidden);
}

/**
 * Calls `computeStep` for each step in the order of time, with `recurrent` [N, width] = hBefore · recurrentWeight, the
 * state before the step times the weight, which is packed once for all steps. `computeStep` writes step t of `h`.
 */
export function walkForward(
  sequence: Sequence,
  recurrentWeight: Float32Array,
  h0: Float32Array,
  h: Float32Array,
  workspace: Float32Array,
  computeStep: (t: number, order: number, hBefore: Matrix, recurrent: Float32Array) => void,
): void {
  const { batch, time, hidden, width } = sequence;
  const packedEnd = packedSize(hidden, width);
  const packed = workspace.subarray(0, packedEnd);
  packPanels({ data: recurrentWeight, offset: 0, rowStride: width, columnStride: 1 }, hidden, width, packed);
  const recurrent = workspace.subarray(packedEnd, packedEnd + batch * width);
  const product: Matrix = { data: recurrent, offset: 0, rowStride: width, columnStride: 1 };
  for (let order = 0; order < time; order++) {
    const hBefore = stateBefore(sequence, order, h0, h);
    multiplyPacked(hBefore, packed, product, batch, hidden, width);
    computeStep(stepAt(sequence, order), order, hBefore, recurrent);
  }
}

/**
 * Calls `computeStep` for each step from the last to the first. It reads in `dHBefore` [N,H] what the step after sent
 * back, writes step t of `dSums` [N,T,width], the gradient of hBefore · recurrentWeight, and leaves in `dHBefore` what
 * reaches the state before in other ways; then dSums · recurrentWeightᵀ is added. In the end `dHBefore` is dH0.
 */
export function walkBack(
  sequence: Sequence,
  recurrentWeight: Float32Array,
  dSums: Float32Array,
  dHBefore: Float32Array,
  workspace: Float32Array,
  computeStep: (t: number, order: number) => void,
): void {
  const { batch, time, hidden, width } = sequence;
  dHBefore.fill(0);
  // Packed as recurrentWeightᵀ [width, H].
  packPanels(
    { data: recurrentWeight, offset: 0, rowStride: 1, columnStride: width },
    width,
    hidden,
    workspace,
  );
  const product: Matrix = { data: dHBefore, offset: 0, rowStride: hidden, columnStride: 1 };
  for (let order = time - 1; order >= 0; order--) {
    const t = stepAt(sequence, order);
    computeStep(t, order);
    const dStep: Matrix = { data: dSums, offset: t * width, rowStride: time * width, columnStride: 1 };
    multiplyPacked(dStep, workspace, product, batch, width, hidden, true);
  }
}
