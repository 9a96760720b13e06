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

/** Takes a tap: where its pixel begins in x, and its weights in weight. */
type OnImage = (xStart: number, weightStart: number) => void;
/** Takes a tap on the padding, whose pixel is nowhere. */
type OnPadding = (weightStart: number) => void;

/** For each output channel, the first input channel that its group sees. */
function firstChannels({ outChannels, groupOutputs, groupChannels }: Conv2dGeometry): Int32Array {
  return Int32Array.from(
    { length: outChannels },
    (_, output) => Math.floor(output / groupOutputs) * groupChannels,
  );
}

/** N·OH·OW. */
function outputPixels({ batch, rows, columns }: Conv2dGeometry): number {
  return batch * rows.windows * columns.windows;
}

/**
 * Calls `visit` for each tap of the window of an output pixel, all pixels counted, that lies on the image, and `pad` for
 * those on the padding. Callers loop over the pixels themselves, so that the engine can inline this with what it calls: as
 * one function over all pixels it took one and a half times as long.
 */
function forEachTap(geometry: Conv2dGeometry, pixel: number, visit: OnImage, pad?: OnPadding): void {
  const { rows, columns, channels, groupChannels, outChannels } = geometry;
  const { pixels: height, taps: kernelHeight } = rows;
  const { pixels: width, taps: kernelWidth } = columns;
  const line = Math.floor(pixel / columns.windows);
  const image = Math.floor(line / rows.windows);
  const top = (line - image * rows.windows) * rows.stride - rows.padding;
  const left = (pixel - line * columns.windows) * columns.stride - columns.padding;
  const tapSize = groupChannels * outChannels;
  let weightStart = 0;
  for (let tapRow = 0; tapRow < kernelHeight; tapRow++) {
    const row = top + tapRow * rows.dilation;
    for (let tapColumn = 0; tapColumn < kernelWidth; tapColumn++) {
      const column = left + tapColumn * columns.dilation;
      if (row < 0 || row >= height || column < 0 || column >= width) pad?.(weightStart);
      else visit(((image * height + row) * width + column) * channels, weightStart);
      weightStart += tapSize;
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
  const { outChannels, groupChannels } = geometry;
  const first = firstChannels(geometry);
  const pixels = outputPixels(geometry);
  const sums = new Float64Array(outChannels);
  return (inputs, outputs) => {
    const x = inputs[0] as Float32Array;
    const weight = inputs[1] as Float32Array;
    const y = outputs[0] as Float32Array;
    let to = 0;
    const visit: OnImage = (xStart, weightStart) => {
      for (let channel = 0; channel < groupChannels; channel++) {
        addGathered(sums, 0, x, xStart + channel, first, weight, weightStart + channel * outChannels);
      }
    };
    const pad: OnPadding = (weightStart) => {
      for (let channel = 0; channel < groupChannels; channel++) {
        addZeros(sums, 0, weight, weightStart + channel * outChannels, outChannels);
      }
    };
    for (let pixel = 0; pixel < pixels; pixel++) {
      sums.fill(0);
      forEachTap(geometry, pixel, visit, pad);
      for (let output = 0; output < outChannels; output++) y[to++] = sums[output];
    }
  };
}

/** dX from (dY, weight). */
export function directConv2dInputGradient(geometry: Conv2dGeometry): CpuRun {
  const { batch, rows, columns, channels, outChannels, groupChannels } = geometry;
  const first = firstChannels(geometry);
  const pixels = outputPixels(geometry);
  return (inputs, outputs) => {
    const dY = inputs[0] as Float32Array;
    const weight = inputs[1] as Float32Array;
    const dX = new Float64Array(batch * rows.pixels * columns.pixels * channels);
    let from = 0;
    const visit: OnImage = (xStart, weightStart) => {
      for (let channel = 0; channel < groupChannels; channel++) {
        addScattered(dX, xStart + channel, first, dY, from, weight, weightStart + channel * outChannels);
      }
    };
    for (let pixel = 0; pixel < pixels; pixel++) {
      forEachTap(geometry, pixel, visit);
      from += outChannels;
    }
    outputs[0].set(dX);
  };
}

/** dWeight from (x, dY). */
export function directConv2dWeightGradient(geometry: Conv2dGeometry): CpuRun {
  const { outChannels, groupChannels, windowSize } = geometry;
  const first = firstChannels(geometry);
  const pixels = outputPixels(geometry);
  const sums = new Float64Array(windowSize * outChannels);
  return (inputs, outputs) => {
    const x = inputs[0] as Float32Array;
    const dY = inputs[1] as Float32Array;
    let from = 0;
    const visit: OnImage = (xStart, weightStart) => {
      for (let channel = 0; channel < groupChannels; channel++) {
        addGathered(sums, weightStart + channel * outChannels, x, xStart + channel, first, dY, from);
      }
    };
    const pad: OnPadding = (weightStart) => {
      for (let channel = 0; channel < groupChannels; channel++) {
        addZeros(sums, weightStart + channel * outChannels, dY, from, outChannels);
      }
    };
    sums.fill(0);
    for (let pixel = 0; pixel < pixels; pixel++) {
      forEachTap(geometry, pixel, visit, pad);
      from += outChannels;
    }
    outputs[0].set(sums);
  };
}
