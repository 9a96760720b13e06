/** The operations as methods, for chains such as `x.matmul(w).add(b).relu()`. Each does what its function does. */
import type { DType, DTypeOptions } from './dtype.ts';
import type { Shape } from './shape.ts';
import type { Tensor } from './tensor.ts';
import type { Parameter } from './variable.ts';

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

/** One axis of a slice: an index (the axis disappears), a `[start, stop, step]` range, or `null` for all of it. */
export type SliceIndex =
  | number
  | null
  | readonly [start?: number | null, stop?: number | null, step?: number];

/** Methods of every tensor; all return new tensors and compute nothing. */
export interface TensorMethods {
  /** this + other; shapes broadcast, dtypes promote (float32 over int32 over bool). */
  add(other: Operand): Tensor;
  /** this - other; shapes broadcast, dtypes promote. */
  sub(other: Operand): Tensor;
  /** this · other, element by element; shapes broadcast, dtypes promote. */
  mul(other: Operand): Tensor;
  /** this / other, always float32; shapes broadcast. */
  div(other: Operand): Tensor;
  /** This to the power `exponent`, always float32; shapes broadcast. */
  pow(exponent: Operand): Tensor;
  /** Remainder with the sign of the divisor. */
  mod(divisor: Operand): Tensor;
  /** The larger of the two, element by element; NaN where either is NaN. */
  maximum(other: Operand): Tensor;
  /** The smaller of the two, element by element; NaN where either is NaN. */
  minimum(other: Operand): Tensor;
  /** this = other (bool); false beside NaN. */
  equal(other: Operand): Tensor;
  /** this ≠ other (bool); true beside NaN. */
  notEqual(other: Operand): Tensor;
  /** this < other (bool); false beside NaN. */
  less(other: Operand): Tensor;
  /** this ≤ other (bool); false beside NaN. */
  lessEqual(other: Operand): Tensor;
  /** this > other (bool); false beside NaN. */
  greater(other: Operand): Tensor;
  /** this ≥ other (bool); false beside NaN. */
  greaterEqual(other: Operand): Tensor;
  /** Both true (bool). */
  and(other: Operand): Tensor;
  /** Either true (bool). */
  or(other: Operand): Tensor;
  /** Inverts a bool. */
  not(): Tensor;
  /** Where this (bool) is true `a`, else `b`. */
  where(a: Operand, b: Operand): Tensor;

  /** -x; int32 stays int32, bool becomes it. */
  neg(): Tensor;
  /** |x|; int32 stays int32, bool becomes it. The derivative at 0 is 0. */
  abs(): Tensor;
  /** -1, 0 or 1; int32 stays int32, bool becomes it. */
  sign(): Tensor;
  /** The largest whole number ≤ x, as float32. Derivative 0. */
  floor(): Tensor;
  /** The smallest whole number ≥ x, as float32. Derivative 0. */
  ceil(): Tensor;
  /** To the nearest whole number, halves to the even one. */
  round(): Tensor;
  /** eˣ, float32. */
  exp(): Tensor;
  /** The natural logarithm, float32: -Infinity at 0, NaN below. */
  log(): Tensor;
  /** √x, float32; NaN below 0. */
  sqrt(): Tensor;
  /** 1 / √x, float32. */
  rsqrt(): Tensor;
  /** 1 / x, float32. */
  reciprocal(): Tensor;
  /** x² */
  square(): Tensor;
  /** The sine of an angle in radians, float32. */
  sin(): Tensor;
  /** The cosine of an angle in radians, float32. */
  cos(): Tensor;
  /** The error function, 2/√π ∫₀ˣ exp(-t²) dt, float32. */
  erf(): Tensor;
  /** Limited to [low, high]; the derivative is 0 outside. */
  clamp(low: number, high: number): Tensor;
  /** 1 / (1 + exp(-x)), float32. */
  sigmoid(): Tensor;
  /** The hyperbolic tangent, float32. */
  tanh(): Tensor;
  /** max(x, 0); NaN stays NaN, and the derivative at 0 is 0. */
  relu(): Tensor;
  /** x where positive, `slope`·x (default 0.01) where negative. */
  leakyRelu(slope?: number): Tensor;
  /** x where positive, `alpha`·(exp(x) - 1) (default 1) where negative (Clevert et al. 2016). */
  elu(alpha?: number): Tensor;
  /** x·Φ(x), with Φ the normal distribution function: exactly, by erf (Hendrycks & Gimpel 2016). */
  gelu(): Tensor;
  /** x·sigmoid(x), also called swish (Ramachandran et al. 2017). */
  silu(): Tensor;
  /** log(1 + exp(x)), without overflow. */
  softplus(): Tensor;

