/**
 * Reading a view block by block, walked run by run. The copies repeat on purpose: a function that sees one type of array runs
 * faster than a shared one (see instruction-loops.ts).
 */
import type { DType, NumericArray } from '../../support/contract.ts';
import { denseStrides } from '../../support/view.ts';
import type { CollapsedView } from '../collapse.ts';

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
