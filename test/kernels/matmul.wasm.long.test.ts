/** The wasm matrix product against the cpu one: shapes, transposes, targets, and any number of parts. */

import { describe, expect, it } from 'vitest';
import { matmulCpu } from '../../kernels/matmul/cpu.ts';
import { matmul } from '../../kernels/matmul/index.ts';
import { matmulWasm } from '../../kernels/matmul/wasm.ts';
import { callOf, cases, flags } from './support/matmul.ts';
import { closeTo, randomArray, runKernel } from './support/run.ts';
import { runWasmKernel, targets } from './support/wasm.ts';

const larger = [
  { batchA: 1, batchB: 1, rows: 33, depth: 1030, columns: 13 },
  { batchA: 1, batchB: 1, rows: 20, depth: 600, columns: 520 },
  { batchA: 3, batchB: 3, rows: 21, depth: 33, columns: 12 },
];

describe.each(targets)('matmulWasm, relaxed $relaxedSimd', (target) => {
  for (const transposeA of flags) {
    for (const transposeB of flags) {
      it(`equals the cpu with transposeA ${transposeA}, transposeB ${transposeB}`, () => {
        for (const sizes of [...cases, ...larger]) {
          const call = callOf(sizes, { transposeA, transposeB });
          const inputs = call.inputs.map((spec, seed) => randomArray(spec, seed + 1));
          const [expected] = runKernel(matmul, matmulCpu, call, inputs);
          const [y] = runWasmKernel(matmulWasm, call, inputs, { target });
          closeTo(y, expected, 5e-5, JSON.stringify(sizes));
          for (const parts of [2, 3]) {
            const [split] = runWasmKernel(matmulWasm, call, inputs, { target, parts });
            expect(split, `${JSON.stringify(sizes)} in ${parts} parts`).toEqual(y);
          }
        }
      });
    }
  }
});
