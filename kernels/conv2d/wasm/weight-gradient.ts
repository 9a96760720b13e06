/**
 * The weight gradient: dWeight[tap and channel, output] = Σ over pixels of x[window of the pixel] · dY[pixel, output].
 *
 * The sum over pixels is cut into chunks, always the same ones whatever the number of threads. Each chunk has sums of
 * its own, which a second stage adds up. A chunk goes through its pixels unit by unit: some rows of an image, or some
 * small images. The rows of x that a unit needs are copied between zeros (unless no window leaves the image), its dY is
 * packed panel by panel, and then all tiles of dWeight get the products of the unit added. A chunk of many units keeps
 * its sums in doubles.
 */
import { packedWidth, packPanel, panelCount } from '../../matmul/wasm/packing.ts';
import {
  addTile,
  addToTotals,
  demoteHalves,
  mostRuns,
  panelColumns,
  runCount,
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
  f32x4,
  f64x2,
  i32,
  i32x4,
  type Local,
  type Target,
  v128,
} from '../../support/wasm/assembler/index.ts';
import type { KernelMemory, WasmKernelCode, WasmStage } from '../../support/wasm/wasm-kernel.ts';
import type { Conv2dGeometry } from '../geometry.ts';
import type { ConvolutionAxis } from './correlation-axis.ts';
import { eitherPanel } from './last-panel.ts';
import { copyRows, paddedRowBytes } from './padded-rows.ts';
import { type Cut, cutUp, panelsOf, type Unit } from './weight-gradient-cut.ts';

/** From so many rows of dWeight on packing dY costs less than it gives. */
const fewestRowsToPack = 16;
/** Up to so many rows each tile of rows has code of its own. */
const mostUnrolledRows = 48;
/** Elements of dWeight that begin a range of the second stage. */
const sumGrain = 16;

/** One axis of the rows of dWeight: how many, how far apart in x, in bytes. */
interface RowAxis {
  readonly length: number;
  readonly step: number;
}

export function weightGradientWasm(
  geometry: Conv2dGeometry,
  axes: readonly [ConvolutionAxis, ConvolutionAxis],
  depthwise: boolean,
  target: Target,
): WasmKernelCode {
  const { windowSize, outChannels, batch, outHeight, outWidth } = geometry;
  const elements = windowSize * outChannels;
  if (elements === 0) return { stages: [] };
  if (batch * outHeight * outWidth === 0) return { stages: [zeros(elements)] };
  const cut = cutUp(geometry, axes, depthwise);
  const copies = cut.unit.images * cut.copyBytes;
  const packs = packsOutputs(geometry, depthwise);
  const packedPixels = packs ? cut.unit.images * cut.unit.rows * outWidth : 0;
  const deep = isDeep(cut, geometry);
  const inScratch = cut.chunks > 1 || deep;
  const sums: WasmStage = {
    items: cut.chunks * cut.blocks,
    write: (f, { first, end }, memory) => {
      const writer = new ChunkWriter(f, target, geometry, cut, depthwise, memory);
      f.for(first, end, 1, (item) => writer.write(item, inScratch ? memory.scratch : memory.outputs[0]));
    },
  };
  return {
    // The second stage may read a whole vector behind the last sums.
    scratchBytes: inScratch ? cut.chunks * elements * (deep ? 8 : 4) + 32 : 0,
    threadScratchBytes: copies + packedPixels * panelColumns * 4,
    stages: inScratch ? [sums, addChunks(elements, cut.chunks, deep)] : [sums],
  };
}

/** Whether a chunk has so many runs that its sums are doubles. */
function isDeep({ unitsPerChunk, unit }: Cut, { outWidth }: Conv2dGeometry): boolean {
  return unitsPerChunk * runCount([unit.images, unit.rows, outWidth]) > mostRuns;
}

function zeros(elements: number): WasmStage {
  return {
    items: elements,
    elementsPerItem: 1,
    write: (f, { first, end }, { outputs }) => {
      const start = i32.add(outputs[0], i32.multiply(first, 4));
      f.do(bytes.fill(start, 0, i32.multiply(i32.subtract(end, first), 4)));
    },
  };
}

