/**
 * Two-dimensional pooling in plain loops, the oracle for the faster devices. Sums and maxima alike:
 *
 *     for image, outRow, outColumn, channel:                        // of the result
 *       for row in rows.first[outRow] … rows.end[outRow] - 1        // of the source: the pixels of a window, or the
 *         for column in columns.first[outColumn] … - 1              // windows of a pixel
 *           result ∘= source[image, row, column, channel]
 */

import type { CpuKernel, CpuRun } from '../support/contract.ts';
import type { WindowAxis } from '../support/window-axis.ts';
import type { Pool2dAttributes } from './index.ts';
import { poolingAxes } from './pooling-axes.ts';

/** Along one axis, for each index of the result: the indices [first, end) of the source that it is made of. */
interface SourceRanges {
  readonly first: Int32Array;
  readonly end: Int32Array;
}

/** The pixels that each window covers: those of [start, start + taps) that exist. */
function pixelsOfWindows({ pixels, windows, taps, stride, padding }: WindowAxis): SourceRanges {
  const starts = Int32Array.from({ length: windows }, (_, window) => window * stride - padding);
  return {
    first: starts.map((start) => Math.max(0, start)),
    end: starts.map((start) => Math.min(pixels, start + taps)),
  };
}

/** The windows that cover each pixel: those with start ≤ pixel < start + taps, where start = window · stride - padding. */
function windowsOfPixels({ pixels, windows, taps, stride, padding }: WindowAxis): SourceRanges {
  const places = Int32Array.from({ length: pixels }, (_, pixel) => pixel + padding);
  return {
    first: places.map((place) => Math.max(0, Math.ceil((place - taps + 1) / stride))),
    end: places.map((place) => Math.min(windows, Math.floor(place / stride) + 1)),
  };
}

/** y and index [N,OH,OW,C] from x [N,H,W,C]. */
export const maxPool2dCpu: CpuKernel<Pool2dAttributes> = ({ inputs, outputs, attributes }) => {
  const [batch, height, width, channels] = inputs[0].shape;
  const [, outHeight, outWidth] = outputs[0].shape;
  const axes = poolingAxes(attributes, inputs[0].shape, outputs[0].shape);
  const rows = pixelsOfWindows(axes.rows);
  const columns = pixelsOfWindows(axes.columns);
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
  const { rows, columns } = poolingAxes(attributes, inputs[0].shape, outputs[0].shape);
  return sumRanges(inputs[0].shape, outputs[0].shape, pixelsOfWindows(rows), pixelsOfWindows(columns));
};

/** dX [N,H,W,C] from dY [N,OH,OW,C]. Runs over the pixels of dX, so that each is summed once and in order. */
export const sumPool2dInputGradientCpu: CpuKernel<Pool2dAttributes> = ({ inputs, outputs, attributes }) => {
  const { rows, columns } = poolingAxes(attributes, outputs[0].shape, inputs[0].shape);
  return sumRanges(inputs[0].shape, outputs[0].shape, windowsOfPixels(rows), windowsOfPixels(columns));
};

/** Each element of the result [N,·,·,C] is the sum of its rows and columns of the source [N,·,·,C]. */
function sumRanges(
  [batch, sourceHeight, sourceWidth, channels]: readonly number[],
  [, height, width]: readonly number[],
  rows: SourceRanges,
  columns: SourceRanges,
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
