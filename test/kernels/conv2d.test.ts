/** The cpu convolution and its gradients against seven plain loops. */

import { describe, expect, it } from 'vitest';
import { conv2dCpu, conv2dInputGradientCpu, conv2dWeightGradientCpu } from '../../kernels/conv2d/cpu.ts';
import {
  type Conv2dAttributes,
  conv2d,
  conv2dInputGradient,
  conv2dWeightGradient,
  convolvedLength,
} from '../../kernels/conv2d/index.ts';
import { sizeOf } from '../../kernels/support/contract.ts';
import { closeTo, randomArray, randomNumbers, runKernel, specOf } from './support/run.ts';

interface Case extends Conv2dAttributes {
  readonly x: readonly [number, number, number, number];
  readonly weight: readonly [number, number, number, number];
}

const plain = { stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1 } as const;

const cases: Case[] = [
  { ...plain, x: [1, 1, 1, 1], weight: [1, 1, 1, 1] },
  { ...plain, x: [0, 5, 5, 2], weight: [3, 3, 2, 4] },
  { ...plain, x: [2, 5, 4, 0], weight: [3, 3, 0, 4] },
  { ...plain, x: [2, 5, 4, 3], weight: [3, 3, 3, 0] },
  { ...plain, x: [2, 2, 2, 3], weight: [3, 3, 3, 4] },
  { ...plain, x: [2, 20, 20, 1], weight: [3, 3, 1, 8], padding: [1, 1, 1, 1] },
  { ...plain, x: [2, 10, 10, 8], weight: [3, 3, 8, 16], padding: [1, 1, 1, 1] },
  { ...plain, x: [2, 9, 7, 6], weight: [3, 2, 1, 6], groups: 6, padding: [0, 2, 1, 0] },
  { ...plain, x: [2, 9, 7, 3], weight: [3, 3, 1, 6], groups: 3, stride: [2, 1] },
  { ...plain, x: [1, 6, 30, 8], weight: [2, 3, 4, 10], groups: 2, dilation: [2, 1] },
  { ...plain, x: [1, 40, 5, 2], weight: [1, 1, 2, 3], stride: [3, 2] },
];

/** Sixty more, with every attribute drawn at random. */
function drawnCases(): Case[] {
  const next = randomNumbers(7);
  const draw = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  return Array.from({ length: 60 }, () => {
    const groups = draw(1, 3);
    const groupChannels = draw(1, 3);
    const groupOutputs = draw(1, 6);
    return {
      x: [draw(1, 3), draw(1, 12), draw(1, 12), groups * groupChannels],
      weight: [draw(1, 4), draw(1, 4), groupChannels, groups * groupOutputs],
      stride: [draw(1, 3), draw(1, 3)],
      padding: [draw(0, 3), draw(0, 3), draw(0, 3), draw(0, 3)],
      dilation: [draw(1, 3), draw(1, 3)],
      groups,
    };
  });
}

function outputShape({ x, weight, stride, padding, dilation }: Case): [number, number, number, number] {
  return [
    x[0],
    convolvedLength(x[1], weight[0], stride[0], padding[0], padding[1], dilation[0]),
    convolvedLength(x[2], weight[1], stride[1], padding[2], padding[3], dilation[1]),
    weight[3],
  ];
}

/** Calls `visit` with the flat indices of each product x·weight and of the y that it is added to. */
function forEachProduct(sizes: Case, visit: (x: number, weight: number, y: number) => void): void {
  const [batch, height, width, channels] = sizes.x;
  const [kernelHeight, kernelWidth, groupChannels, outChannels] = sizes.weight;
  const [, outHeight, outWidth] = outputShape(sizes);
  for (let n = 0; n < batch; n++)
    for (let oh = 0; oh < outHeight; oh++)
      for (let ow = 0; ow < outWidth; ow++)
        for (let o = 0; o < outChannels; o++)
          for (let kh = 0; kh < kernelHeight; kh++)
            for (let kw = 0; kw < kernelWidth; kw++)
              for (let c = 0; c < groupChannels; c++) {
                const h = oh * sizes.stride[0] - sizes.padding[0] + kh * sizes.dilation[0];
                const w = ow * sizes.stride[1] - sizes.padding[2] + kw * sizes.dilation[1];
                if (h < 0 || h >= height || w < 0 || w >= width) continue;
                const group = Math.floor(o / (outChannels / sizes.groups));
                visit(
                  ((n * height + h) * width + w) * channels + group * groupChannels + c,
                  ((kh * kernelWidth + kw) * groupChannels + c) * outChannels + o,
                  ((n * outHeight + oh) * outWidth + ow) * outChannels + o,
                );
              }
}

describe('conv2d on the cpu', () => {
  const all = [...cases, ...drawnCases()];

  it.each(all.map((sizes) => [JSON.stringify(sizes), sizes] as const))('%s', (_, sizes) => {
    const x = specOf(sizes.x);
    const weight = specOf(sizes.weight);
    const y = specOf(outputShape(sizes));
    const { stride, padding, dilation, groups } = sizes;
    const attributes = { stride, padding, dilation, groups };
    const xData = randomArray(x, 1);
    const weightData = randomArray(weight, 2);
    const dYData = randomArray(y, 3);

    const expectedY = new Float64Array(sizeOf(y.shape));
    const expectedDX = new Float64Array(sizeOf(x.shape));
    const expectedDWeight = new Float64Array(sizeOf(weight.shape));
    let products = 0;
    forEachProduct(sizes, (atX, atWeight, atY) => {
      products++;
      expectedY[atY] += xData[atX] * weightData[atWeight];
      expectedDX[atX] += dYData[atY] * weightData[atWeight];
      expectedDWeight[atWeight] += dYData[atY] * xData[atX];
    });

    const forward = { inputs: [x, weight], outputs: [y], attributes };
    closeTo(runKernel(conv2d, conv2dCpu, forward, [xData, weightData])[0], expectedY, 1e-6, 'y');
    expect(conv2d.flops(forward)).toBeGreaterThanOrEqual(2 * products);

    const toInput = { inputs: [y, weight], outputs: [x], attributes };
    const [dX] = runKernel(conv2dInputGradient, conv2dInputGradientCpu, toInput, [dYData, weightData]);
    closeTo(dX, expectedDX, 2e-6, 'dX');

    const toWeight = { inputs: [x, y], outputs: [weight], attributes };
    const [dWeight] = runKernel(conv2dWeightGradient, conv2dWeightGradientCpu, toWeight, [xData, dYData]);
    closeTo(dWeight, expectedDWeight, 2e-6, 'dWeight');
    for (const flops of [conv2dInputGradient.flops(toInput), conv2dWeightGradient.flops(toWeight)]) {
      expect(flops).toBe(conv2d.flops(forward));
    }
  });
});

describe('convolvedLength', () => {
  it('counts the windows that fit', () => {
    expect(convolvedLength(28, 3, 1, 1, 1, 1)).toBe(28);
    expect(convolvedLength(28, 3, 2, 0, 1, 1)).toBe(14);
    expect(convolvedLength(7, 3, 1, 0, 0, 3)).toBe(1);
    expect(convolvedLength(6, 3, 1, 0, 0, 3)).toBe(0);
    expect(convolvedLength(0, 1, 1, 0, 0, 1)).toBe(0);
  });
});
