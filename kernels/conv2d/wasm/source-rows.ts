/**
 * The image that windows are read from: as it lies, or, where windows reach beyond its edges, as copies of some of its rows
 * between zeros, so that no loop has to look at the edges.
 *
 *     a row of the copy    zerosBefore · C zeros | width · C floats of the image | zerosBehind · C zeros
 *
 * Rows of the copy that the image does not have are zero altogether. A pixel is copied once for all windows of the block that
 * meet it; windows overlap in the copy as in the image.
 */
import {
  type FunctionBuilder,
  f32x4,
  type Integer,
  i32,
  integer,
  type Local,
  v128,
} from '../../support/wasm/assembler/index.ts';
import { type CorrelationAxis, numberOf } from './correlation-axis.ts';

/** The source [rows.sources, columns.sources, sourceChannels] of windows. */
export interface WindowSource {
  readonly rows: CorrelationAxis;
  readonly columns: CorrelationAxis;
  readonly sourceChannels: number;
}

/** A block of output pixels: so many rows of one image, or all rows of so many images. */
export interface PixelBlock {
  readonly images: number;
  readonly rows: number;
}

/** Floats that are copied without a loop. */
const mostUnrolled = 64;

/** Whether windows are read from a copy: if any window of the call reaches beyond an edge, all are. */
export function isCopied({ rows, columns }: WindowSource): boolean {
  return rows.zerosBefore + rows.zerosBehind + columns.zerosBefore + columns.zerosBehind > 0;
}

/** Bytes from one row to the next where windows are read: without zeros these are the rows of the image. */
export function sourceRowBytes({ columns, sourceChannels }: WindowSource): number {
  return (columns.zerosBefore + columns.sources + columns.zerosBehind) * sourceChannels * 4;
}

/** Bytes of a whole image, as it lies. */
export function sourceImageBytes({ rows, columns, sourceChannels }: WindowSource): number {
  return rows.sources * columns.sources * sourceChannels * 4;
}

/** Bytes for the copy of the source rows that so many output rows meet; the last vector written may run over by 16. */
export function copyBytes(source: WindowSource, outputRows: number): number {
  if (!isCopied(source)) return 0;
  const length = numberOf(source.rows.sourceLength(outputRows)) * sourceRowBytes(source) + 16;
  return Math.ceil(length / 64) * 64;
}

/** The most output rows of one image for which `fits` is true, at least one. */
export function mostRows(outputs: number, fits: (outputRows: number) => boolean): number {
  let most = 1;
  while (most < outputs && fits(most + 1)) most++;
  return most;
}

/** Copies the source rows that output rows [first, first + count) of the image at `image` meet to `to`. */
export function copySourceRows(
  f: FunctionBuilder,
  source: WindowSource,
  image: Integer,
  first: Integer,
  count: Integer,
  to: Integer,
): void {
  const { rows, columns, sourceChannels } = source;
  const left = columns.zerosBefore * sourceChannels;
  const width = columns.sources * sourceChannels;
  const right = columns.zerosBehind * sourceChannels;
  const row = f.keep(integer(rows.sourceStart(first)));
  const end = f.keep(i32.add(row, rows.sourceLength(count)));
  const pointer = f.keep(integer(to));
  const from = f.keep(i32.add(image, i32.multiply(row, width * 4)));
  f.while(i32.less(row, end), () => {
    // From left to right and from top to bottom: whole vectors may run over into what is written next.
    f.if(
      i32.lessUnsigned(row, rows.sources),
      () => {
        writeZeros(f, pointer, 0, left);
        copyFloats(f, from, pointer, left * 4, width);
        writeZeros(f, pointer, (left + width) * 4, right);
      },
      () => writeZeros(f, pointer, 0, left + width + right),
    );
    f.increase(pointer, sourceRowBytes(source));
    f.increase(from, width * 4);
    f.increase(row, 1);
  });
}

/** Zeros at `pointer + offset`, in whole vectors. */
function writeZeros(f: FunctionBuilder, pointer: Local<'i32'>, offset: number, floats: number): void {
  const zero = f.hoist(f32x4.constant(0, 0, 0, 0));
  forEachVector(f, floats, [pointer], ([to], at) => f.do(v128.store(to, zero, offset + at)));
}

/** Copies to `to + offset`, in whole vectors. */
function copyFloats(
  f: FunctionBuilder,
  from: Local<'i32'>,
  to: Local<'i32'>,
  offset: number,
  floats: number,
): void {
  forEachVector(f, floats, [from, to], ([source, target], at) =>
    f.do(v128.store(target, v128.load(source, at), offset + at)),
  );
}

/** Calls `write` for each vector of so many floats, the last perhaps a partial one, with pointers and an offset. */
function forEachVector(
  f: FunctionBuilder,
  floats: number,
  pointers: readonly Local<'i32'>[],
  write: (pointers: readonly Local<'i32'>[], at: number) => void,
): void {
  if (floats <= mostUnrolled) {
    for (let at = 0; at < floats; at += 4) write(pointers, at * 4);
    return;
  }
  const moving = pointers.map((pointer) => f.keep(pointer));
  const fours = Math.floor(floats / 16);
  f.for(0, fours, 1, () => {
    for (let at = 0; at < 64; at += 16) write(moving, at);
    for (const pointer of moving) f.increase(pointer, 64);
  });
  for (let at = fours * 16; at < floats; at += 4) write(moving, (at - fours * 16) * 4);
}
