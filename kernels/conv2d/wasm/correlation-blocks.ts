/** The second stage of a correlation: a range of output rows, block by block. correlation.ts shows the loops. */
import { forEachPanel, packedBytes, packedWidth, panelBytes } from '../../matmul/wasm/packing.ts';
import {
  panelColumns,
  storeSums,
  sumProducts,
  type TileRow,
  tileRows,
  tileSums,
  vectorWidth,
} from '../../matmul/wasm/tile.ts';
import {
  bytes,
  type FunctionBuilder,
  type Integer,
  i32,
  integer,
  type Local,
  type Target,
} from '../../support/wasm/assembler/index.ts';
import type { KernelMemory } from '../../support/wasm/wasm-kernel.ts';
import {
  type CorrelationPlan,
  forEachPixelResidue,
  type PixelResidue,
  packedWeights,
  residuePixels,
  type WindowShape,
} from './correlation-plan.ts';
import { copySourceRows, isCopied, sourceImageBytes, sourceRowBytes } from './source-rows.ts';

/** Pixels that meet all panels before the next ones do: their windows stay in the first-level cache. */
const listedAtOnce = 64;
/** An entry of the list of pixels: the address of the window, and the address of the result. */
const entryBytes = 8;
const resultAt = 4;

/** Bytes for the list of the pixels of a block: the last tile may need some more than there are. */
export function listBytes({ correlation, block }: CorrelationPlan): number {
  return (block.images * residuePixels(correlation, block.rows) + tileRows - 1) * entryBytes;
}

/** The part of a block that lies in one image: its output rows [row, row + count). */
interface ImageRows {
  readonly image: Local<'i32'>;
  readonly row: Local<'i32'>;
  readonly count: Local<'i32'>;
  /** Where the copies of its source rows begin. */
  readonly copy: Local<'i32'>;
}

/** The entries from `start` to `end`, addresses. */
interface PixelList {
  readonly start: Local<'i32'>;
  readonly end: Local<'i32'>;
}

/** A panel of packed weights, and what its group and number add to the addresses of the list. */
interface PanelAddresses {
  readonly weights: Local<'i32'>;
  readonly window: Local<'i32'>;
  readonly result: Local<'i32'>;
}

export class BlockWriter {
  readonly #f: FunctionBuilder;
  readonly #target: Target;
  readonly #plan: CorrelationPlan;
  readonly #memory: KernelMemory;
  /** The pixels of one residue of the block at hand. */
  readonly #list: PixelList;

  constructor(f: FunctionBuilder, target: Target, plan: CorrelationPlan, memory: KernelMemory) {
    this.#f = f;
    this.#target = target;
    this.#plan = plan;
    this.#memory = memory;
    const start = f.keep(i32.add(memory.threadScratch, plan.block.images * plan.copyBytes));
    this.#list = { start, end: f.local('i32') };
  }

  /** Output rows [first, end) of all images. A block ends with its image, or where it has `block.images` images. */
  write(first: Local<'i32'>, end: Local<'i32'>): void {
    const f = this.#f;
    const { correlation, shapes, block } = this.#plan;
    const { rows } = correlation;
    const row = f.keep(first);
    f.while(i32.less(row, end), () => {
      const image = i32.divideUnsigned(row, rows.outputs);
      const blockEnd = f.keep(i32.multiply(i32.add(image, block.images), rows.outputs));
      f.set(blockEnd, i32.minimum(blockEnd, end));
      if (block.images === 1) {
        const fullEnd = f.keep(i32.add(row, block.rows));
        f.set(blockEnd, i32.minimum(blockEnd, fullEnd));
      }
      if (isCopied(correlation)) this.#copySource(row, blockEnd);
      if (!rows.complete || !correlation.columns.complete) this.#clearResults(row, blockEnd);
      forEachPixelResidue(f, shapes, (residue) => {
        this.#listPixels(residue, row, blockEnd);
        this.#multiply(residue.shape, f.keep(packedWeights(residue, this.#memory.scratch)));
      });
      f.set(row, blockEnd);
    });
  }

