/** The windows of a pooling along rows and columns, as the versions of all devices compute with them. */
import type { WindowAxis } from '../support/window-axis.ts';
import type { Pool2dAttributes } from './index.ts';

export interface PoolingAxes {
  readonly rows: WindowAxis;
  readonly columns: WindowAxis;
}

/** The axes of windows over `pixels` [N,H,W,C] that give `windows` [N,OH,OW,C]. */
export function poolingAxes(
  { window, stride, padding }: Pool2dAttributes,
  pixels: readonly number[],
  windows: readonly number[],
): PoolingAxes {
  const axis = (at: 0 | 1): WindowAxis => ({
    pixels: pixels[1 + at],
    windows: windows[1 + at],
    taps: window[at],
    stride: stride[at],
    dilation: 1,
    padding: padding[2 * at],
  });
  return { rows: axis(0), columns: axis(1) };
}
