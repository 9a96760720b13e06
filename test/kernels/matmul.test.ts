/** The cpu matrix product against three plain loops. */

import { describe, expect, it } from 'vitest';
import { matmulCpu } from '../../kernels/matmul/cpu.ts';
import { matmul } from '../../kernels/matmul/index.ts';
import { callOf, cases, flags, naive } from './support/matmul.ts';
import { closeTo, randomArray, runKernel } from './support/run.ts';

describe('matmulCpu', () => {
  for (const transposeA of flags) {
    for (const transposeB of flags) {
      it(`equals three loops with transposeA ${transposeA}, transposeB ${transposeB}`, () => {
        for (const sizes of cases) {
          const attributes = { transposeA, transposeB };
          const call = callOf(sizes, attributes);
          const a = randomArray(call.inputs[0], 1);
          const b = randomArray(call.inputs[1], 2);
          const [y] = runKernel(matmul, matmulCpu, call, [a, b]);
          // The order of summation and the precision are the same, so the results are the same bits.
          expect(y, JSON.stringify(sizes)).toEqual(naive(sizes, attributes, a, b));
        }
      });
    }
  }

  it('reports two operations for each product of elements', () => {
    const sizes = { batchA: 1, batchB: 3, rows: 2, depth: 5, columns: 7 };
    expect(matmul.flops(callOf(sizes, { transposeA: true, transposeB: false }))).toBe(2 * 3 * 2 * 5 * 7);
  });

  it('rounds a sum once, on the store', () => {
    const call = callOf(
      { batchA: 1, batchB: 1, rows: 1, depth: 3, columns: 1 },
      { transposeA: false, transposeB: false },
    );
    const [y] = runKernel(matmul, matmulCpu, call, [
      new Float32Array([1e8, 1, -1e8]),
      new Float32Array([1, 1, 1]),
    ]);
    closeTo(y, [1], 0);
  });
});
