/** The sizes of one convolution, as the versions of all devices compute with them. */

import type { WindowAxis } from '../support/window-axis.ts';
import type { Conv2dAttributes, Conv2dShapes } from './index.ts';

export interface Conv2dGeometry {
  /** N. */
  readonly batch: number;
  /** H, OH and KH are its pixels, windows and taps. */
  readonly rows: WindowAxis;
  /** W, OW and KW. */
  readonly columns: WindowAxis;
  /** C. */
  readonly channels: number;
  /** O. */
  readonly outChannels: number;
  readonly groups: number;
  /** C / groups. */
  readonly groupChannels: number;
  /** O / groups. */
  readonly groupOutputs: number;
  /** Elements of one window of one group: KH·KW·C/groups. */
  readonly windowSize: number;
}

export function geometryOf(
  { x, weight, y }: Conv2dShapes,
  { stride, padding, dilation, groups }: Conv2dAttributes,
): Conv2dGeometry {
  const axis = (at: 0 | 1): WindowAxis => ({
    pixels: x[1 + at],
    windows: y[1 + at],
    taps: weight[at],
    stride: stride[at],
    dilation: dilation[at],
    padding: padding[2 * at],
  });
  const [kernelHeight, kernelWidth, groupChannels, outChannels] = weight;
  return {
    batch: x[0],
    rows: axis(0),
    columns: axis(1),
    channels: x[3],
    outChannels,
    groups,
    groupChannels,
    groupOutputs: outChannels / groups,
    windowSize: kernelHeight * kernelWidth * groupChannels,
  };
}

/** How many zeros the windows of an axis meet after its last pixel; they meet `padding` before the first one. */
export function zerosBehind({ pixels, windows, taps, stride, dilation, padding }: WindowAxis): number {
  const last = (windows - 1) * stride + (taps - 1) * dilation - padding;
  return Math.max(0, last + 1 - pixels);
}
