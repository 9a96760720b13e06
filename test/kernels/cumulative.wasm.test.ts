/** The wasm cumulative kernel against the cpu version, bit by bit. */
import { describe, it } from 'vitest';
import { cumulativeCpu } from '../../kernels/cumulative/cpu.ts';
import { cumulative } from '../../kernels/cumulative/index.ts';
import { cumulativeWasm } from '../../kernels/cumulative/wasm.ts';
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

const settings = targets.flatMap((target) =>
  (['sum', 'product'] as const).map((operator) => ({ ...target, target, operator })),
);

describe.each(settings)('cumulative $operator, relaxed SIMD $relaxedSimd', ({ target, operator }) => {
  describe.each(['float32', 'int32'] as const)('%s', (dtype) => {
    describe.each([false, true])('reverse %s', (reverse) => {
      it.each(cases)('$shape along $axis', ({ shape, axis }) => {
        const spec = specOf(shape, dtype);
        const call = { inputs: [spec], outputs: [spec], attributes: { operator, axis, reverse } };
        const values = randomArray(spec, 5);
        // Integers so large that they wrap; floats whose totals show how they are rounded.
        const x = dtype === 'float32' ? values : Int32Array.from(values, (value) => value * 2 ** 31);
        const [expected] = runKernel(cumulative, cumulativeCpu, call, [x]);
        for (const parts of [1, 2, 3]) {
          identical(runWasmKernel(cumulativeWasm, call, [x], { target, parts })[0], expected);
          // Also over its own input, although no plan asks for that: what is read is written later.
          const aliases = new Map([[0, 0]]);
          identical(runWasmKernel(cumulativeWasm, call, [x], { target, parts, aliases })[0], expected);
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
        const call = { inputs: [spec], outputs: [spec], attributes: { operator, axis: 0, reverse } };
        const [expected] = runKernel(cumulative, cumulativeCpu, call, [x]);
        identical(runWasmKernel(cumulativeWasm, call, [x], { target })[0], expected);
      }
    }
  });
});
