/** Gather in WebAssembly: rows of the output are copies of rows of x. */

import { bytesPerElement, sizeOf } from '../support/contract.ts';
import { bytes, type FunctionBuilder, i32 } from '../support/wasm/assembler/index.ts';
import { copyRun, forRows, type ItemRange } from '../support/wasm/copy-code.ts';
import type { KernelMemory, WasmKernel } from '../support/wasm/wasm-kernel.ts';
import type { GatherAttributes } from './index.ts';
import { indexAddress, indexStages, rangesBytes } from './wasm/index-ranges.ts';

export { scatterAddWasm } from './wasm/scatter.ts';

/** With fewer rows than this, if they are long, threads share rows. */
const fewRows = 16;
/** Bytes of a row that is worth sharing. */
const longRow = 16_384;
/** Rows of up to so many bytes are copied several at a time. */
const shortRow = 16;
const rowsAtOnce = 4;

/** x [outer, length, inner], output [outer, count, inner]. */
interface Sizes {
  readonly length: number;
  readonly count: number;
  readonly inner: number;
  readonly elementBytes: number;
}

/** NumPy's take. */
export const gatherWasm: WasmKernel<GatherAttributes> = ({ inputs: [x, indices], outputs, attributes }) => {
  const { axis } = attributes;
  const count = sizeOf(indices.shape);
  const length = x.shape[axis];
  const inner = sizeOf(x.shape.slice(axis + 1));
  const rows = sizeOf(x.shape.slice(0, axis)) * count;
  const stages = indexStages(count, length);
  const scratchBytes = rangesBytes(count);
  if (rows * inner === 0) return { stages, scratchBytes };
  const elementBytes = bytesPerElement[outputs[0].dtype];
  const sizes: Sizes = { length, count, inner, elementBytes };
  const write = (f: FunctionBuilder, range: ItemRange, memory: KernelMemory): void => {
    if (inRows) writeRows(f, range, memory, sizes);
    else writeElements(f, range, memory, sizes);
  };
  const inRows = rows >= fewRows || inner * elementBytes < longRow;
  stages.push(
    inRows
      ? { items: rows, grain: Math.ceil(64 / (inner * elementBytes)), elementsPerItem: inner, write }
      : { items: rows * inner, grain: 64, elementsPerItem: 1, write },
  );
  return { stages, scratchBytes };
};

/** Items are rows of the output. */
function writeRows(
  f: FunctionBuilder,
  range: ItemRange,
  memory: KernelMemory,
  { length, count, inner, elementBytes }: Sizes,
): void {
  const { inputs, outputs } = memory;
  const rowBytes = inner * elementBytes;
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

/** Items are elements: a range has whole rows and parts of rows. */
function writeElements(
  f: FunctionBuilder,
  range: ItemRange,
  memory: KernelMemory,
  { length, count, inner, elementBytes }: Sizes,
): void {
  const { inputs, outputs } = memory;
  forRows(f, range, inner, (row, from, to) => {
    const outer = f.keep(i32.divideUnsigned(row, count));
    const number = i32.subtract(row, i32.multiply(outer, count));
    const sourceRow = i32.add(i32.multiply(outer, length), i32.load(indexAddress(memory, number)));
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
