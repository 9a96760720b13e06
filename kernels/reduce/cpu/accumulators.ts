/**
 * The totals of a reduction: each class folds consecutive values into its outputs, in order. The loops repeat on
 * purpose: a function that sees one type of array runs faster than a shared one.
 */
import type { DType, NumericArray } from '../../support/contract.ts';
import { leastValue, type ReduceOperator } from '../index.ts';

/** Totals under way. A call takes values[at … at + count - 1]; all index arguments are whole numbers from 0 on. */
export interface Accumulator {
  start(output: NumericArray): void;
  /** total[out] ∘= each value. The first one has index `position` on the reduced axis. */
  along(values: NumericArray, at: number, count: number, out: number, position: number): void;
  /**
   * total[out + (column + i) % columns] ∘= value i, for i from 0 to count - 1: rows of `columns` results. The index of
   * value i on the reduced axis is position + ⌊(column + i) / columns⌋.
   */
  across(
    values: NumericArray,
    at: number,
    count: number,
    out: number,
    column: number,
    columns: number,
    position: number,
  ): void;
  finish(output: NumericArray): void;
}

/** By operator: the accumulator of values of a dtype for `size` results. */
export const accumulators = {
  sum: (values, size) => (values === 'float32' ? new DoubleSums(size) : new WrappingSums(size)),
  max: (values) => new FoldedOutputs(leastValue[values], Math.max),
  argMax: (values, size) => new MaximumPositions(leastValue[values], size),
} satisfies Record<ReduceOperator, (values: DType, size: number) => Accumulator>;

/** Sums of floats: float64 all the way, rounded once by `finish`. */
class DoubleSums implements Accumulator {
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

  across(
    values: Float32Array,
    at: number,
    count: number,
    out: number,
    column: number,
    columns: number,
  ): void {
    const { totals } = this;
    for (let i = 0, to = column; i < count; i++) {
      totals[out + to] += values[at + i];
      if (++to === columns) to = 0;
    }
  }

  finish(output: NumericArray): void {
    output.set(this.totals);
  }
}

/** Sums of int32 and bool, in int32: the store into an Int32Array wraps. */
class WrappingSums implements Accumulator {
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
    column: number,
    columns: number,
  ): void {
    const { totals } = this;
    for (let i = 0, to = column; i < count; i++) {
      totals[out + to] += values[at + i];
      if (++to === columns) to = 0;
    }
  }

  finish(output: NumericArray): void {
    output.set(this.totals);
  }
}

/** A function of two values, folded in the output itself; Math.max keeps a NaN. */
class FoldedOutputs implements Accumulator {
  private readonly first: number;
  private readonly join: (total: number, value: number) => number;
  private output: NumericArray = new Float32Array(0);

  constructor(first: number, join: (total: number, value: number) => number) {
    this.first = first;
    this.join = join;
  }

  start(output: NumericArray): void {
    this.output = output;
    output.fill(this.first);
  }

  along(values: NumericArray, at: number, count: number, out: number): void {
    const { join } = this;
    let total = this.output[out];
    for (let i = 0; i < count; i++) total = join(total, values[at + i]);
    this.output[out] = total;
  }

  across(
    values: NumericArray,
    at: number,
    count: number,
    out: number,
    column: number,
    columns: number,
  ): void {
    const { output, join } = this;
    for (let i = 0, to = column; i < count; i++) {
      output[out + to] = join(output[out + to], values[at + i]);
      if (++to === columns) to = 0;
    }
  }

  finish(): void {
    this.output = new Float32Array(0);
  }
}

/** Positions of maxima. A value replaces the best so far if it is greater, or the first NaN. */
class MaximumPositions implements Accumulator {
  private readonly best: Float64Array;
  private readonly least: number;
  private readonly positions: Int32Array;

  constructor(least: number, size: number) {
    this.best = new Float64Array(size);
    this.positions = new Int32Array(size);
    this.least = least;
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
    column: number,
    columns: number,
    position: number,
  ): void {
    const { best, positions } = this;
    for (let i = 0, to = column, row = position; i < count; i++) {
      const value = values[at + i];
      if (!(value <= best[out + to] || Number.isNaN(best[out + to]))) {
        best[out + to] = value;
        positions[out + to] = row;
      }
      if (++to === columns) {
        to = 0;
        row++;
      }
    }
  }

  finish(output: NumericArray): void {
    output.set(this.positions);
  }
}
