/** Windows that slide along one axis of an image, seen from both sides: the pixels of a window, the windows of a pixel. */

import type { WindowAxis } from '../window-axis.ts';
import { sumInLevels } from './sums-in-levels.ts';
import type { ThreadSource } from './thread-source.ts';

/** Composes a loop over the taps of a window that lie on the image; gives the name of a sum, to which `body` may add. */
export function forPixels(
  f: ThreadSource,
  axis: WindowAxis,
  window: string,
  body: (pixel: string, tap: string, sum: string) => void,
): string {
  const first = f.whole(f.offset([window], [axis.stride], -axis.padding), 'first');
  return forTaps(f, axis, (tap, sum) => {
    const pixel = f.whole(f.offset([first, tap], [1, axis.dilation]), 'pixel');
    guarded(f, onImage(axis, pixel), () => body(pixel, tap, sum));
  });
}

/** Composes a loop over the taps by which windows cover a pixel; gives the name of a sum, to which `body` may add. */
export function forWindows(
  f: ThreadSource,
  axis: WindowAxis,
  pixel: string,
  body: (window: string, tap: string, sum: string) => void,
): string {
  const { pixels, windows, taps, stride, dilation, padding } = axis;
  const place = f.whole(f.offset([pixel], [1], padding), 'place');
  return forTaps(f, axis, (tap, sum) => {
    const start = f.whole(f.offset([place, tap], [1, -dilation]), 'start');
    const window = f.whole(f.quotient(start, stride), 'window');
    const conditions = [
      ...(padding < (taps - 1) * dilation ? [`${start} >= 0`] : []),
      ...(pixels - 1 + padding >= windows * stride ? [`${window} < ${windows}`] : []),
      ...(stride > 1 ? [`${window} * ${stride} == ${start}`] : []),
    ];
    guarded(f, conditions.join(' && '), () => body(window, tap, sum));
  });
}

/** The condition that the place of a tap is a pixel, or '' where every tap of every window lies on one. */
export function onImage(
  { pixels, windows, taps, stride, dilation, padding }: WindowAxis,
  place: string,
): string {
  const last = (windows - 1) * stride + (taps - 1) * dilation - padding;
  return [
    ...(padding > 0 ? [`${place} >= 0`] : []),
    ...(last >= pixels ? [`${place} < ${pixels}`] : []),
  ].join(' && ');
}

function forTaps(f: ThreadSource, { taps }: WindowAxis, body: (tap: string, sum: string) => void): string {
  if (taps > 1) return sumInLevels(f, taps, body);
  const sum = f.variable('0.0', 'sum');
  body('0', sum);
  return sum;
}

/** Composes `body` under a condition, '' for none. */
export function guarded(f: ThreadSource, condition: string, body: () => void): void {
  if (condition === '') body();
  else f.if(condition, body);
}
