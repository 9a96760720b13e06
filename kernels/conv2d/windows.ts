/**
 * Windows laid out as the rows of a matrix (im2col), so that a convolution becomes a matrix product, and the reverse:
 * rows added back to the pixels they came from (col2im).
 *
 * `windows` is [pixels, KH·KW·C/groups]: one row for each output pixel of rows [firstRow, endRow) of one image and one
 * group, with the elements in the order of the weight's first three axes. Taps on the padding hold 0.
 */

import type { Conv2dGeometry } from './geometry.ts';

export function layOutWindows(
  geometry: Conv2dGeometry,
  x: Float32Array,
  image: number,
  group: number,
  firstRow: number,
  endRow: number,
  windows: Float32Array,
): void {
  const { height, width, channels, kernelHeight, kernelWidth, groupChannels, outWidth } = geometry;
  const { stride, padding, dilation } = geometry;
  const groupStart = group * groupChannels;
  let to = 0;
  for (let outRow = firstRow; outRow < endRow; outRow++) {
    for (let outColumn = 0; outColumn < outWidth; outColumn++) {
      const left = outColumn * stride[1] - padding[2];
      for (let tapRow = 0; tapRow < kernelHeight; tapRow++) {
        const row = outRow * stride[0] - padding[0] + tapRow * dilation[0];
        const inRow = row >= 0 && row < height;
        const rowStart = (image * height + row) * width;
        for (let tapColumn = 0; tapColumn < kernelWidth; tapColumn++) {
          const column = left + tapColumn * dilation[1];
          const end = to + groupChannels;
          if (inRow && column >= 0 && column < width) {
            let from = (rowStart + column) * channels + groupStart;
            while (to < end) windows[to++] = x[from++];
          } else {
            while (to < end) windows[to++] = 0;
          }
        }
      }
    }
  }
}

export function addWindowsBack(
  geometry: Conv2dGeometry,
  windows: Float32Array,
  image: number,
  group: number,
  firstRow: number,
  endRow: number,
  dX: Float32Array,
): void {
  const { height, width, channels, kernelHeight, kernelWidth, groupChannels, outWidth } = geometry;
  const { stride, padding, dilation } = geometry;
  const groupStart = group * groupChannels;
  let from = 0;
  for (let outRow = firstRow; outRow < endRow; outRow++) {
    for (let outColumn = 0; outColumn < outWidth; outColumn++) {
      const left = outColumn * stride[1] - padding[2];
      for (let tapRow = 0; tapRow < kernelHeight; tapRow++) {
        const row = outRow * stride[0] - padding[0] + tapRow * dilation[0];
        const inRow = row >= 0 && row < height;
        const rowStart = (image * height + row) * width;
        for (let tapColumn = 0; tapColumn < kernelWidth; tapColumn++) {
          const column = left + tapColumn * dilation[1];
          const end = from + groupChannels;
          if (inRow && column >= 0 && column < width) {
            let to = (rowStart + column) * channels + groupStart;
            while (from < end) dX[to++] += windows[from++];
          } else {
            from = end;
          }
        }
      }
    }
  }
}
