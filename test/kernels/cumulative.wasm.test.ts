/** The wasm cumulativeSum against the cpu version, bit by bit. */
import { describe, it } from 'vitest';
import { cumulativeSumCpu } from '../../kernels/cumulative/cpu.ts';
import { cumulativeSum } from '../../kernels/cumulative/index.ts';
import { cumulativeSumWasm } from '../../kernels/cumulative/wasm.ts';
import { identical } from './support/identical.ts';
import { randomArray, runKernel, specOf } from './support/run.ts';
import { runWasmKernel, targets } from './support/wasm.ts';

const cases = [
  ...Array.from({ length: 20 }, (_, inner) => ({ shape: [3, 5, inner], axis: 1 })),
  ...[31, 32, 33, 47, 64, 100].map((inner) => ({ shape: [2, 7, inner], axis: 1 })),
  ...[0, 1, 2, 3, 4, 5, 6, 9, 13].map((rows) => ({ shape: [rows, 11], axis: 1 })),
  { shape: [1], axis: 0 },
  { shape: [0], axis: 0 },
  { shape: [3, 0, 4], axis: 1 },
  { shape: [0, 3, 4], axis: 1 },
  { shape: [1000], axis: 0 },
  { shape: [3, 1, 2], axis: 1 },
  { shape: [2, 3, 4, 5], axis: 0 },
  { shape: [2, 3, 4, 5], axis: 2 },
  { shape: [257, 129], axis: 0 },
  { shape: [257, 129], axis: 1 },
];

describe.each(targets)('cumulativeSum, relaxed SIMD $relaxedSimd', (target) => {
  describe.each(['float32', 'int32'] as const)('%s', (dtype) => {
    describe.each([false, true])('reverse %s', (reverse) => {
      it.each(cases)('$shape along $axis', ({ shape, axis }) => {
        const spec = specOf(shape, dtype);
        const call = { inputs: [spec], outputs: [spec], attributes: { axis, reverse } };
        const values = randomArray(spec, 5);
        // Integers so large that their sums wrap; floats whose sums show how they are rounded.
        const x = dtype === 'float32' ? values : Int32Array.from(values, (value) => value * 2 ** 31);
        const [expected] = runKernel(cumulativeSum, cumulativeSumCpu, call, [x]);
        for (const parts of [1, 2, 3]) {
          identical(runWasmKernel(cumulativeSumWasm, call, [x], { target, parts })[0], expected);
          // In place, as a plan may let it run.
          const aliases = new Map([[0, 0]]);
          identical(runWasmKernel(cumulativeSumWasm, call, [x], { target, parts, aliases })[0], expected);
        }
      });
    });
  });

  it('special values', () => {
    const x = Float32Array.from([-0, 1, -1, 3e38, 3e38, -3e38, Number.POSITIVE_INFINITY, 1, -1 / 0, 2]);
    for (const shape of [
      [10, 1],
      [5, 2],
      [1, 10],
    ]) {
      const spec = specOf(shape);
      for (const reverse of [false, true]) {
        const call = { inputs: [spec], outputs: [spec], attributes: { axis: 0, reverse } };
        const [expected] = runKernel(cumulativeSum, cumulativeSumCpu, call, [x]);
        identical(runWasmKernel(cumulativeSumWasm, call, [x], { target })[0], expected);
      }
    }
  });
});
