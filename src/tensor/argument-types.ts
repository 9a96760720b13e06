/** What operations take beside tensors. */
import type { Tensor } from './tensor.ts';

/**
 * What arithmetic takes: a tensor, or a JS number or boolean. A number adopts the dtype of the tensor beside it where that
 * can hold it, and is float32 where it cannot (1.5 or 2^40 beside int32), so that it is never changed. Where the
 * dtype is given, as in `full` and `pad`, a value that it cannot hold is a DTypeError.
 */
export type Operand = Tensor | number | boolean;

/** One axis or several; negative ones count from the end. */
export type Axes = number | readonly number[];

/** Options of every reduction. */
export interface ReduceOptions {
  /** Leave reduced axes with length 1. Default false. */
  readonly keepDims?: boolean;
}

/** Options of `sort`, `argSort` and `topK`. */
export interface OrderOptions {
  /** The axis that is ordered. Default: the last. */
  readonly axis?: number;
  /** Whether the largest comes first. Default false, and for `topK` true. */
  readonly descending?: boolean;
}

/** One axis of a slice: an index (the axis disappears), a `[start, stop, step]` range, or `null` for all of it. */
export type SliceIndex =
  | number
  | null
  | readonly [start?: number | null, stop?: number | null, step?: number];
