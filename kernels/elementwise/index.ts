/**
 * The fused elementwise kernel: a small straight-line program evaluated at every point of one iteration space.
 *
 * The planner writes the program: registers `0 … loads-1` hold the loaded elements, register `loads + i` holds the
 * result of instruction `i`. Each output is one register, stored dense and row-major over `shape`. relu(x + b) of
 * x [32, 8] and b [8] is
 *
 *     shape           [32, 8]
 *     loads           0   x at 8·i + j                input 0, strides [8, 1]
 *                     1   b at j                      input 1, strides [0, 1]
 *     instructions    2   add 0 1
 *                     3   constant 0
 *                     4   lessEqual 2 3               bool
 *                     5   where 4 3 2                 register 4 ? register 3 : register 2
 *     stores          5
 *
 * The versions differ in how many points an instruction takes at a time. `cpu` interprets the program, an instruction
 * after the other for 512 points, whose registers are arrays that stay in the cache: no code is built from strings, and a
 * loop costs less than the test of an operator at each point. `wasm` writes one loop over the points, four a turn, with
 * all registers in vector registers, and computes outside of it what is the same for a row or for all points. On `gpu`
 * a thread has one point, and a pass one output and only what that needs.
 */
import {
  bytesPerElement,
  type DType,
  type KernelCall,
  type KernelContract,
  sizeOf,
} from '../support/contract.ts';
import { placesIn, type View } from '../support/view.ts';
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

/** The dtype of every register: the loads', then the instructions'. */
export function registerTypes({
  loads,
  instructions,
}: Record<'loads' | 'instructions', readonly { readonly dtype: DType }[]>): DType[] {
  return [...loads, ...instructions].map(({ dtype }) => dtype);
}

/** The registers that an instruction reads. */
export function operandsOf(instruction: Instruction): number[] {
  if (instruction.operator === 'constant') return [];
  if (instruction.operator === 'where') return [instruction.a, instruction.b, instruction.c];
  return 'b' in instruction ? [instruction.a, instruction.b] : [instruction.a];
}

/** Floating-point operations of one evaluation of the program at every point. */
export function programFlops(program: Program): number {
  const arithmetic = program.instructions.filter(
    ({ operator }) => operator !== 'constant' && operator !== 'cast',
  );
  return arithmetic.length * sizeOf(program.shape);
}

/** Bytes of its inputs that a program reads: of each at most as many elements as its views have places in it. */
export function programBytesRead({ inputs, attributes: { shape, loads } }: KernelCall<Program>): number {
  const places = inputs.map(() => 0);
  for (const { input, view } of loads) places[input] += placesIn(view, shape);
  return inputs.reduce(
    (bytes, spec, input) => bytes + Math.min(sizeOf(spec.shape), places[input]) * bytesPerElement[spec.dtype],
    0,
  );
}

/**
 * Outputs may alias inputs that are loaded through a dense view: an element is stored only after every register of
 * its block was read, which is what lets an optimizer update its parameters in place.
 */
export const elementwise: KernelContract<ElementwiseAttributes> = {
  name: 'elementwise',
  flops: ({ attributes }) => programFlops(attributes),
  bytesRead: programBytesRead,
};
