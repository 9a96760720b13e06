/** What the pooling kernels share in WebAssembly: which pixels belong to which window, and walks over them. */
import {
  type FunctionBuilder,
  type Integer,
  i8x16,
  i32,
  type Local,
  type Vector,
  v128,
} from '../../support/wasm/assembler/index.ts';
import type { WasmStage } from '../../support/wasm/wasm-kernel.ts';
import type { Pool2dAttributes } from '../index.ts';

/** The items of a stage: rows of the result. */
export type ItemRange = Parameters<WasmStage['write']>[1];

/** Windows along one axis, height or width. */
export interface WindowAxis {
  readonly window: number;
  readonly stride: number;
  /** Padding before the first pixel. */
  readonly low: number;
  readonly pixels: number;
  /** How many windows there are. */
  readonly windows: number;
}

/** The axes of windows over `pixels` [N,H,W,C] that give `windows` [N,OH,OW,C]. */
export function axesOf(
  { window, stride, padding }: Pool2dAttributes,
  pixels: readonly number[],
  windows: readonly number[],
): { readonly rows: WindowAxis; readonly columns: WindowAxis } {
  const axis = (at: 0 | 1): WindowAxis => ({
    window: window[at],
    stride: stride[at],
    low: padding[2 * at],
    pixels: pixels[1 + at],
    windows: windows[1 + at],
  });
  return { rows: axis(0), columns: axis(1) };
}

/** The windows [first, end) that touch no padding. */
export function wholeWindows({ window, stride, low, pixels, windows }: WindowAxis): {
  readonly first: number;
  readonly end: number;
} {
  const end = Math.min(windows, Math.floor((pixels - window + low) / stride) + 1);
  const first = Math.ceil(low / stride);
  return first < end ? { first, end } : { first: windows, end: windows };
}

/** Indices [from, to); empty where `to` is not above `from`. */
export interface Bounds {
  readonly from: Local<'i32'>;
  readonly to: Local<'i32'>;
}

/** The pixels of one window, without padding. */
export function pixelsOfWindow(f: FunctionBuilder, axis: WindowAxis, index: Local<'i32'>): Bounds {
  const start = f.keep(i32.subtract(i32.multiply(index, axis.stride), axis.low));
  const end = f.keep(i32.add(start, axis.window));
  return { from: f.keep(i32.maximum(start, 0)), to: f.keep(i32.minimum(end, axis.pixels)) };
}

/** The windows that cover one pixel: those with start ≤ pixel < start + window, where start = index · stride - low. */
export function windowsOfPixel(f: FunctionBuilder, axis: WindowAxis, pixel: Local<'i32'>): Bounds {
  const { window, stride, low, windows } = axis;
  const place = f.keep(i32.add(pixel, low));
  // The first one that ends behind the pixel. What is divided is never negative.
  const behind = i32.divideUnsigned(i32.add(i32.maximum(place, window - 1), stride - window), stride);
  const last = f.keep(i32.add(i32.divideUnsigned(place, stride), 1));
  return { from: f.keep(behind), to: f.keep(i32.minimum(last, windows)) };
}

/** Calls `body`, once, for the code of one row of the result: row `row` of image `image`. */
export function forResultRows(
  f: FunctionBuilder,
  { first, end }: ItemRange,
  height: number,
  body: (image: Local<'i32'>, row: Local<'i32'>) => void,
): void {
  const image = f.keep(i32.divideUnsigned(first, height));
  const row = f.keep(i32.subtract(first, i32.multiply(image, height)));
  f.for(first, end, 1, () => {
    body(image, row);
    f.increase(row, 1);
    f.if(i32.equal(row, height), () => {
      f.setInteger(row, 0);
      f.increase(image, 1);
    });
  });
}

/** Columns [0, count) without those of [skip.from, skip.to), if that is not empty. */
export function forColumnsExcept(
  f: FunctionBuilder,
  count: number,
  skip: Bounds,
  body: (column: Local<'i32'>) => void,
): void {
  const column = f.keep(i32.constant(0));
  f.while(i32.less(column, count), () => {
    f.if(i32.equal(column, skip.from), () => f.set(column, skip.to));
    f.if(i32.less(column, count), () => {
      body(column);
      f.increase(column, 1);
    });
  });
}

/**
 * The channels of one pixel, four at a time. The pointers step with them, and end behind the pixel. `lanes` is how many
 * of the four count: loads may read all, stores must not write the others.
 */
