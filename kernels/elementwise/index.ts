/**
 * The fused elementwise kernel: a small straight-line program evaluated at every point of one iteration space.
 *
 * The planner writes the program: registers `0 … loads-1` hold the loaded elements, register `loads + i` holds the
 * result of instruction `i`. Each output is one register, stored dense and row-major over `shape`.
 */
import { type DType, type KernelContract, sizeOf } from '../support/contract.ts';
import type { View } from '../support/view.ts';
import type { BinaryOperator, UnaryOperator } from './operators/index.ts';

export {
  type BinaryOperator,
  type ComparisonOperator,
  leastDType,
  type Operator,
  type UnaryOperator,
  workOfOperator,
} from './operators/index.ts';

/** One line of the program. `a`, `b` and `c` are registers; `dtype` is the result's. */
export type Instruction =
  | { readonly operator: 'constant'; readonly value: number; readonly dtype: DType }
  | { readonly operator: UnaryOperator; readonly a: number; readonly dtype: DType }
  | { readonly operator: BinaryOperator; readonly a: number; readonly b: number; readonly dtype: DType }
  /** `a ? b : c`; `a` is bool. */
  | {
      readonly operator: 'where';
      readonly a: number;
      readonly b: number;
      readonly c: number;
      readonly dtype: DType;
    }
  /** To int32: truncation towards zero, NaN to 0, saturating. To bool: not equal to zero. To float32: nearest. */
  | { readonly operator: 'cast'; readonly a: number; readonly dtype: DType };

/** Where a loaded register comes from: element `view(index)` of kernel input `input`. */
export interface Load {
  readonly input: number;
  readonly view: View;
  readonly dtype: DType;
}

/** The straight-line program that fused kernels share. */
export interface Program {
  /** The iteration space. */
  readonly shape: readonly number[];
  readonly loads: readonly Load[];
  readonly instructions: readonly Instruction[];
}

/** A program and the registers it stores, one per output. */
export interface ElementwiseAttributes extends Program {
  readonly stores: readonly number[];
}

/** Floating-point operations of one evaluation of the program at every point. */
export function programFlops(program: Program): number {
  const arithmetic = program.instructions.filter(
    ({ operator }) => operator !== 'constant' && operator !== 'cast',
  );
  return arithmetic.length * sizeOf(program.shape);
}

/**
 * Outputs may alias inputs that are loaded through a dense view: an element is stored only after every register of
 * its block was read, which is what lets an optimizer update its parameters in place.
 */
export const elementwise: KernelContract<ElementwiseAttributes> = {
  name: 'elementwise',
  flops: ({ attributes }) => programFlops(attributes),
};
