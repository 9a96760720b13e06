/**
 * Typed pieces of code. An expression is code that leaves one value; it is not the value: used twice, it is computed
 * twice. `FunctionBuilder.keep` computes it once and gives a local.
 */
import { type Code, signed, unsigned } from './binary.ts';

/** The types of WebAssembly values. Addresses are i32, in bytes. */
export type ValueType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128';

/** Code that leaves a value of `type` on the stack. */
export interface Expression<Type extends ValueType = ValueType> {
  readonly type: Type;
  readonly code: Code;
  /** The number, if it is a constant: used to fold index arithmetic. */
  readonly constant?: number;
}

/** Code that leaves nothing: a store, a call for its effect. */
export interface Statement {
  readonly type: 'nothing';
  readonly code: Code;
}

/** A local variable or parameter of a function. As an expression it is its value. */
export interface Local<Type extends ValueType = ValueType> extends Expression<Type> {
  readonly index: number;
}

/** What instructions take: an i32 expression, or a number for a constant. */
export type Integer = Expression<'i32'> | number;
/** An f32 expression, or a number for a constant. */
export type Float = Expression<'f32'> | number;
/** An f64 expression, or a number for a constant. */
export type Double = Expression<'f64'> | number;
/** A v128 expression: four f32 or i32 lanes, two f64 lanes, sixteen bytes. */
export type Vector = Expression<'v128'>;

/** The byte that stands for each type. */
export const typeCodes: Record<ValueType, number> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
};

/** An expression of operands followed by an instruction. */
export function compose<Type extends ValueType>(
  type: Type,
  operands: readonly { readonly code: Code }[],
  ...instruction: readonly number[]
): Expression<Type> {
  return { type, code: [...operands.map(({ code }) => code), ...instruction] };
}

/** A statement of operands followed by an instruction. */
export function perform(
  operands: readonly { readonly code: Code }[],
  ...instruction: readonly number[]
): Statement {
  return { type: 'nothing', code: [...operands.map(({ code }) => code), ...instruction] };
}

/** A local's value. */
export function localOf<Type extends ValueType>(type: Type, index: number): Local<Type> {
  return { type, index, code: [0x20, ...unsigned(index)] };
}

/** An i32 operand as an expression. */
export function integer(operand: Integer): Expression<'i32'> {
  if (typeof operand !== 'number') return operand;
  return { type: 'i32', code: [0x41, ...signed(operand)], constant: operand };
}

/** What a memory instruction says of its address: how it is aligned (a power of two) and what is added to it. */
export function memoryArgument(alignment: number, offset: number): number[] {
  return [alignment, ...unsigned(offset)];
}
