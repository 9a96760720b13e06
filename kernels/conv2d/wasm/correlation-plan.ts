/** What a correlation is given by, and how its work is cut up into phases and blocks. */
import { packedBytes } from '../../matmul/wasm/packing.ts';
import { type Integer, i32 } from '../../support/wasm/assembler/index.ts';
import { type CorrelationAxis, numberOf, type PhaseClass } from './correlation-axis.ts';
import { copySlack, type PaddedRows, paddedRowBytes } from './padded-rows.ts';

/** Pixels of one phase in a block, if one row has no more. */
const blockPixels = 256;
/** Bytes of the copied rows of a block: they should stay in the second-level cache. */
const blockBytes = 256 * 1024;
/** One correlation; the source is input 0, the weights are input 1. */
export interface Correlation {
  readonly batch: number;
  readonly rows: CorrelationAxis;
  readonly columns: CorrelationAxis;
  /** Channels of a pixel of the source and of the output. */
  readonly sourceChannels: number;
  readonly outputChannels: number;
  readonly groups: number;
  /** Source channels and output channels of one group. */
  readonly groupSources: number;
  readonly groupOutputs: number;
  /** Each output channel meets the source channel of its own number only, and there is one group. */
  readonly depthwise: boolean;
  /** Bytes in the weights from one tap to the next, from one channel to the next, and from one group to the next. */
  readonly tapRowStep: number;
  readonly tapColumnStep: number;
  readonly sourceStep: number;
  readonly outputStep: number;
  readonly groupStep: number;
}

/** A class of phases of rows with one of columns: they have windows of one size. */
export interface WindowClass {
  readonly rows: PhaseClass;
  readonly columns: PhaseClass;
  /** Products that are added up for one output. */
  readonly depth: number;
  /** Where the packed weights of its first phase begin, and bytes from one phase to the next. */
  readonly packedAt: number;
  readonly phaseBytes: number;
}

/** How the work is cut up. */
export interface Blocks {
  /** Whether the source is copied between zeros, or read where it lies. */
  readonly copies: boolean;
  readonly padded: PaddedRows;
  /** Output rows of a band (of one image), and bands (of whole images, if several) of a block. */
  readonly bandRows: number;
  readonly bands: number;
  /** Bytes for the copy of one band. */
  readonly bandBytes: number;
}

/** The classes of phases, and the place of their packed weights: class after class, in each phase after phase. */
export function windowClasses({
  rows,
  columns,
  groups,
  groupSources,
  groupOutputs,
}: Correlation): WindowClass[] {
  const classes: WindowClass[] = [];
  let packedAt = 0;
  for (const rowClass of rows.classes) {
    for (const columnClass of columns.classes) {
      const depth = rowClass.taps * columnClass.taps * groupSources;
      const phaseBytes = groups * packedBytes(depth, groupOutputs);
      classes.push({ rows: rowClass, columns: columnClass, depth, packedAt, phaseBytes });
      const phases = (rowClass.end - rowClass.first) * (columnClass.end - columnClass.first);
      packedAt += phases * phaseBytes;
    }
  }
  return classes;
}

/** Blocks with enough pixels for the tiles, whose windows stay in the cache. */
export function blocksOf(correlation: Correlation): Blocks {
  const { batch, rows, columns, sourceChannels } = correlation;
  const copies = rows.zerosBefore + rows.zerosBehind + columns.zerosBefore + columns.zerosBehind > 0;
  const padded: PaddedRows = {
    height: rows.sources,
    width: columns.sources,
    channels: sourceChannels,
    zerosLeft: columns.zerosBefore,
    zerosRight: columns.zerosBehind,
  };
  const bytesOfBand = (outputRows: number): number => {
    if (!copies) return 0;
    const length = numberOf(rows.sourceLength(outputRows)) * paddedRowBytes(padded) + copySlack;
    return Math.ceil(length / 64) * 64;
  };
  const fits = (outputRows: number): boolean =>
    phasePixels(correlation, outputRows) <= blockPixels && bytesOfBand(outputRows) <= blockBytes;
  let bandRows = 1;
  while (bandRows < rows.outputs && fits(bandRows + 1)) bandRows++;
  const bandBytes = bytesOfBand(bandRows);
  if (bandRows < rows.outputs) {
    return { copies, padded, bandRows, bandBytes, bands: 1 };
  }
  const pixels = phasePixels(correlation, rows.outputs);
  const bands = Math.min(
    batch,
    Math.floor(blockPixels / pixels),
    Math.floor(blockBytes / Math.max(1, bandBytes)),
  );
  return { copies, padded, bandRows, bandBytes, bands: Math.max(1, bands) };
}

/** Where the packed weights of one phase begin. */
export function packedPhase(
  { rows, columns, packedAt, phaseBytes }: WindowClass,
  scratch: Integer,
  firstTapRow: Integer,
  firstTapColumn: Integer,
): Integer {
  const row = i32.multiply(i32.subtract(firstTapRow, rows.first), columns.end - columns.first);
  const number = i32.add(row, i32.subtract(firstTapColumn, columns.first));
  return i32.add(i32.add(scratch, packedAt), i32.multiply(number, phaseBytes));
}

/** The most pixels of one phase in so many output rows. */
export function phasePixels({ rows, columns }: Correlation, outputRows: number): number {
  return Math.ceil(outputRows / rows.outputStep) * Math.ceil(columns.outputs / columns.outputStep);
}
