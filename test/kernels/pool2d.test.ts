/** The cpu pooling kernels against plain loops over the padded window. */

import { describe, expect, it } from 'vitest';
import { convolvedLength } from '../../kernels/conv2d/index.ts';
import { maxPool2dCpu, sumPool2dCpu, sumPool2dInputGradientCpu } from '../../kernels/pool2d/cpu.ts';
import {
  maxPool2d,
  type Pool2dAttributes,
  sumPool2d,
  sumPool2dInputGradient,
} from '../../kernels/pool2d/index.ts';
import { sizeOf } from '../../kernels/support/contract.ts';
import { closeTo, randomArray, randomNumbers, runKernel, specOf } from './support/run.ts';

interface Case extends Pool2dAttributes {
  readonly x: readonly [number, number, number, number];
}

function drawnCases(): Case[] {
  const next = randomNumbers(11);
  const draw = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  return Array.from({ length: 40 }, () => {
    const window = [draw(1, 4), draw(1, 4)] as const;
    return {
      x: [draw(0, 2), draw(1, 11), draw(1, 11), draw(0, 4)],
      window,
      stride: [draw(1, 4), draw(1, 4)],
      padding: [
        draw(0, window[0] - 1),
        draw(0, window[0] - 1),
        draw(0, window[1] - 1),
        draw(0, window[1] - 1),
      ],
    };
  });
}

function outputShape({ x, window, stride, padding }: Case): [number, number, number, number] {
  return [
    x[0],
    convolvedLength(x[1], window[0], stride[0], padding[0], padding[1], 1),
    convolvedLength(x[2], window[1], stride[1], padding[2], padding[3], 1),
    x[3],
  ];
}

/** Calls `visit` with the flat index of each pixel of each window (in order) and of the window's output. */
function forEachPixel(sizes: Case, visit: (x: number, y: number) => void): void {
  const [batch, height, width, channels] = sizes.x;
  const [, outHeight, outWidth] = outputShape(sizes);
  for (let n = 0; n < batch; n++)
    for (let oh = 0; oh < outHeight; oh++)
      for (let ow = 0; ow < outWidth; ow++)
        for (let kh = 0; kh < sizes.window[0]; kh++)
          for (let kw = 0; kw < sizes.window[1]; kw++)
            for (let c = 0; c < channels; c++) {
              const h = oh * sizes.stride[0] - sizes.padding[0] + kh;
              const w = ow * sizes.stride[1] - sizes.padding[2] + kw;
              if (h < 0 || h >= height || w < 0 || w >= width) continue;
              visit(
                ((n * height + h) * width + w) * channels + c,
                ((n * outHeight + oh) * outWidth + ow) * channels + c,
              );
            }
}

function callsOf(sizes: Case) {
  const { window, stride, padding } = sizes;
  const attributes = { window, stride, padding };
  const x = specOf(sizes.x);
  const y = specOf(outputShape(sizes));
  const index = specOf(y.shape, 'int32');
  return {
    maximum: { inputs: [x], outputs: [y, index], attributes },
    sum: { inputs: [x], outputs: [y], attributes },
    gradient: { inputs: [y], outputs: [x], attributes },
  };
}

describe('pool2d on the cpu', () => {
  it.each(drawnCases().map((sizes) => [JSON.stringify(sizes), sizes] as const))('%s', (_, sizes) => {
    const { maximum, sum, gradient } = callsOf(sizes);
    // Few distinct values, so that maxima repeat within a window.
    const x = randomArray(sum.inputs[0], 5).map((value) => Math.round(value * 3));
    const dY = randomArray(sum.outputs[0], 6);
    const size = sizeOf(sum.outputs[0].shape);
    const expectedMaximum = new Float64Array(size).fill(Number.NEGATIVE_INFINITY);
    const expectedIndex = new Int32Array(size).fill(-1);
    const expectedSum = new Float64Array(size);
    const expectedDX = new Float64Array(x.length);
    forEachPixel(sizes, (atX, atY) => {
      if (x[atX] > expectedMaximum[atY]) {
        expectedMaximum[atY] = x[atX];
        expectedIndex[atY] = atX;
      }
      expectedSum[atY] += x[atX];
      expectedDX[atX] += dY[atY];
    });
    const [y, index] = runKernel(maxPool2d, maxPool2dCpu, maximum, [x]);
    closeTo(y, expectedMaximum, 0, 'maximum');
    expect(index).toEqual(expectedIndex);
    closeTo(runKernel(sumPool2d, sumPool2dCpu, sum, [x])[0], expectedSum, 1e-6, 'sum');
    const [dX] = runKernel(sumPool2dInputGradient, sumPool2dInputGradientCpu, gradient, [dY]);
    closeTo(dX, expectedDX, 1e-6, 'dX');
  });

  const pair: Case = { x: [1, 1, 4, 1], window: [1, 2], stride: [1, 2], padding: [0, 0, 0, 0] };

  it('takes the first of equal maxima, and the first NaN before any number', () => {
    const { maximum } = callsOf({ ...pair, window: [1, 4], stride: [1, 1] });
    const cases: [x: number[], y: number, index: number][] = [
      [[1, 5, 5, 2], 5, 1],
      [[1, Number.NaN, 9, Number.NaN], Number.NaN, 1],
      [[Number.NaN, 9, Number.POSITIVE_INFINITY, 0], Number.NaN, 0],
      [new Array<number>(4).fill(Number.NEGATIVE_INFINITY), Number.NEGATIVE_INFINITY, 0],
    ];
    for (const [x, expectedY, expectedIndex] of cases) {
      const [y, index] = runKernel(maxPool2d, maxPool2dCpu, maximum, [new Float32Array(x)]);
      expect([y[0], index[0]]).toEqual([expectedY, expectedIndex]);
    }
  });

  it('never takes the padding, and says -1 where there is nothing else', () => {
    const { maximum } = callsOf({ ...pair, padding: [0, 0, 2, 1] });
    const [y, index] = runKernel(maxPool2d, maxPool2dCpu, maximum, [new Float32Array([-3, -2, -4, -5])]);
    expect([...y]).toEqual([Number.NEGATIVE_INFINITY, -2, -4]);
    expect([...index]).toEqual([-1, 1, 2]);
  });
});
