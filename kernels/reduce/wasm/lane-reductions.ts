/** How each operator is computed in vector lanes. */
import type { DType } from '../../support/contract.ts';
import {
  type FunctionBuilder,
  f32x4,
  type Integer,
  i32x4,
  v128,
} from '../../support/wasm/assembler/index.ts';
import { leastValue, type ReduceOperator } from '../index.ts';
import { ArgMaxLanes } from './arg-max-lanes.ts';
import { combineDoubles, DoubleSumLanes } from './double-sum-lanes.ts';
import { combineLanes, FoldingLanes, type LaneFold } from './folding-lanes.ts';
import type { BlockAccumulator, LaneAccumulator, SavedLanes } from './lane-accumulator.ts';

/** An operator whose results are each folded in one go. */
interface WholeReduction {
  /** Bytes of a saved lane. */
  readonly savedBytes: (values: DType) => number;
  readonly accumulator: (f: FunctionBuilder, values: DType) => LaneAccumulator;
  readonly combine?: undefined;
}

/** An operator whose results can be folded in blocks. */
export interface BlockReduction {
  readonly savedBytes: (values: DType) => number;
  readonly accumulator: (f: FunctionBuilder, values: DType) => BlockAccumulator;
  /** Writes the code that folds the saved lanes of one result, in order, and stores the result. */
  readonly combine: (f: FunctionBuilder, values: DType, saved: SavedLanes, to: Integer) => void;
}

export type LaneReduction = WholeReduction | BlockReduction;

/** By operator. */
export const laneReductions: Record<ReduceOperator, LaneReduction> = {
  sum: {
    savedBytes: (values) => (values === 'float32' ? 8 : 4),
    accumulator: (f, values) =>
      values === 'float32' ? new DoubleSumLanes(f) : integerSum().accumulator(f, values),
    combine: (f, values, saved, to) => {
      if (values === 'float32') combineDoubles(f, saved, to);
      else integerSum().combine(f, values, saved, to);
    },
  },
  max: folding((values) => ({
    dtype: values,
    neutral: leastValue[values],
    join: { float32: f32x4.maximum, int32: i32x4.maximum, bool: v128.or }[values],
  })),
  argMax: {
    savedBytes: () => 8,
    accumulator: (f, values) => new ArgMaxLanes(f, values, leastValue[values]),
  },
};

/** Integers wrap; bools are counted. */
function integerSum(): BlockReduction {
  return folding((values) => ({
    dtype: 'int32',
    neutral: 0,
    join: i32x4.add,
    counts: values === 'bool',
  }));
}

/** An operator that one instruction folds. */
function folding(foldOf: (values: DType) => LaneFold): BlockReduction {
  const accumulator = (f: FunctionBuilder, values: DType): FoldingLanes =>
    new FoldingLanes(f, foldOf(values));
  return {
    savedBytes: () => 4,
    accumulator,
    combine: (f, values, saved, to) => combineLanes(f, () => accumulator(f, values), saved, to),
  };
}
