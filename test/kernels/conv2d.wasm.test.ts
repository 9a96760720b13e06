/** The wasm convolution and its gradients against the cpu ones: sizes, every option, targets, and any number of parts. */

import { describe, expect, it } from 'vitest';
import { conv2dCpu, conv2dInputGradientCpu, conv2dWeightGradientCpu } from '../../kernels/conv2d/cpu.ts';
import {
  type Conv2dAttributes,
  conv2d,
  conv2dInputGradient,
  conv2dWeightGradient,
  convolvedLength,
} from '../../kernels/conv2d/index.ts';
import { conv2dInputGradientWasm, conv2dWasm, conv2dWeightGradientWasm } from '../../kernels/conv2d/wasm.ts';
import type { CpuKernel, KernelCall, KernelContract } from '../../kernels/support/contract.ts';
import type { WasmKernel } from '../../kernels/support/wasm/wasm-kernel.ts';
import { closeTo, randomArray, randomNumbers, runKernel, specOf } from './support/run.ts';
import { runWasmKernel, targets } from './support/wasm.ts';

interface Case extends Conv2dAttributes {
  readonly x: readonly [number, number, number, number];
  readonly weight: readonly [number, number, number, number];
}

const plain = { stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1 } as const;
const same = { ...plain, padding: [1, 1, 1, 1] } as const;

const small: Case[] = [
  { ...plain, x: [1, 1, 1, 1], weight: [1, 1, 1, 1] },
  { ...plain, x: [0, 5, 5, 2], weight: [3, 3, 2, 4] },
  { ...plain, x: [2, 0, 5, 2], weight: [3, 3, 2, 4] },
  { ...plain, x: [2, 5, 4, 0], weight: [3, 3, 0, 4] },
  { ...plain, x: [2, 5, 4, 3], weight: [3, 3, 3, 0] },
  // The window does not fit: y is empty.
  { ...plain, x: [2, 2, 2, 3], weight: [3, 3, 3, 4] },
  // It fits with padding only, or lies on padding altogether.
  { ...same, x: [2, 1, 2, 3], weight: [3, 4, 3, 5] },
  { ...plain, x: [2, 3, 2, 3], weight: [2, 2, 3, 9], padding: [5, 0, 0, 6] },
  { ...plain, x: [2, 3, 4, 2], weight: [1, 1, 2, 3], padding: [2, 1, 1, 3] },
  // Pixels that no window covers: behind the last one, and between them.
  { ...plain, x: [2, 9, 8, 2], weight: [2, 3, 2, 5], stride: [3, 4] },
  {
    ...plain,
    x: [1, 11, 9, 3],
    weight: [2, 2, 3, 4],
    stride: [4, 2],
    dilation: [2, 4],
    padding: [1, 0, 3, 2],
  },
  { ...plain, x: [2, 16, 16, 3], weight: [8, 8, 3, 10], stride: [8, 8] },
  {
    ...plain,
    x: [1, 13, 14, 2],
    weight: [5, 4, 2, 3],
    stride: [2, 3],
    dilation: [3, 2],
    padding: [2, 2, 2, 2],
  },
];

const larger: Case[] = [
  { ...same, x: [5, 28, 28, 1], weight: [3, 3, 1, 32] },
  { ...same, x: [3, 14, 14, 32], weight: [3, 3, 32, 64] },
  { ...plain, x: [3, 23, 40, 3], weight: [7, 7, 3, 12], stride: [2, 2], padding: [3, 3, 3, 3] },
  { ...plain, x: [37, 5, 5, 6], weight: [5, 5, 6, 20] },
  { ...same, x: [150, 2, 2, 5], weight: [3, 3, 5, 9] },
  { ...plain, x: [3, 30, 1, 10], weight: [5, 1, 10, 7], padding: [2, 2, 0, 0] },
  { ...plain, x: [2, 19, 17, 40], weight: [1, 1, 40, 24] },
  { ...same, x: [1, 8, 8, 8], weight: [3, 3, 8, 150] },
  // Groups, depthwise with and without several outputs per channel.
  { ...same, x: [4, 9, 9, 24], weight: [3, 3, 8, 30], groups: 3 },
  { ...same, x: [3, 11, 10, 21], weight: [3, 3, 1, 21], groups: 21 },
  { ...same, x: [3, 11, 10, 8], weight: [3, 3, 1, 16], groups: 8, stride: [2, 2] },
  { ...plain, x: [2, 15, 14, 6], weight: [5, 3, 1, 6], groups: 6, stride: [2, 1], dilation: [1, 2] },
  { ...plain, x: [2, 9, 9, 5], weight: [8, 7, 1, 5], groups: 5, padding: [4, 4, 4, 4] },
  { ...same, x: [2, 12, 12, 30], weight: [3, 3, 10, 3], groups: 3 },
  // Rows so long that a block has one of them; more rows of windows than are unrolled, not in one run.
  { ...same, x: [1, 3, 600, 2], weight: [3, 3, 2, 8] },
  { ...plain, x: [1, 20, 20, 6], weight: [3, 5, 6, 8], dilation: [2, 3], padding: [0, 1, 2, 0] },
];

