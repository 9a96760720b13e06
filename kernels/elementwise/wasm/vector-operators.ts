/**
 * The operators of fused programs on registers of four lanes: what loops-float32.ts, loops-int32.ts and loops.ts compute
 * one by one. Bools are masks here, all ones or all zeros.
 */

import type { DType } from '../../support/contract.ts';
import {
  type FunctionBuilder,
  f32x4,
  i32,
  i32x4,
  type Local,
  type Target,
  type Vector,
  v128,
} from '../../support/wasm/assembler/index.ts';
import * as vectorMath from '../../support/wasm/vector-math/index.ts';
import type { BinaryOperator, Instruction, UnaryOperator } from '../index.ts';

type Unary = (f: FunctionBuilder, target: Target, a: Local<'v128'>) => Vector;
type Binary = (f: FunctionBuilder, target: Target, a: Local<'v128'>, b: Local<'v128'>) => Vector;
type Plain = (a: Vector, b: Vector) => Vector;

const zero = i32x4.constant(0, 0, 0, 0);
const one = f32x4.constant(1, 1, 1, 1);
const signBit = i32x4.constant(-0x80000000, -0x80000000, -0x80000000, -0x80000000);

/** Operators that cost far more than what it takes to load and store: loops over them need not be unrolled. */
const heavyOperators: ReadonlySet<Instruction['operator']> = new Set<UnaryOperator | BinaryOperator>([
  'exp',
  'expm1',
  'log',
  'log1p',
  'sin',
  'cos',
  'tanh',
  'sigmoid',
  'erf',
  'power',
  'remainder',
]);

/** Whether an operator takes tens of instructions. */
export function isHeavy(operator: Instruction['operator']): boolean {
  return heavyOperators.has(operator);
}

const plain =
  (operator: Plain): Binary =>
  (_f, _target, a, b) =>
    operator(a, b);

const float32Unary: Partial<Record<UnaryOperator, Unary>> = {
  negate: (_f, _target, a) => f32x4.negate(a),
  abs: (_f, _target, a) => f32x4.absolute(a),
  /** 1 with the sign of a where |a| > 0; else a itself: a zero keeps its sign, NaN stays. */
  sign: (f, _target, a) => {
    const signed = v128.or(v128.and(a, f.hoist(signBit)), f.hoist(one));
    return v128.select(signed, a, f32x4.greater(f32x4.absolute(a), f.hoist(zero)));
  },
  floor: (_f, _target, a) => f32x4.floor(a),
  ceil: (_f, _target, a) => f32x4.ceil(a),
  round: (_f, _target, a) => f32x4.nearest(a),
  sqrt: (_f, _target, a) => f32x4.squareRoot(a),
  rsqrt: (f, _target, a) => f32x4.divide(f.hoist(one), f32x4.squareRoot(a)),
  reciprocal: (f, _target, a) => f32x4.divide(f.hoist(one), a),
  exp: vectorMath.exp,
  expm1: vectorMath.expm1,
  log: vectorMath.log,
  log1p: vectorMath.log1p,
  sin: vectorMath.sin,
  cos: vectorMath.cos,
  tanh: vectorMath.tanh,
  sigmoid: vectorMath.sigmoid,
  erf: vectorMath.erf,
};

const float32Binary: Partial<Record<BinaryOperator, Binary>> = {
  add: plain(f32x4.add),
  subtract: plain(f32x4.subtract),
  multiply: plain(f32x4.multiply),
  divide: plain(f32x4.divide),
  power: vectorMath.power,
  maximum: plain(f32x4.maximum),
  minimum: plain(f32x4.minimum),
  remainder: vectorMath.remainder,
  equal: plain(f32x4.equal),
  notEqual: plain(f32x4.notEqual),
  less: plain(f32x4.less),
  lessEqual: plain(f32x4.lessEqual),
};

const int32Unary: Partial<Record<UnaryOperator, Unary>> = {
  negate: (_f, _target, a) => i32x4.negate(a),
  abs: (_f, _target, a) => i32x4.absolute(a),
  /** The comparisons give -1 where they hold. */
  sign: (f, _target, a) => i32x4.subtract(i32x4.less(a, f.hoist(zero)), i32x4.greater(a, f.hoist(zero))),
};

const int32Binary: Partial<Record<BinaryOperator, Binary>> = {
  add: plain(i32x4.add),
  subtract: plain(i32x4.subtract),
  multiply: plain(i32x4.multiply),
  maximum: plain(i32x4.maximum),
  minimum: plain(i32x4.minimum),
  remainder: int32Remainder,
  equal: plain(i32x4.equal),
  notEqual: plain(i32x4.notEqual),
  less: plain(i32x4.less),
  lessEqual: plain(i32x4.lessEqual),
};