  #copySource(row: Local<'i32'>, blockEnd: Local<'i32'>): void {
    this.#forEachImage(row, blockEnd, (part) => {
      const image = this.#sourceImage(part);
      copySourceRows(this.#f, this.#plan.correlation, image, part.row, part.count, part.copy);
    });
  }

  /** Pixels that meet no tap are zero. */
  #clearResults(row: Local<'i32'>, blockEnd: Local<'i32'>): void {
    const { columns, outputChannels } = this.#plan.correlation;
    const rowBytes = columns.outputs * outputChannels * 4;
    const start = i32.add(this.#memory.outputs[0], i32.multiply(row, rowBytes));
    this.#f.do(bytes.fill(start, 0, i32.multiply(i32.subtract(blockEnd, row), rowBytes)));
  }

  #sourceImage({ image }: ImageRows): Integer {
    return i32.add(this.#memory.inputs[0], i32.multiply(image, sourceImageBytes(this.#plan.correlation)));
  }

  /** The images of the block of output rows [row, blockEnd). */
  #forEachImage(row: Local<'i32'>, blockEnd: Local<'i32'>, write: (part: ImageRows) => void): void {
    const f = this.#f;
    const { rows } = this.#plan.correlation;
    const next = f.keep(row);
    const copy = f.keep(this.#memory.threadScratch);
    f.while(i32.less(next, blockEnd), () => {
      const image = f.keep(i32.divideUnsigned(next, rows.outputs));
      const start = f.keep(i32.subtract(next, i32.multiply(image, rows.outputs)));
      const count = f.keep(i32.subtract(blockEnd, next));
      const left = f.keep(i32.subtract(rows.outputs, start));
      f.set(count, i32.minimum(count, left));
      write({ image, row: start, count, copy });
      f.increase(next, count);
      f.increase(copy, this.#plan.copyBytes);
    });
  }

  /**
   * Lists the pixels of a residue in the block, image by image. Along an axis ⌈(p − first) / step⌉ of the residue's
   * outputs first, first + step, … lie before output p; so rows [row, row + count) have those from number before(row)
   * to before(row + count).
   */
  #listPixels({ shape, tapRow, tapColumn }: PixelResidue, row: Local<'i32'>, blockEnd: Local<'i32'>): void {
    const f = this.#f;
    const { correlation } = this.#plan;
    const { rows, columns, sourceChannels, outputChannels } = correlation;
    const copied = isCopied(correlation);
    const rowStart = rows.start(shape.rows, tapRow);
    const columnStart = columns.start(shape.columns, tapColumn);
    const sourceBytes = sourceRowBytes(correlation);
    const resultBytes = columns.outputs * outputChannels * 4;
    const { start, end: entry } = this.#list;
    const before = (pixel: Integer, first: Integer, step: number): Integer =>
      i32.divideUnsigned(i32.add(pixel, i32.subtract(step - 1, first)), step);
    const firstColumn = f.keep(integer(columnStart.output));
    const columnCount = f.keep(integer(before(columns.outputs, firstColumn, columns.outputStep)));
    const sourceColumn = f.keep(i32.add(columnStart.source, columns.zerosBefore));

    f.set(entry, start);
    this.#forEachImage(row, blockEnd, (part) => {
      const firstRow = f.keep(integer(rowStart.output));
      const number = f.keep(integer(before(part.row, firstRow, rows.outputStep)));
      const end = f.keep(integer(before(i32.add(part.row, part.count), firstRow, rows.outputStep)));
      const sourceRow = i32.add(rowStart.source, i32.multiply(number, rows.sourceStep));
      const sourceStart = copied ? part.copy : this.#sourceImage(part);
      const startRow = copied ? i32.subtract(sourceRow, rows.sourceStart(part.row)) : sourceRow;
      const window = f.keep(
        i32.add(
          i32.add(sourceStart, i32.multiply(startRow, sourceBytes)),
          i32.multiply(sourceColumn, sourceChannels * 4),
        ),
      );
      const resultRow = i32.add(
        i32.add(i32.multiply(part.image, rows.outputs), firstRow),
        i32.multiply(number, rows.outputStep),
      );
      const result = f.keep(
        i32.add(
          i32.add(this.#memory.outputs[0], i32.multiply(resultRow, resultBytes)),
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
    // The last tile computes its last pixel several times, if there are too few.
    f.if(i32.notEqual(entry, start), () => {
      const from = f.keep(i32.load(i32.subtract(entry, entryBytes)));
      const to = f.keep(i32.load(i32.subtract(entry, entryBytes), resultAt));
      for (let copy = 0; copy < tileRows - 1; copy++) {
        f.do(i32.store(entry, from, copy * entryBytes));
        f.do(i32.store(entry, to, copy * entryBytes + resultAt));
      }
    });
  }

  /** The listed pixels times the weights of their residue, which begin at `packed`. */
  #multiply(shape: WindowShape, packed: Local<'i32'>): void {
    const f = this.#f;
    const { groups, groupOutputs, groupSources, depthwise } = this.#plan.correlation;
    const { start, end } = this.#list;
    const first = f.keep(start);
    f.while(i32.less(first, end), () => {
      const next = f.keep(i32.add(first, listedAtOnce * entryBytes));
      f.set(next, i32.minimum(next, end));
      f.for(0, groups, 1, (group) => {
        const weights = f.keep(i32.add(packed, i32.multiply(group, packedBytes(shape.depth, groupOutputs))));
        const window = f.keep(i32.multiply(group, groupSources * 4));
        const result = f.keep(i32.multiply(group, groupOutputs * 4));
        forEachPanel(f, groupOutputs, (_panel, width) => {
          this.#multiplyPanel(shape, width, { start: first, end: next }, { weights, window, result });
          if (depthwise) f.increase(window, panelColumns * 4);
          f.increase(result, panelColumns * 4);
          f.increase(weights, panelBytes(shape.depth));
        });
      });
      f.set(first, next);
    });
  }

  /** The pixels of some entries times one panel, of which `width` columns are real. */
  #multiplyPanel(shape: WindowShape, width: number, pixels: PixelList, panel: PanelAddresses): void {
    const f = this.#f;
    const { correlation } = this.#plan;
    const { rows, columns, sourceChannels, groupSources, depthwise } = correlation;
    const rightStep = packedWidth(width) * 4;
    const depth = [
      {
        length: shape.rows.taps,
        leftStep: rows.tapStep * sourceRowBytes(correlation),
        rightStep: shape.columns.taps * groupSources * rightStep,
      },
      {
        length: shape.columns.taps,
        leftStep: columns.tapStep * sourceChannels * 4,
        rightStep: groupSources * rightStep,
      },
      { length: groupSources, leftStep: 4, rightStep },
    ];
    const sums = tileSums(f, tileRows, packedWidth(width) / vectorWidth);
    const entry = f.keep(pixels.start);
    f.while(i32.less(entry, pixels.end), () => {
      const listed = (offset: number, added: Local<'i32'>): TileRow[] =>
        sums.map((_, row) => ({
          pointer: f.keep(i32.add(i32.load(entry, row * entryBytes + offset), added)),
          offset: 0,
        }));
      const windows = listed(0, panel.window);
      const leftDepth = depthwise ? 'columns' : 'element';
      sumProducts(f, this.#target, sums, windows, panel.weights, depth, { leftDepth });
      storeSums(f, sums, listed(resultAt, panel.result), width);
      f.increase(entry, tileRows * entryBytes);
    });
  }
}
