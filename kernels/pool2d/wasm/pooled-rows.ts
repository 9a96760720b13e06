/**
 * The loops that the pooling kernels share in WebAssembly. A result is made of a rectangle of its source. In each row of
 * results, columns [first, end) may have a shortcut; the others are done one by one:
 *
 *     for item = image · height + row                     // items: rows of the result
 *       rows of the source = those that row `row` is made of
 *       done = no columns
 *       if the shortcut applies to these rows:
 *         write columns [first, end);  if that succeeds, done = [first, end)
 *       for column = 0 … width - 1, without those that are done:
 *         write the result of the rectangle (rows of the source, columns that `column` is made of)
 */
import type { TensorSpec } from '../../support/contract.ts';
import {
  type FunctionBuilder,
  type Integer,
  i32,
  type Local,
  v128,
} from '../../support/wasm/assembler/index.ts';
import type { ItemRange, KernelMemory, WasmStage } from '../../support/wasm/wasm-kernel.ts';
import type { WindowAxis } from '../../support/window-axis.ts';
import type { Pool2dAttributes } from '../index.ts';
import { type PoolingAxes, poolingAxes } from '../pooling-axes.ts';

/** An array [N, height, width, C]. */
export interface ImageShape {
  readonly images: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

function imageShape([images, height, width, channels]: readonly number[]): ImageShape {
  return { images, height, width, channels };
}

/** The arrays of a pooling kernel. One of them holds pixels, the other windows: see the two functions below. */
export interface Pooling extends PoolingAxes {
  readonly source: ImageShape;
  readonly result: ImageShape;
  /** Along an axis, the indices of the source that index `index` of the result is made of. */
  readonly sourceOf: (f: FunctionBuilder, axis: WindowAxis, index: Local<'i32'>) => IndexRange;
}

/** Results are windows y [N,OH,OW,C], made of pixels x [N,H,W,C]. */
export function pixelsPooled(attributes: Pool2dAttributes, x: TensorSpec, y: TensorSpec): Pooling {
  const axes = poolingAxes(attributes, x.shape, y.shape);
  return { ...axes, source: imageShape(x.shape), result: imageShape(y.shape), sourceOf: pixelsOfWindow };
}

/** Results are pixels dX [N,H,W,C], made of windows dY [N,OH,OW,C]. */
export function windowsPooled(attributes: Pool2dAttributes, dY: TensorSpec, dX: TensorSpec): Pooling {
  const axes = poolingAxes(attributes, dX.shape, dY.shape);
  return { ...axes, source: imageShape(dY.shape), result: imageShape(dX.shape), sourceOf: windowsOfPixel };
}

/** Indices [first, end) along one axis; empty where `end` is not above `first`. */
export interface IndexRange {
  readonly first: Local<'i32'>;
  readonly end: Local<'i32'>;
}

/** The part of the source that one result is made of. */
export interface Rectangle {
  readonly rows: IndexRange;
  readonly columns: IndexRange;
}

/** One result, for all channels. */
export interface ResultPixel {
  readonly image: Local<'i32'>;
  readonly row: Local<'i32'>;
  readonly column: Local<'i32'>;
  /** What it is made of; may be empty. */
  readonly rectangle: Rectangle;
}

/** Columns [first, end) of a row of results that can be computed more simply. */
export interface Shortcut {
  readonly first: number;
  readonly end: number;
  /** The first column of the source that they are made of. */
  readonly sourceColumn: number;
  /** Whether a row of results, made of these rows of the source, can be computed so; undefined if all can. */
  readonly applies: (sourceRows: IndexRange) => Condition | undefined;
  /** Writes them, from the first pixel of the source and the first result of each output on; gives whether that succeeded. */
  readonly write: (
    f: FunctionBuilder,
    memory: KernelMemory,
    source: Local<'i32'>,
    results: readonly Local<'i32'>[],
  ) => Condition | true;
}

type Condition = ReturnType<typeof i32.less>;

/** The stage of a pooling kernel: its shortcut, and what writes one result. */
export function poolingStages(
  pooling: Pooling,
  shortcut: Shortcut | undefined,
  writeResult: (f: FunctionBuilder, memory: KernelMemory, pixel: ResultPixel) => void,
): WasmStage[] {
  const { source, result, rows, columns, sourceOf } = pooling;
  const elementsPerItem = result.width * result.channels;
  if (elementsPerItem === 0) return [];
  const write: WasmStage['write'] = (f, range, memory) => {
    const done: IndexRange = { first: f.local('i32'), end: f.local('i32') };
    const setDone = (first: number, end: number): void => {
      f.setInteger(done.first, first);
      f.setInteger(done.end, end);
    };
    forResultRows(f, range, result, (image, row) => {
      const sourceRows = sourceOf(f, rows, row);
      setDone(result.width, result.width);
      if (shortcut) {
        const { first, end, sourceColumn } = shortcut;
        const take = (): void => {
          const from = f.keep(pixelAddress(memory.inputs[0], source, image, sourceRows.first, sourceColumn));
          const results = memory.outputs.map((output) =>
            f.keep(pixelAddress(output, result, image, row, first)),
          );
          const succeeded = shortcut.write(f, memory, from, results);
          if (succeeded === true) setDone(first, end);
          else f.if(succeeded, () => setDone(first, end));
        };
        const applies = shortcut.applies(sourceRows);
        if (applies) f.if(applies, take);
        else take();
      }
      forColumnsExcept(f, result, done, (column) => {
        const rectangle = { rows: sourceRows, columns: sourceOf(f, columns, column) };
        writeResult(f, memory, { image, row, column, rectangle });
      });
    });
  };
  return [{ items: result.images * result.height, elementsPerItem, write }];
}

/** for item = first; item < end: `body` for row `row` of image `image`, where item = image · height + row. */
function forResultRows(
  f: FunctionBuilder,
  { first, end }: ItemRange,
  { height }: ImageShape,
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

/** for column = 0; column < width: `body`, but not for those in [done.first, done.end). An empty `done` begins at `width`. */
function forColumnsExcept(
  f: FunctionBuilder,
  { width }: ImageShape,
  done: IndexRange,
  body: (column: Local<'i32'>) => void,
): void {
  const column = f.keep(i32.constant(0));
  f.while(i32.less(column, width), () => {
    f.if(i32.equal(column, done.first), () => f.set(column, done.end));
    f.if(i32.less(column, width), () => {
      body(column);
      f.increase(column, 1);
    });
  });
}

/** The pixels of one window: [max(0, start), min(pixels, start + taps)), where start = window · stride - padding. */
function pixelsOfWindow(f: FunctionBuilder, axis: WindowAxis, window: Local<'i32'>): IndexRange {
  const start = f.keep(i32.subtract(i32.multiply(window, axis.stride), axis.padding));
  const end = f.keep(i32.add(start, axis.taps));
  return { first: f.keep(i32.maximum(start, 0)), end: f.keep(i32.minimum(end, axis.pixels)) };
}

/**
 * The windows that cover one pixel, with place = pixel + padding: from max(0, ⌈(place - taps + 1) / stride⌉) to
 * min(windows - 1, ⌊place / stride⌋). The first is computed as ⌊(max(place, taps - 1) + stride - taps) / stride⌋, so that
 * nothing negative is divided.
 */
function windowsOfPixel(f: FunctionBuilder, axis: WindowAxis, pixel: Local<'i32'>): IndexRange {
  const { taps, stride, padding, windows } = axis;
  const place = f.keep(i32.add(pixel, padding));
  const first = i32.divideUnsigned(i32.add(i32.maximum(place, taps - 1), stride - taps), stride);
  const end = f.keep(i32.add(i32.divideUnsigned(place, stride), 1));
  return { first: f.keep(first), end: f.keep(i32.minimum(end, windows)) };
}

/**
 * for channel = 0; channel < channels; channel += 4: `body`, with the pointers at the channel. They end after the pixel.
 * `lanes`, known now, is how many of the four channels exist: loads may read all four, stores must not write the others.
 */
export function forChannels(
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

/** for row, column in a rectangle of `source`, whose first pixel is at `from`: `visit` with four channels of the pixel. */
export function forRectangle(
  f: FunctionBuilder,
  from: Local<'i32'>,
  { rows, columns }: Rectangle,
  { width, channels }: ImageShape,
  visit: (vector: Local<'v128'>, pixel: Local<'i32'>) => void,
): void {
  const line = f.keep(i32.add(from, 0));
  const columnCount = f.keep(i32.subtract(columns.end, columns.first));
  f.for(rows.first, rows.end, 1, () => {
    const pixel = f.keep(i32.add(line, 0));
    f.for(0, columnCount, 1, () => {
      visit(f.keep(v128.load(pixel)), pixel);
      f.increase(pixel, 4 * channels);
    });
    f.increase(line, 4 * width * channels);
  });
}

/** The address of pixel [image, row, column]. */
export function pixelAddress(
  array: Local<'i32'>,
  { height, width, channels }: ImageShape,
  image: Integer,
  row: Integer,
  column: Integer,
) {
  const line = i32.add(i32.multiply(image, height), row);
  const pixel = i32.add(i32.multiply(line, width), column);
  return i32.add(array, i32.multiply(pixel, 4 * channels));
}