const boolUnary: Partial<Record<UnaryOperator, Unary>> = {
  logicalNot: (_f, _target, a) => v128.not(a),
};

const boolBinary: Partial<Record<BinaryOperator, Binary>> = {
  equal: plain((a, b) => v128.not(v128.xor(a, b))),
  notEqual: plain(v128.xor),
  less: plain((a, b) => v128.andNot(b, a)),
  lessEqual: plain((a, b) => v128.or(v128.not(a), b)),
  logicalAnd: plain(v128.and),
  logicalOr: plain(v128.or),
};

const unary: Record<DType, typeof float32Unary> = {
  float32: float32Unary,
  int32: int32Unary,
  bool: boolUnary,
};
const binary: Record<DType, typeof float32Binary> = {
  float32: float32Binary,
  int32: int32Binary,
  bool: boolBinary,
};

/** There is no vector division of integers: the rests are computed lane by lane, their signs mended in all lanes. */
function int32Remainder(f: FunctionBuilder, _target: Target, a: Local<'v128'>, b: Local<'v128'>): Vector {
  // The rest of a division by 0 is 0 by definition here, as is that of a division by 1.
  const divisor = f.keep(i32x4.subtract(b, i32x4.equal(b, f.hoist(zero))));
  const rest = f.keep(zero);
  for (let lane = 0; lane < 4; lane++) {
    const laneRest = i32.remainder(i32x4.extractLane(a, lane), i32x4.extractLane(divisor, lane));
    f.set(rest, i32x4.replaceLane(rest, lane, laneRest));
  }
  const signsDiffer = i32x4.less(v128.xor(rest, b), f.hoist(zero));
  const mend = v128.and(signsDiffer, i32x4.notEqual(rest, f.hoist(zero)));
  return i32x4.add(rest, v128.and(mend, b));
}

function cast(f: FunctionBuilder, from: DType, to: DType, a: Local<'v128'>): Vector {
  if (from === to) return a;
  if (to === 'bool') return (from === 'float32' ? f32x4 : i32x4).notEqual(a, f.hoist(zero));
  if (to === 'int32') return from === 'float32' ? i32x4.truncate(a) : i32x4.negate(a);
  return from === 'int32' ? f32x4.convert(a) : v128.and(a, f.hoist(one));
}

/**
 * The larger or smaller of each lane and a constant, where a cheaper way gives the same bits: the general instruction
 * has to mind a NaN and the signs of zeros on both sides.
 */
function withBound(
  f: FunctionBuilder,
  operator: BinaryOperator,
  a: Local<'v128'>,
  bound: number,
  boundRegister: Local<'v128'>,
): Vector | undefined {
  const positiveZero = Object.is(bound, 0);
  const negativeZero = Object.is(bound, -0);
  if (Number.isNaN(bound)) return undefined;
  if (operator === 'maximum') {
    // The relu: -0 becomes 0, NaN stays.
    if (positiveZero) return v128.andNot(a, f32x4.lessEqual(a, f.hoist(zero)));
    return f32x4.pseudoMaximum(a, boundRegister);
  }
  if (operator === 'minimum' && !negativeZero) return f32x4.pseudoMinimum(a, boundRegister);
  return undefined;
}

/** A register as an operand. `constant` is its value, if the program gives it as a number. */
export interface Operand {
  readonly register: Local<'v128'>;
  readonly dtype: DType;
  readonly constant?: number | undefined;
}

/** The result of an instruction for four points. */
export function applyInstruction(
  f: FunctionBuilder,
  target: Target,
  instruction: Exclude<Instruction, { operator: 'constant' }>,
  operandOf: (register: number) => Operand,
): Vector {
  const a = operandOf(instruction.a);
  if (instruction.operator === 'cast') return cast(f, a.dtype, instruction.dtype, a.register);
  if (instruction.operator === 'where') {
    return v128.select(operandOf(instruction.b).register, operandOf(instruction.c).register, a.register);
  }
  const { operator } = instruction;
  if ('b' in instruction) {
    const b = operandOf(instruction.b);
    if (a.dtype === 'float32') {
      const [bound, other] = b.constant === undefined ? [a, b] : [b, a];
      if (bound.constant !== undefined) {
        const cheap = withBound(f, instruction.operator, other.register, bound.constant, bound.register);
        if (cheap) return cheap;
      }
    }
    const write = binary[a.dtype][instruction.operator];
    if (write) return write(f, target, a.register, b.register);
  } else {
    const write = unary[a.dtype][instruction.operator];
    if (write) return write(f, target, a.register);
  }
  throw new TypeError(`elementwise: operator "${operator}" is not defined on ${a.dtype}`);
}
