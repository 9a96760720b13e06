/** Two-dimensional pooling: plain loops, the oracle for the faster devices. */

import type { CpuKernel } from '../support/contract.ts';
import type { Pool2dAttributes } from './index.ts';

/** y and index [N,OH,OW,C] from x [N,H,W,C]. */
export const maxPool2dCpu: CpuKernel<Pool2dAttributes> = ({ inputs, outputs, attributes }) => {
  const [batch, height, width, channels] = inputs[0].shape;
  const [, outHeight, outWidth] = outputs[0].shape;
  const { window, stride, padding } = attributes;
  return ([x], [y, index]) => {
    let out = 0;
    for (let image = 0; image < batch; image++) {
      for (let outRow = 0; outRow < outHeight; outRow++) {
        const top = outRow * stride[0] - padding[0];
        const firstRow = Math.max(0, top);
        const endRow = Math.min(height, top + window[0]);
        for (let outColumn = 0; outColumn < outWidth; outColumn++) {
          const left = outColumn * stride[1] - padding[2];
          const firstColumn = Math.max(0, left);
          const endColumn = Math.min(width, left + window[1]);
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

/** y [N,OH,OW,C] from x [N,H,W,C]. */
export const sumPool2dCpu: CpuKernel<Pool2dAttributes> = ({ inputs, outputs, attributes }) => {
  const [batch, height, width, channels] = inputs[0].shape;
  const [, outHeight, outWidth] = outputs[0].shape;
  const { window, stride, padding } = attributes;
  return ([x], [y]) => {
    let out = 0;
    for (let image = 0; image < batch; image++) {
      for (let outRow = 0; outRow < outHeight; outRow++) {
        const top = outRow * stride[0] - padding[0];
        const firstRow = Math.max(0, top);
        const endRow = Math.min(height, top + window[0]);
        for (let outColumn = 0; outColumn < outWidth; outColumn++) {
          const left = outColumn * stride[1] - padding[2];
          const firstColumn = Math.max(0, left);
          const endColumn = Math.min(width, left + window[1]);
          for (let channel = 0; channel < channels; channel++) {
            let sum = 0;
            for (let row = firstRow; row < endRow; row++) {
              for (let column = firstColumn; column < endColumn; column++) {
                sum += x[((image * height + row) * width + column) * channels + channel];
              }
            }
            y[out++] = sum;
          }
        }
      }
    }
  };
};

/** dX [N,H,W,C] from dY [N,OH,OW,C]. Runs over the pixels of dX, so that each is summed once and in order. */
export const sumPool2dInputGradientCpu: CpuKernel<Pool2dAttributes> = ({ inputs, outputs, attributes }) => {
  const [, outHeight, outWidth, channels] = inputs[0].shape;
  const [batch, height, width] = outputs[0].shape;
  const { window, stride, padding } = attributes;
  return ([dY], [dX]) => {
    let to = 0;
    for (let image = 0; image < batch; image++) {
      for (let row = 0; row < height; row++) {
        // The windows that cover this row: those with top ≤ row < top + window, top = outRow · stride - padding.
        const firstRow = Math.max(0, Math.ceil((row + padding[0] - window[0] + 1) / stride[0]));
        const endRow = Math.min(outHeight, Math.floor((row + padding[0]) / stride[0]) + 1);
        for (let column = 0; column < width; column++) {
          const firstColumn = Math.max(0, Math.ceil((column + padding[2] - window[1] + 1) / stride[1]));
          const endColumn = Math.min(outWidth, Math.floor((column + padding[2]) / stride[1]) + 1);
          for (let channel = 0; channel < channels; channel++) {
            let sum = 0;
            for (let outRow = firstRow; outRow < endRow; outRow++) {
              for (let outColumn = firstColumn; outColumn < endColumn; outColumn++) {
                sum += dY[((image * outHeight + outRow) * outWidth + outColumn) * channels + channel];
              }
            }
            dX[to++] = sum;
          }
        }
      }
    }
  };
};
