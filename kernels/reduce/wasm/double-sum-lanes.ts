/** Sums of floats in vector lanes: float32 for a few vectors, then float64. */
import { constantRegister } from '../../elementwise/wasm/loads.ts';
import {
  type FunctionBuilder,
  f32,
  f32x4,
  f64,
  f64x2,
  type Integer,
  i32,
  type Local,
  v128,
} from '../../support/wasm/assembler/index.ts';
import { DoubleLanes } from '../../support/wasm/double-lanes.ts';
import { BlockAccumulator, type SavedLanes } from './lane-accumulator.ts';

/** A saved lane is a double. */
export class DoubleSumLanes extends BlockAccumulator {
  readonly neutral: Local<'v128'>;
  override readonly merge = f32x4.add;
  override readonly collects = true;
  readonly #collected: Local<'v128'>;
  readonly #totals: DoubleLanes;

  constructor(f: FunctionBuilder) {
    super(f);
    this.neutral = constantRegister(f, 'float32', 0);
    this.#collected = f.local('v128');
    this.#totals = new DoubleLanes(f);
  }

  start(): void {
    const { low, high } = this.#totals;
    for (const local of [this.#collected, low, high]) this.f.set(local, this.neutral);
  }

  fold(values: Local<'v128'>): void {
    this.#totals.add(values);
  }

  override collect(values: Local<'v128'>): void {
    this.f.set(this.#collected, f32x4.add(this.#collected, values));
  }

  override settle(): void {
    this.#totals.add(this.#collected);
    this.f.set(this.#collected, this.neutral);
  }

  storeTotal(address: Integer): void {
    this.f.do(f32.store(address, f32.demote(this.#total())));
  }

  storeLanes(address: Integer, count?: Local<'i32'>): void {
    this.storeResults('float32', address, this.#totals.rounded(), count);
  }

  saveTotal(address: Integer): void {
    this.f.do(f64.store(address, this.#total()));
  }

  saveLanes(address: Integer): void {
    this.f.do(v128.store(address, this.#totals.low));
    this.f.do(v128.store(address, this.#totals.high, 16));
  }

  restoreLanes(address: Integer): void {
    this.f.set(this.#collected, this.neutral);
    this.f.set(this.#totals.low, v128.load(address));
    this.f.set(this.#totals.high, v128.load(address, 16));
  }

  #total() {
    const pairs = this.f.keep(f64x2.add(this.#totals.low, this.#totals.high));
    return f64.add(f64x2.extractLane(pairs, 0), f64x2.extractLane(pairs, 1));
  }
}

/** See `BlockReduction`. */
export function combineDoubles(f: FunctionBuilder, { from, step, count }: SavedLanes, to: Integer): void {
  const pointer = f.keep(i32.add(from, 0));
  const sum = f.keep(f64.constant(0));
  f.for(0, count, 1, () => {
    f.set(sum, f64.add(sum, f64.load(pointer)));
    f.increase(pointer, step);
  });
  f.do(f32.store(to, f32.demote(sum)));
}
