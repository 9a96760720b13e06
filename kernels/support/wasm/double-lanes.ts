/** Four totals in float64, one for each lane of the vectors of floats that are joined to them. */
import { type FunctionBuilder, f64x2, i32x4, type Local, type Vector } from './assembler/index.ts';
import { narrow, upperHalf } from './vector-math/lanes.ts';

export class DoubleLanes {
  /** Totals 0 and 1. */
  readonly low: Local<'v128'>;
  /** Totals 2 and 3. */
  readonly high: Local<'v128'>;
  readonly #f: FunctionBuilder;

  constructor(f: FunctionBuilder) {
    this.#f = f;
    this.low = f.local('v128');
    this.high = f.local('v128');
  }

  /** totals = 0 */
  clear(): void {
    this.fill(0);
  }

  /** totals = value */
  fill(value: number): void {
    // Four integers 0 are two doubles 0.
    const start = value === 0 ? i32x4.constant(0, 0, 0, 0) : f64x2.splat(value);
    for (const pair of [this.low, this.high]) this.#f.set(pair, start);
  }

  /** totals[lane] += floats[lane] */
  add(floats: Local<'v128'>): void {
    this.#join(f64x2.add, floats);
  }

  /** totals[lane] *= floats[lane] */
  multiply(floats: Local<'v128'>): void {
    this.#join(f64x2.multiply, floats);
  }

  #join(join: (a: Vector, b: Vector) => Vector, floats: Local<'v128'>): void {
    const f = this.#f;
    f.set(this.low, join(this.low, f64x2.promoteLow(floats)));
    f.set(this.high, join(this.high, f64x2.promoteLow(upperHalf(floats))));
  }

  /** The totals as four floats, each rounded once. */
  rounded(): Vector {
    return narrow(this.low, this.high);
  }
}
