/**
 * The reduction with a kept axis as the innermost one: every lane is a result. The lanes of a few columns stay in registers
 * while they run down the rows; those of many columns stay in memory, and the rows are read one behind the other.
 */
import { mergeAxes } from '../../elementwise/wasm/iteration-space.ts';
import { ProgramWalk, visitPoints } from '../../elementwise/wasm/program-walk.ts';
import {
  type FunctionBuilder,
  f32x4,
  type Integer,
  i32,
  i32x4,
  type Local,
  v128,
} from '../../support/wasm/assembler/index.ts';
import type { WasmKernelCode, WasmStage } from '../../support/wasm/wasm-kernel.ts';
import { blocksOf, collectedRows, combiningStage, pointsOf, type Reduction, range } from './blocks.ts';
import { countable, laneAccumulator, partialBytes } from './vector-accumulators.ts';

/** Vectors of columns that fit into registers; fewer where the program's code is long, since it is repeated for each. */
const registerVectors = { light: 8, heavy: 2 };
/** Columns of an item at most; of wider rows, items take a part each. */
const widestItem = 1024;

/** Sizes of a call. Partial results of a row of results take `pitch` places, a multiple of four. */
interface Columns {
  readonly reduction: Reduction;
  /** The innermost axis. */
  readonly columns: number;
  readonly keptAxes: readonly number[];
  readonly reducedAxes: readonly number[];
  /** Columns of an item. */
  readonly partColumns: number;
}

/** What one item computes: rows [firstRow, endRow) of the columns [firstColumn, endColumn) of one row of results. */
interface Item {
  readonly outerResult: Local<'i32'>;
  readonly firstRow: Local<'i32'>;
  readonly endRow: Local<'i32'>;
  readonly firstColumn: Local<'i32'>;
  readonly endColumn: Local<'i32'>;
}

/** Where an item's results go: to places for partial results from `partials` on, or at once to `results`. */
interface Destination {
  readonly partials?: Local<'i32'>;
  readonly results: Local<'i32'>;
}

/** Items are blocks of rows of results, or parts of such rows. */
export function alongColumns(reduction: Reduction): WasmKernelCode {
  const { attributes, target, dtype, outputBytes, results } = reduction;
  const inner = reduction.space.axes.filter((axis) => axis.kept).at(-1)!;
  const outer = reduction.space.axes.filter((axis) => axis !== inner);
  const isLonger = ({ length }: { length: number }): boolean => length > 1;
  const kept = mergeAxes(outer.filter((axis) => axis.kept)).filter(isLonger);
  const reduced = mergeAxes(outer.filter((axis) => !axis.kept)).filter(isLonger);
  const space = { ...reduction.space, axes: [...kept, ...reduced, inner] };
  const columns = inner.length;
  const rows = pointsOf(reduced);
  const outerResults = pointsOf(kept);
  const parts = Math.ceil(columns / widestItem);
  const partColumns = Math.min(columns, widestItem);
  const sizes: Columns = {
    reduction,
    columns,
    keptAxes: range(kept.length),
    reducedAxes: reduced.map((_, at) => kept.length + at),
    partColumns,
  };
  const { blocks, blockRows } = blocksOf(reduction, rows, partColumns, outerResults * parts);
  const items = outerResults * blocks * parts;
  const pitch = wholeVectors(columns);
  const bytes = partialBytes(attributes.operator, dtype);
  const partBytes = wholeVectors(partColumns) * bytes;

  const write: WasmStage['write'] = (f, { first, end }, { inputs, outputs, scratch, threadScratch }) => {
    const walk = new ProgramWalk(f, target, attributes, space, inputs);
    const most = walk.vectorsAtOnce > 1 ? registerVectors.light : registerVectors.heavy;
    const reduceItem = Math.floor(columns / 4) <= most ? inRegisters : inMemory;
    f.for(first, end, 1, (item) => {
      const firstColumn = f.keep(i32.multiply(i32.remainder(item, parts), partColumns));
      const outerBlock = f.keep(i32.divide(item, parts));
      const outerResult = f.keep(i32.divide(outerBlock, blocks));
      const firstRow = f.keep(i32.multiply(i32.remainder(outerBlock, blocks), blockRows));
      const endRow = smallerOf(f, i32.add(firstRow, blockRows), rows);
      const endColumn = smallerOf(f, i32.add(firstColumn, partColumns), columns);
      const result = i32.add(i32.multiply(outerResult, columns), firstColumn);
      const partial = i32.add(i32.multiply(outerBlock, pitch), firstColumn);
      const destination: Destination = {
        results: f.keep(i32.add(outputs[0], i32.multiply(result, outputBytes))),
        ...(blocks > 1 && { partials: f.keep(i32.add(scratch, i32.multiply(partial, bytes))) }),
      };
      const span = { outerResult, firstRow, endRow, firstColumn, endColumn };
      reduceItem(f, walk, sizes, span, destination, threadScratch);
    });
  };
  // In memory: what is collected, and what is settled if no block has a place for that.
  const threadScratchBytes = wholeVectors(partColumns) * 4 + partBytes;
  if (blocks === 1) {
    const elements = parts === 1 && { elementsPerItem: results / items };
    return { threadScratchBytes, stages: [{ items, write, ...elements }] };
  }
  return {
    threadScratchBytes,
    scratchBytes: outerResults * blocks * pitch * bytes,
    stages: [{ items, write }, combiningStage(reduction, blocks, columns, pitch)],
  };
}

