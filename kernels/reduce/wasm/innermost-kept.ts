/**
 * The reduction with a kept axis innermost: its indices are columns, a lane is a column's result, and a row is an index
 * along the reduced axes, counted row by row. The other kept axes are outer results.
 *
 *     for outerResult = 0 … outerResults - 1        ⎫
 *       for block of rows                           ⎬  items
 *         for block of columns (1024)               ⎭
 *           for row in the block of rows            // in groups of 16: after each, float sums settle in float64
 *             for column in the block of columns, in fours
 *               lanes[column] ∘= value(outerResult, row, column)
 *
 * The two inner loops are written in two ways. The lanes of up to 8 vectors of columns (2, if the program is long) stay in
 * registers while they run down the rows, and columns that fill no vector run down them once more (`inRegisters`). The lanes of
 * more columns stay in memory, in the cache, and the rows are read one after the other (`inMemory`).
 *
 * Sum over axis 0 of [1000, 10]: one item, so one thread, since 1000 rows of 10 columns are too few for blocks. Two vectors of
 * sums go down columns 0 … 7, then a third down columns 8 and 9. Of [100000, 10] there are 31 items, blocks of 3277 rows.
 */
import { mergeAxes, type SpaceAxis } from '../../elementwise/wasm/iteration-space.ts';
import { ProgramWalk } from '../../elementwise/wasm/program-walk.ts';
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
import { mostCollected } from './lane-accumulator.ts';
import { combiningStage, numbersTo, pointsOf, rowBlocksOf, type VectorReduction } from './row-blocks.ts';

/** Vectors of columns that fit into registers; fewer where the program's code is long, since it is repeated for each. */
const registerVectors = { light: 8, heavy: 2 };
/** Columns of a block at most: their lanes stay in the first-level cache. */
const widestBlock = 1024;

/** The sizes of a call, and its axes in the space that is walked. */
interface ColumnSizes {
  readonly reduction: VectorReduction;
  readonly columns: number;
  /** Columns of a block; the last one may have fewer. */
  readonly blockColumns: number;
  /** All kept axes but the columns. */
  readonly keptAxes: readonly number[];
  readonly reducedAxes: readonly number[];
}

/** What one item computes: rows [firstRow, endRow) of columns [firstColumn, endColumn) of one outer result. */
interface ColumnItem {
  readonly outerResult: Local<'i32'>;
  readonly firstRow: Local<'i32'>;
  readonly endRow: Local<'i32'>;
  readonly firstColumn: Local<'i32'>;
  readonly endColumn: Local<'i32'>;
  /** Address of the result of the first column. */
  readonly results: Local<'i32'>;
  /** If there are blocks of rows, where the lanes are saved instead: the address of the first column's. */
  readonly saved?: Local<'i32'>;
}

