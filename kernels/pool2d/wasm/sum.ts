/** Sum pooling in WebAssembly, and its gradient: each result is a sum over a rectangle of the source. */
import {
  type Expression,
  type FunctionBuilder,
  f32x4,
  f64x2,
  i8x16,
  i32,
  i32x4,
  type Local,
  v128,
} from '../../support/wasm/assembler/index.ts';
import type { KernelMemory, WasmKernel, WasmStage } from '../../support/wasm/wasm-kernel.ts';
import type { Pool2dAttributes } from '../index.ts';
import {
  axesOf,
  type Bounds,
  elementsOfWindows,
  forColumnsExcept,
  forPart,
  forQuads,
  forResultRows,
  forWholeWindows,
  hasWholeWindows,
  pixelAddress,
  pixelsOfWindow,
  storeLanes,
  type WindowAxis,
  wholeWindows,
  windowsOfPixel,
} from './window-walk.ts';

/** Up to so many elements are summed in float32, more in float64. */
const mostInFloats = 16;

/** Sizes of a call: results [N,h,w,C] from a source [N,H,W,C]. */
interface Sizes {
  readonly source: readonly number[];
  readonly result: readonly number[];
  readonly rows: WindowAxis;
  readonly columns: WindowAxis;
  /** Elements of a sum at most. */
  readonly terms: number;
  /** The part of the source that a result is made of, along an axis. */
  readonly boundsOf: (f: FunctionBuilder, axis: WindowAxis, index: Local<'i32'>) => Bounds;
}

/** The results of one row that can be had more simply, as far as this code writes them: columns of the result. */
interface Shortcut {
  readonly from: number;
  readonly to: number;
  /** Whether row `row` of the result can be done so; undefined if all can. */
  readonly applies: (f: FunctionBuilder, sourceRows: Bounds) => Expression<'i32'> | undefined;
  /** Writes them. */
  readonly write: (f: FunctionBuilder, source: Local<'i32'>, result: Local<'i32'>) => void;
  /** The first column of the source that they are made of. */
  readonly sourceColumn: number;
}

/** y [N,OH,OW,C] from x [N,H,W,C]. */
export const sumPool2dWasm: WasmKernel<Pool2dAttributes> = ({ inputs, outputs, attributes }) => {
  const [source, result] = [inputs[0].shape, outputs[0].shape];
  const axes = axesOf(attributes, source, result);
  const terms = axes.rows.window * axes.columns.window;
  const sizes: Sizes = { source, result, ...axes, terms, boundsOf: pixelsOfWindow };
  return { stages: stagesOf(sizes, wholeWindowsOf(sizes)) };
};

/** dX [N,H,W,C] from dY [N,OH,OW,C]: each pixel is the sum of the windows that cover it. */
export const sumPool2dInputGradientWasm: WasmKernel<Pool2dAttributes> = ({ inputs, outputs, attributes }) => {
  const [source, result] = [inputs[0].shape, outputs[0].shape];
  const axes = axesOf(attributes, result, source);
  const covering = ({ window, stride }: WindowAxis): number => Math.ceil(window / stride);
  const terms = covering(axes.rows) * covering(axes.columns);
  const sizes: Sizes = { source, result, ...axes, terms, boundsOf: windowsOfPixel };
  return { stages: stagesOf(sizes, copiedWindowsOf(sizes)) };
};

/** Items are rows of the result. */
function stagesOf(sizes: Sizes, shortcut: Shortcut | undefined): WasmStage[] {
  const { source, result, rows, columns, boundsOf } = sizes;
  const elementsPerItem = result[2] * result[3];
  if (elementsPerItem === 0) return [];
  const write: WasmStage['write'] = (f, range, memory) => {
    const done: Bounds = { from: f.local('i32'), to: f.local('i32') };
    forResultRows(f, range, result[1], (image, row) => {
      const sourceRows = boundsOf(f, rows, row);
      f.setInteger(done.from, result[2]);
      f.setInteger(done.to, result[2]);
      if (shortcut) {
        const { from, to, sourceColumn } = shortcut;
        const take = (): void => {
          const begin = pixelAddress(memory.inputs[0], source, image, sourceRows.from, sourceColumn);
          const target = pixelAddress(memory.outputs[0], result, image, row, from);
          shortcut.write(f, f.keep(begin), f.keep(target));
          f.setInteger(done.from, from);
          f.setInteger(done.to, to);
        };
        const applies = shortcut.applies(f, sourceRows);
        if (applies) f.if(applies, take);
        else take();
      }
      forColumnsExcept(f, result[2], done, (column) => {
        writeSum(f, memory, sizes, {
          image,
          row,
          column,
          sourceRows,
          sourceColumns: boundsOf(f, columns, column),
        });
      });
    });
  };
  return [{ items: result[0] * result[1], elementsPerItem, write }];
}

