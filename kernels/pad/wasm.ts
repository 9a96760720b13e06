/**
 * The pad kernel as WebAssembly, in one of two ways. A row of the output is outside, if its index on another axis is one
 * of the room there; otherwise it has the next row of the input in it.
 *
 *     for row                                     // items: rows of the output
 *       outside:  fill it
 *       inside:   fill `low` elements; then the input's row (with `interior` filled after each element); fill `high`
 *
 *     for each row of which a range of items has bytes [from, to)     // items: elements, if rows are few and long
 *       the same, as far as it is in [from, to)
 */

import { bytesPerElement, type DType, sizeOf } from '../support/contract.ts';
import {
  bytes,
  type FunctionBuilder,
  i8x16,
  i32,
  type Local,
  v128,
} from '../support/wasm/assembler/index.ts';
import { copyRun, fillerOf, forRows } from '../support/wasm/copy-code.ts';
import type { WasmKernel, WasmStage } from '../support/wasm/wasm-kernel.ts';
import type { PadAttributes } from './index.ts';
import { type PaddedAxis, type PaddedRuns, paddedRuns } from './padded-runs.ts';
import { Filling } from './wasm/filling.ts';

/** With so many rows there is work for every thread. */
const manyRows = 16;
/** Bytes of an item's grain where threads share rows; an output of fewer than four of them is not worth that. */
const grainBytes = 8192;

/** See the contract. */
export const padWasm: WasmKernel<PadAttributes> = ({ inputs: [{ shape, dtype }], outputs, attributes }) => {
  const size = sizeOf(outputs[0].shape);
  if (size === 0) return { stages: [] };
  if (sizeOf(shape) === 0) return { stages: [filled(size, dtype, attributes.value)] };
  const padding = paddedRuns(shape, dtype, attributes);
  const sharesRows = padding.rows < manyRows && size * bytesPerElement[dtype] >= 4 * grainBytes;
  return {
    stages: [sharesRows && padding.last.interior === 0 ? byElements(padding, size) : byRows(padding)],
  };
};

/** An output that holds nothing of the input. */
function filled(size: number, dtype: DType, value: number): WasmStage {
  const element = bytesPerElement[dtype];
  return {
    items: size,
    grain: 64,
    elementsPerItem: 1,
    write: (f, { first, end }, { outputs: [output] }) => {
      const fill = fillerOf(f, dtype, value);
      const length = i32.multiply(i32.subtract(end, first), element);
      fill(i32.add(output, i32.multiply(first, element)), length);
    },
  };
}

/** Items are rows. */
function byRows(padding: PaddedRuns): WasmStage {
  const { rows, outer, last, runBytes, rowBytes, dtype, value } = padding;
  return {
    items: rows,
    elementsPerItem: rowBytes / bytesPerElement[dtype],
    write: (f, { first, end }, { inputs, outputs }) => {
      const filling = new Filling(f, dtype, value);
      const sourceBytes = last.length * runBytes;
      const { indices, before } = locate(f, outer, first);
      // The rows that hold something of the input hold it in its order.
      const from = f.keep(i32.add(inputs[0], i32.multiply(before, sourceBytes)));
      const to = f.keep(i32.add(outputs[0], i32.multiply(first, rowBytes)));
      f.for(first, end, 1, () => {
        f.if(
          isInside(outer, indices),
          () => {
            if (last.interior === 0) {
              filling.write(to, 0, last.low * runBytes);
              copyRun(f, to, from, sourceBytes, last.low * runBytes);
              filling.write(to, last.low * runBytes + sourceBytes, last.high * runBytes);
            } else writeSpread(f, padding, filling, from, to);
            f.increase(from, sourceBytes);
          },
          () => filling.write(to, 0, rowBytes),
        );
        f.increase(to, rowBytes);
        moveOn(f, outer, indices);
      });
    },
  };
}

/** A row with room between its elements. */
function writeSpread(
  f: FunctionBuilder,
  { last, runBytes }: PaddedRuns,
  filling: Filling,
  source: Local<'i32'>,
  target: Local<'i32'>,
): void {
  const gap = last.interior * runBytes;
  filling.write(target, 0, last.low * runBytes);
  const from = f.keep(source);
  const to = f.keep(i32.add(target, last.low * runBytes));
  /** Elements with a gap after them: all but the last. */
  let left = last.length - 1;
  if (runBytes === 4 && last.interior === 1) {
    f.for(0, left - (left % 4), 4, () => {
      const elements = f.keep(v128.load(from));
      for (const half of [0, 1]) f.do(v128.store(to, spread(elements, half, filling.vector), 16 * half));
      f.increase(from, 16);
      f.increase(to, 32);
    });
    left %= 4;
  }
  f.for(0, left, 1, () => {
    copyRun(f, to, from, runBytes);
    filling.write(to, runBytes, gap);
    f.increase(from, runBytes);
    f.increase(to, runBytes + gap);
  });
  copyRun(f, to, from, runBytes);
  filling.write(to, runBytes, last.high * runBytes);
}

