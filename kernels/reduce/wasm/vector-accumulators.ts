/**
 * The accumulators of a reduction in vector registers: four lanes that fold four values at a time, either to become one
 * result together, or to be a result each. cpu/accumulators.ts has the same in plain loops.
 */

import { constantRegister, storeFour, storeSome } from '../../elementwise/wasm/loads.ts';
import type { DType } from '../../support/contract.ts';
import {
  type FunctionBuilder,
  f32,
  f32x4,
  f64,
  f64x2,
  type Integer,
  i8x16,
  i32,
  i32x4,
  type Local,
  select,
  type Vector,
  v128,
} from '../../support/wasm/assembler/index.ts';
import type { ReduceOperator } from '../index.ts';

/** Four lanes of a reduction. Bools come as masks, all ones or all zeros. */
export interface LaneAccumulator {
  /** What changes nothing, in the lanes where there is no value. */
  readonly neutral: Local<'v128'>;
  /** Of two vectors one, to be folded instead of both; missing if positions would be lost. */
  readonly merge?: (a: Vector, b: Vector) => Vector;
  start(): void;
  /** Folds a vector of values. `positions`, the index of each on the reduced axis, is for `argMax`. */
  fold(values: Local<'v128'>, positions: () => Vector): void;
  /** Folds in a cheaper way, which may be followed by a few tens of its kind before `settle` must be called. */
  collect(values: Local<'v128'>, positions: () => Vector): void;
  settle(): void;
  /** Whether `collect` adds up apart, in float32; otherwise it folds at once. */
  readonly collects: boolean;
  /** Stores the result of all lanes together. */
  storeTotal(address: Integer): void;
  /** Stores the results of the lanes, of the first `count` or of all four. */
  storeLanes(address: Integer, count?: Local<'i32'>): void;
  /** Stores the total as one partial result, for `combine`. */
  storePartialTotal(address: Integer): void;
  /** Stores the lanes as four partial results, one behind the other. */
  storePartialLanes(address: Integer): void;
  /** Starts with the lanes that `storePartialLanes` stored. */
  loadPartialLanes(address: Integer): void;
}

/** The least value of each dtype; of a bool as a mask. */
const lowest: Record<DType, number> = { float32: Number.NEGATIVE_INFINITY, int32: -2147483648, bool: 0 };

/** Bytes of a partial result: a double, a value, or a value and its position. */
export function partialBytes(operator: ReduceOperator, dtype: DType): number {
  return operator === 'argMax' || (operator === 'sum' && dtype === 'float32') ? 8 : 4;
}

const upperHalf = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15];
const lowerHalves = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];

/** Sums in float64; `collect` adds up in float32 first. */
class Float32Sum implements LaneAccumulator {
  readonly neutral: Local<'v128'>;
  readonly merge = f32x4.add;
  readonly collects = true;
  readonly #f: FunctionBuilder;
  readonly #collected: Local<'v128'>;
  /** Lanes 0 and 1, 2 and 3. */
  readonly #low: Local<'v128'>;
  readonly #high: Local<'v128'>;

  constructor(f: FunctionBuilder) {
    this.#f = f;
    this.neutral = constantRegister(f, 'float32', 0);
    this.#collected = f.local('v128');
    this.#low = f.local('v128');
    this.#high = f.local('v128');
  }