/** The second stage: the sums of all chunks, added from the first to the last. */
function addChunks(elements: number, chunks: number, deep: boolean): WasmStage {
  const bytesOfOne = deep ? 8 : 4;
  return {
    items: elements,
    grain: sumGrain,
    elementsPerItem: 1,
    write: (f, { first, end }, { scratch, outputs }) => {
      const from = f.keep(i32.add(scratch, i32.multiply(first, bytesOfOne)));
      const to = f.keep(i32.add(outputs[0], i32.multiply(first, 4)));
      const addAt = (offset: number): Local<'v128'> => {
        const sum = f.keep(v128.load(from, offset));
        for (let chunk = 1; chunk < chunks; chunk++) {
          const next = v128.load(from, offset + chunk * elements * bytesOfOne);
          f.set(sum, deep ? f64x2.add(sum, next) : f32x4.add(sum, next));
        }
        return sum;
      };
      const addVector = () => (deep ? f.keep(demoteHalves(addAt(0), addAt(16))) : addAt(0));
      const lastVector = f.keep(i32.add(outputs[0], i32.multiply(i32.subtract(end, 3), 4)));
      f.while(i32.less(to, lastVector), () => {
        f.do(v128.store(to, addVector()));
        f.increase(from, 4 * bytesOfOne);
        f.increase(to, 16);
      });
      const rest = elements % vectorWidth;
      if (rest > 0) {
        f.if(i32.less(to, i32.add(lastVector, 12)), () => {
          const sum = addVector();
          for (let lane = 0; lane < rest; lane++) f.do(v128.storeLane32(to, sum, lane, lane * 4));
        });
      }
    },
  };
}

/** In a depthwise convolution dY is a row of channels like x, and each tap of x meets it once. */
function packsOutputs({ windowSize }: Conv2dGeometry, depthwise: boolean): boolean {
  return !depthwise && windowSize >= fewestRowsToPack;
}

/** Writes the code of one item: a block of panels of the sums of one chunk. */
class ChunkWriter {
  readonly #f: FunctionBuilder;
  readonly #target: Target;
  readonly #geometry: Conv2dGeometry;
  readonly #cut: Cut;
  readonly #depthwise: boolean;
  readonly #memory: KernelMemory;
  readonly #rowAxes: readonly RowAxis[];
  /** Bytes of one of the sums. */
  readonly #sumBytes: number;

