/**
 * Two-dimensional convolution and its two gradients: the contracts and the shapes they share.
 *
 * With image n, output pixel (i, j), tap (u, v) and output channel o, which belongs to group g = ⌊o / (O/groups)⌋:
 *
 *     y[n,i,j,o] = Σ over u < KH, v < KW, c < C/groups of  x[n,h,w, g·C/groups + c] · weight[u,v,c,o]
 *
 *     h = i · stride[0] + u · dilation[0] − top      w = j · stride[1] + v · dilation[1] − left
 *
 * and x is 0 where there is no pixel (h, w). dX and dWeight are the derivatives of Σ y · dY: the same products, added up
 * for each element of x, or of weight, instead of each element of y.
 *
 * `cpu` copies the windows of some output pixels into the rows of a matrix (im2col) and multiplies that by the weights, with
 * sums in doubles; with few outputs a group it loops over the taps directly. `wasm` computes the same matrix product and
 * never writes the matrix: a row of it is an address in x and the steps from tap to tap, the weights are packed into
 * panels that the 4×8 tile reads in a straight line, and blocks of output rows are small enough for the cache. On the `gpu`
 * a thread computes one element of the result from where the arrays lie, because threads share nothing and each
 * writes one number; only the long sums of a weight's gradient are computed in parts.
 */

import type { KernelCall, KernelContract } from '../support/contract.ts';

export interface Conv2dAttributes {
  /** Pixels from one window to the next: [height, width]. */
  readonly stride: readonly [height: number, width: number];
  /** Zeros around the image. */
  readonly padding: readonly [top: number, bottom: number, left: number, right: number];
  /** Pixels from one tap of the window to the next: [height, width]; 1 is a dense window. */
  readonly dilation: readonly [height: number, width: number];
  /** Channels and outputs are split into this many groups that do not see each other; C groups is depthwise. */
  readonly groups: number;
}

/** The three shapes of a convolution, whichever of them a kernel computes. */
export interface Conv2dShapes {
  /** [N,H,W,C] */
  readonly x: readonly number[];
  /** [KH,KW,C/groups,O] */
  readonly weight: readonly number[];
  /** [N,OH,OW,O] */
  readonly y: readonly number[];
}

/**
 * y [N,OH,OW,O] = x [N,H,W,C] convolved with weight [KH,KW,C/groups,O] (a correlation: no flip; no bias).
 *
 * Padding is zeros, as if they were written around the image: a weight that is NaN or infinite makes NaN of them. So it is
 * in the gradient of the weight; in that of x nothing lies on the padding, and a pixel gathers from real windows alone.
 */
export const conv2d: KernelContract<Conv2dAttributes> = {
  name: 'conv2d',
  flops: ({ inputs: [, weight], outputs: [y] }) => flopsOf(y.shape, weight.shape),
};

/** dX [N,H,W,C] from dY [N,OH,OW,O] and weight [KH,KW,C/groups,O]. */
export const conv2dInputGradient: KernelContract<Conv2dAttributes> = {
  name: 'conv2dInputGradient',
  flops: ({ inputs: [dY, weight] }) => flopsOf(dY.shape, weight.shape),
};

/** dWeight [KH,KW,C/groups,O] from x [N,H,W,C] and dY [N,OH,OW,O]. */
export const conv2dWeightGradient: KernelContract<Conv2dAttributes> = {
  name: 'conv2dWeightGradient',
  flops: ({ inputs: [, dY], outputs: [dWeight] }) => flopsOf(dY.shape, dWeight.shape),
};

/**
 * The number of windows along one axis: how many times a window of `kernel` taps, `dilation` apart, fits into `length`
 * pixels with padding, moving by `stride`. 0 where it does not fit at all.
 */
export function convolvedLength(
  length: number,
  kernel: number,
  stride: number,
  padLow: number,
  padHigh: number,
  dilation: number,
): number {
  const room = length + padLow + padHigh - (dilation * (kernel - 1) + 1);
  return room < 0 ? 0 : Math.floor(room / stride) + 1;
}

export function shapesOfConv2d({ inputs: [x, weight], outputs: [y] }: KernelCall): Conv2dShapes {
  return { x: x.shape, weight: weight.shape, y: y.shape };
}

export function shapesOfConv2dInputGradient({
  inputs: [dY, weight],
  outputs: [dX],
}: KernelCall): Conv2dShapes {
  return { x: dX.shape, weight: weight.shape, y: dY.shape };
}

export function shapesOfConv2dWeightGradient({
  inputs: [x, dY],
  outputs: [dWeight],
}: KernelCall): Conv2dShapes {
  return { x: x.shape, weight: dWeight.shape, y: dY.shape };
}

/** Each output element is a sum over the taps and channels of its window; taps on the padding are counted. */
function flopsOf(y: readonly number[], weight: readonly number[]): number {
  const [batch, outHeight, outWidth, outChannels] = y;
  const [kernelHeight, kernelWidth, groupChannels] = weight;
  return 2 * batch * outHeight * outWidth * outChannels * kernelHeight * kernelWidth * groupChannels;
}
