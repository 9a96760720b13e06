/** The 128-bit vector instructions: four floats (f32x4), four integers (i32x4), two doubles (f64x2), or plain bits. */
import { float32Bytes, unsigned } from './binary.ts';
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
  type Vector,
} from './expression.ts';
import { f32, f64 } from './scalars.ts';

type Vector128 = Expression<'v128'>;

const prefix = 0xfd;

const unary =
  (code: number) =>
  (a: Vector): Vector128 =>
    compose('v128', [a], prefix, ...unsigned(code));
const binary =
  (code: number) =>
  (a: Vector, b: Vector): Vector128 =>
    compose('v128', [a, b], prefix, ...unsigned(code));
const ternary =
  (code: number) =>
  (a: Vector, b: Vector, c: Vector): Vector128 =>
    compose('v128', [a, b, c], prefix, ...unsigned(code));
const shift =
  (code: number) =>
  (a: Vector, count: Integer): Vector128 =>
    compose('v128', [a, integer(count)], prefix, ...unsigned(code));
const truth =
  (code: number) =>
  (a: Vector): Expression<'i32'> =>
    compose('i32', [a], prefix, ...unsigned(code));
const loading =
  (code: number, alignment: number) =>
  (address: Integer, offset = 0): Vector128 =>
    compose('v128', [integer(address)], prefix, code, ...memoryArgument(alignment, offset));
const loadingLane =
  (code: number, alignment: number) =>
  (address: Integer, vector: Vector, lane: number, offset = 0): Vector128 =>
    compose('v128', [integer(address), vector], prefix, code, ...memoryArgument(alignment, offset), lane);
const storingLane =
  (code: number, alignment: number) =>
  (address: Integer, vector: Vector, lane: number, offset = 0): Statement =>
    perform([integer(address), vector], prefix, code, ...memoryArgument(alignment, offset), lane);

/** Bits and memory, whatever the lanes mean. Addresses need no alignment. */
export const v128 = {
  load: loading(0x00, 2),
  /** One 32-bit element in all four lanes. */
  loadSplat32: loading(0x09, 2),
  /** One 32-bit element in lane 0, zero in the others. */
  loadZero32: loading(0x5c, 2),
  /** Two 32-bit elements in lanes 0 and 1, zero in the others. */
  loadZero64: loading(0x5d, 2),
  /** One 32-bit element into a lane of a vector whose other lanes stay. */
  loadLane32: loadingLane(0x56, 2),
  /** One byte into a lane of a vector whose other lanes stay. */
  loadLane8: loadingLane(0x54, 0),
  store: (address: Integer, value: Vector, offset = 0): Statement =>
    perform([integer(address), value], prefix, 0x0b, ...memoryArgument(2, offset)),
  storeLane8: storingLane(0x58, 0),
  storeLane32: storingLane(0x5a, 2),
  /** Lane counts pairs of 32-bit lanes: 0 stores lanes 0 and 1. */
  storeLane64: storingLane(0x5b, 2),
  not: unary(0x4d),
  and: binary(0x4e),
  /** a and not b. */
  andNot: binary(0x4f),
  or: binary(0x50),
  xor: binary(0x51),
  /** Bit by bit: where `mask` is 1 from `a`, else from `b`. */
  select: ternary(0x52),
  /** 1 if any bit is set. */
  anyTrue: truth(0x53),
};

/** Sixteen bytes. */
export const i8x16 = {
  /** Bytes of a (0-15) and b (16-31), picked by number. */
  shuffle: (a: Vector, b: Vector, picks: readonly number[]): Vector128 =>
    compose('v128', [a, b], prefix, 0x0d, ...picks),
  /** Each lane 16-bit signed, saturated to 8 bits unsigned; a below b. */
  narrow: binary(0x66),
};

/** Eight 16-bit integers, on the way between bytes and 32 bits. */
export const i16x8 = {
  /** The lower eight bytes, widened with zeros. */
  extendLowUnsigned: unary(0x89),
  /** Each 32-bit lane, saturated to 16 bits signed; a below b. */
  narrow: binary(0x85),
};

/** Four 32-bit integers. Comparisons give all ones or all zeros in each lane. */
export const i32x4 = {
  constant: (...lanes: readonly [number, number, number, number]): Vector128 => ({
    type: 'v128',
    code: [
      prefix,
      0x0c,
      ...lanes.flatMap((lane) => [lane, lane >>> 8, lane >>> 16, lane >>> 24].map((b) => b & 0xff)),
    ],
  }),
  splat: (a: Integer): Vector128 => compose('v128', [integer(a)], prefix, 0x11),
  extractLane: (a: Vector, lane: number): Expression<'i32'> => compose('i32', [a], prefix, 0x1b, lane),
  replaceLane: (a: Vector, lane: number, value: Integer): Vector128 =>
    compose('v128', [a, integer(value)], prefix, 0x1c, lane),
  equal: binary(0x37),
  notEqual: binary(0x38),
  less: binary(0x39),
  greater: binary(0x3b),
  lessEqual: binary(0x3d),
  greaterEqual: binary(0x3f),
  absolute: unary(0xa0),
  negate: unary(0xa1),
  allTrue: truth(0xa3),
  /** The sign bit of each lane, as an integer of four bits. */
  bitmask: truth(0xa4),
  /** The lower four 16-bit lanes, widened with zeros. */
  extendLowUnsigned: unary(0xa9),
  shiftLeft: shift(0xab),
  shiftRight: shift(0xac),
  shiftRightUnsigned: shift(0xad),
  add: binary(0xae),
  subtract: binary(0xb1),
  multiply: binary(0xb5),
  minimum: binary(0xb6),
  maximum: binary(0xb8),
  /** Floats towards zero, saturated, NaN to 0. */
  truncate: unary(0xf8),
};

