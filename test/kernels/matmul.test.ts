/** The cpu matrix product against three plain loops. */

import { describe, expect, it } from 'vitest';
import { matmulCpu } from '../../kernels/matmul/cpu.ts';
import { type MatmulAttributes, matmul } from '../../kernels/matmul/index.ts';
import type { KernelCall } from '../../kernels/support/contract.ts';
import { closeTo, randomArray, runKernel, specOf } from './support/run.ts';

interface Case {
  readonly batchA: number;
  readonly batchB: number;
  readonly rows: number;
  readonly depth: number;
  readonly columns: number;
}

function callOf(sizes: Case, attributes: MatmulAttributes): KernelCall<MatmulAttributes> {
  const { batchA, batchB, rows, depth, columns } = sizes;
  const batch = batchA === 1 ? batchB : batchA;
  return {
    inputs: [
      specOf(attributes.transposeA ? [batchA, depth, rows] : [batchA, rows, depth]),
      specOf(attributes.transposeB ? [batchB, columns, depth] : [batchB, depth, columns]),
    ],
    outputs: [specOf([batch, rows, columns])],
    attributes,
  };
}

function naive(sizes: Case, attributes: MatmulAttributes, a: Float32Array, b: Float32Array): Float32Array {
  const { batchA, batchB, rows, depth, columns } = sizes;
  const batch = batchA === 1 ? batchB : batchA;
  const y = new Float32Array(batch * rows * columns);
  for (let item = 0; item < batch; item++) {
    const startA = (batchA === 1 ? 0 : item) * rows * depth;
    const startB = (batchB === 1 ? 0 : item) * depth * columns;
    for (let m = 0; m < rows; m++) {
      for (let n = 0; n < columns; n++) {
        let sum = 0;
        for (let k = 0; k < depth; k++) {
          const left = a[startA + (attributes.transposeA ? k * rows + m : m * depth + k)];
          const right = b[startB + (attributes.transposeB ? n * depth + k : k * columns + n)];
          sum += left * right;
        }
        y[(item * rows + m) * columns + n] = sum;
      }
    }
  }
  return y;
}

const flags = [false, true];
const lengths = [0, 1, 2, 3, 4, 5, 7, 9];
const cases: Case[] = [
  ...lengths.flatMap((rows) =>
    lengths.flatMap((depth) => lengths.map((columns) => ({ batchA: 1, batchB: 1, rows, depth, columns }))),
  ),
  ...[0, 1, 3].flatMap((batch) =>
    [1, 3, 6].flatMap((rows) => [
      { batchA: batch, batchB: batch, rows, depth: 5, columns: 6 },
      { batchA: 1, batchB: batch, rows, depth: 5, columns: 6 },
      { batchA: batch, batchB: 1, rows, depth: 5, columns: 6 },
    ]),
  ),
  { batchA: 1, batchB: 1, rows: 127, depth: 129, columns: 131 },
  { batchA: 1, batchB: 1, rows: 32, depth: 80, columns: 256 },
  { batchA: 1, batchB: 1, rows: 6, depth: 4096, columns: 10 },
  { batchA: 1, batchB: 1, rows: 1, depth: 300, columns: 1001 },
];

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