/** Items are (outerResult · row blocks + row block) · column blocks + column block. */
export function keptInnermost(reduction: VectorReduction, columnAxis: SpaceAxis): WasmKernelCode {
  const { attributes, operator, target, dtype, outputBytes, results } = reduction;
  const outer = reduction.space.axes.filter((axis) => axis !== columnAxis);
  const isLonger = ({ length }: { length: number }): boolean => length > 1;
  const kept = mergeAxes(outer.filter((axis) => axis.kept)).filter(isLonger);
  const reduced = mergeAxes(outer.filter((axis) => !axis.kept)).filter(isLonger);
  const space = { ...reduction.space, axes: [...kept, ...reduced, columnAxis] };
  const columns = columnAxis.length;
  const rows = pointsOf(reduced);
  const outerResults = pointsOf(kept);
  const columnBlocks = Math.ceil(columns / widestBlock);
  const blockColumns = Math.min(columns, widestBlock);
  const sizes: ColumnSizes = {
    reduction,
    columns,
    blockColumns,
    keptAxes: numbersTo(kept.length),
    reducedAxes: reduced.map((_, at) => kept.length + at),
  };
  const blocks = rowBlocksOf(operator, rows, blockColumns, outerResults * columnBlocks);
  const rowBlocks = blocks?.count ?? 1;
  const items = outerResults * rowBlocks * columnBlocks;
  /** Saved lanes of a row of results. */
  const pitch = wholeVectors(columns);
  const savedBytes = operator.savedBytes(dtype);

  const write: WasmStage['write'] = (f, { first, end }, { inputs, outputs, scratch, threadScratch }) => {
    const walk = new ProgramWalk(f, target, attributes, space, inputs);
    const most = walk.vectorsAtOnce > 1 ? registerVectors.light : registerVectors.heavy;
    const reduceItem = Math.floor(columns / 4) <= most ? inRegisters : inMemory;
    f.for(first, end, 1, (item) => {
      const firstColumn = f.keep(i32.multiply(i32.remainder(item, columnBlocks), blockColumns));
      const outerBlock = f.keep(i32.divide(item, columnBlocks));
      const outerResult = f.keep(i32.divide(outerBlock, rowBlocks));
      const blockRows = blocks?.rows ?? rows;
      const firstRow = f.keep(i32.multiply(i32.remainder(outerBlock, rowBlocks), blockRows));
      const endRow = smallerOf(f, i32.add(firstRow, blockRows), rows);
      const endColumn = smallerOf(f, i32.add(firstColumn, blockColumns), columns);
      const result = i32.add(i32.multiply(outerResult, columns), firstColumn);
      const place = i32.add(i32.multiply(outerBlock, pitch), firstColumn);
      const columnItem: ColumnItem = {
        outerResult,
        firstRow,
        endRow,
        firstColumn,
        endColumn,
        results: f.keep(i32.add(outputs[0], i32.multiply(result, outputBytes))),
        ...(blocks && { saved: f.keep(i32.add(scratch, i32.multiply(place, savedBytes))) }),
      };
      reduceItem(f, walk, sizes, columnItem, threadScratch);
    });
  };
  // In memory: what is collected, and what is settled if no block has a place for that.
  const threadScratchBytes = wholeVectors(blockColumns) * (4 + savedBytes);
  if (!blocks) {
    const elements = columnBlocks === 1 && { elementsPerItem: results / items };
    return { threadScratchBytes, stages: [{ items, write, ...elements }] };
  }
  return {
    threadScratchBytes,
    scratchBytes: outerResults * rowBlocks * pitch * savedBytes,
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

/** Goes to a row and column of an item. */
function goTo(walk: ProgramWalk, sizes: ColumnSizes, item: ColumnItem, row: Integer, column: Integer): void {
  walk.goTo(
    { axes: sizes.keptAxes, position: item.outerResult },
    { axes: sizes.reducedAxes, position: row },
    { axes: [walk.axes.length - 1], position: column },
  );
}

/** Adds rows [row, endRow), counting `row` up, and settles after each group of them and after the last. */
function forRowGroups(
  f: FunctionBuilder,
  row: Local<'i32'>,
  endRow: Local<'i32'>,
  addRow: () => void,
  settle: () => void,
): void {
  f.while(i32.less(row, endRow), () => {
    const groupEnd = smallerOf(f, i32.add(row, mostCollected), endRow);
    f.while(i32.less(row, groupEnd), () => {
      addRow();
      f.increase(row, 1);
    });
    settle();
  });
}

/** All whole vectors of columns down the rows, then the columns that are left. There is one block of columns. */
function inRegisters(f: FunctionBuilder, walk: ProgramWalk, sizes: ColumnSizes, item: ColumnItem): void {
  const { reduction, columns, reducedAxes } = sizes;
  const { attributes, operator, dtype, outputBytes } = reduction;
  /** `vectors` vectors from a column on, or the first `count` columns of one. */
  const reduceColumns = (firstColumn: number, vectors: number, count?: Local<'i32'>): void => {
    goTo(walk, sizes, item, item.firstRow, firstColumn);
    const lanes = numbersTo(vectors).map(() => operator.accumulator(f, dtype));
    for (const each of lanes) each.start();
    const row = f.keep(i32.add(item.firstRow, 0));
    const positions = () => i32x4.splat(row);
    const addRow = (): void => {
      const entered = walk.enterRow();
      lanes.forEach((each, vector) => {
        const registers = count ? entered.evaluateSome(count) : entered.evaluate(vector * 4);
        each.collect(each.valuesOf(registers[attributes.value]), positions);
      });
      walk.nextInColumn(reducedAxes);
    };
    forRowGroups(f, row, item.endRow, addRow, () => {
      for (const each of lanes) each.settle();
    });
    lanes.forEach((each, vector) => {
      const column = firstColumn + vector * 4;
      if (!item.saved) each.storeLanes(i32.add(item.results, column * outputBytes), count);
      else each.saveLanes(i32.add(item.saved, column * operator.savedBytes(dtype)));
    });
  };
  const vectors = Math.floor(columns / 4);
  if (vectors > 0) reduceColumns(0, vectors);
  if (columns % 4 > 0) reduceColumns(vectors * 4, 1, f.keep(i32.constant(columns % 4)));
}

/** One row after the other is added to the columns' lanes, which are in memory: settled ones, and collected float sums. */
function inMemory(
  f: FunctionBuilder,
  walk: ProgramWalk,
  sizes: ColumnSizes,
  item: ColumnItem,
  threadScratch: Local<'i32'>,
): void {
  const { reduction, columns, blockColumns, reducedAxes } = sizes;
  const { attributes, operator, dtype, outputBytes } = reduction;
  const savedBytes = operator.savedBytes(dtype);
  const lanes = operator.accumulator(f, dtype);
  const collected = threadScratch;
  const settled = item.saved ?? f.keep(i32.add(threadScratch, wholeVectors(blockColumns) * 4));
  const settledPointer = f.local('i32');
  const collectedPointer = f.local('i32');
  const column = f.local('i32');
  /** for (column = firstColumn; column < endColumn; column += 4), with the pointers at the column's lanes. */
  const forLanes = (visit: () => void): void => {
    f.set(settledPointer, settled);
    f.set(collectedPointer, collected);
    f.set(column, item.firstColumn);
    f.while(i32.less(column, item.endColumn), () => {
      visit();
      f.increase(settledPointer, savedBytes * 4);
      f.increase(collectedPointer, 16);
      f.increase(column, 4);
    });
  };
  const zero = f.hoist(f32x4.constant(0, 0, 0, 0));
  lanes.start();
  forLanes(() => {
    lanes.saveLanes(settledPointer);
    if (lanes.collects) f.do(v128.store(collectedPointer, zero));
  });
  const row = f.keep(i32.add(item.firstRow, 0));
  const positions = () => i32x4.splat(row);
  const addValues = (register: Local<'v128'>, vector: number): void => {
    const values = lanes.valuesOf(register);
    if (lanes.collects) {
      const sum = f32x4.add(v128.load(collectedPointer, vector * 16), values);
      f.do(v128.store(collectedPointer, sum, vector * 16));
    } else {
      const address = i32.add(settledPointer, vector * savedBytes * 4);
      lanes.restoreLanes(address);
      lanes.fold(values, positions);
      lanes.saveLanes(address);
    }
  };
  // A walk along whole rows steps from one to the next; along a part of each it has to go back.
  const walksWholeRows = blockColumns === columns;
  const addRow = (): void => {
    if (!walksWholeRows) goTo(walk, sizes, item, row, item.firstColumn);
    f.set(settledPointer, settled);
    f.set(collectedPointer, collected);
    walk.visit([], i32.subtract(item.endColumn, item.firstColumn), {
      several: (evaluate, vectors) => {
        for (const vector of numbersTo(vectors)) addValues(evaluate(vector)[attributes.value], vector);
      },
      // Lanes after the last column get some value, which nobody reads.
      one: (registers) => addValues(registers[attributes.value], 0),
      moved: (points) => {
        f.increase(settledPointer, i32.multiply(points, savedBytes));
        f.increase(collectedPointer, i32.multiply(points, 4));
      },
    });
    if (walksWholeRows) walk.nextInColumn(reducedAxes);
  };
  if (walksWholeRows) goTo(walk, sizes, item, row, 0);
  forRowGroups(f, row, item.endRow, addRow, () => {
    if (!lanes.collects) return;
    forLanes(() => {
      lanes.restoreLanes(settledPointer);
      lanes.fold(f.keep(v128.load(collectedPointer)), positions);
      lanes.saveLanes(settledPointer);
      f.do(v128.store(collectedPointer, zero));
    });
  });
  if (item.saved) return;
  const count = f.local('i32');
  forLanes(() => {
    lanes.restoreLanes(settledPointer);
    f.set(count, smallerOf(f, i32.subtract(item.endColumn, column), 4));
    const at = i32.multiply(i32.subtract(column, item.firstColumn), outputBytes);
    lanes.storeLanes(i32.add(item.results, at), count);
  });
}
