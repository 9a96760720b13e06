/** Running sums in WebAssembly, over x as [outer, length, inner]: down the columns, or along a few rows at once. */

import { type DType, sizeOf } from '../support/contract.ts';
import {
  type Expression,
  type FunctionBuilder,
  f32,
  f32x4,
  f64,
  f64x2,
  i8x16,
  i32,
  i32x4,
  type Local,
  type Vector,
  v128,
} from '../support/wasm/assembler/index.ts';
import type { ItemRange } from '../support/wasm/copy-code.ts';
import type { KernelMemory, WasmKernel } from '../support/wasm/wasm-kernel.ts';
import type { CumulativeAttributes } from './index.ts';

/** Columns of an item: a line of the cache. */
const itemColumns = 16;
/** Rows at a time where the axis is the innermost one: each addition waits for the one before it in its row. */
const rowsAtOnce = 4;

/** The sizes of a call. */
interface Sizes {
  readonly length: number;
  readonly inner: number;
  readonly reverse: boolean;
  readonly dtype: DType;
}

/** Element i is the sum of the elements up to and including i, or from i on. */
export const cumulativeSumWasm: WasmKernel<CumulativeAttributes> = ({
  inputs: [{ shape, dtype }],
  attributes,
}) => {
  const { axis, reverse } = attributes;
  const outer = sizeOf(shape.slice(0, axis));
  const inner = sizeOf(shape.slice(axis + 1));
  const sizes: Sizes = { length: shape[axis], inner, reverse, dtype };
  if (sizeOf(shape) === 0) return { stages: [] };
  if (inner === 1) {
    const write = (f: FunctionBuilder, range: ItemRange, memory: KernelMemory): void =>
      writeRows(f, range, memory, sizes);
    return { stages: [{ items: outer, elementsPerItem: sizes.length, write }] };
  }
  const write = (f: FunctionBuilder, range: ItemRange, memory: KernelMemory): void =>
    writeColumns(f, range, memory, sizes);
  return { stages: [{ items: outer * Math.ceil(inner / itemColumns), write }] };
};

/** Items are rows. A row alone is summed in the same order as among others. */
function writeRows(
  f: FunctionBuilder,
  { first, end }: ItemRange,
  { inputs, outputs }: KernelMemory,
  { length, reverse, dtype }: Sizes,
): void {
  const rowBytes = 4 * length;
  const beginning = (array: Local<'i32'>): Local<'i32'> =>
    f.keep(i32.add(array, i32.add(i32.multiply(first, rowBytes), reverse ? rowBytes - 4 : 0)));
  const [from, to] = [beginning(inputs[0]), beginning(outputs[0])];
  const row = f.keep(i32.add(first, 0));
  const source = f.local('i32');
  const target = f.local('i32');
  const doRows = (rows: number): void => {
    f.set(source, from);
    f.set(target, to);
    const sums = Array.from({ length: rows }, () => new RunningSum(f, dtype));
    f.for(0, length, 1, () => {
      sums.forEach((sum, at) => {
        sum.move(source, target, at * rowBytes);
      });
      f.increase(source, reverse ? -4 : 4);
      f.increase(target, reverse ? -4 : 4);
    });
    f.increase(from, rows * rowBytes);
    f.increase(to, rows * rowBytes);
    f.increase(row, rows);
  };
  const lastGroup = f.keep(i32.subtract(end, rowsAtOnce - 1));
  f.while(i32.less(row, lastGroup), () => doRows(rowsAtOnce));
  f.while(i32.less(row, end), () => doRows(1));
}

/** One running sum in a local, from 0. */
class RunningSum {
  readonly #f: FunctionBuilder;
  readonly #double?: Local<'f64'>;
  readonly #integer?: Local<'i32'>;

  constructor(f: FunctionBuilder, dtype: DType) {
    this.#f = f;
    if (dtype === 'float32') this.#double = f.keep(f64.constant(0));
    else this.#integer = f.keep(i32.constant(0));
  }