/** Elements 0 and 1, or 2 and 3, each with a filled one after it. */
function spread(elements: Local<'v128'>, half: number, filling: Local<'v128'>) {
  const picks = [2 * half, 2 * half + 1].flatMap((lane) => [4 * lane, 16]);
  return i8x16.shuffle(
    elements,
    filling,
    picks.flatMap((pick) => [pick, pick + 1, pick + 2, pick + 3]),
  );
}

/** Items are elements. There is no room between the elements of a row. */
function byElements(padding: PaddedRuns, size: number): WasmStage {
  const { outer, last, runBytes, rowBytes, dtype, value } = padding;
  const element = bytesPerElement[dtype];
  const runBegin = last.low * runBytes;
  const runEnd = runBegin + last.length * runBytes;
  return {
    items: size,
    grain: grainBytes / element,
    elementsPerItem: 1,
    write: (f, range, { inputs, outputs }) => {
      const fill = fillerOf(f, dtype, value);
      forRows(f, range, rowBytes / element, (row, fromElement, toElement) => {
        const from = f.keep(i32.multiply(fromElement, element));
        const to = f.keep(i32.multiply(toElement, element));
        const rowBegin = f.keep(i32.add(outputs[0], i32.multiply(row, rowBytes)));
        const { indices, before } = locate(f, outer, row);
        /** What is both in the range and in bytes [begin, end) of the row. */
        const within = (
          begin: number,
          end: number,
          body: (low: Local<'i32'>, high: Local<'i32'>) => void,
        ) => {
          if (begin === end) return;
          const low = f.keep(i32.maximum(from, begin));
          const high = f.keep(i32.minimum(to, end));
          f.if(i32.less(low, high), () => body(low, high));
        };
        const fillWithin = (low: Local<'i32'>, high: Local<'i32'>): void =>
          fill(i32.add(rowBegin, low), i32.subtract(high, low));
        f.if(
          isInside(outer, indices),
          () => {
            within(0, runBegin, fillWithin);
            within(runBegin, runEnd, (low, high) => {
              const sourceRow = i32.add(inputs[0], i32.multiply(before, runEnd - runBegin));
              const source = i32.add(sourceRow, i32.subtract(low, runBegin));
              f.do(bytes.copy(i32.add(rowBegin, low), source, i32.subtract(high, low)));
            });
            within(runEnd, rowBytes, fillWithin);
          },
          () => fillWithin(from, to),
        );
      });
    },
  };
}

/** A row of the output. */
interface RowLocation {
  /** Its index on each axis. */
  readonly indices: readonly Local<'i32'>[];
  /** The rows of the input that lie in rows before it. */
  readonly before: Local<'i32'>;
}

function locate(f: FunctionBuilder, outer: readonly PaddedAxis[], row: Local<'i32'>): RowLocation {
  const indices: Local<'i32'>[] = [];
  const rest = f.keep(row);
  for (let axis = outer.length - 1; axis >= 0; axis--) {
    const { total } = outer[axis];
    const quotient = f.keep(i32.divideUnsigned(rest, total));
    indices.unshift(f.keep(i32.subtract(rest, i32.multiply(quotient, total))));
    f.set(rest, quotient);
  }
  const before = f.keep(i32.constant(0));
  // Whether the axes so far are at elements of the input: if not, the rows further in are filled, all of them.
  const inside = f.keep(i32.constant(1));
  outer.forEach((axis, at) => {
    const { length, low, interior } = axis;
    const past = f.keep(i32.subtract(indices[at], low));
    const reached = f.keep(i32.divide(i32.add(past, interior), interior + 1));
    f.set(reached, i32.minimum(reached, length));
    f.set(reached, i32.maximum(reached, 0));
    const rows = sizeOf(outer.slice(at + 1).map((inner) => inner.length));
    f.increase(before, i32.multiply(i32.multiply(reached, rows), inside));
    f.set(inside, i32.and(inside, isInside([axis], [indices[at]])));
  });
  return { indices, before };
}

/** Whether a row holds something of the input: 1 or 0. */
function isInside(outer: readonly PaddedAxis[], indices: readonly Local<'i32'>[]) {
  return outer.reduce((all, { length, low, high, interior }, axis) => {
    if (low === 0 && high === 0 && interior === 0) return all;
    const past = i32.subtract(indices[axis], low);
    // Compared without signs, what is negative is large.
    const between = i32.lessUnsigned(past, (length - 1) * (interior + 1) + 1);
    const at =
      interior === 0 ? between : i32.and(between, i32.isZero(i32.remainderUnsigned(past, interior + 1)));
    return all.constant === 1 ? at : i32.and(all, at);
  }, i32.constant(1));
}

/** The indices of the next row, innermost first. */
function moveOn(f: FunctionBuilder, outer: readonly PaddedAxis[], indices: readonly Local<'i32'>[]): void {
  const axis = indices.length - 1;
  if (axis < 0) return;
  f.increase(indices[axis], 1);
  if (axis === 0) return;
  f.if(i32.equal(indices[axis], outer[axis].total), () => {
    f.setInteger(indices[axis], 0);
    moveOn(f, outer, indices.slice(0, -1));
  });
}
