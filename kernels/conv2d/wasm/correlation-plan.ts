/** The plan of a correlation: its sizes, where its packed weights lie, and which output pixels a block has. */
import { packedBytes } from '../../matmul/wasm/packing.ts';
import {
  type Expression,
  type FunctionBuilder,
  type Integer,
  i32,
  type Local,
} from '../../support/wasm/assembler/index.ts';
import { type CorrelationAxis, forEachResidue, type Residues } from './correlation-axis.ts';
import { copyBytes, mostRows, type PixelBlock, type WindowSource } from './source-rows.ts';

/** Pixels of one residue in a block, if one row has no more. */
const blockPixels = 256;
/** Bytes of the copied rows of a block: they should stay in the second-level cache. */
const blockBytes = 256 * 1024;

/** One correlation; the source is input 0, the weights are input 1. */
export interface Correlation extends WindowSource {
  readonly batch: number;
  /** Channels of a pixel of the output. */
  readonly outputChannels: number;
  readonly groups: number;
  /** Source channels and output channels of one group. */
  readonly groupSources: number;
  readonly groupOutputs: number;
  /** Each output channel meets the source channel of its own number only; then all are one group, with groupSources 1. */
  readonly depthwise: boolean;
  readonly weightSteps: WeightSteps;
}

/** Bytes in the weights from one of these to the next. */
export interface WeightSteps {
  readonly tapRow: number;
  readonly tapColumn: number;
  readonly source: number;
  readonly output: number;
  readonly group: number;
}

/** All pairs of a residue of rows and one of columns whose windows have so many taps. */
export interface WindowShape {
  readonly rows: Residues;
  readonly columns: Residues;
  /** Products that are added up for one output: rows.taps · columns.taps · groupSources. */
  readonly depth: number;
  /** Where in the packed weights those of the first pair begin, and bytes from one pair to the next. */
  readonly packedAt: number;
  readonly packedBytes: number;
}

/** The output pixels of one residue of rows, and one of columns: they meet the same taps. */
export interface PixelResidue {
  readonly shape: WindowShape;
  /** Their least taps. */
  readonly tapRow: Integer;
  readonly tapColumn: Integer;
}

export interface CorrelationPlan {
  readonly correlation: Correlation;
  readonly shapes: readonly WindowShape[];
  /** Bytes of the packed weights of all shapes. */
  readonly packedBytes: number;
  readonly block: PixelBlock;
  /** Bytes for the copied source rows of one image of a block. */
  readonly copyBytes: number;
}

export function correlationPlan(correlation: Correlation): CorrelationPlan {
  const { rows, columns, groups, groupSources, groupOutputs } = correlation;
  const shapes: WindowShape[] = [];
  let packedAt = 0;
  for (const rowResidues of rows.residues) {
    for (const columnResidues of columns.residues) {
      const depth = rowResidues.taps * columnResidues.taps * groupSources;
      const bytes = groups * packedBytes(depth, groupOutputs);
      shapes.push({ rows: rowResidues, columns: columnResidues, depth, packedAt, packedBytes: bytes });
      packedAt += countOf(rowResidues) * countOf(columnResidues) * bytes;
    }
  }
  const block = blockOf(correlation);
  return {
    correlation,
    shapes,
    packedBytes: packedAt,
    block,
    copyBytes: copyBytes(correlation, block.rows),
  };
}

/** The most output pixels of one residue in a block of so many rows of one image. */
export function residuePixels({ rows, columns }: WindowSource, outputRows: number): number {
  const perAxis = (outputs: number, { outputStep }: CorrelationAxis): number =>
    Math.ceil(outputs / outputStep);
  return perAxis(outputRows, rows) * perAxis(columns.outputs, columns);
}

/** Calls `write` for each pair of residues. */
export function forEachPixelResidue(
  f: FunctionBuilder,
  shapes: readonly WindowShape[],
  write: (residue: PixelResidue) => void,
): void {
  for (const shape of shapes) {
    forEachResidue(f, shape.rows, (tapRow) => {
      forEachResidue(f, shape.columns, (tapColumn) => write({ shape, tapRow, tapColumn }));
    });
  }
}

/** The address of a residue's packed weights: group after group, panel after panel. */
export function packedWeights(
  { shape, tapRow, tapColumn }: PixelResidue,
  packed: Local<'i32'>,
): Expression<'i32'> {
  const { rows, columns, packedAt, packedBytes } = shape;
  const row = i32.multiply(i32.subtract(tapRow, rows.first), countOf(columns));
  const number = i32.add(row, i32.subtract(tapColumn, columns.first));
  return i32.add(i32.add(packed, packedAt), i32.multiply(number, packedBytes));
}

/** Enough pixels for the tiles, few enough for their windows to stay in the cache. */
function blockOf(correlation: Correlation): PixelBlock {
  const { batch, rows } = correlation;
  const most = mostRows(
    rows.outputs,
    (count) =>
      residuePixels(correlation, count) <= blockPixels && copyBytes(correlation, count) <= blockBytes,
  );
  if (most < rows.outputs) return { images: 1, rows: most };
  const images = Math.min(
    batch,
    Math.floor(blockPixels / residuePixels(correlation, most)),
    Math.floor(blockBytes / Math.max(1, copyBytes(correlation, most))),
  );
  return { images: Math.max(1, images), rows: most };
}

function countOf({ first, end }: Residues): number {
  return end - first;
}