/** Columns with those that fill up the last vector. */
function wholeVectors(columns: number): number {
  return Math.ceil(columns / 4) * 4;
}

function smallerOf(f: FunctionBuilder, a: Integer, b: Integer): Local<'i32'> {
  const smaller = f.keep(i32.add(a, 0));
  f.set(smaller, i32.minimum(smaller, b));
  return smaller;
}

/** Goes to a row of an item. */
function goToRow(
  walk: ProgramWalk,
  sizes: Columns,
  { outerResult }: Item,
  row: Integer,
  column: Integer,
): void {
  walk.reset();
  walk.seek(sizes.keptAxes, outerResult);
  walk.seek(sizes.reducedAxes, row);
  walk.seek([walk.axes.length - 1], column);
}

/** Every column's lane in a register, from the first row to the last. */
function inRegisters(
  f: FunctionBuilder,
  walk: ProgramWalk,
  sizes: Columns,
  item: Item,
  { partials, results }: Destination,
): void {
  const { reduction, columns, reducedAxes } = sizes;
  const { attributes, dtype, outputBytes } = reduction;
  const { operator, value } = attributes;
  const strip = (firstColumn: number, vectors: number, count?: Local<'i32'>): void => {
    goToRow(walk, sizes, item, item.firstRow, firstColumn);
    const lanes = range(vectors).map(() => laneAccumulator(f, operator, dtype));
    for (const each of lanes) each.start();
    const row = f.keep(i32.add(item.firstRow, 0));
    const positions = () => i32x4.splat(row);
    f.while(i32.less(row, item.endRow), () => {
      const pause = smallerOf(f, i32.add(row, collectedRows), item.endRow);
      f.while(i32.less(row, pause), () => {
        walk.beginRow();
        lanes.forEach((each, vector) => {
          const registers = walk.evaluate(vector * 4, count);
          each.collect(countable(f, operator, dtype, registers[value]), positions);
        });
        walk.next(reducedAxes, false);
        f.increase(row, 1);
      });
      for (const each of lanes) each.settle();
    });
    lanes.forEach((each, vector) => {
      const column = firstColumn + vector * 4;
      if (!partials) each.storeLanes(i32.add(results, column * outputBytes), count);
      else each.storePartialLanes(i32.add(partials, column * partialBytes(operator, dtype)));
    });
  };
  const vectors = Math.floor(columns / 4);
  if (vectors > 0) strip(0, vectors);
  if (columns % 4 > 0) strip(vectors * 4, 1, f.keep(i32.constant(columns % 4)));
}

