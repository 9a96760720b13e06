/** The argSort kernels against loops that count, for each element, how many come before it; wasm, cpu and the passes. */
import { describe, expect, it } from 'vitest';
import { argSortCpu } from '../../kernels/sort/cpu.ts';
import { argSort } from '../../kernels/sort/index.ts';
import { argSortWasm } from '../../kernels/sort/wasm.ts';
import { type DType, type NumericArray, sizeOf } from '../../kernels/support/contract.ts';
import { randomArray, runKernel, specOf } from './support/run.ts';
import { runWasmKernel, targets } from './support/wasm.ts';

/** Whether element a is smaller than b. A NaN is larger than every number. */
function isSmaller(a: number, b: number): boolean {
  return a < b || (Number.isNaN(b) && !Number.isNaN(a));
}

/** The place of an element is the number of those before it: smaller ones, or larger ones, and equal ones on its left. */
function placed(x: NumericArray, length: number, descending: boolean): Int32Array {
  const positions = new Int32Array(x.length);
  for (let first = 0; first < x.length; first += length) {
    for (let i = 0; i < length; i++) {
      let place = 0;
      for (let j = 0; j < length; j++) {
        const [own, other] = [x[first + i], x[first + j]];
        const comesFirst = descending ? isSmaller(own, other) : isSmaller(other, own);
        const comesLast = descending ? isSmaller(other, own) : isSmaller(own, other);
        if (comesFirst || (!comesLast && j < i)) place++;
      }
      positions[first + place] = i;
    }
  }
  return positions;
}

function expectOrder(x: NumericArray, shape: readonly number[], dtype: DType): void {
  for (const descending of [false, true]) {
    const spec = specOf(shape, dtype);
    const call = { inputs: [spec], outputs: [specOf(shape, 'int32')], attributes: { descending } };
    const expected = placed(x, shape[shape.length - 1], descending);
    expect(runKernel(argSort, argSortCpu, call, [x])[0]).toEqual(expected);
    for (const target of targets) {
      for (const parts of [1, 3]) {
        expect(runWasmKernel(argSortWasm, call, [x], { target, parts })[0]).toEqual(expected);
      }
    }
  }
}

const lengths = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 100, 129, 500];

describe.each(['float32', 'int32'] as const)('argSort of %s', (dtype) => {
  it.each([...lengths.map((length) => [3, length]), [0], [2, 0], [0, 4], [2, 3, 5], [40, 6]])(
    'shape %s %s %s',
    (...shape) => {
      const known = shape.filter((each) => each !== undefined);
      const spec = specOf(known, dtype);
      const random = randomArray(spec, 3);
      const wide = dtype === 'float32' ? random : Int32Array.from(random, (each) => each * 2 ** 31);
      expectOrder(wide, known, dtype);
      // Few values, so that many are equal.
      const few = allocateLike(wide, sizeOf(known)).map((_, i) => Math.round(3 * random[i]));
      expectOrder(few, known, dtype);
      expectOrder(few.slice().sort(), known, dtype);
      expectOrder(few.slice().sort().reverse(), known, dtype);
    },
  );
});

function allocateLike(array: Float32Array | Int32Array, size: number): Float32Array | Int32Array {
  return array instanceof Float32Array ? new Float32Array(size) : new Int32Array(size);
}

it('NaN of either sign is the largest, -0 equals 0, and denormals have their place', () => {
  const infinity = Number.POSITIVE_INFINITY;
  const values = [0, Number.NaN, -0, 1e-45, -1e-45, infinity, Number.NaN, -infinity, 3e38, -3e38, -0, 0];
  const x = Float32Array.from(values);
  // All bits set: the NaN whose sign is set as well.
  new Int32Array(x.buffer)[6] = -1;
  expectOrder(x, [x.length], 'float32');
});

it('the smallest and the largest int32', () => {
  expectOrder(Int32Array.of(2 ** 31 - 1, 0, -(2 ** 31), -1, 1, -(2 ** 31), 2 ** 31 - 1), [7], 'int32');
});

it('counts a comparison for each element and merge', () => {
  const call = {
    inputs: [specOf([3, 8])],
    outputs: [specOf([3, 8], 'int32')],
    attributes: { descending: false },
  };
  expect(argSort.flops(call)).toBe(72);
});