  constructor(
    f: FunctionBuilder,
    target: Target,
    geometry: Conv2dGeometry,
    cut: Cut,
    depthwise: boolean,
    memory: KernelMemory,
  ) {
    this.#f = f;
    this.#target = target;
    this.#geometry = geometry;
    this.#cut = cut;
    this.#depthwise = depthwise;
    this.#memory = memory;
    this.#sumBytes = isDeep(cut, geometry) ? 8 : 4;
    const { kernelHeight, kernelWidth, groupChannels, channels, dilation } = geometry;
    this.#rowAxes = mergeRows([
      { length: kernelHeight, step: dilation[0] * paddedRowBytes(cut.padded) },
      { length: kernelWidth, step: dilation[1] * channels * 4 },
      { length: groupChannels, step: 4 },
    ]);
  }

  write(item: Local<'i32'>, sums: Local<'i32'>): void {
    const f = this.#f;
    const { units, unitsPerChunk, blocks, blockPanels, rest } = this.#cut;
    const { windowSize, outChannels } = this.#geometry;
    const chunk = f.keep(i32.divideUnsigned(item, blocks));
    const firstPanel = f.keep(i32.multiply(i32.remainderUnsigned(item, blocks), blockPanels));
    const endPanel = f.keep(i32.add(firstPanel, blockPanels));
    f.set(endPanel, i32.minimum(endPanel, panelsOf(this.#geometry, this.#depthwise)));
    const to = f.keep(i32.add(sums, i32.multiply(chunk, windowSize * outChannels * this.#sumBytes)));
    const firstUnit = f.keep(i32.multiply(chunk, unitsPerChunk));
    const endUnit = f.keep(i32.add(firstUnit, unitsPerChunk));
    f.set(endUnit, i32.minimum(endUnit, units));
    f.for(firstUnit, endUnit, 1, (number) => {
      const isFirst = f.keep(i32.equal(number, firstUnit));
      const add = (unit: Unit): void => this.#addUnit(unit, number, { isFirst, to, firstPanel, endPanel });
      if (!rest) add(this.#cut.unit);
      else if (units === 1) add(rest.unit);
      else {
        const isRest = i32.equal(i32.remainderUnsigned(number, rest.every), rest.every - 1);
        f.if(
          isRest,
          () => add(rest.unit),
          () => add(this.#cut.unit),
        );
      }
    });
  }

  /** Adds the products of one unit to the panels [firstPanel, endPanel) of the sums at `to`. */
  #addUnit(
    unit: Unit,
    number: Local<'i32'>,
    sums: Readonly<Record<'isFirst' | 'to' | 'firstPanel' | 'endPanel', Local<'i32'>>>,
  ): void {
    const f = this.#f;
    const { unitsPerImage, copies, padded } = this.#cut;
    const { groupChannels, groupOutputs, outHeight, outWidth, outChannels, stride } = this.#geometry;
    const [x, dY] = this.#memory.inputs;
    const image = f.keep(i32.multiply(i32.divideUnsigned(number, unitsPerImage), this.#cut.unit.images));
    const row = f.keep(i32.multiply(i32.remainderUnsigned(number, unitsPerImage), this.#cut.unit.rows));
    const imageBytes = padded.height * padded.width * padded.channels * 4;
    const images = f.keep(i32.add(x, i32.multiply(image, imageBytes)));
    if (copies) this.#copy(unit, images, row);
    const windows = copies
      ? this.#memory.threadScratch
      : i32.add(images, i32.multiply(row, stride[0] * paddedRowBytes(padded)));
    const pixel = i32.add(i32.multiply(image, outHeight * outWidth), i32.multiply(row, outWidth));
    const outputs = f.keep(i32.add(dY, i32.multiply(pixel, outChannels * 4)));
    const imageStep = copies ? this.#cut.copyBytes : imageBytes;

    const columns = this.#depthwise ? outChannels : groupOutputs;
    f.for(sums.firstPanel, sums.endPanel, 1, (number) => {
      const group = f.keep(i32.divideUnsigned(number, panelCount(columns)));
      const panel = f.keep(i32.remainderUnsigned(number, panelCount(columns)));
      const column = f.keep(
        i32.multiply(i32.add(i32.multiply(group, groupOutputs), i32.multiply(panel, panelColumns)), 4),
      );
      const left = f.keep(
        i32.add(
          windows,
          this.#depthwise ? i32.multiply(panel, panelColumns * 4) : i32.multiply(group, groupChannels * 4),
        ),
      );
      const to = f.keep(i32.add(sums.to, i32.multiply(column, this.#sumBytes / 4)));
      eitherPanel(f, columns, panel, (width) => {
        const right = f.keep(i32.add(outputs, column));
        const rightStep = this.#packPanel(unit, right, width);
        this.#addPanel(unit, width, imageStep, rightStep, { left, right, to, isFirst: sums.isFirst });
      });
    });
  }

  /** Copies the rows of x that the windows of a unit touch. */
  #copy({ images, rows }: Unit, first: Local<'i32'>, row: Local<'i32'>): void {
    const f = this.#f;
    const { padded, copyBytes } = this.#cut;
    const { stride, padding, kernelHeight, dilation } = this.#geometry;
    const from = f.keep(first);
    const to = f.keep(this.#memory.threadScratch);
    f.for(0, images, 1, () => {
      const top = i32.subtract(i32.multiply(row, stride[0]), padding[0]);
      const count = (rows - 1) * stride[0] + (kernelHeight - 1) * dilation[0] + 1;
      copyRows(f, padded, from, top, count, to);
      f.increase(from, padded.height * padded.width * padded.channels * 4);
      f.increase(to, copyBytes);
    });
  }

  /** Packs the panel of dY at `right` and lets `right` point at it, if that pays. Gives the bytes between its pixels. */
  #packPanel({ images, rows }: Unit, right: Local<'i32'>, width: number): number {
    const f = this.#f;
    const { outChannels, outWidth } = this.#geometry;
    if (!packsOutputs(this.#geometry, this.#depthwise)) return outChannels * 4;
    const operand = {
      depth: images * rows * outWidth,
      columns: width,
      depthStep: outChannels * 4,
      columnStep: 4,
    };
    const packed = i32.add(this.#memory.threadScratch, this.#cut.unit.images * this.#cut.copyBytes);
    packPanel(f, operand, right, f.keep(packed), width);
    f.set(right, packed);
    return packedWidth(width) * 4;
  }

  /** Adds the products of one unit to all rows of one panel. */
  #addPanel(
    { images, rows }: Unit,
    width: number,
    imageStep: number,
    rightStep: number,
    at: Readonly<Record<'left' | 'right' | 'to' | 'isFirst', Local<'i32'>>>,
  ): void {
    const f = this.#f;
    const { outWidth, outChannels, channels, stride, windowSize } = this.#geometry;
    const depth = [
      { length: images, leftStep: imageStep, rightStep: rows * outWidth * rightStep },
      {
        length: rows,
        leftStep: stride[0] * paddedRowBytes(this.#cut.padded),
        rightStep: outWidth * rightStep,
      },
      { length: outWidth, leftStep: stride[1] * channels * 4, rightStep },
    ];
    const vectors = packedWidth(width) / vectorWidth;
    const deep = isDeep(this.#cut, this.#geometry);
    const kept = f.keep(i32x4.splat(i32.subtract(at.isFirst, 1)));
    /** One tile: rows of dWeight whose elements of x lie at `offsets` from `left`. */
    const tile = (
      left: Local<'i32'>,
      offsets: readonly number[],
      to: Local<'i32'>,
      toOffset: number,
    ): void => {
      const sums = tileSums(f, offsets.length, vectors);
      const out: TileRow[] = offsets.map((_, row) => ({
        pointer: to,
        offset: toOffset + row * outChannels * this.#sumBytes,
      }));
      const windows = offsets.map((offset) => ({ pointer: left, offset }));
      const leftDepth = this.#depthwise ? 'columns' : 'element';
      const isFirst = f.keep(at.isFirst);
      const takeRun = (): void => {
        f.if(i32.isZero(isFirst), () => addTile(f, sums, out, width));
        storeSums(f, sums, out, width);
        f.setInteger(isFirst, 0);
      };
      // The sums are in memory anyway, from unit to unit: run by run they get there 4 % faster than by totals in locals.
      sumProducts(f, this.#target, sums, windows, at.right, depth, { leftDepth, ...(!deep && { takeRun }) });
      if (deep) addToTotals(f, sums, out, width, kept);
    };
    if (windowSize <= mostUnrolledRows) this.#eachTile(at, tile);
    else this.#loopOverTiles(at, tile);
  }

  /** Each tile of rows has its own code, with rows that need not be equally far apart. */
  #eachTile(at: Readonly<Record<'left' | 'to', Local<'i32'>>>, tile: WriteTile): void {
    const { outChannels } = this.#geometry;
    const offsets = this.#rowAxes.reduce<number[]>(
      (outer, { length, step }) =>
        outer.flatMap((start) => Array.from({ length }, (_, index) => start + index * step)),
      [0],
    );
    let row = 0;
    for (const { height, count } of tilesOf(offsets.length)) {
      for (let number = 0; number < count; number++) {
        tile(at.left, offsets.slice(row, row + height), at.to, row * outChannels * this.#sumBytes);
        row += height;
      }
    }
  }

  /** Loops over runs of equally spaced rows, and over the tiles of a run. */
  #loopOverTiles(at: Readonly<Record<'left' | 'to', Local<'i32'>>>, tile: WriteTile): void {
    const f = this.#f;
    const rowBytes = this.#geometry.outChannels * this.#sumBytes;
    const to = f.keep(at.to);
    const run = this.#rowAxes[this.#rowAxes.length - 1];
    const walk = (axis: number, start: Local<'i32'>): void => {
      const { length, step } = this.#rowAxes[axis];
      const left = f.keep(start);
      if (axis < this.#rowAxes.length - 1) {
        f.for(0, length, 1, () => {
          walk(axis + 1, left);
          f.increase(left, step);
        });
        return;
      }
      for (const { height, count } of tilesOf(run.length)) {
        const offsets = Array.from({ length: height }, (_, row) => row * run.step);
        f.for(0, count, 1, () => {
          tile(left, offsets, to, 0);
          f.increase(left, height * run.step);
          f.increase(to, height * rowBytes);
        });
      }
    };
    walk(0, at.left);
  }
}

type WriteTile = (left: Local<'i32'>, offsets: readonly number[], to: Local<'i32'>, toOffset: number) => void;

/** So many rows as tiles of at most `tileRows`, as equal as possible: 9 are 3 + 3 + 3. */
function tilesOf(rows: number): { readonly height: number; readonly count: number }[] {
  const tiles = Math.ceil(rows / tileRows);
  const low = Math.floor(rows / tiles);
  const high = rows - low * tiles;
  return [
    { height: low + 1, count: high },
    { height: low, count: tiles - high },
  ].filter(({ count }) => count > 0);
}

/** Joins neighboring axes whose rows are equally far apart throughout. */
function mergeRows(axes: readonly RowAxis[]): RowAxis[] {
  const merged: RowAxis[] = [];
  for (const axis of axes) {
    const outer = merged[merged.length - 1];
    if (outer && (axis.length === 1 || outer.length === 1)) {
      if (outer.length === 1) merged[merged.length - 1] = axis;
    } else if (outer && outer.step === axis.step * axis.length) {
      merged[merged.length - 1] = { length: outer.length * axis.length, step: axis.step };
    } else merged.push(axis);
  }
  return merged;
}
