/** The scalar instructions: 32-bit integers (addresses, counts), floats and doubles, and atomics. */
import { float32Bytes, float64Bytes, signedLong } from './binary.ts';
import {
  compose,
  type Double,
  type Expression,
  type Float,
  type Integer,
  integer,
  memoryArgument,
  perform,
  type Statement,
} from './expression.ts';

type Int32 = Expression<'i32'>;

const integerBinary =
  (code: number) =>
  (a: Integer, b: Integer): Int32 =>
    compose('i32', [integer(a), integer(b)], code);

/** Whether an operand is this very constant. */
function is(operand: Integer, value: number): boolean {
  return (typeof operand === 'number' ? operand : operand.constant) === value;
}

function constantOf(operand: Integer): number | undefined {
  return typeof operand === 'number' ? operand : operand.constant;
}

/** Folds constants, so that sizes that are known cost no instruction. */
function folding(
  code: number,
  fold: (a: number, b: number) => number,
  neutral: number,
): (a: Integer, b: Integer) => Int32 {
  return (a, b) => {
    const [left, right] = [constantOf(a), constantOf(b)];
    if (left !== undefined && right !== undefined) return integer(fold(left, right) | 0);
    if (right === neutral) return integer(a);
    return compose('i32', [integer(a), integer(b)], code);
  };
}

const add = folding(0x6a, (a, b) => a + b, 0);
const multiply = folding(0x6c, Math.imul, 1);
/** No operand is neutral for a remainder. */
const remainder = folding(0x6f, (a, b) => a % b, Number.NaN);
const remainderUnsigned = folding(0x70, (a, b) => (a >>> 0) % (b >>> 0), Number.NaN);

/** 32-bit integers. Comparisons give 0 or 1. */
export const i32 = {
  constant: (value: number): Int32 => integer(value),
  add: (a: Integer, b: Integer): Int32 => (is(a, 0) ? integer(b) : add(a, b)),
  subtract: folding(0x6b, (a, b) => a - b, 0),
  multiply: (a: Integer, b: Integer): Int32 => {
    if (is(a, 0) || is(b, 0)) return integer(0);
    return is(a, 1) ? integer(b) : multiply(a, b);
  },
  divide: folding(0x6d, (a, b) => a / b, 1),
  divideUnsigned: folding(0x6e, (a, b) => (a >>> 0) / (b >>> 0), 1),
  remainder: (a: Integer, b: Integer): Int32 => (is(b, 1) ? integer(0) : remainder(a, b)),
  remainderUnsigned: (a: Integer, b: Integer): Int32 => (is(b, 1) ? integer(0) : remainderUnsigned(a, b)),
  and: integerBinary(0x71),
  or: integerBinary(0x72),
  xor: integerBinary(0x73),
  shiftLeft: folding(0x74, (a, b) => a << b, 0),
  /** Arithmetic: the sign moves in. */
  shiftRight: folding(0x75, (a, b) => a >> b, 0),
  shiftRightUnsigned: folding(0x76, (a, b) => a >>> b, 0),
  rotateLeft: integerBinary(0x77),
  isZero: (a: Integer): Int32 => compose('i32', [integer(a)], 0x45),
  equal: integerBinary(0x46),
  notEqual: integerBinary(0x47),
  less: integerBinary(0x48),
  lessUnsigned: integerBinary(0x49),
  greater: integerBinary(0x4a),
  greaterUnsigned: integerBinary(0x4b),
  lessEqual: integerBinary(0x4c),
  lessEqualUnsigned: integerBinary(0x4d),
  greaterEqual: integerBinary(0x4e),
  greaterEqualUnsigned: integerBinary(0x4f),
  /** The smaller of two signed integers; operands that cost something should be locals, since each is used twice. */
  minimum: (a: Integer, b: Integer): Int32 => select(integer(a), integer(b), i32.less(a, b)),
  /** The larger of two signed integers; see `minimum`. */
  maximum: (a: Integer, b: Integer): Int32 => select(integer(a), integer(b), i32.greater(a, b)),
  /** Rounds towards zero, saturates, NaN to 0. */
  truncate: (a: Float): Int32 => compose('i32', [f32.of(a)], 0xfc, 0x00),
  truncateDouble: (a: Double): Int32 => compose('i32', [f64.of(a)], 0xfc, 0x02),
  reinterpret: (a: Float): Int32 => compose('i32', [f32.of(a)], 0xbc),
  load: (address: Integer, offset = 0): Int32 =>
    compose('i32', [integer(address)], 0x28, ...memoryArgument(2, offset)),
  loadByte: (address: Integer, offset = 0): Int32 =>
    compose('i32', [integer(address)], 0x2d, ...memoryArgument(0, offset)),
  store: (address: Integer, value: Integer, offset = 0): Statement =>
    perform([integer(address), integer(value)], 0x36, ...memoryArgument(2, offset)),
  storeByte: (address: Integer, value: Integer, offset = 0): Statement =>
    perform([integer(address), integer(value)], 0x3a, ...memoryArgument(0, offset)),
};

