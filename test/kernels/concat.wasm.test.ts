/** The wasm concat against the cpu version. */
import { describe, it } from 'vitest';
import { concatCpu } from '../../kernels/concat/cpu.ts';
import { concat } from '../../kernels/concat/index.ts';
import { concatWasm } from '../../kernels/concat/wasm.ts';
import type { DType, NumericArray } from '../../kernels/support/contract.ts';
import { identical } from './support/identical.ts';
import { randomArray, runKernel, specOf } from './support/run.ts';
import { runWasmKernel, targets } from './support/wasm.ts';

/** Any content: a bool that is a byte, an int32 with all its bits. */
function contentOf(shape: readonly number[], dtype: DType, seed: number): NumericArray {
  const values = randomArray(specOf(shape), seed);
  if (dtype === 'float32') return values;
  if (dtype === 'int32') return Int32Array.from(values, (value) => value * 2 ** 31);
  return Uint8Array.from(values, (value) => (value > 0 ? 1 : 0));
}

/** Every length of a run: bytes, words, vectors, loops, block copies. */
const runs = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 100, 129, 130, 191, 255, 513, 700];

const cases = [
  { before: [], lengths: [1, 2, 3], after: [] },
  { before: [], lengths: [5], after: [] },
  { before: [], lengths: Array<number>(70).fill(1), after: [] },
  { before: [0], lengths: [2, 3], after: [4] },
  { before: [3], lengths: [2, 3], after: [0] },
  { before: [3], lengths: [0, 0], after: [2] },
  { before: [128], lengths: [27, 1], after: [128] },
  { before: [500], lengths: [1, 1], after: [] },
  { before: [2, 3], lengths: [4, 1, 0, 2], after: [5, 3] },
  // In pieces: one row, a few rows, runs shorter and longer than a piece, runs of nothing.
  { before: [], lengths: [40_000, 3], after: [] },
  { before: [], lengths: [17, 20_011, 0, 1, 30_001], after: [] },
  { before: [31], lengths: [1001, 999, 5], after: [] },
  { before: [3], lengths: Array.from({ length: 60 }, (_, at) => 20 * at), after: [3] },
];

describe.each(targets)('concat, relaxed SIMD $relaxedSimd', (target) => {
  describe.each(['float32', 'int32', 'bool'] as const)('%s', (dtype) => {
    const compare = (
      before: readonly number[],
      lengths: readonly number[],
      after: readonly number[],
    ): void => {
      const specs = lengths.map((length) => specOf([...before, length, ...after], dtype));
      const total = lengths.reduce((sum, length) => sum + length, 0);
      const call = {
        inputs: specs,
        outputs: [specOf([...before, total, ...after], dtype)],
        attributes: { axis: before.length },
      };
      const inputs = specs.map(({ shape }, seed) => contentOf(shape, dtype, seed));
      const [expected] = runKernel(concat, concatCpu, call, inputs);
      for (const parts of [1, 2, 3, 7]) {
        identical(runWasmKernel(concatWasm, call, inputs, { target, parts })[0], expected);
      }
    };

    it.each(cases)('$before $lengths $after', ({ before, lengths, after }) =>
      compare(before, lengths, after),
    );
    it.each(runs)('runs of %d', (run) => compare([5], [run, 3, run + 1], []));
  });
});
