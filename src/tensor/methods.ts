/** The operations as methods, for chains such as `x.matmul(w).add(b).relu()`. Each does what its function does. */
import type { DType } from './dtype.ts';
import type { Shape } from './shape.ts';
import type { Tensor } from './tensor.ts';

/** A tensor or a JS number, which adopts the tensor's dtype where that can hold it. */
type Operand = Tensor | number | boolean;
type Axes = number | readonly number[];
interface KeepDims {
  /** Leave reduced axes with length 1. Default false. */
  readonly keepDims?: boolean;
}
type SliceIndex = number | null | readonly [start?: number | null, stop?: number | null, step?: number];

/** Methods of every tensor; all return new tensors and compute nothing. */
export interface TensorMethods {
  add(other: Operand): Tensor;
  sub(other: Operand): Tensor;
  mul(other: Operand): Tensor;
  div(other: Operand): Tensor;
  pow(exponent: Operand): Tensor;
  /** Remainder with the sign of the divisor. */
  mod(divisor: Operand): Tensor;
  maximum(other: Operand): Tensor;
  minimum(other: Operand): Tensor;
  equal(other: Operand): Tensor;
  notEqual(other: Operand): Tensor;
  less(other: Operand): Tensor;
  lessEqual(other: Operand): Tensor;
  greater(other: Operand): Tensor;
  greaterEqual(other: Operand): Tensor;
  /** Both true (bool). */
  and(other: Operand): Tensor;
  /** Either true (bool). */
  or(other: Operand): Tensor;
  /** Inverts a bool. */
  not(): Tensor;
  /** Where this (bool) is true `a`, else `b`. */
  where(a: Operand, b: Operand): Tensor;

  neg(): Tensor;
  abs(): Tensor;
  sign(): Tensor;
  floor(): Tensor;
  ceil(): Tensor;
  /** To the nearest whole number, halves to the even one. */
  round(): Tensor;
  exp(): Tensor;
  log(): Tensor;
  sqrt(): Tensor;
  rsqrt(): Tensor;
  reciprocal(): Tensor;
  square(): Tensor;
  sin(): Tensor;
  cos(): Tensor;
  erf(): Tensor;
  clamp(low: number, high: number): Tensor;
  sigmoid(): Tensor;
  tanh(): Tensor;
  relu(): Tensor;
  leakyRelu(slope?: number): Tensor;
  elu(alpha?: number): Tensor;
  gelu(): Tensor;
  silu(): Tensor;
  softplus(): Tensor;

  sum(axes?: Axes, options?: KeepDims): Tensor;
  mean(axes?: Axes, options?: KeepDims): Tensor;
  /** Mean squared distance from the mean; `correction: 1` for the unbiased sample variance. */
  variance(axes?: Axes, options?: KeepDims & { readonly correction?: number }): Tensor;
  /** √Σx² over axes; `order` 1 or Infinity for the other norms. */
  norm(axes?: Axes, options?: KeepDims & { readonly order?: number }): Tensor;
  max(axes?: Axes, options?: KeepDims): Tensor;
  min(axes?: Axes, options?: KeepDims): Tensor;
  argMax(axis?: number): Tensor;
  argMin(axis?: number): Tensor;
  cumulativeSum(axis?: number, options?: { readonly reverse?: boolean }): Tensor;
  logSumExp(axes?: Axes, options?: KeepDims): Tensor;
  softmax(axis?: number): Tensor;
  logSoftmax(axis?: number): Tensor;

  matmul(other: Tensor): Tensor;

  reshape(...shape: number[] | [Shape]): Tensor;
  /** Output axis k is this tensor's axis `order[k]`. */
  permute(...order: number[]): Tensor;
  /** Swaps two axes, by default the last two. */
  transpose(first?: number, second?: number): Tensor;
  broadcastTo(shape: Shape): Tensor;
  squeeze(axes?: Axes): Tensor;
  expandDims(axis: number): Tensor;
  /** Python's slicing: `x.slice(0, [1, -1], [null, null, -1])` is `x[0, 1:-1, ::-1]`. */
  slice(...indices: SliceIndex[]): Tensor;
  pad(widths: readonly (readonly [before: number, after: number])[], value?: number): Tensor;
  flip(axes?: Axes): Tensor;
  tile(repeats: readonly number[]): Tensor;
  split(parts: number | readonly number[], axis?: number): Tensor[];
  gather(indices: Tensor, axis?: number): Tensor;
  takeAlongAxis(indices: Tensor, axis?: number): Tensor;
  oneHot(classes: number, dtype?: DType): Tensor;

  cast(dtype: DType): Tensor;
  /** The same value, through which no gradient passes. */
  stopGradient(): Tensor;
  /** Sets `.grad` on every trainable parameter behind this scalar. */
  backward(): void;
}
