/**
 * Reading a view block by block: its axes merged as far as they go, then walked run by run. The copies repeat on purpose:
 * a function that sees one type of array runs faster than a shared one (see instruction-loops.ts).
 */
import type { DType, NumericArray } from '../support/contract.ts';
import { denseStrides, type View } from '../support/view.ts';

/** A view with axes of length 1 dropped and neighbors that are jointly contiguous merged. */
export interface CollapsedView {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  /** Per axis, real elements are those with `low ≤ index < high`. */
  readonly low: readonly number[];
  readonly high: readonly number[];
  readonly offset: number;
  readonly fill: number;
  /** How much of the buffer is needed: one element, none (all of it is fill), a dense range, or a walk. */
  readonly kind: 'uniform' | 'fill' | 'dense' | 'strided';
}

/** Merges what can be merged of `view` over `shape`: a transposed image batch [N, H, W, C] → [C, N, H, W] has 2 axes. */
export function collapse(view: View, shape: readonly number[]): CollapsedView {
  const lengths: number[] = [];
  const strides: number[] = [];
  const low: number[] = [];
  const high: number[] = [];
  let allFill = false;
  for (let axis = 0; axis < shape.length; axis++) {
    const length = shape[axis];
    const stride = view.strides[axis];
    const from = Math.max(0, view.bounds?.[axis][0] ?? 0);
    const to = Math.min(length, view.bounds?.[axis][1] ?? length);
    if (from >= to) allFill = true;
    if (length === 1) continue;
    const outer = lengths.length - 1;
    // An axis without padding folds into its outer neighbor, whose bounds then count inner elements.
    if (outer >= 0 && strides[outer] === stride * length && from === 0 && to === length) {
      lengths[outer] *= length;
      strides[outer] = stride;
      low[outer] *= length;
      high[outer] *= length;
    } else {
      lengths.push(length);
      strides.push(stride);
      low.push(from);
      high.push(to);
    }
  }
  const bounded = lengths.some((length, axis) => low[axis] > 0 || high[axis] < length);
  let kind: CollapsedView['kind'] = 'strided';
  if (allFill) kind = 'fill';
  else if (!bounded && strides.every((stride) => stride === 0)) kind = 'uniform';
  else if (!bounded && lengths.length === 1 && strides[0] === 1) kind = 'dense';
  return { shape: lengths, strides, low, high, offset: view.offset, fill: view.fill ?? 0, kind };
}

/** Copies `count` elements that lie `stride` apart to `out[outAt …]`. */
type CopyRun<Elements extends NumericArray> = (
  source: Elements,
  at: number,
  stride: number,
  out: Elements,
  outAt: number,
  count: number,
) => void;

const copyFloat32: CopyRun<Float32Array> = (source, at, stride, out, outAt, count) => {
  if (stride === 1) for (let i = 0; i < count; i++) out[outAt + i] = source[at + i];
  else if (stride === 0) out.fill(source[at], outAt, outAt + count);
  else for (let i = 0, from = at; i < count; i++, from += stride) out[outAt + i] = source[from];
};

const copyInt32: CopyRun<Int32Array> = (source, at, stride, out, outAt, count) => {
  if (stride === 1) for (let i = 0; i < count; i++) out[outAt + i] = source[at + i];
  else if (stride === 0) out.fill(source[at], outAt, outAt + count);
  else for (let i = 0, from = at; i < count; i++, from += stride) out[outAt + i] = source[from];
};

const copyBool: CopyRun<Uint8Array> = (source, at, stride, out, outAt, count) => {
  if (stride === 1) for (let i = 0; i < count; i++) out[outAt + i] = source[at + i];
  else if (stride === 0) out.fill(source[at], outAt, outAt + count);
  else for (let i = 0, from = at; i < count; i++, from += stride) out[outAt + i] = source[from];
};

/** A copy over any dtype; written as a method so that one table holds the three (see `Loop` in loop-types.ts). */
type AnyCopyRun = {
  run(
    source: NumericArray,
    at: number,
    stride: number,
    out: NumericArray,
    outAt: number,
    count: number,
  ): void;
}['run'];
const copyRuns: Record<DType, AnyCopyRun> = { float32: copyFloat32, int32: copyInt32, bool: copyBool };

/** Reads elements `[base, base + count)` of one view, in row-major order, into a register. */
export class ViewReader {
  private readonly view: CollapsedView;
  private readonly copy: AnyCopyRun;
  /** Row-major strides of the iteration space: `base` divided by them gives the indices. */
  private readonly spaceStrides: readonly number[];
  /** The index on every axis but the innermost. */
  private readonly index: number[];

  constructor(view: CollapsedView, dtype: DType) {
    this.view = view;
    this.copy = copyRuns[dtype];
    this.spaceStrides = denseStrides(view.shape);
    this.index = new Array<number>(view.shape.length).fill(0);
  }

  read(source: NumericArray, base: number, out: NumericArray, outAt: number, count: number): void {
    const { shape, strides, low, high, fill } = this.view;
    const innermost = shape.length - 1;
    const length = shape[innermost];
    const stride = strides[innermost];
    let inner = this.seek(base);
    for (let done = 0; done < count; ) {
      const run = Math.min(length - inner, count - done);
      const runAt = outAt + done;
      if (this.rowIsPadding()) out.fill(fill, runAt, runAt + run);
      else {
        // [0, first) and [last, run) of this run are padding.
        const first = Math.min(Math.max(low[innermost] - inner, 0), run);
        const last = Math.min(Math.max(high[innermost] - inner, first), run);
        if (first > 0) out.fill(fill, runAt, runAt + first);
        this.copy(
          source,
          this.rowOffset() + (inner + first) * stride,
          stride,
          out,
          runAt + first,
          last - first,
        );
        if (last < run) out.fill(fill, runAt + last, runAt + run);
      }
      done += run;
      inner = 0;
      this.nextRow();
    }
  }

  /** Sets the outer indices to those of element `base` and returns its index on the innermost axis. */
  private seek(base: number): number {
    let rest = base;
    for (let axis = 0; axis < this.index.length; axis++) {
      const index = Math.floor(rest / this.spaceStrides[axis]);
      this.index[axis] = index;
      rest -= index * this.spaceStrides[axis];
    }
    return this.index[this.index.length - 1];
  }

  private rowIsPadding(): boolean {
    const { low, high } = this.view;
    for (let axis = this.index.length - 2; axis >= 0; axis--) {
      if (this.index[axis] < low[axis] || this.index[axis] >= high[axis]) return true;
    }
    return false;
  }

  /** Where in the buffer the current row begins. */
  private rowOffset(): number {
    let at = this.view.offset;
    for (let axis = this.index.length - 2; axis >= 0; axis--)
      at += this.index[axis] * this.view.strides[axis];
    return at;
  }

  private nextRow(): void {
    for (let axis = this.index.length - 2; axis >= 0; axis--) {
      if (++this.index[axis] < this.view.shape[axis]) return;
      this.index[axis] = 0;
    }
  }
}
