/**
 * How the work of a weight gradient is divided; sizes alone decide, never the number of threads.
 *
 *     block     some output rows of an image, or some whole images: ≤ 512 pixels, ≤ 256 KiB of copies, but at least one row
 *     part      blocks part · blocksPerPart, …: at most 16 parts, of about 256 pixels or more, with ≤ 2^20 sums in all
 *     item      one part and one range of panels; ranges are more than one if there are fewer than 8 parts
 *
 * For weight [3,3,1,16] and y [64,26,26,16]: 13 rows a block, 2 blocks an image, 128 in all; 16 parts of 8 blocks; the 2 panels
 * are one range. So there are 16 items, and sums of 16 · 144 floats, whatever the number of threads.
 */
import { panelCount } from '../../matmul/wasm/packing.ts';
import { mostPartialSums, partialSumCount } from '../../matmul/wasm/tile.ts';
import type { Conv2dGeometry } from '../geometry.ts';
import { forwardAxis } from './correlation-axis.ts';
import { copyBytes, mostRows, type PixelBlock, type WindowSource } from './source-rows.ts';

/** Output pixels of a block, if one row has no more: a packed panel of so many is 16 KiB. */
const blockPixels = 512;
/** Bytes of the copied rows of a block: they should stay in the second-level cache. */
const blockBytes = 256 * 1024;
/** Parts, if there are so many blocks: enough for as many threads. */
const mostParts = 16;
/** Output pixels of a part, about: with fewer, adding up parts and tiles would take as long as the products. */
const fewestPartPixels = 256;
/** Items that there should be for the threads; if there are fewer parts, the panels are divided too. */
const wantedItems = 8;
/** The most memory for the sums of all parts, if they are floats; doubles may take twice as much. */
const mostSumBytes = 4 << 20;
/** From so many rows of dWeight on packing dY costs less than it gives. */
const fewestRowsToPack = 16;

export interface WeightGradientPlan {
  readonly geometry: Conv2dGeometry;
  readonly depthwise: boolean;
  readonly source: WindowSource;
  /** Output pixels that are taken at once, and bytes for the copy of one image's source rows. */
  readonly block: PixelBlock;
  readonly copyBytes: number;
  /** Blocks number every − 1, 2 · every − 1, … are smaller; undefined if none is. */
  readonly smaller: { readonly block: PixelBlock; readonly every: number } | undefined;
  /** Blocks of an image; 1 if a block has whole images. */
  readonly blocksPerImage: number;
  readonly blocks: number;
  /** Parts of the sum over blocks, which have sums of their own. */
  readonly parts: number;
  readonly blocksPerPart: number;
  /** Panels of all groups, and ranges of them: an item is one range of one part. */
  readonly panels: number;
  readonly ranges: number;
  readonly panelsPerRange: number;
  /** Whether dY is packed. In a depthwise convolution it is a row of channels like x, and meets each tap of x once. */
  readonly packs: boolean;
  /** Bytes of each sum of a part: 8 (doubles) where a part adds up too many for float32, else 4. */
  readonly sumBytes: 4 | 8;
}

export function weightGradientPlan(geometry: Conv2dGeometry, depthwise: boolean): WeightGradientPlan {
  const { batch, channels, windowSize, outChannels, groups, groupOutputs } = geometry;
  const { windows: outHeight } = geometry.rows;
  const { windows: outWidth } = geometry.columns;
  const source = {
    rows: forwardAxis(geometry.rows),
    columns: forwardAxis(geometry.columns),
    sourceChannels: channels,
  };
  const most = mostRows(
    outHeight,
    (rows) => rows * outWidth <= blockPixels && copyBytes(source, rows) <= blockBytes,
  );
  const blocksPerImage = Math.ceil(outHeight / most);
  const rows = Math.ceil(outHeight / blocksPerImage);
  const bytes = copyBytes(source, rows);
  const partLimit = Math.min(
    mostParts,
    Math.ceil((batch * outHeight * outWidth) / fewestPartPixels),
    Math.max(1, Math.floor(mostSumBytes / (windowSize * outChannels * 4))),
  );
  const images = Math.min(
    Math.floor(blockPixels / (outHeight * outWidth)),
    Math.floor(blockBytes / Math.max(1, bytes)),
    Math.ceil(batch / partLimit),
  );
  const block: PixelBlock = { images: Math.max(1, images), rows };
  const blocks = blocksPerImage * Math.ceil(batch / block.images);
  const blocksPerPart = Math.ceil(blocks / partLimit);
  const parts = Math.ceil(blocks / blocksPerPart);
  const panels = depthwise ? panelCount(outChannels) : groups * panelCount(groupOutputs);
  const panelsPerRange = Math.ceil(panels / Math.ceil(wantedItems / parts));
  const partialSums = blocksPerPart * partialSumCount([block.images, rows, outWidth]);
  return {
    geometry,
    depthwise,
    source,
    block,
    copyBytes: bytes,
    smaller: smallerBlock(block, outHeight, batch, blocksPerImage, blocks),
    blocksPerImage,
    blocks,
    parts,
    blocksPerPart,
    panels,
    ranges: Math.ceil(panels / panelsPerRange),
    panelsPerRange,
    packs: !depthwise && windowSize >= fewestRowsToPack,
    sumBytes: partialSums > mostPartialSums ? 8 : 4,
  };
}

/** The last block of each image, or the one of the last images, if the others do not come out even. */
function smallerBlock(
  { images, rows }: PixelBlock,
  outHeight: number,
  batch: number,
  blocksPerImage: number,
  blocks: number,
): WeightGradientPlan['smaller'] {
  if (outHeight % rows > 0) return { block: { images: 1, rows: outHeight % rows }, every: blocksPerImage };
  if (batch % images > 0) return { block: { images: batch % images, rows: outHeight }, every: blocks };
  return undefined;
}
