/** Four sums in float64, one for each lane of the vectors of floats that are added to them. */
import { type FunctionBuilder, f64x2, i8x16, i32x4, type Local, type Vector } from './assembler/index.ts';
import { narrow } from './vector-math/lanes.ts';

/** Bytes 8 to 15, twice: lanes 2 and 3 at the places of 0 and 1. */
const upperHalf = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15];

export class DoubleLanes {
  /** Sums 0 and 1. */
  readonly low: Local<'v128'>;
  /** Sums 2 and 3. */
  readonly high: Local<'v128'>;
  readonly #f: FunctionBuilder;

  constructor(f: FunctionBuilder) {
    this.#f = f;
    this.low = f.local('v128');
    this.high = f.local('v128');
  }

  /** sums = 0 */
  clear(): void {
    // Four integers 0 are two doubles 0.
    for (const pair of [this.low, this.high]) this.#f.set(pair, i32x4.constant(0, 0, 0, 0));
  }

  /** sums[lane] += floats[lane] */
  add(floats: Local<'v128'>): void {
    const f = this.#f;
    f.set(this.low, f64x2.add(this.low, f64x2.promoteLow(floats)));
    f.set(this.high, f64x2.add(this.high, f64x2.promoteLow(i8x16.shuffle(floats, floats, upperHalf))));
  }

  /** The sums as four floats, each rounded once. */
  rounded(): Vector {
    return narrow(this.low, this.high);
  }
}