  /** Sum over axes (default: all); bool sums to int32. */
  sum(axes?: Axes, options?: ReduceOptions): Tensor;
  /** Arithmetic mean over axes (default: all), float32. The mean of nothing is NaN. */
  mean(axes?: Axes, options?: ReduceOptions): Tensor;
  /** Mean squared distance from the mean; `correction: 1` for the unbiased sample variance. */
  variance(axes?: Axes, options?: ReduceOptions & { readonly correction?: number }): Tensor;
  /** √Σx² over axes; `order` 1 or Infinity for the other norms. */
  norm(axes?: Axes, options?: ReduceOptions & { readonly order?: number }): Tensor;
  /** Maximum over axes (default: all). NaN wins; the maximum of nothing is -Infinity. */
  max(axes?: Axes, options?: ReduceOptions): Tensor;
  /** Minimum over axes (default: all). NaN wins. */
  min(axes?: Axes, options?: ReduceOptions): Tensor;
  /** Position of the first maximum along `axis` (default: the last), which disappears; int32. */
  argMax(axis?: number): Tensor;
  /** Position of the first minimum along `axis` (default: the last), which disappears; int32. */
  argMin(axis?: number): Tensor;
  /** Running sum along `axis` (default: the last), including the element itself; `reverse` runs from the end. */
  cumulativeSum(axis?: number, options?: { readonly reverse?: boolean }): Tensor;
  /** log Σ exp(x) over axes (default: all), without overflow. */
  logSumExp(axes?: Axes, options?: ReduceOptions): Tensor;
  /** exp(x) / Σ exp(x) along `axis` (default: the last), float32; finite for any finite x. */
  softmax(axis?: number): Tensor;
  /** log of `softmax` along `axis` (default: the last), without taking the logarithm of a rounded 0. */
  logSoftmax(axis?: number): Tensor;

  /**
   * Matrix product of the last two axes, […, M, K]·[…, K, N] → […, M, N]; leading axes broadcast. A 1-D operand is a
   * row (left) or column (right) vector, and its axis disappears. float32.
   *
   * @throws ShapeError when the inner lengths differ; DTypeError unless both are float32.
   */
  matmul(other: Tensor): Tensor;

  /**
   * The same elements in row-major order under another shape, as `reshape(2, 3)` or `reshape([2, 3])`. One length may
   * be -1: it is worked out from the rest.
   *
   * @throws ShapeError when the number of elements differs.
   */
  reshape(...shape: number[] | [Shape]): Tensor;
  /** Output axis k is this tensor's axis `order[k]`. */
  permute(...order: number[]): Tensor;
  /** Swaps two axes, by default the last two. */
  transpose(first?: number, second?: number): Tensor;
  /**
   * Repeats to `shape` by NumPy's rule: aligned at the end, axes of length 1 repeat.
   *
   * @throws ShapeError when an axis is neither 1 nor the wanted length.
   */
  broadcastTo(shape: Shape): Tensor;
  /** Drops axes of length 1: the named ones, or all. */
  squeeze(axes?: Axes): Tensor;
  /** Inserts an axis of length 1. Negative axes count from the end of the result. */
  expandDims(axis: number): Tensor;
  /** Python's slicing: `x.slice(0, [1, -1], [null, null, -1])` is `x[0, 1:-1, ::-1]`. */
  slice(...indices: SliceIndex[]): Tensor;
  /** Adds `[before, after]` elements of `value` (default 0) along each axis. */
  pad(widths: readonly (readonly [before: number, after: number])[], value?: number): Tensor;
  /** Reverses the given axes (default: all). */
  flip(axes?: Axes): Tensor;
  /** Repeats the whole tensor `repeats[k]` times along axis k. */
  tile(repeats: readonly number[]): Tensor;
  /** Cuts an axis (default: the first) into `parts` equal pieces, or into pieces of the given lengths. */
  split(parts: number | readonly number[], axis?: number): Tensor[];
  /**
   * Whole slices along `axis` (default: the first) at int32 `indices` of any shape (NumPy's `take`): [V, F] at [N, T]
   * gives [N, T, F]. Awaiting the result throws IndexError for an index outside the axis.
   */
  gather(indices: Tensor, axis?: number): Tensor;
  /**
   * One element per index along `axis` (default: the last), PyTorch's `gather`: int32 `indices` have this tensor's
   * rank, and its lengths on all other axes.
   */
  takeAlongAxis(indices: Tensor, axis?: number): Tensor;
  /**
   * 1 at each index (this tensor's int32 values) and 0 elsewhere along a new last axis [classes]. Default float32.
   */
  oneHot(classes: number, options?: DType | DTypeOptions): Tensor;

  /** Converts to another dtype: to int32 towards zero, to bool as "not zero". */
  cast(dtype: DType): Tensor;
  /** The same value, through which no gradient passes. */
  stopGradient(): Tensor;
  /** Sets `.grad` on the trainable parameters behind this scalar: on all, or on those given. */
  backward(parameters?: readonly Parameter[]): void;
}
