/**
 * The products of a correlation, block by block of output rows.
 *
 * A thread copies the source rows that a block needs between zeros (unless no window leaves the image), and lists the
 * pixels of the block: where the window begins, and where the result goes. Four pixels of the list, wherever they lie,
 * are the rows of a tile; so rows and images of any width leave no tile half empty.
 */
import { packedBytes, packedWidth, panelBytes } from '../../matmul/wasm/packing.ts';
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
  type Local,
  type Target,
} from '../../support/wasm/assembler/index.ts';
import type { KernelMemory } from '../../support/wasm/wasm-kernel.ts';
import { forEachPhase } from './correlation-axis.ts';
import { type Blocks, type Correlation, packedPhase, type WindowClass } from './correlation-plan.ts';
import { copyRows, paddedRowBytes } from './padded-rows.ts';

/** Pixels that all panels are multiplied with before the next ones are taken: their windows stay in the first-level cache. */
const stripPixels = 64;
/** The list has two addresses for each pixel. */
export const entryBytes = 8;

/** Part of one image: its output rows [row, row + count). */
interface Band {
  readonly image: Local<'i32'>;
  readonly row: Local<'i32'>;
  readonly count: Local<'i32'>;
  /** Where its copied rows are. */
  readonly copy: Local<'i32'>;
}

/** Writes the code that computes a range of output rows, block by block. */
export class BlockWriter {
  readonly #f: FunctionBuilder;
  readonly #target: Target;
  readonly #correlation: Correlation;
  readonly #windows: readonly WindowClass[];
  readonly #blocks: Blocks;
  readonly #memory: KernelMemory;
  /** Where the list of pixels begins and ends. */
  readonly #list: Local<'i32'>;
  readonly #listEnd: Local<'i32'>;

  constructor(
    f: FunctionBuilder,
    target: Target,
    correlation: Correlation,
    windows: readonly WindowClass[],
    blocks: Blocks,
    memory: KernelMemory,
  ) {
    this.#f = f;
    this.#target = target;
    this.#correlation = correlation;
    this.#windows = windows;
    this.#blocks = blocks;
    this.#memory = memory;
    this.#list = f.keep(i32.add(memory.threadScratch, blocks.bands * blocks.bandBytes));
    this.#listEnd = f.local('i32');
  }

