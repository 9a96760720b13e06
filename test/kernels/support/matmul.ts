/** Calls of the matrix product for its tests, and the three plain loops that say what it computes. */

import type { MatmulAttributes } from '../../../kernels/matmul/index.ts';
import type { KernelCall } from '../../../kernels/support/contract.ts';
import { specOf } from './run.ts';

export interface Case {
  readonly batchA: number;
  readonly batchB: number;
  readonly rows: number;
  readonly depth: number;
  readonly columns: number;
}

export function callOf(sizes: Case, attributes: MatmulAttributes): KernelCall<MatmulAttributes> {
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

export function naive(
  sizes: Case,
  attributes: MatmulAttributes,
  a: Float32Array,
  b: Float32Array,
): Float32Array {
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

export const flags = [false, true];
const lengths = [0, 1, 2, 3, 4, 5, 7, 9];
export const cases: Case[] = [
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
