/**
 * Packed panels: the right operand of a product, rearranged so that the tile reads it in one straight line.
 *
 * A panel is eight columns wide (the last may be four), depth after depth; the columns that a last panel has too many
 * are zero. Panels follow each other. With depth 3 and 10 columns, element k · 10 + j of the operand lies here:
 *
 *     operand                                    panel 0                        panel 1
 *      0  1  2  3  4  5  6  7  8  9      k = 0    0  1  2  3  4  5  6  7         8  9  ·  ·
 *     10 11 12 13 14 15 16 17 18 19      k = 1   10 11 12 13 14 15 16 17        18 19  ·  ·
 *     20 21 22 23 24 25 26 27 28 29      k = 2   20 21 22 23 24 25 26 27        28 29  ·  ·
 *
 *     in memory: 0 … 7, 10 … 17, 20 … 27, 8, 9, 0, 0, 18, 19, 0, 0, 28, 29, 0, 0
 */
import {
  type FunctionBuilder,
  f32x4,
  type Integer,
  i8x16,
  i32,
  type Local,
  v128,
} from '../../support/wasm/assembler/index.ts';
import { loadColumns, panelColumns, vectorWidth } from './tile.ts';

/** The right operand [depth, columns] where it lies: element (k, j) at k · depthStep + j · columnStep bytes. */
export interface RightOperand {
  readonly depth: number;
  readonly columns: number;
  readonly depthStep: number;
  readonly columnStep: number;
}

/** How many panels hold so many columns. */
export function panelCount(columns: number): number {
  return Math.ceil(columns / panelColumns);
}

/** The width of a packed panel that holds so many columns (1 to 8): four, or eight. */
export function packedWidth(columns: number): number {
  return columns <= vectorWidth ? vectorWidth : panelColumns;
}

/** Bytes from one panel to the next. */
export function panelBytes(depth: number): number {
  return depth * panelColumns * 4;
}

/** Bytes of all panels. */
export function packedBytes(depth: number, columns: number): number {
  if (columns === 0) return 0;
  const before = (panelCount(columns) - 1) * panelColumns;
  return (before + packedWidth(columns - before)) * depth * 4;
}

/** Writes code that packs panels [first, end) of the operand at `source` to `packed`, where panel 0 begins. */
export function packPanels(
  f: FunctionBuilder,
  operand: RightOperand,
  source: Integer,
  packed: Integer,
  first: Integer,
  end: Integer,
): void {
  const { depth, columns, columnStep } = operand;
  const full = Math.floor(columns / panelColumns);
  const rest = columns - full * panelColumns;
  if (depth === 0) return;
  const pack = (panel: Integer, width: number): void => {
    const from = f.keep(i32.add(source, i32.multiply(panel, panelColumns * columnStep)));
    const to = f.keep(i32.add(packed, i32.multiply(panel, panelBytes(depth))));
    packPanel(f, operand, from, to, width);
  };
  if (full > 0) {
    const last = f.keep(i32.add(end, 0));
    if (rest > 0) f.set(last, i32.minimum(last, full));
    f.for(first, last, 1, (panel) => pack(panel, panelColumns));
  }
  if (rest > 0) {
    const hasLast = i32.and(i32.lessEqual(first, full), i32.greater(end, full));
    f.if(hasLast, () => pack(full, rest));
  }
}

/** Writes a loop over the panels of so many columns; `width` columns of a panel are real. */
export function forEachPanel(
  f: FunctionBuilder,
  columns: number,
  write: (panel: Integer, width: number) => void,
): void {
  const full = Math.floor(columns / panelColumns);
  f.for(0, full, 1, (panel) => write(panel, panelColumns));
  if (columns % panelColumns > 0) write(full, columns % panelColumns);
}

/** Writes the code for one panel twice, for a full one and for the last, narrower one, and chooses by its number. */
export function eitherPanel(
  f: FunctionBuilder,
  columns: number,
  panel: Integer,
  write: (width: number) => void,
): void {
  const full = Math.floor(columns / panelColumns);
  const rest = columns % panelColumns;
  if (rest === 0) write(panelColumns);
  else if (full === 0) write(rest);
  else
    f.if(
      i32.less(panel, full),
      () => write(panelColumns),
      () => write(rest),
    );
}

