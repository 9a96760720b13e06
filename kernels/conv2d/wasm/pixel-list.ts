/**
 * The output pixels of one residue of rows and one of columns in a block, as a list: the address of the window, and the
 * address of the result.
 *
 *     for each image n of the block, of which it has output rows [row, row + count)
 *       for each m with  row ≤ i < row + count     i = rows.start.output + m · rows.outputStep
 *         for each l with  0 ≤ j < columns.outputs      j = columns.start.output + l · columns.outputStep
 *           window    source row    h = rows.start.source + m · rows.sourceStep
 *                     source column w = columns.start.source + l · columns.sourceStep
 *                     in the source:  image + (h · row bytes) + w · C · 4
 *                     in its copy:    copy + ((h − sourceStart(row)) · row bytes) + (zerosBefore + w) · C · 4
 *           result    output 0 + ((n · rows.outputs + i) · columns.outputs + j) · O · 4
 *
 * and after that the last pixel three times more, so that the last tile of four has all of its rows. The loops below start at
 * m = ⌈(row − rows.start.output) / rows.outputStep⌉ and step from address to address.
 */
import { tileRows } from '../../matmul/wasm/tile.ts';
import {
  type FunctionBuilder,
  type Integer,
  i32,
  integer,
  type Local,
} from '../../support/wasm/assembler/index.ts';
import type { KernelMemory } from '../../support/wasm/wasm-kernel.ts';
import {
  type Correlation,
  type CorrelationPlan,
  type PixelResidue,
  residuePixels,
} from './correlation-plan.ts';
import { isCopied, sourceImageBytes, sourceRowBytes } from './source-rows.ts';

/** Bytes of an entry, and where in it the address of the result lies; that of the window is the first. */
export const entryBytes = 8;
export const resultAt = 4;

/** The entries between two addresses. */
export interface PixelList {
  readonly start: Local<'i32'>;
  readonly end: Local<'i32'>;
}

/** What a block has of one image: output rows [row, row + count). */
export interface BlockImage {
  readonly number: Local<'i32'>;
  readonly row: Local<'i32'>;
  readonly count: Local<'i32'>;
  /** Where the copies of its source rows begin, if there are any. */
  readonly copy: Local<'i32'>;
}

/** Bytes for the longest list of a plan. */
export function listBytes({ correlation, block }: CorrelationPlan): number {
  return (block.images * residuePixels(correlation, block.rows) + tileRows - 1) * entryBytes;
}

/** Where an image of the source lies. */
export function sourceImage(correlation: Correlation, memory: KernelMemory, { number }: BlockImage): Integer {
  return i32.add(memory.inputs[0], i32.multiply(number, sourceImageBytes(correlation)));
}

/** Writes the list at `list.start` and sets `list.end`. `forEachImage` writes a loop over the images of the block. */
export function listPixels(
  f: FunctionBuilder,
  correlation: Correlation,
  memory: KernelMemory,
  { shape, tapRow, tapColumn }: PixelResidue,
  list: PixelList,
  forEachImage: (write: (image: BlockImage) => void) => void,
): void {
  const { rows, columns, sourceChannels, outputChannels } = correlation;
  const copied = isCopied(correlation);
  const rowStart = rows.start(shape.rows, tapRow);
  const columnStart = columns.start(shape.columns, tapColumn);
  const sourceBytes = sourceRowBytes(correlation);
  const resultBytes = columns.outputs * outputChannels * 4;
  const { end: entry } = list;
  /** How many of the outputs first, first + step, … lie before `output`. */
  const before = (output: Integer, first: Integer, step: number): Integer =>
    i32.divideUnsigned(i32.add(output, i32.subtract(step - 1, first)), step);
  const firstColumn = f.keep(integer(columnStart.output));
  const columnCount = f.keep(integer(before(columns.outputs, firstColumn, columns.outputStep)));
  const sourceColumn = f.keep(i32.add(columnStart.source, columns.zerosBefore));

  f.set(entry, list.start);
  forEachImage((image) => {
    const firstRow = f.keep(integer(rowStart.output));
    const number = f.keep(integer(before(image.row, firstRow, rows.outputStep)));
    const end = f.keep(integer(before(i32.add(image.row, image.count), firstRow, rows.outputStep)));
    const sourceRow = i32.add(rowStart.source, i32.multiply(number, rows.sourceStep));
    const source = copied ? image.copy : sourceImage(correlation, memory, image);
    const row = copied ? i32.subtract(sourceRow, rows.sourceStart(image.row)) : sourceRow;
    const window = f.keep(
      i32.add(
        i32.add(source, i32.multiply(row, sourceBytes)),
        i32.multiply(sourceColumn, sourceChannels * 4),
      ),
    );
    const outputRow = i32.add(
      i32.add(i32.multiply(image.number, rows.outputs), firstRow),
      i32.multiply(number, rows.outputStep),
    );
    const result = f.keep(
      i32.add(
        i32.add(memory.outputs[0], i32.multiply(outputRow, resultBytes)),
        i32.multiply(firstColumn, outputChannels * 4),
      ),
    );
    f.while(i32.less(number, end), () => {
      const from = f.keep(window);
      const to = f.keep(result);
      const entryEnd = f.keep(i32.add(entry, i32.multiply(columnCount, entryBytes)));
      f.while(i32.notEqual(entry, entryEnd), () => {
        f.do(i32.store(entry, from));
        f.do(i32.store(entry, to, resultAt));
        f.increase(entry, entryBytes);
        f.increase(from, columns.sourceStep * sourceChannels * 4);
        f.increase(to, columns.outputStep * outputChannels * 4);
      });
      f.increase(window, rows.sourceStep * sourceBytes);
      f.increase(result, rows.outputStep * resultBytes);
      f.increase(number, 1);
    });
  });
  f.if(i32.notEqual(entry, list.start), () => {
    const from = f.keep(i32.load(i32.subtract(entry, entryBytes)));
    const to = f.keep(i32.load(i32.subtract(entry, entryBytes), resultAt));
    for (let copy = 0; copy < tileRows - 1; copy++) {
      f.do(i32.store(entry, from, copy * entryBytes));
      f.do(i32.store(entry, to, copy * entryBytes + resultAt));
    }
  });
}