/** Four floats. Comparisons give all ones or all zeros in each lane. */
export const f32x4 = {
  constant: (...lanes: readonly [number, number, number, number]): Vector128 => ({
    type: 'v128',
    code: [prefix, 0x0c, ...lanes.flatMap(float32Bytes)],
  }),
  splat: (a: Float): Vector128 => compose('v128', [f32.of(a)], prefix, 0x13),
  extractLane: (a: Vector, lane: number): Expression<'f32'> => compose('f32', [a], prefix, 0x1f, lane),
  replaceLane: (a: Vector, lane: number, value: Float): Vector128 =>
    compose('v128', [a, f32.of(value)], prefix, 0x20, lane),
  equal: binary(0x41),
  notEqual: binary(0x42),
  less: binary(0x43),
  greater: binary(0x44),
  lessEqual: binary(0x45),
  greaterEqual: binary(0x46),
  ceil: unary(0x67),
  floor: unary(0x68),
  truncate: unary(0x69),
  /** To the nearest integer, halves to even. */
  nearest: unary(0x6a),
  absolute: unary(0xe0),
  negate: unary(0xe1),
  squareRoot: unary(0xe3),
  add: binary(0xe4),
  subtract: binary(0xe5),
  multiply: binary(0xe6),
  divide: binary(0xe7),
  /** NaN if either is. */
  minimum: binary(0xe8),
  maximum: binary(0xe9),
  /** b < a ? b : a, one instruction on every processor. */
  pseudoMinimum: binary(0xea),
  /** a < b ? b : a, one instruction on every processor. */
  pseudoMaximum: binary(0xeb),
  /** From i32 lanes. */
  convert: unary(0xfa),
  /** Two f64 lanes to lanes 0 and 1; lanes 2 and 3 become zero. */
  demote: unary(0x5e),
  /** a·b + c, rounded once or twice as the engine likes. Relaxed SIMD: see `Target`. */
  relaxedMultiplyAdd: ternary(0x105),
  /** c - a·b, likewise. */
  relaxedNegativeMultiplyAdd: ternary(0x106),
};

/** Two doubles. */
export const f64x2 = {
  splat: (a: Double): Vector128 => compose('v128', [f64.of(a)], prefix, 0x14),
  extractLane: (a: Vector, lane: number): Expression<'f64'> => compose('f64', [a], prefix, 0x21, lane),
  replaceLane: (a: Vector, lane: number, value: Double): Vector128 =>
    compose('v128', [a, f64.of(value)], prefix, 0x22, lane),
  equal: binary(0x47),
  notEqual: binary(0x48),
  less: binary(0x49),
  greater: binary(0x4a),
  lessEqual: binary(0x4b),
  greaterEqual: binary(0x4c),
  truncate: unary(0x7a),
  absolute: unary(0xec),
  negate: unary(0xed),
  squareRoot: unary(0xef),
  add: binary(0xf0),
  subtract: binary(0xf1),
  multiply: binary(0xf2),
  divide: binary(0xf3),
  /** b < a ? b : a, one instruction on every processor. */
  pseudoMinimum: binary(0xf6),
  /** a < b ? b : a, one instruction on every processor. */
  pseudoMaximum: binary(0xf7),
  /** Lanes 0 and 1 of four floats. */
  promoteLow: unary(0x5f),
};

/** Two 64-bit integers: the bits of doubles. */
export const i64x2 = {
  splat: (a: Expression<'i64'>): Vector128 => compose('v128', [a], prefix, 0x12),
  shiftLeft: shift(0xcb),
  shiftRightUnsigned: shift(0xcd),
  add: binary(0xce),
  subtract: binary(0xd1),
};

/** What the engine that runs the code can do. */
export interface Target {
  /** Whether it has relaxed SIMD, whose multiply-add is one instruction. */
  readonly relaxedSimd: boolean;
}

/** a·b + c in each of four float lanes: one fused instruction where the target has it, else a product and a sum. */
export function multiplyAdd(target: Target, a: Vector, b: Vector, c: Vector): Vector128 {
  return target.relaxedSimd ? f32x4.relaxedMultiplyAdd(a, b, c) : f32x4.add(f32x4.multiply(a, b), c);
}

/** c - a·b in each of four float lanes. */
export function multiplySubtract(target: Target, a: Vector, b: Vector, c: Vector): Vector128 {
  return target.relaxedSimd
    ? f32x4.relaxedNegativeMultiplyAdd(a, b, c)
    : f32x4.subtract(c, f32x4.multiply(a, b));
}