  /** Adds the element at `from` and stores the sum at `to`, each plus `offset`. */
  move(from: Local<'i32'>, to: Local<'i32'>, offset: number): void {
    const f = this.#f;
    if (this.#double) {
      f.set(this.#double, f64.add(this.#double, f64.promote(f32.load(from, offset))));
      f.do(f32.store(to, f32.demote(this.#double), offset));
    } else if (this.#integer) {
      f.set(this.#integer, i32.add(this.#integer, i32.load(from, offset)));
      f.do(i32.store(to, this.#integer, offset));
    }
  }
}

/** Items are up to 16 neighboring columns of one outer index. */
function writeColumns(
  f: FunctionBuilder,
  { first, end }: ItemRange,
  { inputs, outputs }: KernelMemory,
  sizes: Sizes,
): void {
  const { length, inner, reverse } = sizes;
  const perOuter = Math.ceil(inner / itemColumns);
  const step = reverse ? -4 * inner : 4 * inner;
  const lastRow = reverse ? (length - 1) * inner : 0;
  const rest = inner % itemColumns;
  const from = f.local('i32');
  const to = f.local('i32');
  f.for(first, end, 1, (item) => {
    const outer = f.keep(i32.divideUnsigned(item, perOuter));
    const column = f.keep(i32.multiply(i32.subtract(item, i32.multiply(outer, perOuter)), itemColumns));
    const element = i32.add(i32.add(i32.multiply(outer, length * inner), column), lastRow);
    const at = f.keep(i32.shiftLeft(element, 2));
    f.set(from, i32.add(inputs[0], at));
    f.set(to, i32.add(outputs[0], at));
    const doColumns = (columns: number): void => {
      const lanes = Array.from({ length: Math.ceil(columns / 4) }, () => new RunningLanes(f, sizes.dtype));
      f.for(0, length, 1, () => {
        lanes.forEach((each, vector) => {
          const sums = each.add(v128.load(from, 16 * vector));
          storeLanes(f, to, sums, 16 * vector, columns - 4 * vector);
        });
        f.increase(from, step);
        f.increase(to, step);
      });
    };
    if (rest === 0) doColumns(itemColumns);
    else if (perOuter === 1) doColumns(rest);
    else {
      f.if(
        i32.lessEqual(column, inner - itemColumns),
        () => doColumns(itemColumns),
        () => doColumns(rest),
      );
    }
  });
}

/** Stores the first so many elements of a vector, at most four. */
function storeLanes(
  f: FunctionBuilder,
  to: Local<'i32'>,
  vector: Expression<'v128'>,
  offset: number,
  elements: number,
): void {
  if (elements >= 4) {
    f.do(v128.store(to, vector, offset));
    return;
  }
  const kept = f.keep(vector);
  for (let lane = 0; lane < elements; lane++) f.do(v128.storeLane32(to, kept, lane, offset + 4 * lane));
}

/** Bytes 8 to 15, twice. */
const upperHalf = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15];
/** Bytes 0 to 7 of a, then bytes 0 to 7 of b. */
const lowerHalves = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];

/** Four running sums, from 0: lanes of integers, or of two vectors of doubles. */
class RunningLanes {
  readonly #f: FunctionBuilder;
  readonly #integers?: Local<'v128'>;
  readonly #doubles?: readonly [Local<'v128'>, Local<'v128'>];

  constructor(f: FunctionBuilder, dtype: DType) {
    this.#f = f;
    // Four integers 0 are two doubles 0.
    const zero = i32x4.constant(0, 0, 0, 0);
    if (dtype === 'float32') this.#doubles = [f.keep(zero), f.keep(zero)];
    else this.#integers = f.keep(zero);
  }

  /** Adds four elements; gives the sums as elements. */
  add(elements: Vector): Vector {
    const f = this.#f;
    if (this.#integers) {
      f.set(this.#integers, i32x4.add(this.#integers, elements));
      return this.#integers;
    }
    const [low, high] = this.#doubles!;
    const floats = f.keep(elements);
    f.set(low, f64x2.add(low, f64x2.promoteLow(floats)));
    f.set(high, f64x2.add(high, f64x2.promoteLow(i8x16.shuffle(floats, floats, upperHalf))));
    return i8x16.shuffle(f32x4.demote(low), f32x4.demote(high), lowerHalves);
  }
}
