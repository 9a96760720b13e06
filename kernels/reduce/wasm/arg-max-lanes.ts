/** Positions of maxima in vector lanes. A value replaces the best of its lane if it is greater, or the first NaN. */
import { constantRegister } from '../../elementwise/wasm/loads.ts';
import type { DType } from '../../support/contract.ts';
import {
  type FunctionBuilder,
  f32,
  f32x4,
  type Integer,
  i32,
  i32x4,
  type Local,
  select,
  type Vector,
  v128,
} from '../../support/wasm/assembler/index.ts';
import { LaneAccumulator } from './lane-accumulator.ts';

/** Four saved lanes are four best values, then their positions. */
export class ArgMaxLanes extends LaneAccumulator {
  readonly neutral: Local<'v128'>;
  readonly #dtype: DType;
  readonly #zero: Local<'v128'>;
  readonly #best: Local<'v128'>;
  readonly #positions: Local<'v128'>;

  constructor(f: FunctionBuilder, dtype: DType, least: number) {
    super(f);
    this.#dtype = dtype;
    // Bools are compared as the integers 0 and 1.
    this.neutral = constantRegister(f, dtype === 'bool' ? 'int32' : dtype, least);
    this.#zero = constantRegister(f, 'int32', 0);
    this.#best = f.local('v128');
    this.#positions = f.local('v128');
  }

  start(): void {
    this.f.set(this.#best, this.neutral);
    this.f.set(this.#positions, this.#zero);
  }

  fold(values: Local<'v128'>, positions: () => Vector): void {
    const { f } = this;
    const value = this.#dtype === 'bool' ? f.keep(i32x4.negate(values)) : values;
    const replaces = f.keep(
      this.#dtype === 'float32'
        ? v128.andNot(f32x4.equal(this.#best, this.#best), f32x4.lessEqual(value, this.#best))
        : i32x4.greater(value, this.#best),
    );
    f.set(this.#best, v128.select(value, this.#best, replaces));
    f.set(this.#positions, v128.select(positions(), this.#positions, replaces));
  }

  /** The best lane's position; the lowest one, if several are as good. */
  storeTotal(address: Integer): void {
    const { f } = this;
    const position = f.keep(i32x4.extractLane(this.#positions, 0));
    const takeLane = (better: Integer, same: Integer, lanePosition: Local<'i32'>): Local<'i32'> => {
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
        const takes = takeLane(better, same, f.keep(i32x4.extractLane(this.#positions, lane)));
        f.set(best, select(value, best, takes));
      }
    } else {
      const best = f.keep(i32x4.extractLane(this.#best, 0));
      for (const lane of [1, 2, 3]) {
        const value = f.keep(i32x4.extractLane(this.#best, lane));
        const lanePosition = f.keep(i32x4.extractLane(this.#positions, lane));
        const takes = takeLane(i32.greater(value, best), i32.equal(value, best), lanePosition);
        f.set(best, select(value, best, takes));
      }
    }
    f.do(i32.store(address, position));
  }

  storeLanes(address: Integer, count?: Local<'i32'>): void {
    this.storeResults('int32', address, this.#positions, count);
  }

  saveLanes(address: Integer): void {
    this.f.do(v128.store(address, this.#best));
    this.f.do(v128.store(address, this.#positions, 16));
  }

  restoreLanes(address: Integer): void {
    this.f.set(this.#best, v128.load(address));
    this.f.set(this.#positions, v128.load(address, 16));
  }
}