/** Packs the `width` columns of one panel that begins at `from`. */
export function packPanel(
  f: FunctionBuilder,
  operand: RightOperand,
  from: Local<'i32'>,
  to: Local<'i32'>,
  width: number,
): void {
  const { columnStep, depthStep } = operand;
  if (columnStep === 4) packRows(f, operand, from, to, width);
  else if (depthStep === 4) packColumns(f, operand, from, to, width);
  else packElements(f, operand, from, to, width);
}

/** Columns are neighbors in memory: one or two vectors a depth. */
function packRows(
  f: FunctionBuilder,
  { depth, depthStep }: RightOperand,
  from: Local<'i32'>,
  to: Local<'i32'>,
  width: number,
): void {
  const vectors = packedWidth(width) / vectorWidth;
  f.for(0, depth, 1, () => {
    for (let vector = 0; vector < vectors; vector++) {
      const columns = width - vector * vectorWidth;
      f.do(v128.store(to, loadColumns(from, vector * 16, columns), vector * 16));
    }
    f.increase(from, depthStep);
    f.increase(to, vectors * 16);
  });
}

/** Each column is a run: squares of 4 columns by 4 depths are transposed in registers. */
function packColumns(
  f: FunctionBuilder,
  { depth, columnStep }: RightOperand,
  from: Local<'i32'>,
  to: Local<'i32'>,
  width: number,
): void {
  const vectors = packedWidth(width) / vectorWidth;
  const zero = f32x4.constant(0, 0, 0, 0);
  const squares = Math.floor(depth / 4);
  /** Transposes 4 columns × `depths` depths. */
  const square = (depths: number): void => {
    for (let vector = 0; vector < vectors; vector++) {
      const rows = [0, 1, 2, 3].map((lane) => {
        const column = vector * vectorWidth + lane;
        return f.keep(column < width ? loadColumns(from, column * columnStep, depths) : zero);
      });
      transpose(f, rows)
        .slice(0, depths)
        .forEach((row, k) => {
          f.do(v128.store(to, row, k * vectors * 16 + vector * 16));
        });
    }
  };
  if (squares > 0) {
    f.for(0, squares, 1, () => {
      square(4);
      f.increase(from, 16);
      f.increase(to, 4 * vectors * 16);
    });
  }
  if (depth % 4 > 0) square(depth % 4);
}

/** Neither is contiguous: element by element. */
function packElements(
  f: FunctionBuilder,
  { depth, depthStep, columnStep }: RightOperand,
  from: Local<'i32'>,
  to: Local<'i32'>,
  width: number,
): void {
  const vectors = packedWidth(width) / vectorWidth;
  f.for(0, depth, 1, () => {
    for (let vector = 0; vector < vectors; vector++) {
      const gathered = f.keep(f32x4.constant(0, 0, 0, 0));
      f.set(gathered, f32x4.constant(0, 0, 0, 0));
      for (let lane = 0; lane < 4 && vector * 4 + lane < width; lane++) {
        f.set(gathered, v128.loadLane32(from, gathered, lane, (vector * 4 + lane) * columnStep));
      }
      f.do(v128.store(to, gathered, vector * 16));
    }
    f.increase(from, depthStep);
    f.increase(to, vectors * 16);
  });
}

/** Byte picks that interleave the low (0, 1) or high (2, 3) lanes of two vectors, or join their halves. */
const lanes = (...numbers: readonly number[]): number[] =>
  numbers.flatMap((lane) => [0, 1, 2, 3].map((byte) => lane * 4 + byte));

/** The columns of a 4×4 square given by its rows. */
export function transpose(f: FunctionBuilder, rows: readonly Local<'v128'>[]): Local<'v128'>[] {
  const [a, b, c, d] = rows;
  const low = lanes(0, 4, 1, 5);
  const high = lanes(2, 6, 3, 7);
  const abLow = f.keep(i8x16.shuffle(a, b, low));
  const abHigh = f.keep(i8x16.shuffle(a, b, high));
  const cdLow = f.keep(i8x16.shuffle(c, d, low));
  const cdHigh = f.keep(i8x16.shuffle(c, d, high));
  const firstHalves = lanes(0, 1, 4, 5);
  const secondHalves = lanes(2, 3, 6, 7);
  return [
    f.keep(i8x16.shuffle(abLow, cdLow, firstHalves)),
    f.keep(i8x16.shuffle(abLow, cdLow, secondHalves)),
    f.keep(i8x16.shuffle(abHigh, cdHigh, firstHalves)),
    f.keep(i8x16.shuffle(abHigh, cdHigh, secondHalves)),
  ];
}