const floatUnary =
  (code: number) =>
  (a: Float): Expression<'f32'> =>
    compose('f32', [f32.of(a)], code);
const floatBinary =
  (code: number) =>
  (a: Float, b: Float): Expression<'f32'> =>
    compose('f32', [f32.of(a), f32.of(b)], code);
const floatComparison =
  (code: number) =>
  (a: Float, b: Float): Int32 =>
    compose('i32', [f32.of(a), f32.of(b)], code);

/** 32-bit floats. */
export const f32 = {
  constant: (value: number): Expression<'f32'> => ({ type: 'f32', code: [0x43, ...float32Bytes(value)] }),
  /** An operand as an expression. */
  of: (operand: Float): Expression<'f32'> => (typeof operand === 'number' ? f32.constant(operand) : operand),
  absolute: floatUnary(0x8b),
  negate: floatUnary(0x8c),
  ceil: floatUnary(0x8d),
  floor: floatUnary(0x8e),
  truncate: floatUnary(0x8f),
  /** To the nearest integer, halves to even. */
  nearest: floatUnary(0x90),
  squareRoot: floatUnary(0x91),
  add: floatBinary(0x92),
  subtract: floatBinary(0x93),
  multiply: floatBinary(0x94),
  divide: floatBinary(0x95),
  /** NaN if either is. */
  minimum: floatBinary(0x96),
  maximum: floatBinary(0x97),
  equal: floatComparison(0x5b),
  notEqual: floatComparison(0x5c),
  less: floatComparison(0x5d),
  greater: floatComparison(0x5e),
  lessEqual: floatComparison(0x5f),
  greaterEqual: floatComparison(0x60),
  convert: (a: Integer): Expression<'f32'> => compose('f32', [integer(a)], 0xb2),
  demote: (a: Double): Expression<'f32'> => compose('f32', [f64.of(a)], 0xb6),
  reinterpret: (a: Integer): Expression<'f32'> => compose('f32', [integer(a)], 0xbe),
  load: (address: Integer, offset = 0): Expression<'f32'> =>
    compose('f32', [integer(address)], 0x2a, ...memoryArgument(2, offset)),
  store: (address: Integer, value: Float, offset = 0): Statement =>
    perform([integer(address), f32.of(value)], 0x38, ...memoryArgument(2, offset)),
};

const doubleUnary =
  (code: number) =>
  (a: Double): Expression<'f64'> =>
    compose('f64', [f64.of(a)], code);
const doubleBinary =
  (code: number) =>
  (a: Double, b: Double): Expression<'f64'> =>
    compose('f64', [f64.of(a), f64.of(b)], code);
const doubleComparison =
  (code: number) =>
  (a: Double, b: Double): Int32 =>
    compose('i32', [f64.of(a), f64.of(b)], code);

/** 64-bit floats: accumulators that must not lose what they add up. */
export const f64 = {
  constant: (value: number): Expression<'f64'> => ({ type: 'f64', code: [0x44, ...float64Bytes(value)] }),
  /** An operand as an expression. */
  of: (operand: Double): Expression<'f64'> => (typeof operand === 'number' ? f64.constant(operand) : operand),
  absolute: doubleUnary(0x99),
  negate: doubleUnary(0x9a),
  ceil: doubleUnary(0x9b),
  floor: doubleUnary(0x9c),
  truncate: doubleUnary(0x9d),
  nearest: doubleUnary(0x9e),
  squareRoot: doubleUnary(0x9f),
  add: doubleBinary(0xa0),
  subtract: doubleBinary(0xa1),
  multiply: doubleBinary(0xa2),
  divide: doubleBinary(0xa3),
  minimum: doubleBinary(0xa4),
  maximum: doubleBinary(0xa5),
  equal: doubleComparison(0x61),
  notEqual: doubleComparison(0x62),
  less: doubleComparison(0x63),
  greater: doubleComparison(0x64),
  lessEqual: doubleComparison(0x65),
  greaterEqual: doubleComparison(0x66),
  convert: (a: Integer): Expression<'f64'> => compose('f64', [integer(a)], 0xb7),
  promote: (a: Float): Expression<'f64'> => compose('f64', [f32.of(a)], 0xbb),
  load: (address: Integer, offset = 0): Expression<'f64'> =>
    compose('f64', [integer(address)], 0x2b, ...memoryArgument(3, offset)),
  store: (address: Integer, value: Double, offset = 0): Statement =>
    perform([integer(address), f64.of(value)], 0x39, ...memoryArgument(3, offset)),
};

