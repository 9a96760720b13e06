/** Rows of an image with zeros around them, copied to where windows may be read without looking at the edges. */
import {
  type FunctionBuilder,
  f32x4,
  type Integer,
  i32,
  type Local,
  v128,
} from '../../support/wasm/assembler/index.ts';

/** The image [height, width, channels], and the zeros to its left and right in the copy. */
export interface PaddedRows {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly zerosLeft: number;
  readonly zerosRight: number;
}

/** Bytes that a copy may write behind its end: up to three floats. */
export const copySlack = 16;

/** Floats that are copied without a loop. */
const mostUnrolled = 64;

/** Bytes of one row of the copy. */
export function paddedRowBytes({ width, channels, zerosLeft, zerosRight }: PaddedRows): number {
  return (zerosLeft + width + zerosRight) * channels * 4;
}

/**
 * Copies rows [first, first + count) of the image to `to`; rows that the image does not have are zero. Up to `copySlack`
 * bytes behind the copy are overwritten.
 */
export function copyRows(
  f: FunctionBuilder,
  rows: PaddedRows,
  image: Integer,
  first: Integer,
  count: Integer,
  to: Integer,
): void {
  const { height, width, channels, zerosLeft, zerosRight } = rows;
  const row = f.keep(i32.add(first, 0));
  const end = f.keep(i32.add(row, count));
  const pointer = f.keep(i32.add(to, 0));
  const from = f.keep(i32.add(image, i32.multiply(row, width * channels * 4)));
  f.while(i32.less(row, end), () => {
    // From left to right and from top to bottom: whole vectors may run over into what is written next.
    f.if(
      i32.lessUnsigned(row, height),
      () => {
        writeZeros(f, pointer, 0, zerosLeft * channels);
        copyFloats(f, from, pointer, zerosLeft * channels * 4, width * channels);
        writeZeros(f, pointer, (zerosLeft + width) * channels * 4, zerosRight * channels);
      },
      () => writeZeros(f, pointer, 0, paddedRowBytes(rows) / 4),
    );
    f.increase(pointer, paddedRowBytes(rows));
    f.increase(from, width * channels * 4);
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
  const blocks = Math.floor(floats / 16);
  f.for(0, blocks, 1, () => {
    for (let at = 0; at < 64; at += 16) write(moving, at);
    for (const pointer of moving) f.increase(pointer, 64);
  });
  for (let at = blocks * 16; at < floats; at += 4) write(moving, (at - blocks * 16) * 4);
}