export function forQuads(
  f: FunctionBuilder,
  channels: number,
  pointers: readonly Local<'i32'>[],
  body: (lanes: number) => void,
): void {
  const rest = channels % 4;
  f.for(0, channels - rest, 4, () => {
    body(4);
    for (const pointer of pointers) f.increase(pointer, 16);
  });
  if (rest === 0) return;
  body(rest);
  for (const pointer of pointers) f.increase(pointer, 4 * rest);
}

/** Stores the first so many lanes, `offset` bytes from `to`. */
export function storeLanes(
  f: FunctionBuilder,
  to: Local<'i32'>,
  vector: Local<'v128'>,
  lanes: number,
  offset = 0,
): void {
  if (lanes === 4) {
    f.do(v128.store(to, vector, offset));
    return;
  }
  for (let lane = 0; lane < lanes; lane++) f.do(v128.storeLane32(to, vector, lane, offset + 4 * lane));
}

/** Every pixel of a part of an image [.., columns, channels]: the vector at `from` + its place, row by row. */
export function forPart(
  f: FunctionBuilder,
  from: Local<'i32'>,
  part: { readonly rows: Bounds; readonly columns: Bounds },
  pitch: { readonly row: number; readonly column: number },
  visit: (vector: Local<'v128'>, pixel: Local<'i32'>) => void,
): void {
  const { rows, columns } = part;
  const line = f.keep(i32.add(from, 0));
  const columnCount = f.keep(i32.subtract(columns.to, columns.from));
  f.for(rows.from, rows.to, 1, () => {
    const pixel = f.keep(i32.add(line, 0));
    f.for(0, columnCount, 1, () => {
      visit(f.keep(v128.load(pixel)), pixel);
      f.increase(pixel, pitch.column);
    });
    f.increase(line, pitch.row);
  });
}

/** The windows of one row of windows that touch no padding, four results at a time. */
export interface WholeRow {
  readonly columns: WindowAxis;
  readonly channels: number;
  /** The address of the first element of the first window; steps. */
  readonly source: Local<'i32'>;
  /** The addresses of the first result; they step. */
  readonly results: readonly Local<'i32'>[];
}

/** Whether `forWholeWindows` can do these windows: lanes are channels, or with one channel columns. */
export function hasWholeWindows({ rows, columns }: ReturnType<typeof axesOf>, channels: number): boolean {
  const { first, end } = wholeWindows(columns);
  // The code of a window is written out. Larger ones are worth loops.
  return rows.window * columns.window <= 32 && end - first >= (channels === 1 ? 4 : 1);
}

/** Calls `body` for the code of four results (`lanes` of them count) at the row's pointers. */
export function forWholeWindows(f: FunctionBuilder, row: WholeRow, body: (lanes: number) => void): void {
  const { columns, channels, source, results } = row;
  const { first, end } = wholeWindows(columns);
  const count = end - first;
  if (channels > 1) {
    f.for(0, count, 1, () => {
      forQuads(f, channels, [source, ...results], body);
      f.increase(source, 4 * channels * (columns.stride - 1));
    });
    return;
  }
  const step = (windows: number): void => {
    f.increase(source, 4 * columns.stride * windows);
    for (const result of results) f.increase(result, 4 * windows);
  };
  const rest = count % 4;
  f.for(0, count - rest, 4, () => {
    body(4);
    step(4);
  });
  if (rest === 0) return;
  // The last four, of which some have been done already.
  step(rest - 4);
  body(4);
  step(4);
}

/** The elements at one place of the four windows at `source`, `offset` elements from where they begin. */
export function elementsOfWindows({ columns, channels, source }: WholeRow, offset: number): Vector {
  const at = 4 * offset;
  if (channels > 1 || columns.stride === 1) return v128.load(source, at);
  if (columns.stride === 2) {
    return i8x16.shuffle(v128.load(source, at), v128.load(source, at + 16), evenLanes);
  }
  let vector: Vector = v128.loadZero32(source, at);
  for (let lane = 1; lane < 4; lane++) {
    vector = v128.loadLane32(source, vector, lane, at + 4 * lane * columns.stride);
  }
  return vector;
}

/** Lanes 0 and 2 of two vectors. */
const evenLanes = [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27];

/** The address of pixel [image, row, column] of an array [N, height, width, channels]. */
export function pixelAddress(
  array: Local<'i32'>,
  [, height, width, channels]: readonly number[],
  image: Integer,
  row: Integer,
  column: Integer,
) {
  const line = i32.add(i32.multiply(image, height), row);
  const pixel = i32.add(i32.multiply(line, width), column);
  return i32.add(array, i32.multiply(pixel, 4 * channels));
}
