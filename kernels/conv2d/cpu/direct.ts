/**
 * Convolution with few outputs a group (depthwise above all) by direct loops. A matrix product would have one to three
 * columns here, and most of its tile would be waste.
 *
 *     for each output pixel                            image, row and column
 *       for each tap of its window                     pixel = window · stride + tap · dilation − padding
 *         for each channel c < C/groups
 *           for each output channel o                  the loops over these are the functions `add…`
 *             sum += x[pixel, first[o] + c] · weight[tap, c, o]        first[o]: the first channel of o's group
 */

import type { CpuRun } from '../../support/contract.ts';
import type { Conv2dGeometry } from '../geometry.ts';

/** Where a pixel and a channel begin in x, and the outputs of a tap and that channel in weight. */
type OnImage = (xStart: number, weightStart: number) => void;
/** The same of a tap on the padding, whose pixel is nowhere. */
type OnPadding = (weightStart: number) => void;

/** For each output channel, the first input channel that its group sees. */
function firstChannels({ outChannels, groupOutputs, groupChannels }: Conv2dGeometry): Int32Array {
  return Int32Array.from(
    { length: outChannels },
    (_, output) => Math.floor(output / groupOutputs) * groupChannels,
  );
}

/** Calls `visit` for each output pixel, with the place of its first channel in y. */
function forEachPixel(
  { batch, rows, columns, outChannels }: Conv2dGeometry,
  visit: (image: number, outRow: number, outColumn: number, yStart: number) => void,
): void {
  let yStart = 0;
  for (let image = 0; image < batch; image++) {
    for (let outRow = 0; outRow < rows.windows; outRow++) {
      for (let outColumn = 0; outColumn < columns.windows; outColumn++) {
        visit(image, outRow, outColumn, yStart);
        yStart += outChannels;
      }
    }
  }
}

/** Calls `visit` for each tap of one window that lies on the image, and `pad` for those on the padding, channel by channel. */
function forEachTap(
  geometry: Conv2dGeometry,
  image: number,
  outRow: number,
  outColumn: number,
  visit: OnImage,
  pad?: OnPadding,
): void {
  const { rows, columns, channels, groupChannels, outChannels } = geometry;
  const { pixels: height, taps: kernelHeight } = rows;
  const { pixels: width, taps: kernelWidth } = columns;
  let weightStart = 0;
  for (let tapRow = 0; tapRow < kernelHeight; tapRow++) {
    const row = outRow * rows.stride + tapRow * rows.dilation - rows.padding;
    for (let tapColumn = 0; tapColumn < kernelWidth; tapColumn++) {
      const column = outColumn * columns.stride + tapColumn * columns.dilation - columns.padding;
      const isPadding = row < 0 || row >= height || column < 0 || column >= width;
      const xStart = ((image * height + row) * width + column) * channels;
      for (let channel = 0; channel < groupChannels; channel++) {
        if (isPadding) pad?.(weightStart);
        else visit(xStart + channel, weightStart);
        weightStart += outChannels;
      }
    }
  }
}

/** sums[o] += x[first[o]] · factors[o], each from its own start, for every output channel o. */
function addGathered(
  sums: Float64Array,
  sumsStart: number,
  x: Float32Array,
  xStart: number,
  first: Int32Array,
  factors: Float32Array,
  factorsStart: number,
): void {
  for (let output = 0; output < first.length; output++) {
    sums[sumsStart + output] += x[xStart + first[output]] * factors[factorsStart + output];
  }
}

/** sums[o] += 0 · factors[o], each from its own start: what padding adds, which is nothing unless a factor is not finite. */
function addZeros(
  sums: Float64Array,
  sumsStart: number,
  factors: Float32Array,
  factorsStart: number,
  count: number,
): void {
  for (let output = 0; output < count; output++)
    sums[sumsStart + output] += 0 * factors[factorsStart + output];
}

/** dX[first[o]] += dY[o] · factors[o], each from its own start, for every output channel o. */
function addScattered(
  dX: Float64Array,
  dXStart: number,
  first: Int32Array,
  dY: Float32Array,
  dYStart: number,
  factors: Float32Array,
  factorsStart: number,
): void {
  for (let output = 0; output < first.length; output++) {
    dX[dXStart + first[output]] += dY[dYStart + output] * factors[factorsStart + output];
  }
}

/** y from (x, weight). */
export function directConv2d(geometry: Conv2dGeometry): CpuRun {
  const { outChannels } = geometry;
  const first = firstChannels(geometry);
  const sums = new Float64Array(outChannels);
  return (inputs, outputs) => {
    const x = inputs[0] as Float32Array;
    const weight = inputs[1] as Float32Array;
    const visit: OnImage = (xStart, weights) => addGathered(sums, 0, x, xStart, first, weight, weights);
    const pad: OnPadding = (weights) => addZeros(sums, 0, weight, weights, outChannels);
    forEachPixel(geometry, (image, outRow, outColumn, yStart) => {
      sums.fill(0);
      forEachTap(geometry, image, outRow, outColumn, visit, pad);
      outputs[0].set(sums, yStart);
    });
  };
}

/** dX from (dY, weight). */
export function directConv2dInputGradient(geometry: Conv2dGeometry): CpuRun {
  const { batch, rows, columns, channels } = geometry;
  const first = firstChannels(geometry);
  return (inputs, outputs) => {
    const dY = inputs[0] as Float32Array;
    const weight = inputs[1] as Float32Array;
    const dX = new Float64Array(batch * rows.pixels * columns.pixels * channels);
    forEachPixel(geometry, (image, outRow, outColumn, yStart) => {
      forEachTap(geometry, image, outRow, outColumn, (xStart, weights) =>
        addScattered(dX, xStart, first, dY, yStart, weight, weights),
      );
    });
    outputs[0].set(dX);
  };
}

/** dWeight from (x, dY). */
export function directConv2dWeightGradient(geometry: Conv2dGeometry): CpuRun {
  const { outChannels, windowSize } = geometry;
  const first = firstChannels(geometry);
  const sums = new Float64Array(windowSize * outChannels);
  return (inputs, outputs) => {
    const x = inputs[0] as Float32Array;
    const dY = inputs[1] as Float32Array;
    sums.fill(0);
    forEachPixel(geometry, (image, outRow, outColumn, yStart) => {
      forEachTap(
        geometry,
        image,
        outRow,
        outColumn,
        (xStart, weights) => addGathered(sums, weights, x, xStart, first, dY, yStart),
        (weights) => addZeros(sums, weights, dY, yStart, outChannels),
      );
    });
    outputs[0].set(sums);
  };
}
