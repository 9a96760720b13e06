/**
 * Two-dimensional pooling: the contracts. An average is a sum divided by the window size, composed elsewhere. Tap t of a
 * window lies, along rows and along columns, on
 *
 *     pixel = window · stride + t − padding        0 ≤ t < window size
 *
 * or on padding, where that is no pixel of the image. So the windows that cover a pixel p are those from
 * ⌈(p + padding − size + 1) / stride⌉ to ⌊(p + padding) / stride⌋ that exist.
 *
 * cpu visits the pixels of each window, and for a gradient the windows of each pixel, element by element: the definition.
 * wasm takes four channels at a time, or four windows if there is one channel, and writes the taps of windows without
 * padding out one after the other, because the loops and bounds of a 2×2 window cost more than its four loads.
 * gpu computes each element in a thread of its own, so the gradient of a maximum asks the windows of each pixel whether
 * their maximum was there, instead of adding to one place from many.
 */

import { type KernelContract, sizeOf } from '../support/contract.ts';

export interface Pool2dAttributes {
  readonly window: readonly [height: number, width: number];
  /** Pixels from one window to the next: [height, width]. */
  readonly stride: readonly [height: number, width: number];
  readonly padding: readonly [top: number, bottom: number, left: number, right: number];
}

/**
 * y [N,OH,OW,C] = the maximum of each window of x [N,H,W,C], and index [N,OH,OW,C] int32 = where in the whole of x (as
 * a flat array) it was found. The first maximum wins, NaN wins over numbers, padding never wins. A window that lies on
 * padding alone has no maximum: y is -Infinity and index -1; shape rules should refuse padding ≥ window.
 */
export const maxPool2d: KernelContract<Pool2dAttributes> = {
  name: 'maxPool2d',
  flops: ({ outputs: [y], attributes }) => flopsOf(y.shape, attributes),
};

/**
 * dX [N,H,W,C] from dY and index [N,OH,OW,C]: each pixel sums the dY of the windows whose maximum it was, in their order.
 * An index must lie in its window, as those of `maxPool2d` do.
 */
export const maxPool2dInputGradient: KernelContract<Pool2dAttributes> = {
  name: 'maxPool2dInputGradient',
  flops: ({ inputs: [dY] }) => sizeOf(dY.shape),
};

/** y [N,OH,OW,C] = the sum of each window of x [N,H,W,C]; padding counts as 0. */
export const sumPool2d: KernelContract<Pool2dAttributes> = {
  name: 'sumPool2d',
  flops: ({ outputs: [y], attributes }) => flopsOf(y.shape, attributes),
};

/** dX [N,H,W,C] from dY [N,OH,OW,C]: each pixel sums the windows that cover it. */
export const sumPool2dInputGradient: KernelContract<Pool2dAttributes> = {
  name: 'sumPool2dInputGradient',
  flops: ({ inputs: [dY], attributes }) => flopsOf(dY.shape, attributes),
};

/** One comparison or addition for each element of each window. */
function flopsOf(y: readonly number[], { window }: Pool2dAttributes): number {
  return sizeOf(y) * window[0] * window[1];
}
