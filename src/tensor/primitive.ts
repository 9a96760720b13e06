/**
 * A primitive: one row of the table that the engine is built from. A row says what shape comes out, what the
 * gradient is, and which kernel computes it. Everything else is composed from rows.
 */
import type { KernelContract } from '../../kernels/support/contract.ts';
import type { TensorSpec } from './dtype.ts';
import type { Tensor } from './tensor.ts';

/**
 * How the planner treats a primitive.
 * `leaf`: a value from outside. `elementwise`, `movement`, `reduce`: fused into generated kernels.
 * `kernel`: runs as a kernel of its own, on dense arrays. `loop`: has a plan of its own for its body, which runs often.
 */
export type PrimitiveKind = 'leaf' | 'elementwise' | 'movement' | 'reduce' | 'kernel' | 'loop';

/** What a gradient rule sees of the operation it differentiates. */
export interface GradientCall<Attributes extends object> {
  /** Cotangent of the first output: d(result)/d(output), of the output's shape. Zeros where it has none. */
  readonly dY: Tensor;
  /** Cotangents of all outputs; `undefined` where an output does not reach the result. */
  readonly cotangents: readonly (Tensor | undefined)[];
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
  readonly outputs: readonly Tensor[];
  readonly attributes: Attributes;
  /**
   * The cotangents of `targets` for those of other expressions, for a row that holds a piece of graph; `undefined` where
   * they do not depend on a target.
   */
  backpropagate(
    outputs: readonly Tensor[],
    cotangents: readonly (Tensor | undefined)[],
    targets: readonly Tensor[],
  ): readonly (Tensor | undefined)[];
}

/** One row of the table: how an operation is shaped, differentiated and computed. */
export interface Primitive<Attributes extends object = object> {
  readonly name: string;
  readonly kind: PrimitiveKind;
  /** The shape rule: what comes out, or the error that says what is wrong with what went in. */
  outputs(inputs: readonly TensorSpec[], attributes: Attributes): readonly TensorSpec[];
  /**
   * The gradient rule (vector-Jacobian product): one cotangent per input, `undefined` where the derivative is zero
   * or does not exist. A row without a rule is differentiated through its composed form, if it has one.
   */
  gradient?(call: GradientCall<Attributes>): readonly (Tensor | undefined)[];
  /** The same mathematics from smaller primitives: the oracle of a fused one. */
  composed?(inputs: readonly Tensor[], attributes: Attributes): readonly Tensor[];
  /** The kernel that computes it, for `kind: 'kernel'`. */
  readonly contract?: KernelContract<Attributes>;
}

/** The outputs of rows that keep their input's shape and dtype. */
export function likeFirst(inputs: readonly TensorSpec[]): readonly TensorSpec[] {
  return [{ shape: inputs[0].shape, dtype: inputs[0].dtype }];
}

/** Whether an operation is of this row, and so has its attributes. */
export function isOf<
  Attributes extends object,
  Call extends { readonly primitive: Primitive; readonly attributes: object },
>(
  operation: Call | undefined,
  row: Primitive<Attributes>,
): operation is Call & { readonly attributes: Attributes } {
  return operation?.primitive === row;
}
