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
  i32,
  type Local,
  type Target,
} from '../../support/wasm/assembler/index.ts';
import type { KernelMemory } from '../../support/wasm/wasm-kernel.ts';
import {
  type CorrelationPlan,
  forEachPixelResidue,
  packedWeights,
  type WindowShape,
} from './correlation-plan.ts';
import {
  type BlockImage,
  entryBytes,
  listPixels,
  type PixelList,
  resultAt,
  sourceImage,
} from './pixel-list.ts';
import { copySourceRows, isCopied, sourceRowBytes } from './source-rows.ts';

/** Pixels that meet all panels before the next ones do: their windows stay in the first-level cache. */
const pixelsAtOnce = 64;

/** Where a panel of packed weights begins, and what its group and number add to the addresses of the list. */
interface PanelAddresses {
  readonly weights: Local<'i32'>;
  readonly window: Local<'i32'>;
  readonly result: Local<'i32'>;
}

/** Writes the code of the stage. */
export class BlockWriter {
  readonly #f: FunctionBuilder;
  readonly #target: Target;
  readonly #plan: CorrelationPlan;
  readonly #memory: KernelMemory;

  constructor(f: FunctionBuilder, target: Target, plan: CorrelationPlan, memory: KernelMemory) {
    this.#f = f;
    this.#target = target;
    this.#plan = plan;
    this.#memory = memory;
  }

  /** Output rows [first, end) of all images. A block ends with its image, or where it has `block.images` images. */
  write(first: Local<'i32'>, end: Local<'i32'>): void {
    const f = this.#f;
    const { correlation, shapes, block, copyBytes } = this.#plan;
    const { rows, columns } = correlation;
    const { scratch, threadScratch } = this.#memory;
    const listStart = f.keep(i32.add(threadScratch, block.images * copyBytes));
    const list: PixelList = { start: listStart, end: f.local('i32') };
    const row = f.keep(first);
    f.while(i32.less(row, end), () => {
      const image = i32.divideUnsigned(row, rows.outputs);
      const blockEnd = f.keep(i32.multiply(i32.add(image, block.images), rows.outputs));
      f.set(blockEnd, i32.minimum(blockEnd, end));
      if (block.images === 1) {
        const fullEnd = f.keep(i32.add(row, block.rows));
        f.set(blockEnd, i32.minimum(blockEnd, fullEnd));
      }
      const forEachImage = (write: (image: BlockImage) => void): void =>
        this.#forEachImage(row, blockEnd, write);
      if (isCopied(correlation)) {
        forEachImage((image) => {
          const source = sourceImage(correlation, this.#memory, image);
          copySourceRows(f, correlation, source, image.row, image.count, image.copy);
        });
      }
      if (!rows.complete || !columns.complete) this.#clearResults(row, blockEnd);
      forEachPixelResidue(f, shapes, (residue) => {
        listPixels(f, correlation, this.#memory, residue, list, forEachImage);
        this.#multiply(list, residue.shape, f.keep(packedWeights(residue, scratch)));
      });
      f.set(row, blockEnd);
    });
  }

  /** Pixels that meet no tap are zero. */
  #clearResults(row: Local<'i32'>, blockEnd: Local<'i32'>): void {
    const { columns, outputChannels } = this.#plan.correlation;
    const rowBytes = columns.outputs * outputChannels * 4;
    const start = i32.add(this.#memory.outputs[0], i32.multiply(row, rowBytes));
    this.#f.do(bytes.fill(start, 0, i32.multiply(i32.subtract(blockEnd, row), rowBytes)));
  }

  /** A loop over the images of the block of output rows [row, blockEnd), which are those of all images counted. */
  #forEachImage(row: Local<'i32'>, blockEnd: Local<'i32'>, write: (image: BlockImage) => void): void {
    const f = this.#f;
    const { rows } = this.#plan.correlation;
    const next = f.keep(row);
    const copy = f.keep(this.#memory.threadScratch);
    f.while(i32.less(next, blockEnd), () => {
      const number = f.keep(i32.divideUnsigned(next, rows.outputs));
      const start = f.keep(i32.subtract(next, i32.multiply(number, rows.outputs)));
      const count = f.keep(i32.subtract(blockEnd, next));
      const left = f.keep(i32.subtract(rows.outputs, start));
      f.set(count, i32.minimum(count, left));
      write({ number, row: start, count, copy });
      f.increase(next, count);
      f.increase(copy, this.#plan.copyBytes);
    });
  }

  /** The listed pixels times the weights of their residue, which begin at `packed`. */
  #multiply({ start, end }: PixelList, shape: WindowShape, packed: Local<'i32'>): void {
    const f = this.#f;
    const { groups, groupOutputs, groupSources, depthwise } = this.#plan.correlation;
    const first = f.keep(start);
    f.while(i32.less(first, end), () => {
      const next = f.keep(i32.add(first, pixelsAtOnce * entryBytes));
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
