/** Moving runs of bytes and filling them, in WebAssembly code: what the movement kernels mostly do. */

import { allocate, bytesPerElement, type DType } from '../contract.ts';
import {
  bytes,
  type FunctionBuilder,
  f64,
  type Integer,
  i32,
  i32x4,
  type Local,
  type Statement,
  v128,
} from './assembler/index.ts';
import type { ItemRange } from './wasm-kernel.ts';

/** Bytes of a run whose copy is written out as vectors, one instruction after the other. */
const longestStraight = 128;
/** From so many bytes on the engine's own copy is faster than a loop of vectors (measured: 3 ns a call, then equal). */
const shortestBulk = 512;

/** Copies `length` bytes, known now, from `from` to `to` + `toOffset`; they do not overlap. */
export function copyRun(
  f: FunctionBuilder,
  to: Local<'i32'>,
  from: Local<'i32'>,
  length: number,
  toOffset = 0,
): void {
  if (length >= shortestBulk) {
    f.do(bytes.copy(i32.add(to, toOffset), from, length));
    return;
  }
  const looped = length > longestStraight ? length - (length % 64) : 0;
  f.for(0, looped, 64, (at) => {
    const [target, source] = [f.keep(i32.add(to, at)), f.keep(i32.add(from, at))];
    for (let offset = 0; offset < 64; offset += 16) {
      f.do(v128.store(target, v128.load(source, offset), toOffset + offset));
    }
  });
  copyStraight(f, to, from, looped, length, toOffset);
}

/** Bytes [first, length) of a run. The last piece may copy some bytes a second time. */
function copyStraight(
  f: FunctionBuilder,
  to: Local<'i32'>,
  from: Local<'i32'>,
  first: number,
  length: number,
  toOffset: number,
): void {
  let at = first;
  const move = (size: number, store: (fromOffset: number, toOffset: number) => Statement): void => {
    const copy = (offset: number): void => f.do(store(offset, toOffset + offset));
    for (; at + size <= length; at += size) copy(at);
    // One piece that ends where the run ends, if the run is long enough for that.
    if (at < length && length >= size) {
      copy(length - size);
      at = length;
    }
  };
  move(16, (source, target) => v128.store(to, v128.load(from, source), target));
  // A double that is only moved keeps its bits, whatever they mean.
  move(8, (source, target) => f64.store(to, f64.load(from, source), target));
  move(4, (source, target) => i32.store(to, i32.load(from, source), target));
  move(1, (source, target) => i32.storeByte(to, i32.loadByte(from, source), target));
}

/** Writes code that sets `length` bytes, whole elements, from the address `to` on. */
export type Filler = (to: Integer, length: Integer) => void;

/** A filler with one value of a dtype, converted as an array of that dtype converts it. */
export function fillerOf(f: FunctionBuilder, dtype: DType, value: number): Filler {
  const element = new Uint8Array(allocate(dtype, 1).fill(value).buffer);
  if (element.every((byte) => byte === element[0])) {
    return (to, length) => f.do(bytes.fill(to, element[0], length));
  }
  // Bytes differ only in elements of four.
  const size = bytesPerElement[dtype];
  const word = new DataView(element.buffer).getInt32(0, true);
  const vector = f.hoist(i32x4.constant(word, word, word, word));
  return (to, length) => {
    const at = f.keep(i32.add(to, 0));
    const end = f.keep(i32.add(at, length));
    const vectorEnd = f.keep(i32.subtract(end, 15));
    f.while(i32.lessUnsigned(at, vectorEnd), () => {
      f.do(v128.store(at, vector));
      f.increase(at, 16);
    });
    f.while(i32.lessUnsigned(at, end), () => {
      f.do(i32.store(at, word));
      f.increase(at, size);
    });
  };
}

/**
 * Visits places [first, end) of an array [rows, length] row by row: calls `body`, once, for the code that does places
 * [from, to) of one row. The first and the last row may be visited in part.
 */
export function forRows(
  f: FunctionBuilder,
  { first, end }: ItemRange,
  length: number,
  body: (row: Local<'i32'>, from: Local<'i32'>, to: Local<'i32'>) => void,
): void {
  const row = f.keep(i32.divideUnsigned(first, length));
  const from = f.keep(i32.subtract(first, i32.multiply(row, length)));
  // Places that are left, counted from the beginning of the row.
  const left = f.keep(i32.add(from, i32.subtract(end, first)));
  f.while(i32.less(from, left), () => {
    const to = f.keep(i32.minimum(left, length));
    body(row, from, to);
    f.increase(row, 1);
    f.setInteger(from, 0);
    f.set(left, i32.subtract(left, length));
  });
}