  start(): void {
    for (const local of [this.#collected, this.#low, this.#high]) this.#f.set(local, this.neutral);
  }

  fold(values: Local<'v128'>): void {
    this.#f.set(this.#low, f64x2.add(this.#low, f64x2.promoteLow(values)));
    const upper = i8x16.shuffle(values, values, upperHalf);
    this.#f.set(this.#high, f64x2.add(this.#high, f64x2.promoteLow(upper)));
  }

  collect(values: Local<'v128'>): void {
    this.#f.set(this.#collected, f32x4.add(this.#collected, values));
  }

  settle(): void {
    this.fold(this.#collected);
    this.#f.set(this.#collected, this.neutral);
  }

  #total() {
    const pairs = this.#f.keep(f64x2.add(this.#low, this.#high));
    return f64.add(f64x2.extractLane(pairs, 0), f64x2.extractLane(pairs, 1));
  }

  storeTotal(address: Integer): void {
    this.#f.do(f32.store(address, f32.demote(this.#total())));
  }

  storeLanes(address: Integer, count?: Local<'i32'>): void {
    const lanes = i8x16.shuffle(f32x4.demote(this.#low), f32x4.demote(this.#high), lowerHalves);
    storeResults(this.#f, 'float32', address, lanes, count);
  }

  storePartialTotal(address: Integer): void {
    this.#f.do(f64.store(address, this.#total()));
  }

  storePartialLanes(address: Integer): void {
    this.#f.do(v128.store(address, this.#low));
    this.#f.do(v128.store(address, this.#high, 16));
  }

  loadPartialLanes(address: Integer): void {
    this.#f.set(this.#collected, this.neutral);
    this.#f.set(this.#low, v128.load(address));
    this.#f.set(this.#high, v128.load(address, 16));
  }
}

/** Sums of integers, which wrap, and maxima: one vector register, whose lanes are folded by one instruction. */
class SimpleFold implements LaneAccumulator {
  readonly collects = false;
  readonly neutral: Local<'v128'>;
  readonly merge: (a: Vector, b: Vector) => Vector;
  readonly #f: FunctionBuilder;
  readonly #outputType: DType;
  readonly #lanes: Local<'v128'>;

  constructor(
    f: FunctionBuilder,
    outputType: DType,
    neutral: number,
    fold: (a: Vector, b: Vector) => Vector,
  ) {
    this.#f = f;
    this.#outputType = outputType;
    this.neutral = constantRegister(f, outputType, neutral);
    this.merge = fold;
    this.#lanes = f.local('v128');
  }

  start(): void {
    this.#f.set(this.#lanes, this.neutral);
  }

  fold(values: Local<'v128'>): void {
    this.#f.set(this.#lanes, this.merge(this.#lanes, values));
  }

  collect(values: Local<'v128'>): void {
    this.fold(values);
  }

  settle(): void {}

  /** The total, in lane 0. */
  #total(): Local<'v128'> {
    const f = this.#f;
    const pairs = f.keep(this.merge(this.#lanes, i8x16.shuffle(this.#lanes, this.#lanes, upperHalf)));
    const odd = i8x16.shuffle(pairs, pairs, [4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7]);
    return f.keep(this.merge(pairs, odd));
  }

  storeTotal(address: Integer): void {
    const total = this.#total();
    if (this.#outputType !== 'bool') this.#f.do(v128.storeLane32(address, total, 0));
    else this.#f.do(i32.storeByte(address, i32.and(i32x4.extractLane(total, 0), 1)));
  }

  storeLanes(address: Integer, count?: Local<'i32'>): void {
    storeResults(this.#f, this.#outputType, address, this.#lanes, count);
  }

  storePartialTotal(address: Integer): void {
    this.#f.do(v128.storeLane32(address, this.#total(), 0));
  }

  storePartialLanes(address: Integer): void {
    this.#f.do(v128.store(address, this.#lanes));
  }

  loadPartialLanes(address: Integer): void {
    this.#f.set(this.#lanes, v128.load(address));
  }
}

/** Positions of maxima: a value replaces the best of its lane if it is greater, or the first NaN. */
class ArgMax implements LaneAccumulator {
  readonly collects = false;
  readonly neutral: Local<'v128'>;
  readonly #f: FunctionBuilder;
  readonly #dtype: DType;
  readonly #lowest: Local<'v128'>;
  readonly #zero: Local<'v128'>;
  readonly #best: Local<'v128'>;
  readonly #positions: Local<'v128'>;

  constructor(f: FunctionBuilder, dtype: DType) {
    this.#f = f;
    this.#dtype = dtype;
    // Bools are compared as the integers 0 and 1.
    this.#lowest = constantRegister(f, dtype === 'bool' ? 'int32' : dtype, lowest[dtype]);
    this.neutral = this.#lowest;
    this.#zero = constantRegister(f, 'int32', 0);
    this.#best = f.local('v128');
    this.#positions = f.local('v128');
  }

  start(): void {
    this.#f.set(this.#best, this.#lowest);
    this.#f.set(this.#positions, this.#zero);
  }

  fold(values: Local<'v128'>, positions: () => Vector): void {
    const f = this.#f;
    const value = this.#dtype === 'bool' ? f.keep(i32x4.negate(values)) : values;
    const replaces = f.keep(
      this.#dtype === 'float32'
        ? v128.andNot(f32x4.equal(this.#best, this.#best), f32x4.lessEqual(value, this.#best))
        : i32x4.greater(value, this.#best),
    );
    f.set(this.#best, v128.select(value, this.#best, replaces));
    f.set(this.#positions, v128.select(positions(), this.#positions, replaces));
  }

  collect(values: Local<'v128'>, positions: () => Vector): void {
    this.fold(values, positions);
  }

  settle(): void {}

  /** The best lane's position; the lowest one, if several are as good. */
  storeTotal(address: Integer): void {
    const f = this.#f;
    const position = f.keep(i32x4.extractLane(this.#positions, 0));
    const laneTakes = (better: Integer, same: Integer, lanePosition: Local<'i32'>): Local<'i32'> => {
      const takes = f.keep(i32.or(better, i32.and(same, i32.less(lanePosition, position))));
      f.set(position, select(lanePosition, position, takes));
      return takes;
    };
    if (this.#dtype === 'float32') {
      const best = f.keep(f32x4.extractLane(this.#best, 0));
      for (const lane of [1, 2, 3]) {
        const value = f.keep(f32x4.extractLane(this.#best, lane));
        const [valueIsNaN, bestIsNaN] = [f32.notEqual(value, value), f32.notEqual(best, best)];
        const better = i32.or(f32.greater(value, best), i32.and(valueIsNaN, i32.isZero(bestIsNaN)));
        const same = i32.or(f32.equal(value, best), i32.and(valueIsNaN, bestIsNaN));
        const takes = laneTakes(better, same, f.keep(i32x4.extractLane(this.#positions, lane)));
        f.set(best, select(value, best, takes));
      }
    } else {
      const best = f.keep(i32x4.extractLane(this.#best, 0));
      for (const lane of [1, 2, 3]) {
        const value = f.keep(i32x4.extractLane(this.#best, lane));
        const lanePosition = f.keep(i32x4.extractLane(this.#positions, lane));
        const takes = laneTakes(i32.greater(value, best), i32.equal(value, best), lanePosition);
        f.set(best, select(value, best, takes));
      }
    }
    f.do(i32.store(address, position));
  }

  storeLanes(address: Integer, count?: Local<'i32'>): void {
    storeResults(this.#f, 'int32', address, this.#positions, count);
  }

  storePartialTotal(): void {
    throw new TypeError('reduce: argMax is never computed in blocks');
  }

  storePartialLanes(address: Integer): void {
    this.#f.do(v128.store(address, this.#best));
    this.#f.do(v128.store(address, this.#positions, 16));
  }

  loadPartialLanes(address: Integer): void {
    this.#f.set(this.#best, v128.load(address));
    this.#f.set(this.#positions, v128.load(address, 16));
  }
}

function storeResults(
  f: FunctionBuilder,
  dtype: DType,
  address: Integer,
  lanes: Vector,
  count?: Local<'i32'>,
): void {
  if (count === undefined) {
    storeFour(f, dtype, address, lanes);
    return;
  }
  const [to, kept] = [f.keep(i32.add(address, 0)), f.keep(lanes)];
  f.if(
    i32.equal(count, 4),
    () => storeFour(f, dtype, to, kept),
    () => storeSome(f, dtype, to, kept, count),
  );
}

/** The accumulator of `operator` over values of `dtype`. */
export function laneAccumulator(f: FunctionBuilder, operator: ReduceOperator, dtype: DType): LaneAccumulator {
  if (operator === 'argMax') return new ArgMax(f, dtype);
  if (operator === 'max') {
    const folds: Record<DType, (a: Vector, b: Vector) => Vector> = {
      float32: f32x4.maximum,
      int32: i32x4.maximum,
      bool: v128.or,
    };
    return new SimpleFold(f, dtype, lowest[dtype], folds[dtype]);
  }
  if (dtype === 'float32') return new Float32Sum(f);
  // Of bools as well: see `countable`.
  return new SimpleFold(f, 'int32', 0, i32x4.add);
}

/** The values as an accumulator wants them: bools that are counted as the integers 0 and 1. */
export function countable(
  f: FunctionBuilder,
  operator: ReduceOperator,
  dtype: DType,
  values: Local<'v128'>,
): Local<'v128'> {
  return operator === 'sum' && dtype === 'bool' ? f.keep(i32x4.negate(values)) : values;
}

/** Combines `count` partial results, `step` bytes apart, in order, and stores the result. */
export function combine(
  f: FunctionBuilder,
  operator: ReduceOperator,
  dtype: DType,
  { from, step, count }: { readonly from: Integer; readonly step: number; readonly count: number },
  to: Integer,
): void {
  const pointer = f.keep(i32.add(from, 0));
  if (operator === 'sum' && dtype === 'float32') {
    const sum = f.keep(f64.constant(0));
    f.for(0, count, 1, () => {
      f.set(sum, f64.add(sum, f64.load(pointer)));
      f.increase(pointer, step);
    });
    f.do(f32.store(to, f32.demote(sum)));
    return;
  }
  const result = laneAccumulator(f, operator, dtype);
  result.start();
  f.for(0, count, 1, () => {
    result.fold(f.keep(v128.loadSplat32(pointer)), () => result.neutral);
    f.increase(pointer, step);
  });
  result.storeLanes(to, f.keep(i32.constant(1)));
}
