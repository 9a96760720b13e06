/** The sizes of one convolution, and which of the two algorithms of the `cpu` device suits them. */

import type { Conv2dAttributes, Conv2dShapes } from './index.ts';

/** Output pixels whose windows are laid out at once: enough rows for the product, few enough to stay in the cache. */
const pixelsAtOnce = 128;

/** Outputs of a group below which the product has too few columns, and the direct loops are faster. */
const fewestOutputsForProduct = 4;

export interface Conv2dGeometry extends Conv2dAttributes {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  /** C / groups. */
  readonly groupChannels: number;
  /** O / groups. */
  readonly groupOutputs: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly outChannels: number;
  /** Elements of one window of one group: KH·KW·C/groups. */
  readonly windowSize: number;
  /** Rows of the output that are computed at once. */
  readonly rowsAtOnce: number;
  /** Whether to loop directly over taps and outputs (depthwise) instead of multiplying laid-out windows. */
  readonly direct: boolean;
}

export function geometryOf({ x, weight, y }: Conv2dShapes, attributes: Conv2dAttributes): Conv2dGeometry {
  const [batch, height, width, channels] = x;
  const [kernelHeight, kernelWidth, groupChannels] = weight;
  const [, outHeight, outWidth, outChannels] = y;
  const groupOutputs = outChannels / attributes.groups;
  return {
    ...attributes,
    batch,
    height,
    width,
    channels,
    kernelHeight,
    kernelWidth,
    groupChannels,
    groupOutputs,
    outHeight,
    outWidth,
    outChannels,
    windowSize: kernelHeight * kernelWidth * groupChannels,
    rowsAtOnce: Math.min(outHeight, Math.ceil(pixelsAtOnce / Math.max(1, outWidth))),
    direct: attributes.groups > 1 && groupOutputs < fewestOutputsForProduct,
  };
}

/** What the gradients of the pixels [N,H,W,C] are added up in. Doubles: a pixel collects a term from every tap. */
export function pixelSums({ batch, height, width, channels }: Conv2dGeometry): Float64Array {
  return new Float64Array(batch * height * width * channels);
}

/** float32 elements of the windows of `rowsAtOnce` output rows. */
export function windowsSize({ rowsAtOnce, outWidth, windowSize }: Conv2dGeometry): number {
  return rowsAtOnce * outWidth * windowSize;
}