const longBinary =
  (code: number) =>
  (a: Expression<'i64'>, b: Expression<'i64'>): Expression<'i64'> =>
    compose('i64', [a, b], code);

/** 64-bit integers. */
export const i64 = {
  constant: (value: bigint): Expression<'i64'> => ({ type: 'i64', code: [0x42, ...signedLong(value)] }),
  /** From 32 bits, widened with zeros. */
  extendUnsigned: (a: Integer): Expression<'i64'> => compose('i64', [integer(a)], 0xad),
  add: longBinary(0x7c),
  subtract: longBinary(0x7d),
  multiply: longBinary(0x7e),
  or: longBinary(0x84),
  /** By the lowest six bits of the count. */
  shiftLeft: longBinary(0x86),
  shiftRightUnsigned: longBinary(0x88),
  /** Signed; 0 or 1. */
  less: (a: Expression<'i64'>, b: Expression<'i64'>): Int32 => compose('i32', [a, b], 0x53),
  load: (address: Integer, offset = 0): Expression<'i64'> =>
    compose('i64', [integer(address)], 0x29, ...memoryArgument(3, offset)),
  store: (address: Integer, value: Expression<'i64'>, offset = 0): Statement =>
    perform([integer(address), value], 0x37, ...memoryArgument(3, offset)),
  /** A signed integer as the nearest double. */
  toDouble: (a: Expression<'i64'>): Expression<'f64'> => compose('f64', [a], 0xb9),
};

/** `condition ? a : b`, both computed. */
export function select<Type extends 'i32' | 'i64' | 'f32' | 'f64' | 'v128'>(
  a: Expression<Type>,
  b: Expression<Type>,
  condition: Integer,
): Expression<Type> {
  return compose(a.type, [a, b, integer(condition)], 0x1b);
}

/** Whole blocks of memory at once. Lengths are in bytes. */
export const bytes = {
  /** Copies; the blocks may overlap. */
  copy: (to: Integer, from: Integer, length: Integer): Statement =>
    perform([integer(to), integer(from), integer(length)], 0xfc, 0x0a, 0x00, 0x00),
  /** Sets every byte to `value`. */
  fill: (to: Integer, value: Integer, length: Integer): Statement =>
    perform([integer(to), integer(value), integer(length)], 0xfc, 0x0b, 0x00),
};

const readModifyWrite =
  (code: number) =>
  (address: Integer, value: Integer, offset = 0): Int32 =>
    compose('i32', [integer(address), integer(value)], 0xfe, code, ...memoryArgument(2, offset));

/** Atomic 32-bit access to shared memory, sequentially consistent. */
export const atomic = {
  load: (address: Integer, offset = 0): Int32 =>
    compose('i32', [integer(address)], 0xfe, 0x10, ...memoryArgument(2, offset)),
  store: (address: Integer, value: Integer, offset = 0): Statement =>
    perform([integer(address), integer(value)], 0xfe, 0x17, ...memoryArgument(2, offset)),
  /** Adds, and gives the value from before. */
  add: readModifyWrite(0x1e),
  exchange: readModifyWrite(0x41),
  /** Sleeps while the word at `address` is `expected`, without a time limit. 0 woken, 1 it was something else. */
  wait: (address: Integer, expected: Integer, offset = 0): Int32 =>
    // The time limit -1 is the i64 constant 0x42 0x7f.
    compose(
      'i32',
      [integer(address), integer(expected)],
      0x42,
      0x7f,
      0xfe,
      0x01,
      ...memoryArgument(2, offset),
    ),
  /** Wakes up to `count` sleepers at `address`, and gives their number. */
  notify: (address: Integer, count: Integer, offset = 0): Int32 =>
    compose('i32', [integer(address), integer(count)], 0xfe, 0x00, ...memoryArgument(2, offset)),
};