/** The columns' lanes in memory: one row after the other is added to them. */
function inMemory(
  f: FunctionBuilder,
  walk: ProgramWalk,
  sizes: Columns,
  item: Item,
  { partials, results }: Destination,
  threadScratch: Local<'i32'>,
): void {
  const { reduction, columns, partColumns, reducedAxes } = sizes;
  const { attributes, dtype, outputBytes } = reduction;
  const { operator, value } = attributes;
  const bytes = partialBytes(operator, dtype);
  const lanes = laneAccumulator(f, operator, dtype);
  // Float sums collect in float32 and settle every few rows. Other lanes are always settled.
  const collects = lanes.collects;
  const collected = threadScratch;
  const settled = partials ?? f.keep(i32.add(threadScratch, wholeVectors(partColumns) * 4));
  const settledPointer = f.local('i32');
  const collectedPointer = f.local('i32');
  const column = f.local('i32');
  /** Visits the lanes of four columns after the other. */
  const forLanes = (visit: () => void): void => {
    f.set(settledPointer, settled);
    f.set(collectedPointer, collected);
    f.set(column, item.firstColumn);
    f.while(i32.less(column, item.endColumn), () => {
      visit();
      f.increase(settledPointer, bytes * 4);
      f.increase(collectedPointer, 16);
      f.increase(column, 4);
    });
  };
  const zero = f.hoist(f32x4.constant(0, 0, 0, 0));
  lanes.start();
  forLanes(() => {
    lanes.storePartialLanes(settledPointer);
    if (collects) f.do(v128.store(collectedPointer, zero));
  });
  const row = f.keep(i32.add(item.firstRow, 0));
  const positions = () => i32x4.splat(row);
  const addValues = (values: Local<'v128'>, vector: number): void => {
    const counted = countable(f, operator, dtype, values);
    if (collects) {
      const sum = f32x4.add(v128.load(collectedPointer, vector * 16), counted);
      f.do(v128.store(collectedPointer, sum, vector * 16));
    } else {
      const address = i32.add(settledPointer, vector * bytes * 4);
      lanes.loadPartialLanes(address);
      lanes.fold(counted, positions);
      lanes.storePartialLanes(address);
    }
  };
  const addRow = (): void => {
    if (partColumns < columns) goToRow(walk, sizes, item, row, item.firstColumn);
    f.set(settledPointer, settled);
    f.set(collectedPointer, collected);
    const stretch = { first: item.firstColumn, end: item.endColumn };
    visitPoints(f, walk, [], stretch, {
      several: (evaluate, vectors) => {
        for (const vector of range(vectors)) addValues(evaluate(vector)[value], vector);
      },
      // Lanes behind the last column get some value, which nobody reads.
      one: (registers) => addValues(registers[value], 0),
      moved: (points) => {
        f.increase(settledPointer, i32.multiply(points, bytes));
        f.increase(collectedPointer, i32.multiply(points, 4));
      },
    });
    if (partColumns === columns) walk.next(reducedAxes, false);
    f.increase(row, 1);
  };
  if (partColumns === columns) goToRow(walk, sizes, item, row, 0);
  f.while(i32.less(row, item.endRow), () => {
    const pause = smallerOf(f, i32.add(row, collectedRows), item.endRow);
    f.while(i32.less(row, pause), addRow);
    if (!collects) return;
    forLanes(() => {
      lanes.loadPartialLanes(settledPointer);
      lanes.fold(f.keep(v128.load(collectedPointer)), positions);
      lanes.storePartialLanes(settledPointer);
      f.do(v128.store(collectedPointer, zero));
    });
  });
  if (partials) return;
  const count = f.local('i32');
  forLanes(() => {
    lanes.loadPartialLanes(settledPointer);
    f.set(count, smallerOf(f, i32.subtract(item.endColumn, column), 4));
    const at = i32.multiply(i32.subtract(column, item.firstColumn), outputBytes);
    lanes.storeLanes(i32.add(results, at), count);
  });
}