/** Windows that touch no padding: their additions are written out. */
function wholeWindowsOf(sizes: Sizes): Shortcut | undefined {
  const { source, rows, columns, terms } = sizes;
  const [, , width, channels] = source;
  const [wholeRows, whole] = [wholeWindows(rows), wholeWindows(columns)];
  if (!hasWholeWindows(sizes, channels) || wholeRows.first === wholeRows.end) return undefined;
  return {
    from: whole.first,
    to: whole.end,
    sourceColumn: whole.first * columns.stride - columns.low,
    applies: (_, { from, to }) => {
      if (wholeRows.end - wholeRows.first === rows.windows) return undefined;
      return i32.equal(i32.subtract(to, from), rows.window);
    },
    write: (f, begin, target) => {
      const row = { columns, channels, source: begin, results: [target] };
      const total = new SumOfLanes(f, terms);
      forWholeWindows(f, row, (lanes) => {
        total.clear();
        for (let r = 0; r < rows.window; r++) {
          for (let c = 0; c < columns.window; c++) {
            total.add(f.keep(elementsOfWindows(row, (r * width + c) * channels)));
          }
        }
        storeLanes(f, target, total.result(), lanes);
      });
    },
  };
}

/** Where windows lie side by side, each pixel has one, and a window is copied to all its pixels. */
function copiedWindowsOf({ result, rows, columns }: Sizes): Shortcut | undefined {
  const channels = result[3];
  const whole = wholeWindows(columns);
  const { window, stride, low } = columns;
  if (window !== stride || window > 16 || rows.window > rows.stride || whole.first === whole.end)
    return undefined;
  return {
    from: whole.first * stride - low,
    to: whole.end * stride - low,
    sourceColumn: whole.first,
    applies: (_, { from, to }) => i32.less(from, to),
    write: (f, source, target) => {
      f.for(whole.first, whole.end, 1, () => {
        forQuads(f, channels, [source, target], (lanes) => {
          const value = f.keep(v128.load(source));
          for (let copy = 0; copy < window; copy++) {
            storeLanes(f, target, value, lanes, 4 * copy * channels);
          }
        });
        f.increase(target, 4 * channels * (window - 1));
      });
    },
  };
}

/** One pixel of the result, and the part of the source that it is made of. */
interface Sum {
  readonly image: Local<'i32'>;
  readonly row: Local<'i32'>;
  readonly column: Local<'i32'>;
  readonly sourceRows: Bounds;
  readonly sourceColumns: Bounds;
}

/** A sum of any part, which may be empty. */
function writeSum(
  f: FunctionBuilder,
  { inputs, outputs }: KernelMemory,
  { source, result, terms }: Sizes,
  { image, row, column, sourceRows, sourceColumns }: Sum,
): void {
  const [, , width, channels] = source;
  const from = f.keep(pixelAddress(inputs[0], source, image, sourceRows.from, sourceColumns.from));
  const to = f.keep(pixelAddress(outputs[0], result, image, row, column));
  const part = { rows: sourceRows, columns: sourceColumns };
  const pitch = { row: 4 * width * channels, column: 4 * channels };
  const total = new SumOfLanes(f, terms);
  forQuads(f, channels, [from, to], (lanes) => {
    total.clear();
    forPart(f, from, part, pitch, (value) => total.add(value));
    storeLanes(f, to, total.result(), lanes);
  });
}

/** Bytes 8 to 15, twice. */
const upperHalf = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15];
/** Bytes 0 to 7 of a, then bytes 0 to 7 of b. */
const lowerHalves = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];

/** Four sums: of floats, or of doubles in two vectors. */
class SumOfLanes {
  readonly #f: FunctionBuilder;
  readonly #parts: readonly Local<'v128'>[];

  constructor(f: FunctionBuilder, terms: number) {
    this.#f = f;
    this.#parts = Array.from({ length: terms > mostInFloats ? 2 : 1 }, () => f.local('v128'));
  }

  clear(): void {
    for (const part of this.#parts) this.#f.set(part, i32x4.constant(0, 0, 0, 0));
  }

  add(value: Local<'v128'>): void {
    const [low, high] = this.#parts;
    if (!high) {
      this.#f.set(low, f32x4.add(low, value));
      return;
    }
    this.#f.set(low, f64x2.add(low, f64x2.promoteLow(value)));
    this.#f.set(high, f64x2.add(high, f64x2.promoteLow(i8x16.shuffle(value, value, upperHalf))));
  }

  /** The sums as floats. */
  result(): Local<'v128'> {
    const [low, high] = this.#parts;
    if (!high) return low;
    return this.#f.keep(i8x16.shuffle(f32x4.demote(low), f32x4.demote(high), lowerHalves));
  }
}
