/** The wasm pooling kernels against the cpu versions. */
import { describe, expect, it } from 'vitest';
import { convolvedLength } from '../../kernels/conv2d/index.ts';
import { maxPool2dCpu, sumPool2dCpu, sumPool2dInputGradientCpu } from '../../kernels/pool2d/cpu.ts';
import {
  maxPool2d,
  type Pool2dAttributes,
  sumPool2d,
  sumPool2dInputGradient,
} from '../../kernels/pool2d/index.ts';
import { maxPool2dWasm, sumPool2dInputGradientWasm, sumPool2dWasm } from '../../kernels/pool2d/wasm.ts';
import type { CpuKernel, KernelContract } from '../../kernels/support/contract.ts';
import type { WasmKernel } from '../../kernels/support/wasm/wasm-kernel.ts';
import { closeTo, randomArray, randomNumbers, runKernel, specOf } from './support/run.ts';
import { runWasmKernel, targets } from './support/wasm.ts';

interface Case extends Pool2dAttributes {
  readonly x: readonly [number, number, number, number];
}

/** Windows of every kind; padding may be larger than the window, which leaves windows of padding alone. */
function drawnCases(): Case[] {
  const next = randomNumbers(31);
  const draw = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  return Array.from({ length: 60 }, (_, at) => {
    const window = [draw(1, 4), draw(1, 4)] as const;
    const most = at % 8 === 0 ? 6 : -1;
    const padding = [window[0], window[0], window[1], window[1]].map((size) =>
      draw(0, Math.max(size - 1, most)),
    );
    return {
      x: [draw(0, 3), draw(1, 13), draw(1, 13), at % 3 === 0 ? 1 : draw(0, 9)],
      window,
      stride: [draw(1, 4), draw(1, 4)],
      padding: [padding[0], padding[1], padding[2], padding[3]],
    };
  });
}

const none = [0, 0, 0, 0] as const;

const cases: Case[] = [
  ...drawnCases(),
  ...[1, 2, 3, 4, 5, 8, 11, 32].flatMap((channels): Case[] => [
    { x: [2, 8, 8, channels], window: [2, 2], stride: [2, 2], padding: none },
    { x: [2, 9, 11, channels], window: [2, 2], stride: [2, 2], padding: none },
    { x: [2, 7, 8, channels], window: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1] },
    { x: [1, 6, 9, channels], window: [3, 3], stride: [1, 1], padding: [1, 1, 1, 1] },
  ]),
  // Global, larger than what is written out, and with one channel and large strides.
  { x: [3, 7, 7, 6], window: [7, 7], stride: [7, 7], padding: none },
  { x: [2, 20, 17, 3], window: [9, 8], stride: [3, 5], padding: [4, 4, 2, 2] },
  { x: [2, 5, 40, 1], window: [2, 3], stride: [2, 5], padding: [0, 1, 2, 2] },
  { x: [1, 30, 30, 1], window: [5, 5], stride: [1, 1], padding: [2, 2, 2, 2] },
  { x: [1, 1, 50, 4], window: [1, 20], stride: [1, 20], padding: none },
  { x: [4, 1, 1, 5], window: [1, 1], stride: [1, 1], padding: none },
  { x: [2, 3, 3, 5], window: [2, 2], stride: [5, 5], padding: none },
];

function callsOf({ x: shape, window, stride, padding }: Case) {
  const attributes = { window, stride, padding };
  const x = specOf(shape);
  const y = specOf([
    shape[0],
    convolvedLength(shape[1], window[0], stride[0], padding[0], padding[1], 1),
    convolvedLength(shape[2], window[1], stride[1], padding[2], padding[3], 1),
    shape[3],
  ]);
  return {
    maximum: { inputs: [x], outputs: [y, specOf(y.shape, 'int32')], attributes },
    sum: { inputs: [x], outputs: [y], attributes },
    gradient: { inputs: [y], outputs: [x], attributes },
  };
}

describe.each(targets)('pool2d, relaxed SIMD $relaxedSimd', (target) => {
  const expectMaxima = (sizes: Case, x: Float32Array): void => {
    const { maximum } = callsOf(sizes);
    const expected = runKernel(maxPool2d, maxPool2dCpu, maximum, [x]);
    for (const parts of [1, 2, 3]) {
      expect(runWasmKernel(maxPool2dWasm, maximum, [x], { target, parts })).toEqual(expected);
    }
  };

  const expectSums = (
    contract: KernelContract<Pool2dAttributes>,
    cpu: CpuKernel<Pool2dAttributes>,
    wasm: WasmKernel<Pool2dAttributes>,
    call: ReturnType<typeof callsOf>['sum'],
  ): void => {
    const x = randomArray(call.inputs[0], 6);
    const [expected] = runKernel(contract, cpu, call, [x]);
    const [whole] = runWasmKernel(wasm, call, [x], { target });
    closeTo(whole, expected, 1e-6, contract.name);
    for (const parts of [2, 3]) {
      expect(runWasmKernel(wasm, call, [x], { target, parts })).toEqual([whole]);
    }
  };

  it.each(cases.map((sizes) => [JSON.stringify(sizes), sizes] as const))('%s', (_, sizes) => {
    const { maximum, sum, gradient } = callsOf(sizes);
    // Few distinct values, so that maxima repeat within a window; -0 is not above 0.
    const x = randomArray(maximum.inputs[0], 5).map((value) => Math.round(value * 3));
    expectMaxima(sizes, x);
    expectSums(sumPool2d, sumPool2dCpu, sumPool2dWasm, sum);
    expectSums(sumPool2dInputGradient, sumPool2dInputGradientCpu, sumPool2dInputGradientWasm, gradient);
  });

  it('takes the first NaN of a window before any number, and infinities like numbers', () => {
    const specials = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3e38, -0, 0];
    for (const sizes of cases) {
      const next = randomNumbers(7);
      const x = randomArray(specOf(sizes.x), 8).map((value) =>
        next() < 0.2 ? specials[Math.floor(next() * specials.length)] : value,
      );
      expectMaxima(sizes, x);
      expectMaxima(sizes, x.fill(Number.NEGATIVE_INFINITY));
    }
  });
});
