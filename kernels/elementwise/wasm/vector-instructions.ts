/**
 * The instructions of fused programs on registers of four lanes. What operators compute stands in their rows
 * (operators/). Bools are masks here, all ones or all zeros.
 */

import type { DType } from '../../support/contract.ts';
import {
  type FunctionBuilder,
  f32x4,
  i32x4,
  type Local,
  type Target,
  type Vector,
  v128,
} from '../../support/wasm/assembler/index.ts';
import type { Instruction } from '../index.ts';
import { binaryVersion, unaryVersion } from '../operators/index.ts';

const zero = i32x4.constant(0, 0, 0, 0);
const one = f32x4.constant(1, 1, 1, 1);

function cast(f: FunctionBuilder, from: DType, to: DType, a: Local<'v128'>): Vector {
  if (from === to) return a;
  if (to === 'bool') return (from === 'float32' ? f32x4 : i32x4).notEqual(a, f.hoist(zero));
  if (to === 'int32') return from === 'float32' ? i32x4.truncate(a) : i32x4.negate(a);
  return from === 'int32' ? f32x4.convert(a) : v128.and(a, f.hoist(one));
}

/** A register as an operand. `constant` is its value, if the program gives it as a number. */
export interface VectorOperand {
  readonly register: Local<'v128'>;
  readonly dtype: DType;
  readonly constant?: number | undefined;
}

/** The result of an instruction for four points. */
export function applyInstruction(
  f: FunctionBuilder,
  target: Target,
  instruction: Exclude<Instruction, { operator: 'constant' }>,
  operandOf: (register: number) => VectorOperand,
): Vector {
  const a = operandOf(instruction.a);
  if (instruction.operator === 'cast') return cast(f, a.dtype, instruction.dtype, a.register);
  if (instruction.operator === 'where') {
    return v128.select(operandOf(instruction.b).register, operandOf(instruction.c).register, a.register);
  }
  if (!('b' in instruction)) {
    return unaryVersion(instruction.operator, a.dtype).wasm(f, target, a.register);
  }
  const b = operandOf(instruction.b);
  const version = binaryVersion(instruction.operator, a.dtype);
  const [known, other] = b.constant === undefined ? [a, b] : [b, a];
  if ('wasmWithConstant' in version && version.wasmWithConstant && known.constant !== undefined) {
    const cheap = version.wasmWithConstant(f, other.register, known.constant, known.register);
    if (cheap) return cheap;
  }
  return version.wasm(f, target, a.register, b.register);
}
