/**
 * Gather in WebAssembly, after the check of the indices (wasm/index-blocks.ts). Two ways to share the work:
 *
 *     for item = o · count + i:                   // items: rows of y
 *       y[o, i, :] = x[o, indices[i], :]
 *
 *     for item = (o · count + i) · inner + k:     // items: elements of y, if its rows are few and long
 *       y[o, i, k] = x[o, indices[i], k]          // copied as far as a range of items lies in one row
 */
import { bytesPerElement } from '../support/contract.ts';
import { bytes, type FunctionBuilder, i32 } from '../support/wasm/assembler/index.ts';
import { copyRun, forRows } from '../support/wasm/copy-code.ts';
import type { ItemRange, KernelMemory, WasmKernel, WasmStage } from '../support/wasm/wasm-kernel.ts';
import type { GatherAttributes } from './index.ts';
import { type IndexedRows, indexedRows } from './indexed-rows.ts';
import { checkStages, indexAddress, scratchBytesOf } from './wasm/index-blocks.ts';

export { scatterAddWasm } from './wasm/scatter-add.ts';

/** With fewer rows than this, if they are long, threads share rows. */
const fewRows = 16;
/** Bytes of a row that is worth sharing. */
const longRow = 16_384;
/** Rows of up to so many bytes are copied several at a time. */
const shortRow = 16;
const rowsAtOnce = 4;

/** See the contract. */
export const gatherWasm: WasmKernel<GatherAttributes> = ({ inputs: [x, indices], outputs, attributes }) => {
  const sizes = indexedRows(x, indices, attributes.axis);
  const { outer, length, count, inner } = sizes;
  const check = checkStages(count, length);
  const scratchBytes = scratchBytesOf(count);
  const rows = outer * count;
  if (rows * inner === 0) return { stages: check, scratchBytes };
  const elementBytes = bytesPerElement[outputs[0].dtype];
  const rowBytes = inner * elementBytes;
  const copy: WasmStage =
    rows >= fewRows || rowBytes < longRow
      ? {
          items: rows,
          grain: Math.ceil(64 / rowBytes),
          elementsPerItem: inner,
          write: (f, range, memory) => writeRows(f, range, memory, sizes, rowBytes),
        }
      : {
          items: rows * inner,
          grain: 64,
          elementsPerItem: 1,
          write: (f, range, memory) => writeElements(f, range, memory, sizes, elementBytes),
        };
  return { stages: [...check, copy], scratchBytes };
};

/** Items are rows of y. */
function writeRows(
  f: FunctionBuilder,
  range: ItemRange,
  memory: KernelMemory,
  { length, count }: IndexedRows,
  rowBytes: number,
): void {
  const { inputs, outputs } = memory;
  const target = f.keep(i32.add(outputs[0], i32.multiply(range.first, rowBytes)));
  forRows(f, range, count, (outer, from, to) => {
    const source = f.keep(i32.add(inputs[0], i32.multiply(outer, length * rowBytes)));
    const at = f.keep(indexAddress(memory, from));
    const stop = f.keep(indexAddress(memory, to));
    const copy = (rows: number): void => {
      for (let row = 0; row < rows; row++) {
        const origin = f.keep(i32.add(source, i32.multiply(i32.load(at, 4 * row), rowBytes)));
        copyRun(f, target, origin, rowBytes, row * rowBytes);
      }
      f.increase(at, 4 * rows);
      f.increase(target, rows * rowBytes);
    };
    if (rowBytes <= shortRow) {
      f.while(i32.lessEqualUnsigned(i32.add(at, 4 * rowsAtOnce), stop), () => copy(rowsAtOnce));
    }
    f.while(i32.lessUnsigned(at, stop), () => copy(1));
  });
}

/** Items are elements of y: a range of them is whole rows and parts of rows. */
function writeElements(
  f: FunctionBuilder,
  range: ItemRange,
  memory: KernelMemory,
  { length, count, inner }: IndexedRows,
  elementBytes: number,
): void {
  const { inputs, outputs } = memory;
  forRows(f, range, inner, (row, from, to) => {
    const outer = f.keep(i32.divideUnsigned(row, count));
    const i = i32.subtract(row, i32.multiply(outer, count));
    const sourceRow = i32.add(i32.multiply(outer, length), i32.load(indexAddress(memory, i)));
    const source = i32.add(i32.multiply(sourceRow, inner), from);
    const target = i32.add(i32.multiply(row, inner), from);
    f.do(
      bytes.copy(
        i32.add(outputs[0], i32.multiply(target, elementBytes)),
        i32.add(inputs[0], i32.multiply(source, elementBytes)),
        i32.multiply(i32.subtract(to, from), elementBytes),
      ),
    );
  });
}
