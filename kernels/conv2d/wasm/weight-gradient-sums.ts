/** The first stage of a weight gradient: the sums of one part and one range of panels. weight-gradient.ts shows the loops. */
import { eitherPanel, packedWidth, packPanel, panelCount } from '../../matmul/wasm/packing.ts';
import {
  addTile,
  addToTotals,
  type LeftDepth,
  panelColumns,
  storeSums,
  sumProducts,
  type TileRow,
  tileSums,
  vectorWidth,
} from '../../matmul/wasm/tile.ts';
import {
  type FunctionBuilder,
  i32,
  i32x4,
  type Local,
  type Target,
} from '../../support/wasm/assembler/index.ts';
import type { KernelMemory } from '../../support/wasm/wasm-kernel.ts';
import {
  copySourceRows,
  isCopied,
  type PixelBlock,
  sourceImageBytes,
  sourceRowBytes,
} from './source-rows.ts';
import type { WeightGradientPlan } from './weight-gradient-plan.ts';
import { forEachRowTile, type RowTile } from './weight-gradient-tiles.ts';

/** The sums of a part: panels [firstPanel, endPanel) of the matrix [KH·KW·C/groups, O] at `to`. */
interface PartSums {
  readonly to: Local<'i32'>;
  readonly firstPanel: Local<'i32'>;
  readonly endPanel: Local<'i32'>;
  /** 1 while the sums hold nothing yet: for the first block of the part. */
  readonly isFirst: Local<'i32'>;
}

/** The product of one block and one panel: sums [KH·KW·C/groups, width] += windowsᵀ · dY [pixels, width]. */
interface PanelProduct {
  /** Where in x, or its copy, row (0, 0, 0) and the block's first pixel meet; bytes to the same place of the next image. */
  readonly left: Local<'i32'>;
  readonly imageStep: number;
  /** Where the block's first pixel lies in dY, or in its packed panel; bytes to the next pixel. */
  readonly right: Local<'i32'>;
  readonly rightStep: number;
  /** Where the first row of the sums begins, and how many columns are real. */
  readonly to: Local<'i32'>;
  readonly width: number;
  readonly isFirst: PartSums['isFirst'];
}

/** Writes the code of one item. */
export class PartWriter {
  readonly #f: FunctionBuilder;
  readonly #target: Target;
  readonly #plan: WeightGradientPlan;
  readonly #memory: KernelMemory;

  constructor(f: FunctionBuilder, target: Target, plan: WeightGradientPlan, memory: KernelMemory) {
    this.#f = f;
    this.#target = target;
    this.#plan = plan;
    this.#memory = memory;
  }

  /** Item `item`; `sums` is where those of part 0 begin. */
  write(item: Local<'i32'>, sums: Local<'i32'>): void {
    const f = this.#f;
    const { geometry, block, smaller, blocks, blocksPerPart, ranges, panelsPerRange, panels } = this.#plan;
    const partBytes = geometry.windowSize * geometry.outChannels * this.#plan.sumBytes;
    const part = f.keep(i32.divideUnsigned(item, ranges));
    const firstPanel = f.keep(i32.multiply(i32.remainderUnsigned(item, ranges), panelsPerRange));
    const endPanel = f.keep(i32.add(firstPanel, panelsPerRange));
    f.set(endPanel, i32.minimum(endPanel, panels));
    const to = f.keep(i32.add(sums, i32.multiply(part, partBytes)));
    const firstBlock = f.keep(i32.multiply(part, blocksPerPart));
    const endBlock = f.keep(i32.add(firstBlock, blocksPerPart));
    f.set(endBlock, i32.minimum(endBlock, blocks));
    f.for(firstBlock, endBlock, 1, (number) => {
      const isFirst = f.keep(i32.equal(number, firstBlock));
      const add = (size: PixelBlock): void =>
        this.#addBlock(size, number, { to, firstPanel, endPanel, isFirst });
      if (!smaller) add(block);
      else if (blocks === 1) add(smaller.block);
      else {
        f.if(
          i32.equal(i32.remainderUnsigned(number, smaller.every), smaller.every - 1),
          () => add(smaller.block),
          () => add(block),
        );
      }
    });
  }

  /** Adds the products of block `number`, of this size, to the sums. */
  #addBlock(size: PixelBlock, number: Local<'i32'>, sums: PartSums): void {
    const f = this.#f;
    const { geometry, depthwise, source, block, blocksPerImage, copyBytes, sumBytes } = this.#plan;
    const { rows, columns, groupChannels, groupOutputs, outChannels } = geometry;
    const [x, dY] = this.#memory.inputs;
    const image = f.keep(i32.multiply(i32.divideUnsigned(number, blocksPerImage), block.images));
    const row = f.keep(i32.multiply(i32.remainderUnsigned(number, blocksPerImage), block.rows));
    const images = f.keep(i32.add(x, i32.multiply(image, sourceImageBytes(source))));
    const copied = isCopied(source);
    if (copied) this.#copySource(size, images, row);
    const windows = copied
      ? this.#memory.threadScratch
      : i32.add(images, i32.multiply(row, rows.stride * sourceRowBytes(source)));
    const imageStep = copied ? copyBytes : sourceImageBytes(source);
    const pixel = i32.add(
      i32.multiply(image, rows.windows * columns.windows),
      i32.multiply(row, columns.windows),
    );
    const outputs = f.keep(i32.add(dY, i32.multiply(pixel, outChannels * 4)));

