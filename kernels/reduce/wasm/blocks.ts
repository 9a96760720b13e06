/**
 * What the two ways of reducing share: when a reduction is computed in blocks of rows, whose size does not depend on
 * the number of threads, and how the blocks' results are combined.
 */

import type { Axis, Space } from '../../elementwise/wasm/iteration-space.ts';
import { type DType, sizeOf } from '../../support/contract.ts';
import { i32, type Target } from '../../support/wasm/assembler/index.ts';
import type { WasmStage } from '../../support/wasm/wasm-kernel.ts';
import type { ReduceAttributes } from '../index.ts';
import { combine, partialBytes } from './vector-accumulators.ts';

/** Points of a block: 128 KiB of floats, which takes some microseconds. */
const blockPoints = 32768;
/** With so many results there is work for every thread without blocks. */
const manyResults = 64;
/** Rows that are added up in float32 before the sums go to float64. */
export const collectedRows = 16;

/** One call, resolved. */
export interface Reduction {
  readonly attributes: ReduceAttributes;
  readonly target: Target;
  /** Of the values. */
  readonly dtype: DType;
  /** Bytes of a result. */
  readonly outputBytes: number;
  readonly results: number;
  readonly space: Space;
}

/** The numbers from 0 to `count` - 1. */
export function range(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at);
}

/** Points of the space of some axes. */
export function pointsOf(axes: readonly Axis[]): number {
  return sizeOf(axes.map(({ length }) => length));
}

/** How many blocks a reduction of `rows` · `columns` points is computed in, of `blockRows` rows each. */
export function blocksOf(
  { attributes }: Reduction,
  rows: number,
  columns: number,
  items: number,
): { readonly blocks: number; readonly blockRows: number } {
  const blockRows = Math.max(collectedRows, Math.ceil(blockPoints / columns));
  if (attributes.operator === 'argMax' || items >= manyResults || rows <= 2 * blockRows) {
    return { blocks: 1, blockRows: rows };
  }
  return { blocks: Math.ceil(rows / blockRows), blockRows };
}

/** The second stage, where `columns` results lie `pitch` partial results apart from those of the next block. */
export function combiningStage(
  { attributes, dtype, outputBytes, results }: Reduction,
  blocks: number,
  columns: number,
  pitch: number,
): WasmStage {
  const { operator } = attributes;
  const bytes = partialBytes(operator, dtype);
  return {
    items: results,
    elementsPerItem: 1,
    write: (f, { first, end }, { outputs: [output], scratch }) => {
      f.for(first, end, 1, (item) => {
        const column = columns === 1 ? 0 : i32.remainder(item, columns);
        const outer = columns === 1 ? item : i32.divide(item, columns);
        const at = i32.add(i32.multiply(outer, blocks * pitch), column);
        const from = i32.add(scratch, i32.multiply(at, bytes));
        const to = i32.add(output, i32.multiply(item, outputBytes));
        combine(f, operator, dtype, { from, step: pitch * bytes, count: blocks }, to);
      });
    },
  };
}
