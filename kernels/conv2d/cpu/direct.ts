/**
 * Convolution with few outputs per group (depthwise above all) by direct loops: for each pixel and tap, one pass over
 * all output channels. A matrix product would have one or two columns here, and most of its tile would be waste.
 */

import type { CpuRun } from '../../support/contract.ts';
import { type Conv2dGeometry, pixelSums } from '../geometry.ts';

/** The tap at (image, outRow, outColumn, tapRow, tapColumn): where its pixel starts in x and its weights in weight. */
type Tap = (pixelStart: number, weightStart: number) => void;

/** For each output channel, the first input channel that its group sees. */
function firstChannels({ outChannels, groupOutputs, groupChannels }: Conv2dGeometry): Int32Array {
  return Int32Array.from(
    { length: outChannels },
    (_, output) => Math.floor(output / groupOutputs) * groupChannels,
  );
}

/** Calls `visit` for each tap of one window that lies on the image, and `pad` for those on the padding. */
function forEachTap(
  geometry: Conv2dGeometry,
  image: number,
  outRow: number,
  outColumn: number,
  visit: Tap,
  pad?: (weightStart: number) => void,
): void {
  const { height, width, channels, kernelHeight, kernelWidth, groupChannels, outChannels } = geometry;
  const { stride, padding, dilation } = geometry;
  for (let tapRow = 0; tapRow < kernelHeight; tapRow++) {
    const row = outRow * stride[0] - padding[0] + tapRow * dilation[0];
    for (let tapColumn = 0; tapColumn < kernelWidth; tapColumn++) {
      const column = outColumn * stride[1] - padding[2] + tapColumn * dilation[1];
      const tap = (tapRow * kernelWidth + tapColumn) * groupChannels * outChannels;
      if (row < 0 || row >= height || column < 0 || column >= width) pad?.(tap);
      else visit(((image * height + row) * width + column) * channels, tap);
    }
  }
}

/** sums[o] += x[indices[o]] · factors[o], each from its own start, for every output channel o. */
function addGathered(
  sums: Float64Array,
  sumsStart: number,
  x: Float32Array,
  xStart: number,
  indices: Int32Array,
  factors: Float32Array,
  factorsStart: number,
): void {
  for (let output = 0; output < indices.length; output++) {
    sums[sumsStart + output] += x[xStart + indices[output]] * factors[factorsStart + output];
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

/** dX[indices[o]] += dY[o] · factors[o], each from its own start, for every output channel o. */
function addScattered(
  dX: Float64Array,
  dXStart: number,
  indices: Int32Array,
  dY: Float32Array,
  dYStart: number,
  factors: Float32Array,
  factorsStart: number,
): void {
  for (let output = 0; output < indices.length; output++) {
    dX[dXStart + indices[output]] += dY[dYStart + output] * factors[factorsStart + output];
  }
}

/** y from (x, weight). */
export function directConv2d(geometry: Conv2dGeometry): CpuRun {
  const { batch, outHeight, outWidth, outChannels, groupChannels } = geometry;
  const firstChannel = firstChannels(geometry);
  const sums = new Float64Array(outChannels);
  return (inputs, outputs) => {
    const x = inputs[0] as Float32Array;
    const weight = inputs[1] as Float32Array;
    const y = outputs[0] as Float32Array;
    const addTap: Tap = (pixelStart, weightStart) => {
      for (let channel = 0; channel < groupChannels; channel++) {
        const weights = weightStart + channel * outChannels;
        addGathered(sums, 0, x, pixelStart + channel, firstChannel, weight, weights);
      }
    };
    const addPadding = (weightStart: number): void => {
      for (let channel = 0; channel < groupChannels; channel++) {
        addZeros(sums, 0, weight, weightStart + channel * outChannels, outChannels);
      }
    };
    let to = 0;
    for (let image = 0; image < batch; image++) {
      for (let outRow = 0; outRow < outHeight; outRow++) {
        for (let outColumn = 0; outColumn < outWidth; outColumn++) {
          sums.fill(0);
          forEachTap(geometry, image, outRow, outColumn, addTap, addPadding);
          for (let output = 0; output < outChannels; output++) y[to++] = sums[output];
        }
      }
    }
  };
}

/** dX from (dY, weight). */
export function directConv2dInputGradient(geometry: Conv2dGeometry): CpuRun {
  const { batch, outHeight, outWidth, outChannels, groupChannels } = geometry;
  const firstChannel = firstChannels(geometry);
  return (inputs, outputs) => {
    const dY = inputs[0] as Float32Array;
    const weight = inputs[1] as Float32Array;
    const dX = pixelSums(geometry);
    let from = 0;
    const addTap: Tap = (pixelStart, weightStart) => {
      for (let channel = 0; channel < groupChannels; channel++) {
        const weights = weightStart + channel * outChannels;
        addScattered(dX, pixelStart + channel, firstChannel, dY, from, weight, weights);
      }
    };
    for (let image = 0; image < batch; image++) {
      for (let outRow = 0; outRow < outHeight; outRow++) {
        for (let outColumn = 0; outColumn < outWidth; outColumn++) {
          forEachTap(geometry, image, outRow, outColumn, addTap);
          from += outChannels;
        }
      }
    }
    outputs[0].set(dX);
  };
}

/** dWeight from (x, dY). */
export function directConv2dWeightGradient(geometry: Conv2dGeometry): CpuRun {
  const { batch, outHeight, outWidth, outChannels, groupChannels, windowSize } = geometry;
  const firstChannel = firstChannels(geometry);
  // Doubles: a weight collects a term from every pixel of the batch, too many to round each time.
  const sums = new Float64Array(windowSize * outChannels);
  return (inputs, outputs) => {
    const x = inputs[0] as Float32Array;
    const dY = inputs[1] as Float32Array;
    let from = 0;
    const addTap: Tap = (pixelStart, weightStart) => {
      for (let channel = 0; channel < groupChannels; channel++) {
        const weights = weightStart + channel * outChannels;
        addGathered(sums, weights, x, pixelStart + channel, firstChannel, dY, from);
      }
    };
    const addPadding = (weightStart: number): void => {
      for (let channel = 0; channel < groupChannels; channel++) {
        addZeros(sums, weightStart + channel * outChannels, dY, from, outChannels);
      }
    };
    sums.fill(0);
    for (let image = 0; image < batch; image++) {
      for (let outRow = 0; outRow < outHeight; outRow++) {
        for (let outColumn = 0; outColumn < outWidth; outColumn++) {
          forEachTap(geometry, image, outRow, outColumn, addTap, addPadding);
          from += outChannels;
        }
      }
    }
    outputs[0].set(sums);
  };
}
