/**
 * The operators of fused programs as expressions of a GPU thread. A register of float32 or bool is the name of one value
 * (bools are 0 and 1); one of int32 is two, its low 16 bits and its high ones with the sign.
 */
import type { DType } from '../../support/contract.ts';
import type { ThreadSource } from '../../support/gpu/thread-source.ts';
import type { BinaryOperator, Instruction, UnaryOperator } from '../index.ts';

/** The names of a register's value: [value], or for int32 [low, high]. */
export type Register = readonly string[];

type Unary = (f: ThreadSource, a: string) => string;
type Binary = (f: ThreadSource, a: string, b: string) => string;

const float32Unary: Record<Exclude<UnaryOperator, 'logicalNot'>, Unary> = {
  negate: (_f, a) => `0.0 - ${a}`,
  abs: (_f, a) => `Math.abs(${a})`,
  sign: (f, a) => f.call('sign', a),
  floor: (_f, a) => `Math.floor(${a})`,
  ceil: (_f, a) => `Math.ceil(${a})`,
  round: (f, a) => f.call('round', a),
  exp: (f, a) => f.call('exp', a),
  expm1: (f, a) => f.call('expm1', a),
  log: (f, a) => f.call('log', a),
  log1p: (f, a) => f.call('log1p', a),
  sqrt: (_f, a) => `Math.sqrt(${a})`,
  rsqrt: (_f, a) => `1.0 / Math.sqrt(${a})`,
  reciprocal: (_f, a) => `1.0 / ${a}`,
  sin: (f, a) => f.call('sine', a, '0.0'),
  cos: (f, a) => f.call('sine', a, '1.0'),
  tanh: (f, a) => f.call('tanh', a),
  sigmoid: (f, a) => f.call('sigmoid', a),
  erf: (f, a) => f.call('erf', a),
};

const truth = (condition: string): string => `${condition} ? 1.0 : 0.0`;

const float32Binary: Record<BinaryOperator, Binary> = {
  add: (_f, a, b) => `${a} + ${b}`,
  subtract: (_f, a, b) => `${a} - ${b}`,
  multiply: (_f, a, b) => `${a} * ${b}`,
  divide: (_f, a, b) => `${a} / ${b}`,
  power: (f, a, b) => f.call('power', a, b),
  maximum: (f, a, b) => f.call('maximum', a, b),
  minimum: (f, a, b) => f.call('minimum', a, b),
  remainder: (f, a, b) => f.call('remainder', a, b),
  equal: (_f, a, b) => truth(`${a} == ${b}`),
  notEqual: (_f, a, b) => `${a} == ${b} ? 0.0 : 1.0`,
  less: (_f, a, b) => truth(`${a} < ${b}`),
  lessEqual: (_f, a, b) => truth(`${a} <= ${b}`),
  logicalAnd: (_f, a, b) => `${a} * ${b}`,
  logicalOr: (_f, a, b) => `Math.max(${a}, ${b})`,
};

/** low and high halves, each brought back into its range. */
function wrapped(f: ThreadSource, low: string, high: string): Register {
  const sum = f.keep(low);
  const carry = `Math.floor(${sum} * 0.0000152587890625)`;
  return [f.call('wrapLow', sum), f.call('wrapHigh', `${high} + ${carry}`)];
}

function negated(f: ThreadSource, [low, high]: Register): Register {
  return wrapped(f, `0.0 - ${low}`, `0.0 - ${high}`);
}

/** Whether a < b (or a ≤ b), as a condition. */
function below([al, ah]: Register, [bl, bh]: Register, operator: '<' | '<='): string {
  return `(${ah} < ${bh} || (${ah} == ${bh} && ${al} ${operator} ${bl}))`;
}

function chosen(condition: string, a: Register, b: Register): Register {
  return a.map((name, half) => `${condition} ? ${name} : ${b[half]}`);
}

function int32Unary(f: ThreadSource, operator: UnaryOperator, a: Register): Register {
  const [low, high] = a;
  if (operator === 'negate') return negated(f, a);
  if (operator === 'abs') {
    const opposite = negated(f, a).map((half) => f.keep(half));
    return chosen(`${high} < 0.0`, opposite, a);
  }
  if (operator === 'sign') {
    const positive = `${high} > 0.0 || (${high} == 0.0 && ${low} > 0.0)`;
    return [`${high} < 0.0 ? 65535.0 : (${positive} ? 1.0 : 0.0)`, `${high} < 0.0 ? 0.0 - 1.0 : 0.0`];
  }
  throw new Error(`there is no ${operator} of int32`);
}

function int32Binary(f: ThreadSource, operator: BinaryOperator, a: Register, b: Register): Register {
  const [al, ah] = a;
  const [bl, bh] = b;
  if (operator === 'add') return wrapped(f, `${al} + ${bl}`, `${ah} + ${bh}`);
  if (operator === 'subtract') return wrapped(f, `${al} - ${bl}`, `${ah} - ${bh}`);
  if (operator === 'multiply') {
    return [f.call('productLow', al, bl), f.call('productHigh', al, ah, bl, bh)];
  }
  if (operator === 'maximum') return chosen(below(a, b, '<'), b, a);
  if (operator === 'minimum') return chosen(below(b, a, '<'), b, a);
  if (operator === 'remainder') {
    return ['0.0', '1.0'].map((plane) => f.call('wholeRemainder', al, ah, bl, bh, plane));
  }
  const same = `(${al} == ${bl} && ${ah} == ${bh})`;
  if (operator === 'equal') return [truth(same)];
  if (operator === 'notEqual') return [`${same} ? 0.0 : 1.0`];
  if (operator === 'less') return [truth(below(a, b, '<'))];
  if (operator === 'lessEqual') return [truth(below(a, b, '<='))];
  throw new Error(`there is no ${operator} of int32`);
}

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
  return ['0.0', '1.0'].map((plane) => f.call('halfOfFloat', first, plane));
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
  const whole = types[instruction.a] === 'int32';
  if ('b' in instruction) {
    const b = registers[instruction.b];
    if (whole) return int32Binary(f, instruction.operator, a, b);
    return [float32Binary[instruction.operator](f, a[0], b[0])];
  }
  if (whole) return int32Unary(f, instruction.operator, a);
  if (instruction.operator === 'logicalNot') return [`1.0 - ${a[0]}`];
  return [float32Unary[instruction.operator](f, a[0])];
}

/** A value written into the text. */
export function constant(f: ThreadSource, value: number, dtype: DType): Register {
  if (dtype === 'float32') return [f.literal(value)];
  if (dtype === 'bool') return [value === 0 ? '0.0' : '1.0'];
  const whole = Int32Array.of(value)[0];
  return [f.literal(whole & 0xffff), f.literal(whole >> 16)];
}
