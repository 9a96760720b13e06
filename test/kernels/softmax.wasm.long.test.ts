/** The WebAssembly softmax and logSoftmax against the cpu's. */
import { describe, expect, it } from 'vitest';
import { logSoftmaxCpu, softmaxCpu } from '../../kernels/softmax/cpu.ts';
import { logSoftmax, softmax } from '../../kernels/softmax/index.ts';
import { logSoftmaxWasm, softmaxWasm } from '../../kernels/softmax/wasm.ts';
import { closeTo, randomArray, runKernel, specOf } from './support/run.ts';
import { runWasmKernel, targets } from './support/wasm.ts';

const infinity = Number.POSITIVE_INFINITY;
const nan = Number.NaN;

const kernels = [
  { name: 'softmax', contract: softmax, cpu: softmaxCpu, wasm: softmaxWasm },
  { name: 'logSoftmax', contract: logSoftmax, cpu: logSoftmaxCpu, wasm: logSoftmaxWasm },
];

const shapes = [
  ...Array.from({ length: 70 }, (_, length) => [3, length + 1]),
  ...[
    [1],
    [5],
    [0],
    [4, 0],
    [2, 0, 4],
    [2, 3, 1],
    [64, 10],
    [2, 3, 33],
    [1, 2, 3, 1001],
    [7, 1000],
    [1, 20_003],
  ],
];

describe.each(targets)('with %o', (target) => {
  describe.each(kernels)('$name', ({ contract, cpu, wasm }) => {
    const compare = (x: Float32Array, shape: readonly number[]): void => {
      const call = { inputs: [specOf(shape)], outputs: [specOf(shape)], attributes: {} };
      const [expected] = runKernel(contract, cpu, call, [x]);
      const [whole] = runWasmKernel(wasm, call, [x], { target });
      closeTo(whole, expected, 1e-6, JSON.stringify(shape));
      for (const parts of [2, 3]) {
        expect(runWasmKernel(wasm, call, [x], { target, parts })[0]).toEqual(whole);
      }
    };

    it.each(shapes.map((shape) => ({ shape })))('shape $shape', ({ shape }) => {
      const x = randomArray(specOf(shape), 3);
      for (const scale of [1, 10, 200]) {
        compare(
          x.map((value) => scale * value),
          shape,
        );
      }
    });

    // At every place of rows of every kind: tiny, in locals, with a last vector that repeats elements, looped.
    it.each([1, 2, 3, 4, 5, 10, 16, 35, 49])('special values in rows of %d', (length) => {
      const fills = [0, 3, 1e4, -1e4, -infinity];
      const specials = [nan, infinity, -infinity, 1e4, -1e4, 3e38, -3e38];
      const rows: number[][] = [];
      for (const fill of fills) {
        rows.push(Array(length).fill(fill));
        for (const special of specials) {
          for (let at = 0; at < length; at++) rows.push(Array(length).fill(fill).with(at, special));
        }
      }
      compare(Float32Array.from(rows.flat()), [rows.length, length]);
    });

    it('keeps a NaN in its own row', () => {
      for (const length of [2, 10, 35]) {
        const call = { inputs: [specOf([3, length])], outputs: [specOf([3, length])], attributes: {} };
        const x = randomArray(call.inputs[0], 4).fill(nan, length, length + 1);
        const [y] = runWasmKernel(wasm, call, [x], { target });
        expect([...y].map(Number.isNaN)).toEqual(
          Array.from({ length: 3 * length }, (_, at) => at >= length && at < 2 * length),
        );
      }
    });
  });

  it('keeps the logarithm of a probability near 1', () => {
    for (const length of [2, 10, 40]) {
      const x = new Float32Array(length).fill(-20);
      x[length - 1] = 0;
      const call = { inputs: [specOf([length])], outputs: [specOf([length])], attributes: {} };
      const [y] = runWasmKernel(logSoftmaxWasm, call, [x], { target });
      const exact = -Math.log1p((length - 1) * Math.exp(-20));
      expect(Math.abs(y[length - 1] / exact - 1)).toBeLessThan(1e-6);
    }
  });
});
