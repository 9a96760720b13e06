/** How the sum over pixels of a weight gradient is cut up; sizes alone decide, never the number of threads. */
import { panelCount } from '../../matmul/wasm/packing.ts';
import type { Conv2dGeometry } from '../geometry.ts';
import { type ConvolutionAxis, forwardAxis, numberOf } from './correlation-axis.ts';
import { copySlack, type PaddedRows, paddedRowBytes } from './padded-rows.ts';

/** Pixels of a unit, if one row has no more: a packed panel of so many is 16 KiB. */
const unitPixels = 512;
/** Bytes of the copied rows of a unit: they should stay in the second-level cache. */
const unitBytes = 256 * 1024;
/** Chunks, if there are so many units: enough for as many threads. */
const mostChunks = 16;
/** Pixels of a chunk, about: with fewer, adding up chunks and tiles would take as long as the products. */
const fewestChunkPixels = 256;
/** Items that there should be for the threads; if there are fewer chunks, the panels are divided too. */
const wantedItems = 8;
/** The most memory for the sums of all chunks. */
const mostSumBytes = 4 << 20;
/** The pixels that are taken at once. */
export interface Unit {
  /** Images, and rows of y in each of them. With several images these are all rows. */
  readonly images: number;
  readonly rows: number;
}

/** How the work is cut up. */
export interface Cut {
  readonly unit: Unit;
  /** Every so many units one is smaller than the others; undefined if none is. */
  readonly rest: { readonly unit: Unit; readonly every: number } | undefined;
  /** Units of an image; 1 if a unit has whole images. */
  readonly unitsPerImage: number;
  readonly units: number;
  readonly unitsPerChunk: number;
  readonly chunks: number;
  /** Blocks of panels, for more items than there are chunks; and panels of a block. */
  readonly blocks: number;
  readonly blockPanels: number;
  /** Whether x is copied between zeros, or read where it lies; and bytes for the copy of one image's rows. */
  readonly copies: boolean;
  readonly padded: PaddedRows;
  readonly copyBytes: number;
}

/** Units whose pixels stay in the cache, and enough chunks and blocks of panels for the threads. */
export function cutUp(
  geometry: Conv2dGeometry,
  axes: readonly [ConvolutionAxis, ConvolutionAxis],
  depthwise: boolean,
): Cut {
  const { batch, channels, outHeight, outWidth, windowSize, outChannels } = geometry;
  const [rows, columns] = axes.map(forwardAxis);
  const copies = rows.zerosBefore + rows.zerosBehind + columns.zerosBefore + columns.zerosBehind > 0;
  const padded: PaddedRows = {
    height: rows.sources,
    width: columns.sources,
    channels,
    zerosLeft: columns.zerosBefore,
    zerosRight: columns.zerosBehind,
  };
  const bytesOfRows = (count: number): number => {
    if (!copies) return 0;
    const length = numberOf(rows.sourceLength(count)) * paddedRowBytes(padded) + copySlack;
    return Math.ceil(length / 64) * 64;
  };
  const fits = (count: number): boolean => count * outWidth <= unitPixels && bytesOfRows(count) <= unitBytes;
  let most = 1;
  while (most < outHeight && fits(most + 1)) most++;
  const unitsPerImage = Math.ceil(outHeight / most);
  const unitRows = Math.ceil(outHeight / unitsPerImage);
  const copyBytes = bytesOfRows(unitRows);
  const chunkLimit = Math.min(
    mostChunks,
    Math.ceil((batch * outHeight * outWidth) / fewestChunkPixels),
    Math.max(1, Math.floor(mostSumBytes / (windowSize * outChannels * 4))),
  );
  const roomFor = Math.min(
    Math.floor(unitPixels / (outHeight * outWidth)),
    Math.floor(unitBytes / Math.max(1, copyBytes)),
    Math.ceil(batch / chunkLimit),
  );
  const images = Math.max(1, roomFor);
  const units = unitsPerImage * Math.ceil(batch / images);
  let rest: Cut['rest'];
  if (outHeight % unitRows > 0) {
    rest = { unit: { images: 1, rows: outHeight % unitRows }, every: unitsPerImage };
  } else if (batch % images > 0) {
    rest = { unit: { images: batch % images, rows: outHeight }, every: units };
  }

  const unitsPerChunk = Math.ceil(units / chunkLimit);
  const chunks = Math.ceil(units / unitsPerChunk);
  const panels = panelsOf(geometry, depthwise);
  const blockPanels = Math.ceil(panels / Math.ceil(wantedItems / chunks));
  return {
    unit: { images, rows: unitRows },
    rest,
    unitsPerImage,
    units,
    unitsPerChunk,
    chunks,
    blocks: Math.ceil(panels / blockPanels),
    blockPanels,
    copies,
    padded,
    copyBytes,
  };
}

/** Panels of all groups. */
export function panelsOf({ groups, groupOutputs, outChannels }: Conv2dGeometry, depthwise: boolean): number {
  return depthwise ? panelCount(outChannels) : groups * panelCount(groupOutputs);
}
