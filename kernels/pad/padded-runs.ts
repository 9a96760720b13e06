/**
 * The output of a pad as rows. Axes that can be padded as one become one, so that rows are long and few things are counted:
 * [N,H,W,C] padded in H and W is rows (N, H) of one axis W·C. With room between the elements of W, the axis of a row is W,
 * and its elements are runs of C.
 */
import { bytesPerElement, type DType, sizeOf } from '../support/contract.ts';
import type { PadAttributes } from './index.ts';

/** One axis of the input and the room around it, in elements of that axis. */
export interface PaddedAxis {
  readonly length: number;
  readonly low: number;
  readonly high: number;
  readonly interior: number;
  /** The output's length. */
  readonly total: number;
}

/** A pad of an input that is not empty. */
export interface PaddedRuns {
  /** All axes but that of a row, outermost first. */
  readonly outer: readonly PaddedAxis[];
  /** The rows of the output. */
  readonly rows: number;
  /** The axis of a row. Its elements are runs of `runBytes` bytes. */
  readonly last: PaddedAxis;
  readonly runBytes: number;
  /** Bytes of a row of the output. */
  readonly rowBytes: number;
  readonly dtype: DType;
  readonly value: number;
}

/** An axis, with the length that its room gives it. */
function axisOf(length: number, low: number, high: number, interior: number): PaddedAxis {
  return { length, low, high, interior, total: low + length + (length - 1) * interior + high };
}

/** Merges the axes of a call. */
export function paddedRuns(
  shape: readonly number[],
  dtype: DType,
  { low, high, interior, value }: PadAttributes,
): PaddedRuns {
  const axes: PaddedAxis[] = [];
  shape.forEach((length, at) => {
    const axis = axisOf(length, low[at], high[at], length === 1 ? 0 : interior[at]);
    const before = axes.at(-1);
    // An axis that is not padded is a run of elements for the one before it, unless that leaves room between them.
    if (before && axis.total === length && before.interior === 0) {
      axes[axes.length - 1] = axisOf(before.length * length, before.low * length, before.high * length, 0);
    } else if (axis.total > 1) axes.push(axis);
  });
  let runBytes: number = bytesPerElement[dtype];
  const inner = axes.at(-1);
  if (inner && axes.length > 1 && inner.total === inner.length) {
    runBytes *= inner.length;
    axes.pop();
  }
  const last = axes.pop() ?? axisOf(1, 0, 0, 0);
  const rows = sizeOf(axes.map(({ total }) => total));
  return { outer: axes, rows, last, runBytes, rowBytes: last.total * runBytes, dtype, value };
}
