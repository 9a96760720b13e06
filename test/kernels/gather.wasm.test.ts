/** The wasm gather and scatterAdd against the cpu versions, bit by bit. */
import { describe, expect, it } from 'vitest';
import { gatherCpu, scatterAddCpu } from '../../kernels/gather/cpu.ts';
import { gather, scatterAdd } from '../../kernels/gather/index.ts';
import { gatherWasm, scatterAddWasm } from '../../kernels/gather/wasm.ts';
import type { DType, NumericArray } from '../../kernels/support/contract.ts';
import { sizeOf } from '../../kernels/support/contract.ts';
import { IndexOutOfRangeError } from '../../kernels/support/errors.ts';
import { randomArray, randomNumbers, runKernel, specOf } from './support/run.ts';
import { runWasmKernel, targets } from './support/wasm.ts';

interface Case {
  readonly before: readonly number[];
  readonly length: number;
  readonly after: readonly number[];
  readonly indices: readonly number[];
}

/** Every length of a row: words, vectors, loops, block copies. */
const inners = [1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 32, 33, 47, 48, 63, 64, 100, 129, 255, 600];

const cases: Case[] = [
  ...inners.map((inner) => ({ before: [3], length: 5, after: [inner], indices: [7] })),
  { before: [], length: 3, after: [], indices: [] },
  { before: [], length: 1, after: [], indices: [1] },
  { before: [], length: 10, after: [], indices: [0] },
  { before: [], length: 0, after: [3], indices: [0] },
  { before: [2, 3], length: 4, after: [2, 3], indices: [2, 2] },
  { before: [0], length: 4, after: [2], indices: [3] },
  { before: [2], length: 4, after: [0], indices: [3] },
  { before: [70], length: 9, after: [], indices: [5] },
  { before: [], length: 1000, after: [], indices: [17, 61] },
  { before: [2], length: 30, after: [3], indices: [1025] },
  // Few long rows; blocks of indices in parallel.
  { before: [2], length: 3, after: [20_003], indices: [3] },
  { before: [], length: 5000, after: [], indices: [17_411] },
  { before: [3], length: 700, after: [2], indices: [16_400] },
];

function contentOf(shape: readonly number[], dtype: DType, seed: number): NumericArray {
  const values = randomArray(specOf(shape), seed);
  if (dtype === 'float32') return values;
  if (dtype === 'int32') return Int32Array.from(values, (value) => value * 2 ** 31);
  return Uint8Array.from(values, (value) => (value > 0 ? 1 : 0));
}

/** Bit by bit; comparing bytes is faster than `toEqual`, which then says what differs. */
function expectSame(actual: readonly NumericArray[], expected: readonly NumericArray[]): void {
  const bytesOf = ({ buffer, byteOffset, byteLength }: NumericArray): Buffer =>
    Buffer.from(buffer, byteOffset, byteLength);
  if (bytesOf(actual[0]).equals(bytesOf(expected[0]))) return;
  expect(actual).toEqual(expected);
  expect.fail('equal numbers, different bits');
}

/** Indices in no order, in order with neighbors exchanged (as those of pooled maxima), and all equal. */
function indexLists(count: number, length: number): Int32Array[] {
  const next = randomNumbers(count + length);
  const anywhere = Int32Array.from({ length: count }, () => Math.floor(next() * length));
  const nearlySorted = anywhere.toSorted();
  for (let at = 0; at + 3 < count; at += 2) {
    [nearlySorted[at], nearlySorted[at + 3]] = [nearlySorted[at + 3], nearlySorted[at]];
  }
  return [anywhere, nearlySorted, new Int32Array(count).fill(Math.max(0, length - 1))];
}

function callsOf({ before, length, after, indices }: Case, dtype: DType) {
  const x = specOf([...before, length, ...after], dtype);
  const picked = specOf([...before, ...indices, ...after], dtype);
  const picks = specOf(indices, 'int32');
  const attributes = { axis: before.length };
  return {
    gather: { inputs: [x, picks], outputs: [picked], attributes },
    scatterAdd: { inputs: [picked, picks], outputs: [x], attributes },
  };
}

describe.each(targets)('gather and scatterAdd, relaxed SIMD $relaxedSimd', (target) => {
  describe.each(['float32', 'int32', 'bool'] as const)('%s', (dtype) => {
    it.each(cases)('$before $length $after at $indices', (sizes) => {
      const calls = callsOf(sizes, dtype);
      const x = contentOf(calls.gather.inputs[0].shape, dtype, 3);
      const updates = contentOf(calls.scatterAdd.inputs[0].shape, dtype, 4);
      for (const indices of indexLists(sizeOf(sizes.indices), sizes.length)) {
        const picked = runKernel(gather, gatherCpu, calls.gather, [x, indices]);
        const added = runKernel(scatterAdd, scatterAddCpu, calls.scatterAdd, [updates, indices]);
        for (const parts of [1, 2, 3]) {
          const options = { target, parts };
          expectSame(runWasmKernel(gatherWasm, calls.gather, [x, indices], options), picked);
          expectSame(runWasmKernel(scatterAddWasm, calls.scatterAdd, [updates, indices], options), added);
        }
      }
    });
  });

  it.each([
    { count: 1, bad: [0] },
    { count: 3, bad: [2] },
    { count: 100, bad: [63, 64] },
    { count: 1030, bad: [1028] },
    { count: 20_000, bad: [19_999] },
    { count: 20_000, bad: [5000, 4000, 19_000] },
  ])('names the first bad index: $count with $bad', ({ count, bad }) => {
    for (const wrong of [-1, 6, 2 ** 31 - 1, -(2 ** 31)]) {
      const indices = new Int32Array(count);
      bad.forEach((at, order) => {
        indices[at] = order === 0 ? wrong : -7;
      });
      const first = indices[Math.min(...bad)];
      for (const after of [[], [3], [0]]) {
        const calls = callsOf({ before: [2], length: 6, after, indices: [count] }, 'float32');
        const x = randomArray(calls.gather.inputs[0], 1);
        const updates = randomArray(calls.scatterAdd.inputs[0], 2);
        const expected = new IndexOutOfRangeError('wasm', first, 6);
        for (const parts of [1, 3]) {
          const options = { target, parts };
          expect(() => runWasmKernel(gatherWasm, calls.gather, [x, indices], options)).toThrow(expected);
          expect(() => runWasmKernel(scatterAddWasm, calls.scatterAdd, [updates, indices], options)).toThrow(
            expected,
          );
        }
      }
    }
  });

  it('refuses every index of an axis of length 0', () => {
    const calls = callsOf({ before: [], length: 0, after: [2], indices: [1] }, 'float32');
    const indices = new Int32Array(1);
    const expected = new IndexOutOfRangeError('wasm', 0, 0);
    const x = new Float32Array(0);
    const updates = new Float32Array(2);
    expect(() => runWasmKernel(gatherWasm, calls.gather, [x, indices], { target })).toThrow(expected);
    expect(() => runWasmKernel(scatterAddWasm, calls.scatterAdd, [updates, indices], { target })).toThrow(
      expected,
    );
  });
});
