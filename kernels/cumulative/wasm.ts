/**
 * Running totals in WebAssembly, over x as [outer, length, inner]:
 *
 *     inner > 1:  for o, column = 0, 16, … inner - 1           // items: 16 columns of an o
 *                   totals = neutral
 *                   for i:  totals ∘= x[o, i, column … column + 15];  y[o, i, column … column + 15] = totals
 *
 *     inner = 1:  for o = 0, 4, … outer - 1                    // items: rows
 *                   totals = neutral
 *                   for i:  totals ∘= x[o … o + 3, i];  y[o … o + 3, i] = totals
 *
 * In reverse, i goes from length - 1 to 0.
 */

import { type DType, sizeOf } from '../support/contract.ts';
import {
  type FunctionBuilder,
  f32,
  f64,
  i32,
  i32x4,
  type Local,
  type Vector,
  v128,
} from '../support/wasm/assembler/index.ts';
import { DoubleLanes } from '../support/wasm/double-lanes.ts';
import { storeLanes } from '../support/wasm/store-lanes.ts';
import type { ItemRange, KernelMemory, WasmKernel, WasmStage } from '../support/wasm/wasm-kernel.ts';
import { type CumulativeAttributes, type CumulativeOperator, neutral } from './index.ts';

/** Columns of an item: a line of the cache. */
const itemColumns = 16;
/** Rows at a time where the axis is the innermost one: each operation waits for the one before it in its row. */
const rowsAtOnce = 4;

/** x [outer, length, inner]. */
interface CumulativeSizes {
  readonly operator: CumulativeOperator;
  readonly length: number;
  readonly inner: number;
  readonly reverse: boolean;
  readonly dtype: DType;
}

/** See the contract. */
export const cumulativeWasm: WasmKernel<CumulativeAttributes> = ({ inputs: [x], attributes }) => {
  const { shape, dtype } = x;
  const { operator, axis, reverse } = attributes;
  const outer = sizeOf(shape.slice(0, axis));
  const inner = sizeOf(shape.slice(axis + 1));
  const sizes: CumulativeSizes = { operator, length: shape[axis], inner, reverse, dtype };
  if (sizeOf(shape) === 0) return { stages: [] };
  const stage: WasmStage =
    inner === 1
      ? {
          items: outer,
          elementsPerItem: sizes.length,
          write: (f, range, memory) => writeRows(f, range, memory, sizes),
        }
      : {
          items: outer * Math.ceil(inner / itemColumns),
          write: (f, range, memory) => writeColumns(f, range, memory, sizes),
        };
  return { stages: [stage] };
};

/** Items are rows. A row alone is computed in the same order as among others. */
function writeRows(
  f: FunctionBuilder,
  { first, end }: ItemRange,
  { inputs, outputs }: KernelMemory,
  { operator, length, reverse, dtype }: CumulativeSizes,
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
    const totals = Array.from({ length: rows }, () => runningTotal(f, dtype, operator));
    f.for(0, length, 1, () => {
      totals.forEach((join, at) => {
        join(source, target, at * rowBytes);
      });
      f.increase(source, reverse ? -4 : 4);
      f.increase(target, reverse ? -4 : 4);
    });
    f.increase(from, rows * rowBytes);
    f.increase(to, rows * rowBytes);
    f.increase(row, rows);
  };
  const fullEnd = f.keep(i32.subtract(end, rowsAtOnce - 1));
  f.while(i32.less(row, fullEnd), () => doRows(rowsAtOnce));
  f.while(i32.less(row, end), () => doRows(1));
}

const scalars = {
  float32: { sum: f64.add, product: f64.multiply },
  int32: { sum: i32.add, product: i32.multiply },
} as const;
const lanes = { sum: i32x4.add, product: i32x4.multiply } as const;

/** Begins a running total; gives what joins the element at `from` and stores the total at `to`, each plus `offset`. */
function runningTotal(
  f: FunctionBuilder,
  dtype: DType,
  operator: CumulativeOperator,
): (from: Local<'i32'>, to: Local<'i32'>, offset: number) => void {
  if (dtype === 'float32') {
    const total = f.keep(f64.constant(neutral[operator]));
    return (from, to, offset) => {
      f.set(total, scalars.float32[operator](total, f64.promote(f32.load(from, offset))));
      f.do(f32.store(to, f32.demote(total), offset));
    };
  }
  const total = f.keep(i32.constant(neutral[operator]));
  return (from, to, offset) => {
    f.set(total, scalars.int32[operator](total, i32.load(from, offset)));
    f.do(i32.store(to, total, offset));
  };
}

/** Items are up to 16 neighboring columns of one outer index. */
function writeColumns(
  f: FunctionBuilder,
  { first, end }: ItemRange,
  { inputs, outputs }: KernelMemory,
  sizes: CumulativeSizes,
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
      const vectors = Array.from({ length: Math.ceil(columns / 4) }, () =>
        runningLanes(f, sizes.dtype, sizes.operator),
      );
      f.for(0, length, 1, () => {
        vectors.forEach((join, vector) => {
          const totals = join(v128.load(from, 16 * vector));
          storeLanes(f, to, 16 * vector, totals, columns - 4 * vector);
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

/** Begins four running totals; gives what joins four elements and gives the totals as elements. */
function runningLanes(
  f: FunctionBuilder,
  dtype: DType,
  operator: CumulativeOperator,
): (elements: Vector) => Vector {
  if (dtype === 'float32') {
    const totals = new DoubleLanes(f);
    totals.fill(neutral[operator]);
    return (elements) => {
      totals[operator === 'sum' ? 'add' : 'multiply'](f.keep(elements));
      return totals.rounded();
    };
  }
  const start = neutral[operator];
  const totals = f.keep(i32x4.constant(start, start, start, start));
  return (elements) => {
    f.set(totals, lanes[operator](totals, elements));
    return totals;
  };
}