/** More, with every option drawn at random. */
function drawnCases(): Case[] {
  const next = randomNumbers(11);
  const draw = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  return Array.from({ length: 60 }, () => {
    const groups = draw(1, 3);
    const groupChannels = draw(1, 5);
    const groupOutputs = draw(1, 11);
    return {
      x: [draw(1, 3), draw(1, 12), draw(1, 12), groups * groupChannels],
      weight: [draw(1, 5), draw(1, 5), groupChannels, groups * groupOutputs],
      stride: [draw(1, 4), draw(1, 4)],
      padding: [draw(0, 3), draw(0, 3), draw(0, 3), draw(0, 3)],
      dilation: [draw(1, 4), draw(1, 4)],
      groups,
    };
  });
}

interface Pass {
  readonly name: string;
  readonly contract: KernelContract<Conv2dAttributes>;
  readonly cpu: CpuKernel<Conv2dAttributes>;
  readonly wasm: WasmKernel<Conv2dAttributes>;
  callOf(sizes: Case): KernelCall<Conv2dAttributes>;
}

function specsOf({ x, weight, stride, padding, dilation, groups }: Case) {
  const height = convolvedLength(x[1], weight[0], stride[0], padding[0], padding[1], dilation[0]);
  const width = convolvedLength(x[2], weight[1], stride[1], padding[2], padding[3], dilation[1]);
  return {
    x: specOf(x),
    weight: specOf(weight),
    y: specOf([x[0], height, width, weight[3]]),
    attributes: { stride, padding, dilation, groups },
  };
}

const passes: Pass[] = [
  {
    name: 'conv2d',
    contract: conv2d,
    cpu: conv2dCpu,
    wasm: conv2dWasm,
    callOf: (sizes) => {
      const { x, weight, y, attributes } = specsOf(sizes);
      return { inputs: [x, weight], outputs: [y], attributes };
    },
  },
  {
    name: 'conv2dInputGradient',
    contract: conv2dInputGradient,
    cpu: conv2dInputGradientCpu,
    wasm: conv2dInputGradientWasm,
    callOf: (sizes) => {
      const { x, weight, y, attributes } = specsOf(sizes);
      return { inputs: [y, weight], outputs: [x], attributes };
    },
  },
  {
    name: 'conv2dWeightGradient',
    contract: conv2dWeightGradient,
    cpu: conv2dWeightGradientCpu,
    wasm: conv2dWeightGradientWasm,
    callOf: (sizes) => {
      const { x, weight, y, attributes } = specsOf(sizes);
      return { inputs: [x, y], outputs: [weight], attributes };
    },
  },
];

describe.each(targets)('relaxed $relaxedSimd', (target) => {
  describe.each(passes)('$name', ({ contract, cpu, wasm, callOf }) => {
    it.each([
      ['small', small],
      ['larger', larger],
      ['drawn', drawnCases()],
    ])('equals the cpu: %s', (_, cases) => {
      for (const sizes of cases) {
        const call = callOf(sizes);
        const message = JSON.stringify(sizes);
        const inputs = call.inputs.map((spec, seed) => randomArray(spec, seed + 1));
        const [expected] = runKernel(contract, cpu, call, inputs);
        const [actual] = runWasmKernel(wasm, call, inputs, { target });
        closeTo(actual, expected, 1e-4, message);
        for (const parts of [2, 3]) {
          const [split] = runWasmKernel(wasm, call, inputs, { target, parts });
          expect(split, `${message} in ${parts} parts`).toEqual(actual);
        }
      }
    });
  });

  it('computes the same with every part in calls of a few rows', () => {
    const sizes: Case = { ...same, x: [4, 7, 7, 3], weight: [3, 3, 3, 12] };
    for (const { wasm, callOf } of passes) {
      const call = callOf(sizes);
      const inputs = call.inputs.map((spec, seed) => randomArray(spec, seed + 1));
      const [whole] = runWasmKernel(wasm, call, inputs, { target });
      expect(runWasmKernel(wasm, call, inputs, { target, parts: 17 })[0]).toEqual(whole);
    }
  });
});
