/**
 * What one row of the operator table holds: an elementwise operator with all that devices, the planner and tests know of
 * it. A row has a version for each dtype it is defined on, and a version has the code of every device: one that leaves
 * a device out does not compile.
 */

import type { ThreadSource } from '../../support/gpu/thread-source.ts';
import type { FunctionBuilder, Local, Target, Vector } from '../../support/wasm/assembler/index.ts';
import type { BinaryLoop, UnaryLoop } from '../cpu/loop-types.ts';

/** A value in the text of a GPU thread, by name: [value], or for int32 [low 16 bits, high 16 bits with the sign]. */
export type Register = readonly string[];

/** An operator on operands of one dtype: what it means, and how each device computes it. */
interface Version<Value, Loop, Code, Text> {
  /** The exact result, as far as double precision goes: what tests hold every device to. Bools are 0 and 1. */
  readonly value: Value;
  /** A loop over a block of elements. Written out in each row: a loop that calls `value` would call all of them. */
  readonly cpu: Loop;
  /** The code for four lanes. Bools are masks: all ones or all zeros. */
  readonly wasm: Code;
  /** The text for one element. Bools are 0.0 and 1.0. */
  readonly gpu: Text;
}

/**
 * The largest error on each device, in units in the last place of the float32 next to the exact result. A GPU may take
 * operands and results below the normal range, 2^-126, for 0, and loses the signs of zeros.
 *
 * On the gpu a bound has the branches of the text: where that adds and multiplies, which WGSL rounds once, the bound is near
 * what was measured, so that a wrong coefficient exceeds it; where it calls a function of the shading language, the bound has
 * what the WGSL specification allows that (section "Floating Point Accuracy"): division 2.5 units; 1 / √x 2, of which √x is
 * the reciprocal; exp and exp2 3 + 2|x|; log and log2 3, but from ½ to 2 an absolute error of 2^-21; pow(a, b) that of
 * exp2(b · log2(a)). The units of a result may be half as large as those of what it is made of, which doubles errors.
 */
export interface Accuracy {
  readonly cpu: number;
  readonly wasm: number;
  /** One bound for all operands, or one for each. */
  readonly gpu: number | ((a: number, b: number) => number);
  /** For which magnitudes of operands, apart from 0 and Infinity, the gpu's holds. Default: all. */
  readonly gpuMagnitudes?: Range;
}

/** What WGSL allows exp(x), as far as that is neither 0 nor Infinity. */
export function expAllowance(x: number): number {
  return 3 + 2 * Math.min(Math.abs(x), 104);
}

/** Rounded once, which is as exact as a float can be. */
export const roundedOnce: Accuracy = { cpu: 0.5, wasm: 0.5, gpu: 0.5 };

/** The least and the largest operand that tests draw. */
export type Range = readonly [least: number, most: number];

/** Operands of one operator: of a range, or at least 0.1 away from every multiple of a half, where roundings jump. */
export type UnaryOperands = Range | 'between halves';

/**
 * Operands of two: each of its range, or at least 0.1 apart from each other, or such that their quotient keeps 0.2 from every
 * whole number.
 */
export type BinaryOperands = readonly [Range, Range] | 'apart' | { readonly divisor: Range };

/** From where tests draw operands; each list is drawn from once. */
interface Sampled<Operands> {
  /** Where derivatives are compared with differences: away from kinks and poles. */
  readonly smooth: readonly Operands[];
  /** Where devices are compared. */
  readonly wide: readonly Operands[];
}

const signed: Range = [-4, 4];

/** Of two floats. */
export const floatPairs: Sampled<BinaryOperands> = {
  smooth: [
    [
      [-1.5, 1.5],
      [-1.5, 1.5],
    ],
  ],
  wide: [[signed, signed]],
};

/** Of two floats, where a kink lies at equal ones. */
export const apartPairs: Sampled<BinaryOperands> = { smooth: ['apart'], wide: [[signed, signed]] };

/** Of two int32. */
export const wholePairs: Sampled<readonly [Range, Range]> = {
  smooth: [
    [
      [-5, 5],
      [1, 4],
    ],
  ],
  wide: [[signed, signed]],
};

/** Versions for floats say how exact they are. */
interface Measured {
  readonly accuracy: Accuracy;
}

type UnaryValue = (x: number) => number;
type UnaryCode = (f: FunctionBuilder, target: Target, a: Local<'v128'>) => Vector;
type UnaryText<Value> = (f: ThreadSource, a: Value) => Value;
type UnaryVersion<Elements extends Float32Array | Int32Array | Uint8Array, Text> = Version<
  UnaryValue,
  UnaryLoop<Elements>,
  UnaryCode,
  UnaryText<Text>
>;

type BinaryValue = (a: number, b: number) => number;
type BinaryCode = (f: FunctionBuilder, target: Target, a: Local<'v128'>, b: Local<'v128'>) => Vector;
type BinaryVersion<
  Elements extends Float32Array | Int32Array | Uint8Array,
  Text,
  Results extends Elements | Uint8Array = Elements,
> = Version<
  BinaryValue,
  BinaryLoop<Elements, Results>,
  BinaryCode,
  (f: ThreadSource, a: Text, b: Text) => Text
>;

interface OperatorRow {
  /** How many plain instructions it is worth: the planner counts them, and loops over more than one are not unrolled. */
  readonly work: number;
}

/** An operator of one operand, whose dtype is also the result's. */
export interface UnaryRow extends OperatorRow {
  readonly float32?: UnaryVersion<Float32Array, string> & Measured & Sampled<UnaryOperands>;
  readonly int32?: UnaryVersion<Int32Array, Register> & Sampled<Range>;
  readonly bool?: UnaryVersion<Uint8Array, string>;
}

/** An operator of two operands of one dtype, which is also the result's. */
export interface BinaryRow extends OperatorRow {
  readonly float32?: BinaryVersion<Float32Array, string> &
    Measured &
    Sampled<BinaryOperands> & {
      /** The same bits in fewer instructions where one operand is a number that is known now, if there is such a way. */
      readonly wasmWithConstant?: (
        f: FunctionBuilder,
        a: Local<'v128'>,
        constant: number,
        constantRegister: Local<'v128'>,
      ) => Vector | undefined;
    };
  readonly int32?: BinaryVersion<Int32Array, Register> & Sampled<readonly [Range, Range]>;
  readonly bool?: BinaryVersion<Uint8Array, string>;
}

/** An operator of two operands of one dtype, whose result is bool. Defined on all dtypes. */
export interface ComparisonRow extends OperatorRow {
  readonly float32: BinaryVersion<Float32Array, string, Uint8Array> & Sampled<BinaryOperands>;
  readonly int32: BinaryVersion<Int32Array, Register, Uint8Array> & Sampled<readonly [Range, Range]>;
  readonly bool: BinaryVersion<Uint8Array, string>;
}
