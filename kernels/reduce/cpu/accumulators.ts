/**
 * The accumulators of a reduction: each folds runs of consecutive values into its outputs, in order. The loops repeat on
 * purpose: a function that sees one type of array runs faster than a shared one (see elementwise/instruction-loops.ts).
 */
import type { DType, NumericArray } from '../../support/contract.ts';
import type { ReduceOperator } from '../index.ts';

/**
 * What folds runs of values into outputs; a run is `count` values from `values[at]` on. `position` is the index of its
 * first value on the reduced axis, which only `argMax` reads.
 */
export interface Accumulator {
  start(output: NumericArray): void;
  /** Folds a run that lies along the reduced axis into the one output `out`. */
  along(values: NumericArray, at: number, count: number, out: number, position: number): void;
  /**
   * Folds a run that lies across it: a row of `period` values has an output each, from `out` on, and the run begins
   * with value `start` of a row. So value `i` goes to output `out + (start + i) % period`.
   */
  across(
    values: NumericArray,
    at: number,
    count: number,
    out: number,
    start: number,
    period: number,
    position: number,
  ): void;
  finish(output: NumericArray): void;
}

/** Float sums: float64 all the way, rounded once by `finish`. */
class Float32Sum implements Accumulator {
  private readonly totals: Float64Array;

  constructor(size: number) {
    this.totals = new Float64Array(size);
  }

  start(): void {
    this.totals.fill(0);
  }

  along(values: Float32Array, at: number, count: number, out: number): void {
    let total = this.totals[out];
    for (let i = 0; i < count; i++) total += values[at + i];
    this.totals[out] = total;
  }

  across(values: Float32Array, at: number, count: number, out: number, start: number, period: number): void {
    const { totals } = this;
    for (let i = 0, lane = start; i < count; i++) {
      totals[out + lane] += values[at + i];
      if (++lane === period) lane = 0;
    }
  }

  finish(output: NumericArray): void {
    output.set(this.totals);
  }
}

/** int32 and bool sums, in int32: the store into an Int32Array wraps. */
class Int32Sum implements Accumulator {
  private readonly totals: Int32Array;

  constructor(size: number) {
    this.totals = new Int32Array(size);
  }

  start(): void {
    this.totals.fill(0);
  }

  along(values: Int32Array | Uint8Array, at: number, count: number, out: number): void {
    let total = this.totals[out];
    for (let i = 0; i < count; i++) total = (total + values[at + i]) | 0;
    this.totals[out] = total;
  }

  across(
    values: Int32Array | Uint8Array,
    at: number,
    count: number,
    out: number,
    start: number,
    period: number,
  ): void {
    const { totals } = this;
    for (let i = 0, lane = start; i < count; i++) {
      totals[out + lane] += values[at + i];
      if (++lane === period) lane = 0;
    }
  }

  finish(output: NumericArray): void {
    output.set(this.totals);
  }
}

/** The least value of each dtype: what the maximum of nothing is. */
const lowest: Record<DType, number> = { float32: Number.NEGATIVE_INFINITY, int32: -2147483648, bool: 0 };

/** Maxima, accumulated in the output itself; Math.max keeps a NaN. */
class Maximum implements Accumulator {
  private readonly least: number;
  private output: NumericArray = new Float32Array(0);

  constructor(dtype: DType) {
    this.least = lowest[dtype];
  }

  start(output: NumericArray): void {
    this.output = output;
    output.fill(this.least);
  }

  along(values: NumericArray, at: number, count: number, out: number): void {
    let best = this.output[out];
    for (let i = 0; i < count; i++) best = Math.max(best, values[at + i]);
    this.output[out] = best;
  }

  across(values: NumericArray, at: number, count: number, out: number, start: number, period: number): void {
    const { output } = this;
    for (let i = 0, lane = start; i < count; i++) {
      output[out + lane] = Math.max(output[out + lane], values[at + i]);
      if (++lane === period) lane = 0;
    }
  }

  finish(): void {
    this.output = new Float32Array(0);
  }
}

/** Positions of maxima. A value replaces the best so far if it is greater, or the first NaN. */
class ArgMax implements Accumulator {
  private readonly best: Float64Array;
  private readonly least: number;
  private readonly positions: Int32Array;

  constructor(size: number, dtype: DType) {
    this.best = new Float64Array(size);
    this.positions = new Int32Array(size);
    this.least = lowest[dtype];
  }

  start(): void {
    this.best.fill(this.least);
    this.positions.fill(0);
  }

  along(values: NumericArray, at: number, count: number, out: number, position: number): void {
    let best = this.best[out];
    for (let i = 0; i < count; i++) {
      const value = values[at + i];
      if (value <= best || Number.isNaN(best)) continue;
      best = value;
      this.positions[out] = position + i;
    }
    this.best[out] = best;
  }

  across(
    values: NumericArray,
    at: number,
    count: number,
    out: number,
    start: number,
    period: number,
    position: number,
  ): void {
    const { best, positions } = this;
    for (let i = 0, lane = start, row = position; i < count; i++) {
      const value = values[at + i];
      if (!(value <= best[out + lane] || Number.isNaN(best[out + lane]))) {
        best[out + lane] = value;
        positions[out + lane] = row;
      }
      if (++lane === period) {
        lane = 0;
        row++;
      }
    }
  }

  finish(output: NumericArray): void {
    output.set(this.positions);
  }
}

/** The accumulator of `operator` over values of `dtype`, for `size` outputs. */
export function accumulator(operator: ReduceOperator, dtype: DType, size: number): Accumulator {
  if (operator === 'max') return new Maximum(dtype);
  if (operator === 'argMax') return new ArgMax(size, dtype);
  return dtype === 'float32' ? new Float32Sum(size) : new Int32Sum(size);
}
