/** The axes of a pad, merged: axes that are padded as one become one, so that rows are long and few things are counted. */
import { bytesPerElement, type DType, sizeOf } from '../support/contract.ts';
import type { PadAttributes } from './index.ts';

/** One axis of the input and the room around it, in elements of that axis. */
export interface Axis {
  readonly length: number;
  readonly low: number;
  readonly high: number;
  readonly interior: number;
  /** The output's length. */
  readonly total: number;
}

/** A pad of an input that is not empty: rows of the output, and what they are made of. */
export interface Padding {
  /** All axes but that of a row, outermost first. */
  readonly outer: readonly Axis[];
  /** The rows of the output. */
  readonly rows: number;
  /** The axis of a row. Its elements are runs of `chunk` bytes. */
  readonly last: Axis;
  readonly chunk: number;
  /** Bytes of a row of the output. */
  readonly rowBytes: number;
  readonly dtype: DType;
  readonly value: number;
}

/** An axis, with the length that its room gives it. */
function axisOf(length: number, low: number, high: number, interior: number): Axis {
  return { length, low, high, interior, total: low + length + (length - 1) * interior + high };
}

/** Merges the axes of a call. */
export function paddingOf(
  shape: readonly number[],
  dtype: DType,
  { low, high, interior, value }: PadAttributes,
): Padding {
  const axes: Axis[] = [];
  shape.forEach((length, at) => {
    const axis = axisOf(length, low[at], high[at], length === 1 ? 0 : interior[at]);
    const before = axes.at(-1);
    // An axis that is not padded is a run of elements for the one before it, unless that leaves room between them.
    if (before && axis.total === length && before.interior === 0) {
      axes[axes.length - 1] = axisOf(before.length * length, before.low * length, before.high * length, 0);
    } else if (axis.total > 1) axes.push(axis);
  });
  let chunk: number = bytesPerElement[dtype];
  const inner = axes.at(-1);
  if (inner && axes.length > 1 && inner.total === inner.length) {
    chunk *= inner.length;
    axes.pop();
  }
  const last = axes.pop() ?? axisOf(1, 0, 0, 0);
  const rows = sizeOf(axes.map(({ total }) => total));
  return { outer: axes, rows, last, chunk, rowBytes: last.total * chunk, dtype, value };
}
