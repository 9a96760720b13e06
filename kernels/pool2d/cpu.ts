/** Two-dimensional pooling: plain loops, the oracle for the faster devices. */

import type { CpuKernel, CpuRun } from '../support/contract.ts';
import type { Pool2dAttributes } from './index.ts';

/** Along one axis, for each index of the result: the indices [first, end) of the source that it is made of. */
interface Ranges {
  readonly first: Int32Array;
  readonly end: Int32Array;
}

/** Rows (axis 0) or columns (axis 1): the pixels, of `length`, that each of `count` windows covers. */
function pixelsOfWindows(
  { window, stride, padding }: Pool2dAttributes,
  axis: 0 | 1,
  length: number,
  count: number,
): Ranges {
  const starts = Int32Array.from({ length: count }, (_, at) => at * stride[axis] - padding[2 * axis]);
  return {
    first: starts.map((start) => Math.max(0, start)),
    end: starts.map((start) => Math.min(length, start + window[axis])),
  };
}

/** The other way round: the windows, of `count`, that cover each of `length` pixels. */
function windowsOfPixels(
  { window, stride, padding }: Pool2dAttributes,
  axis: 0 | 1,
  length: number,
  count: number,
): Ranges {
  // Those with start ≤ pixel < start + window, start = at · stride - padding.
  const pixels = Int32Array.from({ length }, (_, pixel) => pixel + padding[2 * axis]);
  return {
    first: pixels.map((pixel) => Math.max(0, Math.ceil((pixel - window[axis] + 1) / stride[axis]))),
    end: pixels.map((pixel) => Math.min(count, Math.floor(pixel / stride[axis]) + 1)),
  };
}

/** y and index [N,OH,OW,C] from x [N,H,W,C]. */
export const maxPool2dCpu: CpuKernel<Pool2dAttributes> = ({ inputs, outputs, attributes }) => {
  const [batch, height, width, channels] = inputs[0].shape;
  const [, outHeight, outWidth] = outputs[0].shape;
  const rows = pixelsOfWindows(attributes, 0, height, outHeight);
  const columns = pixelsOfWindows(attributes, 1, width, outWidth);
  return ([x], [y, index]) => {
    let out = 0;
    for (let image = 0; image < batch; image++) {
      for (let outRow = 0; outRow < outHeight; outRow++) {
        const firstRow = rows.first[outRow];
        const endRow = rows.end[outRow];
        for (let outColumn = 0; outColumn < outWidth; outColumn++) {
          const firstColumn = columns.first[outColumn];
          const endColumn = columns.end[outColumn];
          for (let channel = 0; channel < channels; channel++) {
            let best = -1;
            let maximum = Number.NEGATIVE_INFINITY;
            for (let row = firstRow; row < endRow; row++) {
              for (let column = firstColumn; column < endColumn; column++) {
                const at = ((image * height + row) * width + column) * channels + channel;
                const value = x[at];
                // A number never replaces a NaN: `value > NaN` is false, and so is the second half for a number.
                if (best < 0 || value > maximum || (Number.isNaN(value) && !Number.isNaN(maximum))) {
                  best = at;
                  maximum = value;
                }
              }
            }
            y[out] = maximum;
            index[out] = best;
            out++;
          }
        }
      }
    }
  };
};

/** dX [N,H,W,C] from dY and index [N,OH,OW,C]. */
export const maxPool2dInputGradientCpu: CpuKernel<Pool2dAttributes> =
  () =>
  ([dY, index], [dX]) => {
    dX.fill(0);
    for (let i = 0; i < dY.length; i++) dX[index[i]] += dY[i];
  };

/** y [N,OH,OW,C] from x [N,H,W,C]. */
export const sumPool2dCpu: CpuKernel<Pool2dAttributes> = ({ inputs, outputs, attributes }) => {
  const [, height, width] = inputs[0].shape;
  const [, outHeight, outWidth] = outputs[0].shape;
  const rows = pixelsOfWindows(attributes, 0, height, outHeight);
  const columns = pixelsOfWindows(attributes, 1, width, outWidth);
  return sumRanges(inputs[0].shape, outputs[0].shape, rows, columns);
};

/** dX [N,H,W,C] from dY [N,OH,OW,C]. Runs over the pixels of dX, so that each is summed once and in order. */
export const sumPool2dInputGradientCpu: CpuKernel<Pool2dAttributes> = ({ inputs, outputs, attributes }) => {
  const [, outHeight, outWidth] = inputs[0].shape;
  const [, height, width] = outputs[0].shape;
  const rows = windowsOfPixels(attributes, 0, height, outHeight);
  const columns = windowsOfPixels(attributes, 1, width, outWidth);
  return sumRanges(inputs[0].shape, outputs[0].shape, rows, columns);
};

/** Each element of the result [N,·,·,C] is the sum of its rows and columns of the source [N,·,·,C]. */
function sumRanges(
  [batch, sourceHeight, sourceWidth, channels]: readonly number[],
  [, height, width]: readonly number[],
  rows: Ranges,
  columns: Ranges,
): CpuRun {
  return ([source], [result]) => {
    let to = 0;
    for (let image = 0; image < batch; image++) {
      for (let outRow = 0; outRow < height; outRow++) {
        const firstRow = rows.first[outRow];
        const endRow = rows.end[outRow];
        for (let outColumn = 0; outColumn < width; outColumn++) {
          const firstColumn = columns.first[outColumn];
          const endColumn = columns.end[outColumn];
          for (let channel = 0; channel < channels; channel++) {
            let sum = 0;
            for (let row = firstRow; row < endRow; row++) {
              for (let column = firstColumn; column < endColumn; column++) {
                sum += source[((image * sourceHeight + row) * sourceWidth + column) * channels + channel];
              }
            }
            result[to++] = sum;
          }
        }
      }
    }
  };
}
