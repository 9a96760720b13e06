/**
 * Merge sort in WebAssembly, row by row. An element and its position make one 64-bit integer, the element as a key above
 * the position, so that integers in order are elements in order, and equal elements keep theirs.
 *
 *     key (32 bits): order of the elements, signed │ position (32 bits)
 *
 * Runs of 1, 2, 4, … integers, each in order, are merged in pairs, from one of two buffers to the other.
 */

import { type DType, sizeOf } from '../support/contract.ts';
import {
  type Expression,
  type FunctionBuilder,
  f32,
  i32,
  i64,
  type Local,
  select,
} from '../support/wasm/assembler/index.ts';
import type { WasmKernel } from '../support/wasm/wasm-kernel.ts';
import type { SortAttributes } from './index.ts';

/** Bytes of a packed integer, and of a position or an element. */
const [pairBytes, wordBytes] = [8, 4];

/** With up to so many rows each of them has a pair of buffers, else each thread: threads may be more than a few. */
const fewRows = 4;

/** Items are rows. */
export const argSortWasm: WasmKernel<SortAttributes> = ({ inputs: [{ shape, dtype }], attributes }) => {
  if (sizeOf(shape) === 0) return { stages: [] };
  const length = shape[shape.length - 1];
  const rows = sizeOf(shape) / length;
  const bufferBytes = length * pairBytes;
  return {
    ...(rows <= fewRows ? { scratchBytes: rows * 2 * bufferBytes } : { threadScratchBytes: 2 * bufferBytes }),
    stages: [
      {
        items: rows,
        elementsPerItem: length,
        write: (f, { first, end }, { inputs, outputs, scratch, threadScratch }) => {
          const from = f.local('i32');
          const to = f.local('i32');
          f.for(first, end, 1, (row) => {
            const offset = f.keep(i32.multiply(row, length * wordBytes));
            const ofRow = i32.add(scratch, i32.multiply(row, 2 * bufferBytes));
            f.set(from, rows <= fewRows ? ofRow : threadScratch);
            f.set(to, i32.add(from, bufferBytes));
            packRow(f, i32.add(inputs[0], offset), from, length, (element) =>
              keyOf(f, element, dtype, attributes.descending),
            );
            const width = f.keep(i32.constant(pairBytes));
            f.while(i32.lessUnsigned(width, bufferBytes), () => {
              mergeRuns(f, from, to, width, bufferBytes);
              const swapped = f.keep(i32.add(from, 0));
              f.set(from, to);
              f.set(to, swapped);
              f.set(width, i32.shiftLeft(width, 1));
            });
            unpackRow(f, from, i32.add(outputs[0], offset), length);
          });
        },
      },
    ],
  };
};

/** The integer whose signed order is that of the element at an address. */
function keyOf(
  f: FunctionBuilder,
  element: Local<'i32'>,
  dtype: DType,
  descending: boolean,
): Expression<'i32'> {
  // Not k is -1 - k: it turns the order round, and equal keys stay equal.
  const directed = (key: Expression<'i32'>) => (descending ? i32.xor(key, -1) : key);
  if (dtype !== 'float32') return directed(i32.load(element));
  const value = f.keep(f32.load(element));
  // -0 + 0 is 0. The bits of floats are in order, those of negative ones the wrong way round below their sign.
  const bits = f.keep(i32.reinterpret(f32.add(value, 0)));
  const ordered = i32.xor(bits, i32.and(i32.shiftRight(bits, 31), 0x7fffffff));
  return directed(select(ordered, i32.constant(0x7fffffff), f32.equal(value, value)));
}

function packRow(
  f: FunctionBuilder,
  row: Expression<'i32'>,
  buffer: Local<'i32'>,
  length: number,
  key: (element: Local<'i32'>) => Expression<'i32'>,
): void {
  const element = f.keep(row);
  const packed = f.keep(i32.add(buffer, 0));
  f.for(0, length, 1, (position) => {
    f.do(i32.store(packed, position));
    f.do(i32.store(packed, key(element), wordBytes));
    f.increase(element, wordBytes);
    f.increase(packed, pairBytes);
  });
}

/** Merges runs of `width` bytes in pairs. The last pair may have a shorter second run, or none. */
function mergeRuns(
  f: FunctionBuilder,
  from: Local<'i32'>,
  to: Local<'i32'>,
  width: Local<'i32'>,
  bufferBytes: number,
): void {
  const bufferEnd = f.keep(i32.add(from, bufferBytes));
  const left = f.keep(i32.add(from, 0));
  const target = f.keep(i32.add(to, 0));
  const [leftEnd, right, rightEnd] = [f.local('i32'), f.local('i32'), f.local('i32')];
  /** The end of a run that begins at an address. */
  const endOf = (run: Local<'i32'>): Expression<'i32'> => {
    const rest = f.keep(i32.subtract(bufferEnd, run));
    return i32.add(run, i32.minimum(width, rest));
  };
  f.while(i32.lessUnsigned(left, bufferEnd), () => {
    f.set(leftEnd, endOf(left));
    f.set(right, leftEnd);
    f.set(rightEnd, endOf(right));
    f.while(i32.and(i32.lessUnsigned(left, leftEnd), i32.lessUnsigned(right, rightEnd)), () => {
      // Without a branch, which would be mispredicted every second time.
      const [a, b] = [f.keep(i64.load(left)), f.keep(i64.load(right))];
      const takesLeft = f.keep(i64.less(a, b));
      f.do(i64.store(target, select<'i64'>(a, b, takesLeft)));
      const step = f.keep(i32.multiply(takesLeft, pairBytes));
      f.increase(left, step);
      f.increase(right, i32.subtract(pairBytes, step));
      f.increase(target, pairBytes);
    });
    for (const [rest, end] of [
      [left, leftEnd],
      [right, rightEnd],
    ]) {
      f.while(i32.lessUnsigned(rest, end), () => {
        f.do(i64.store(target, i64.load(rest)));
        f.increase(rest, pairBytes);
        f.increase(target, pairBytes);
      });
    }
    f.set(left, rightEnd);
  });
}

function unpackRow(f: FunctionBuilder, buffer: Local<'i32'>, row: Expression<'i32'>, length: number): void {
  const packed = f.keep(i32.add(buffer, 0));
  const position = f.keep(row);
  f.for(0, length, 1, () => {
    f.do(i32.store(position, i32.load(packed)));
    f.increase(packed, pairBytes);
    f.increase(position, wordBytes);
  });
}
