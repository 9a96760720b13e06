/** The instructions of fused programs as expressions of a GPU thread. What operators compute stands in their rows (operators/). */
import type { DType } from '../../support/contract.ts';
import type { ThreadSource } from '../../support/gpu/thread-source.ts';
import { halfOfFloat } from '../../support/gpu/whole-functions.ts';
import type { Instruction } from '../index.ts';
import { binaryVersion, unaryVersion } from '../operators/index.ts';
import { chosen } from '../operators/int32-halves.ts';
import type { Register } from '../operators/row.ts';

/** A register of one dtype as one of another. */
export function convert(f: ThreadSource, value: Register, from: DType, to: DType): Register {
  if (from === to) return value;
  const [first, high] = value;
  if (from === 'int32') {
    return to === 'float32'
      ? [`${high} * 65536.0 + ${first}`]
      : [`(${first} == 0.0 && ${high} == 0.0) ? 0.0 : 1.0`];
  }
  if (to === 'bool') return [`${first} == 0.0 ? 0.0 : 1.0`];
  if (to === 'float32') return value;
  if (from === 'bool') return [first, '0.0'];
  return ['0.0', '1.0'].map((plane) => f.call(halfOfFloat, first, plane));
}

/** The result of an instruction, as expressions to be kept. */
export function compute(
  f: ThreadSource,
  instruction: Instruction,
  registers: readonly Register[],
  types: readonly DType[],
): Register {
  if (instruction.operator === 'constant') return constant(f, instruction.value, instruction.dtype);
  const a = registers[instruction.a];
  if (instruction.operator === 'where') {
    return chosen(`${a[0]} > 0.5`, registers[instruction.b], registers[instruction.c]);
  }
  if (instruction.operator === 'cast') return convert(f, a, types[instruction.a], instruction.dtype);
  const dtype = types[instruction.a];
  if (!('b' in instruction)) {
    const { operator } = instruction;
    return dtype === 'int32'
      ? unaryVersion(operator, dtype).gpu(f, a)
      : [unaryVersion(operator, dtype).gpu(f, a[0])];
  }
  const { operator } = instruction;
  const b = registers[instruction.b];
  return dtype === 'int32'
    ? binaryVersion(operator, dtype).gpu(f, a, b)
    : [binaryVersion(operator, dtype).gpu(f, a[0], b[0])];
}

/** A value written into the text. */
export function constant(f: ThreadSource, value: number, dtype: DType): Register {
  if (dtype === 'float32') return [f.literal(value)];
  if (dtype === 'bool') return [value === 0 ? '0.0' : '1.0'];
  const whole = Int32Array.of(value)[0];
  return [f.literal(whole & 0xffff), f.literal(whole >> 16)];
}
