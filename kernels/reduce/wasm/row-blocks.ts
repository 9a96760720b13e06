/**
 * Few results of many values, in blocks. The reduced indices are the rows of a result, of one value or of `columns`
 * results side by side. How many rows a block has does not depend on the number of threads, so neither does the result:
 *
 *     stage 1:  saved[result, block] = fold over the rows of the block of value(result, row)
 *     stage 2:  out[result]          = fold over the blocks, in order, of saved[result, block]
 */
import type { Space, SpaceAxis } from '../../elementwise/wasm/iteration-space.ts';
import { type DType, sizeOf } from '../../support/contract.ts';
import { i32, type Target } from '../../support/wasm/assembler/index.ts';
import type { WasmStage } from '../../support/wasm/wasm-kernel.ts';
import type { ReduceAttributes } from '../index.ts';
import { mostCollected } from './lane-accumulator.ts';
import type { BlockReduction, LaneReduction } from './lane-reductions.ts';

/** Values of a block: 128 KiB of floats, which takes some microseconds. */
const blockValues = 32768;
/** With so many items there is work for every thread without blocks. */
const manyItems = 64;

/** One call, and what follows from it. */
export interface VectorReduction {
  readonly attributes: ReduceAttributes;
  readonly operator: LaneReduction;
  readonly target: Target;
  /** Of the values. */
  readonly dtype: DType;
  /** Bytes of a result. */
  readonly outputBytes: number;
  readonly results: number;
  readonly space: Space;
}

/** The blocks of every result. */
export interface RowBlocks {
  readonly operator: BlockReduction;
  readonly count: number;
  /** Rows of a block; the last one may have fewer. */
  readonly rows: number;
}

/** The numbers from 0 to `count` - 1. */
export function numbersTo(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at);
}

/** Points of the space of some axes. */
export function pointsOf(axes: readonly SpaceAxis[]): number {
  return sizeOf(axes.map(({ length }) => length));
}

/**
 * The blocks in which `items` items of `rows` rows of `columns` values are computed; undefined if that would not help: with
 * 64 items or more, or up to two blocks of rows, or where results cannot be combined (argMax).
 */
export function rowBlocksOf(
  operator: LaneReduction,
  rows: number,
  columns: number,
  items: number,
): RowBlocks | undefined {
  const blockRows = Math.max(mostCollected, Math.ceil(blockValues / columns));
  if (!operator.combine || items >= manyItems || rows <= 2 * blockRows) return undefined;
  return { operator, count: Math.ceil(rows / blockRows), rows: blockRows };
}

/**
 * Stage 2. Result number outer · columns + column has its lanes saved at places (outer · count + block) · pitch + column
 * of the scratch memory, for block from 0 to count - 1.
 */
export function combiningStage(
  { dtype, outputBytes, results }: VectorReduction,
  { operator, count }: RowBlocks,
  columns: number,
  pitch: number,
): WasmStage {
  const bytes = operator.savedBytes(dtype);
  return {
    items: results,
    elementsPerItem: 1,
    write: (f, { first, end }, { outputs: [output], scratch }) => {
      f.for(first, end, 1, (item) => {
        const column = columns === 1 ? 0 : i32.remainder(item, columns);
        const outer = columns === 1 ? item : i32.divide(item, columns);
        const at = i32.add(i32.multiply(outer, count * pitch), column);
        const from = i32.add(scratch, i32.multiply(at, bytes));
        const to = i32.add(output, i32.multiply(item, outputBytes));
        operator.combine(f, dtype, { from, step: pitch * bytes, count }, to);
      });
    },
  };
}