  /** Output rows [first, end) of all images. */
  write(first: Local<'i32'>, end: Local<'i32'>): void {
    const f = this.#f;
    const { rows } = this.#correlation;
    const { bands, bandRows } = this.#blocks;
    const row = f.keep(first);
    f.while(i32.less(row, end), () => {
      const image = i32.divideUnsigned(row, rows.outputs);
      const blockEnd = f.keep(i32.multiply(i32.add(image, bands), rows.outputs));
      f.set(blockEnd, i32.minimum(blockEnd, end));
      if (bands === 1) {
        const bandEnd = f.keep(i32.add(row, bandRows));
        f.set(blockEnd, i32.minimum(blockEnd, bandEnd));
      }
      this.#prepare(row, blockEnd);
      for (const window of this.#windows) {
        forEachPhase(f, window.rows, (tapRow) => {
          forEachPhase(f, window.columns, (tapColumn) => {
            this.#listPixels(window, tapRow, tapColumn, row, blockEnd);
            const packed = packedPhase(window, this.#memory.scratch, tapRow, tapColumn);
            this.#multiply(window, f.keep(i32.add(packed, 0)));
          });
        });
      }
      f.set(row, blockEnd);
    });
  }

  /** Copies the source rows of a block, and clears outputs that have no phase. */
  #prepare(row: Local<'i32'>, blockEnd: Local<'i32'>): void {
    const f = this.#f;
    const { rows, columns, outputChannels } = this.#correlation;
    const { copies, padded } = this.#blocks;
    if (copies) {
      this.#forEachBand(row, blockEnd, (band) => {
        copyRows(
          f,
          padded,
          this.#sourceImage(band),
          rows.sourceStart(band.row),
          rows.sourceLength(band.count),
          band.copy,
        );
      });
    }
    if (!rows.complete || !columns.complete) {
      const rowBytes = columns.outputs * outputChannels * 4;
      const start = i32.add(this.#memory.outputs[0], i32.multiply(row, rowBytes));
      f.do(bytes.fill(start, 0, i32.multiply(i32.subtract(blockEnd, row), rowBytes)));
    }
  }

  #sourceImage({ image }: Band): Integer {
    const { rows, columns, sourceChannels } = this.#correlation;
    const imageBytes = rows.sources * columns.sources * sourceChannels * 4;
    return i32.add(this.#memory.inputs[0], i32.multiply(image, imageBytes));
  }

  /** The parts of images that the output rows [row, blockEnd) consist of. */
  #forEachBand(row: Local<'i32'>, blockEnd: Local<'i32'>, write: (band: Band) => void): void {
    const f = this.#f;
    const { rows } = this.#correlation;
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
      f.increase(copy, this.#blocks.bandBytes);
    });
  }

  /** Lists the pixels of a block that belong to one phase. */
  #listPixels(
    window: WindowClass,
    tapRow: Integer,
    tapColumn: Integer,
    row: Local<'i32'>,
    blockEnd: Local<'i32'>,
  ): void {
    const f = this.#f;
    const { rows, columns, sourceChannels, outputChannels } = this.#correlation;
    const { copies, padded } = this.#blocks;
    const rowStart = rows.start(window.rows, tapRow);
    const columnStart = columns.start(window.columns, tapColumn);
    const sourceRowBytes = paddedRowBytes(padded);
    const outputRowBytes = columns.outputs * outputChannels * 4;
    const { outputs } = this.#memory;
    const entry = this.#listEnd;
    /** How many pixels of the phase lie before pixel `pixel`: of first, first + step, … */
    const before = (pixel: Integer, first: Integer, step: number): Integer =>
      i32.divideUnsigned(i32.add(pixel, i32.subtract(step - 1, first)), step);
    const firstColumn = f.keep(i32.add(columnStart.output, 0));
    const columnCount = f.keep(i32.add(before(columns.outputs, firstColumn, columns.outputStep), 0));
    const sourceColumn = f.keep(i32.add(columnStart.source, padded.zerosLeft));

    f.set(entry, this.#list);
    this.#forEachBand(row, blockEnd, (band) => {
      const firstRow = f.keep(i32.add(rowStart.output, 0));
      const number = f.keep(i32.add(before(band.row, firstRow, rows.outputStep), 0));
      const end = f.keep(i32.add(before(i32.add(band.row, band.count), firstRow, rows.outputStep), 0));
      const sourceRow = i32.add(rowStart.source, i32.multiply(number, rows.sourceStep));
      const source = f.keep(
        i32.add(
          i32.add(
            copies ? band.copy : this.#sourceImage(band),
            i32.multiply(
              copies ? i32.subtract(sourceRow, rows.sourceStart(band.row)) : sourceRow,
              sourceRowBytes,
            ),
          ),
          i32.multiply(sourceColumn, sourceChannels * 4),
        ),
      );
      const outputRow = i32.add(
        i32.add(i32.multiply(band.image, rows.outputs), firstRow),
        i32.multiply(number, rows.outputStep),
      );
      const output = f.keep(
        i32.add(
          i32.add(outputs[0], i32.multiply(outputRow, outputRowBytes)),
          i32.multiply(firstColumn, outputChannels * 4),
        ),
      );
      f.while(i32.less(number, end), () => {
        const from = f.keep(source);
        const to = f.keep(output);
        const entryEnd = f.keep(i32.add(entry, i32.multiply(columnCount, entryBytes)));
        f.while(i32.notEqual(entry, entryEnd), () => {
          f.do(i32.store(entry, from));
          f.do(i32.store(entry, to, 4));
          f.increase(entry, entryBytes);
          f.increase(from, columns.sourceStep * sourceChannels * 4);
          f.increase(to, columns.outputStep * outputChannels * 4);
        });
        f.increase(source, rows.sourceStep * sourceRowBytes);
        f.increase(output, rows.outputStep * outputRowBytes);
        f.increase(number, 1);
      });
    });
    // The last tile computes its last pixel several times, if there are too few.
    f.if(i32.notEqual(entry, this.#list), () => {
      const from = f.keep(i32.load(i32.subtract(entry, entryBytes)));
      const to = f.keep(i32.load(i32.subtract(entry, entryBytes), 4));
      for (let copy = 0; copy < tileRows - 1; copy++) {
        f.do(i32.store(entry, from, copy * entryBytes));
        f.do(i32.store(entry, to, copy * entryBytes + 4));
      }
    });
  }

  /** The listed pixels times the weights of their phase. */
  #multiply(window: WindowClass, packed: Local<'i32'>): void {
    const f = this.#f;
    const { groups, groupOutputs, groupSources } = this.#correlation;
    const strip = f.keep(this.#list);
    f.while(i32.less(strip, this.#listEnd), () => {
      const stripEnd = f.keep(i32.add(strip, stripPixels * entryBytes));
      f.set(stripEnd, i32.minimum(stripEnd, this.#listEnd));
      f.for(0, groups, 1, (group) => {
        const right = f.keep(i32.add(packed, i32.multiply(group, packedBytes(window.depth, groupOutputs))));
        const left = f.keep(i32.multiply(group, groupSources * 4));
        const output = f.keep(i32.multiply(group, groupOutputs * 4));
        const multiplyPanel = (width: number): void => {
          this.#multiplyPanel(window, width, { strip, stripEnd, left, output, right });
          if (this.#correlation.depthwise) f.increase(left, panelColumns * 4);
          f.increase(output, panelColumns * 4);
          f.increase(right, panelBytes(window.depth));
        };
        f.for(0, Math.floor(groupOutputs / panelColumns), 1, () => multiplyPanel(panelColumns));
        if (groupOutputs % panelColumns > 0) multiplyPanel(groupOutputs % panelColumns);
      });
      f.set(strip, stripEnd);
    });
  }

  /** The pixels of a strip times one panel. `left` and `output` are added to the addresses in the list. */
  #multiplyPanel(
    { rows: { taps: tapRows }, columns: { taps: tapColumns } }: WindowClass,
    width: number,
    at: Readonly<Record<'strip' | 'stripEnd' | 'left' | 'output' | 'right', Local<'i32'>>>,
  ): void {
    const f = this.#f;
    const { rows, columns, sourceChannels, groupSources, depthwise } = this.#correlation;
    const vectors = packedWidth(width) / vectorWidth;
    const rightStep = vectors * vectorWidth * 4;
    const depth = [
      {
        length: tapRows,
        leftStep: rows.tapStep * paddedRowBytes(this.#blocks.padded),
        rightStep: tapColumns * groupSources * rightStep,
      },
      {
        length: tapColumns,
        leftStep: columns.tapStep * sourceChannels * 4,
        rightStep: groupSources * rightStep,
      },
      { length: groupSources, leftStep: 4, rightStep },
    ];
    const sums = tileSums(f, tileRows, vectors);
    const entry = f.keep(at.strip);
    f.while(i32.less(entry, at.stripEnd), () => {
      const addresses = (offset: number, added: Local<'i32'>): TileRow[] =>
        sums.map((_, row) => ({
          pointer: f.keep(i32.add(i32.load(entry, row * entryBytes + offset), added)),
          offset: 0,
        }));
      const windows = addresses(0, at.left);
      const leftDepth = depthwise ? 'columns' : 'element';
      sumProducts(f, this.#target, sums, windows, at.right, depth, { leftDepth });
      storeSums(f, sums, addresses(4, at.output), width);
      f.increase(entry, tileRows * entryBytes);
    });
  }
}