    const groupColumns = depthwise ? outChannels : groupOutputs;
    f.for(sums.firstPanel, sums.endPanel, 1, (number) => {
      const group = f.keep(i32.divideUnsigned(number, panelCount(groupColumns)));
      const panel = f.keep(i32.remainderUnsigned(number, panelCount(groupColumns)));
      const column = f.keep(
        i32.multiply(i32.add(i32.multiply(group, groupOutputs), i32.multiply(panel, panelColumns)), 4),
      );
      const firstChannel = depthwise
        ? i32.multiply(panel, panelColumns * 4)
        : i32.multiply(group, groupChannels * 4);
      const left = f.keep(i32.add(windows, firstChannel));
      const to = f.keep(i32.add(sums.to, i32.multiply(column, sumBytes / 4)));
      eitherPanel(f, groupColumns, panel, (width) => {
        const right = f.keep(i32.add(outputs, column));
        const rightStep = this.#packPanel(size, right, width);
        this.#addPanel(size, { left, imageStep, right, rightStep, to, width, isFirst: sums.isFirst });
      });
    });
  }

  /** Copies the rows of x that a block's output rows from `row` on meet, of each of its images. */
  #copySource({ images, rows }: PixelBlock, firstImage: Local<'i32'>, row: Local<'i32'>): void {
    const f = this.#f;
    const { source, copyBytes } = this.#plan;
    const from = f.keep(firstImage);
    const to = f.keep(this.#memory.threadScratch);
    f.for(0, images, 1, () => {
      copySourceRows(f, source, from, row, rows, to);
      f.increase(from, sourceImageBytes(source));
      f.increase(to, copyBytes);
    });
  }

  /** Packs the panel of dY at `right` and lets `right` point at it, if that pays. Gives the bytes between its pixels. */
  #packPanel({ images, rows }: PixelBlock, right: Local<'i32'>, width: number): number {
    const f = this.#f;
    const { geometry, block, packs, copyBytes } = this.#plan;
    const { columns, outChannels } = geometry;
    if (!packs) return outChannels * 4;
    const operand = {
      depth: images * rows * columns.windows,
      columns: width,
      depthStep: outChannels * 4,
      columnStep: 4,
    };
    const packed = i32.add(this.#memory.threadScratch, block.images * copyBytes);
    packPanel(f, operand, right, f.keep(packed), width);
    f.set(right, packed);
    return packedWidth(width) * 4;
  }

  /** Adds the products of one block to all rows of one panel. */
  #addPanel({ images, rows: blockRows }: PixelBlock, product: PanelProduct): void {
    const f = this.#f;
    const { geometry, depthwise, source, sumBytes } = this.#plan;
    const { rows, columns, channels, groupChannels, outChannels } = geometry;
    const { right, rightStep, width } = product;
    const sourceBytes = sourceRowBytes(source);
    const depth = [
      {
        length: images,
        leftStep: product.imageStep,
        rightStep: blockRows * columns.windows * rightStep,
      },
      {
        length: blockRows,
        leftStep: rows.stride * sourceBytes,
        rightStep: columns.windows * rightStep,
      },
      { length: columns.windows, leftStep: columns.stride * channels * 4, rightStep },
    ];
    // All zeros for the first block, else all ones.
    const kept = f.keep(i32x4.splat(i32.subtract(product.isFirst, 1)));
    const addProducts = ({ left, offsets, to, toOffset }: RowTile): void => {
      const sums = tileSums(f, offsets.length, packedWidth(width) / vectorWidth);
      const out: TileRow[] = offsets.map((_, row) => ({
        pointer: to,
        offset: toOffset + row * outChannels * sumBytes,
      }));
      const windows = offsets.map((offset) => ({ pointer: left, offset }));
      const leftDepth: LeftDepth = depthwise ? 'columns' : 'element';
      const isFirst = f.keep(product.isFirst);
      const takePartialSum = (): void => {
        f.if(i32.isZero(isFirst), () => addTile(f, sums, out, width));
        storeSums(f, sums, out, width);
        f.setInteger(isFirst, 0);
      };
      // The sums are in memory anyway, from block to block: taken one by one they get there 4 % faster than by totals in locals.
      const options = sumBytes === 8 ? { leftDepth } : { leftDepth, takePartialSum };
      sumProducts(f, this.#target, sums, windows, right, depth, options);
      if (sumBytes === 8) addToTotals(f, sums, out, width, kept);
    };
    const axes = [
      { length: rows.taps, step: rows.dilation * sourceBytes },
      { length: columns.taps, step: columns.dilation * channels * 4 },
      { length: groupChannels, step: 4 },
    ];
    const { left, to } = product;
    forEachRowTile(f, { axes, left, to, rowBytes: outChannels * sumBytes }, addProducts);
  }
}
