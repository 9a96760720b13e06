/** A reduction whose lanes one instruction folds: sums of integers, which wrap, and maxima. */
import { constantRegister } from '../../elementwise/wasm/loads.ts';
import type { DType } from '../../support/contract.ts';
import {
  type FunctionBuilder,
  type Integer,
  i8x16,
  i32,
  i32x4,
  type Local,
  type Vector,
  v128,
} from '../../support/wasm/assembler/index.ts';
import { upperHalf } from '../../support/wasm/vector-math/lanes.ts';
import { BlockAccumulator, type SavedLanes } from './lane-accumulator.ts';

/** What is folded. */
export interface LaneFold {
  /** Of the results. */
  readonly dtype: DType;
  readonly neutral: number;
  /** a ∘ b in each lane. Its order must not matter. */
  readonly join: (a: Vector, b: Vector) => Vector;
  /** Whether the values are bools, to be folded as the integers 1 and 0. Default false. */
  readonly counts?: boolean;
}

/** A saved lane is a result; of bools, a mask. */
export class FoldingLanes extends BlockAccumulator {
  readonly neutral: Local<'v128'>;
  override readonly merge: (a: Vector, b: Vector) => Vector;
  readonly #dtype: DType;
  readonly #counts: boolean;
  readonly #lanes: Local<'v128'>;

  constructor(f: FunctionBuilder, { dtype, neutral, join, counts = false }: LaneFold) {
    super(f);
    this.#dtype = dtype;
    this.#counts = counts;
    this.neutral = constantRegister(f, dtype, neutral);
    this.merge = join;
    this.#lanes = f.local('v128');
  }

  override valuesOf(register: Local<'v128'>): Local<'v128'> {
    return this.#counts ? this.f.keep(i32x4.negate(register)) : register;
  }

  start(): void {
    this.f.set(this.#lanes, this.neutral);
  }

  fold(values: Local<'v128'>): void {
    this.f.set(this.#lanes, this.merge(this.#lanes, values));
  }

  storeTotal(address: Integer): void {
    const total = this.#total();
    if (this.#dtype !== 'bool') this.f.do(v128.storeLane32(address, total, 0));
    else this.f.do(i32.storeByte(address, i32.and(i32x4.extractLane(total, 0), 1)));
  }

  storeLanes(address: Integer, count?: Local<'i32'>): void {
    this.storeResults(this.#dtype, address, this.#lanes, count);
  }

  saveTotal(address: Integer): void {
    this.f.do(v128.storeLane32(address, this.#total(), 0));
  }

  saveLanes(address: Integer): void {
    this.f.do(v128.store(address, this.#lanes));
  }

  restoreLanes(address: Integer): void {
    this.f.set(this.#lanes, v128.load(address));
  }

  /** The total, in lane 0: (lane 0 ∘ lane 2) ∘ (lane 1 ∘ lane 3). */
  #total(): Local<'v128'> {
    const { f } = this;
    const pairs = f.keep(this.merge(this.#lanes, upperHalf(this.#lanes)));
    const odd = i8x16.shuffle(pairs, pairs, [4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7]);
    return f.keep(this.merge(pairs, odd));
  }
}

/** See `BlockReduction`. */
export function combineLanes(
  f: FunctionBuilder,
  accumulator: () => FoldingLanes,
  { from, step, count }: SavedLanes,
  to: Integer,
): void {
  const pointer = f.keep(i32.add(from, 0));
  const result = accumulator();
  result.start();
  f.for(0, count, 1, () => {
    result.fold(f.keep(v128.loadSplat32(pointer)));
    f.increase(pointer, step);
  });
  result.storeLanes(to, f.keep(i32.constant(1)));
}
