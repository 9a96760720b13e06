/** The table of operator loops: which loop computes an operator on registers of given dtypes. */
import type { DType } from '../../support/contract.ts';
import type { Instruction } from '../index.ts';
import type { BinaryLoop, Comparison, Logical, Loop, UnaryLoop, WhereLoop } from './loop-types.ts';
import { float32Binary, float32Comparison, float32Unary } from './loops-float32.ts';
import { int32Binary, int32Comparison, int32Unary } from './loops-int32.ts';

// One function per operator and dtype, although many bodies read the same: a loop that always sees one array type
// compiles to a few machine instructions, a shared one would test the type at every element.

const boolUnary: Record<'logicalNot', UnaryLoop<Uint8Array>> = {
  logicalNot(count, out, outAt, a, aAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] ^ 1;
  },
};

const boolBinary: Record<Comparison | Logical, BinaryLoop<Uint8Array>> = {
  equal(count, out, outAt, a, aAt, b, bAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] === b[bAt + i] ? 1 : 0;
  },
  notEqual(count, out, outAt, a, aAt, b, bAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] !== b[bAt + i] ? 1 : 0;
  },
  less(count, out, outAt, a, aAt, b, bAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] < b[bAt + i] ? 1 : 0;
  },
  lessEqual(count, out, outAt, a, aAt, b, bAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] <= b[bAt + i] ? 1 : 0;
  },
  logicalAnd(count, out, outAt, a, aAt, b, bAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] & b[bAt + i];
  },
  logicalOr(count, out, outAt, a, aAt, b, bAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] | b[bAt + i];
  },
};

const float32Where: WhereLoop<Float32Array> = (count, out, outAt, a, aAt, b, bAt, c, cAt) => {
  for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] !== 0 ? b[bAt + i] : c[cAt + i];
};

const int32Where: WhereLoop<Int32Array> = (count, out, outAt, a, aAt, b, bAt, c, cAt) => {
  for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] !== 0 ? b[bAt + i] : c[cAt + i];
};

const boolWhere: WhereLoop<Uint8Array> = (count, out, outAt, a, aAt, b, bAt, c, cAt) => {
  for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] !== 0 ? b[bAt + i] : c[cAt + i];
};

const whereLoops: Record<DType, Loop> = { float32: float32Where, int32: int32Where, bool: boolWhere };

/** The array that holds each dtype. */
interface ArrayOf {
  float32: Float32Array;
  int32: Int32Array;
  bool: Uint8Array;
}

/** Truncates towards zero, saturates, NaN to 0. */
function toInt32(x: number): number {
  if (x >= 2147483647) return 2147483647;
  return x <= -2147483648 ? -2147483648 : x | 0;
}

const float32To: { [To in DType]: UnaryLoop<Float32Array, ArrayOf[To]> } = {
  float32(count, out, outAt, a, aAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i];
  },
  int32(count, out, outAt, a, aAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = toInt32(a[aAt + i]);
  },
  bool(count, out, outAt, a, aAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] !== 0 ? 1 : 0;
  },
};

const int32To: { [To in DType]: UnaryLoop<Int32Array, ArrayOf[To]> } = {
  float32(count, out, outAt, a, aAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i];
  },
  int32(count, out, outAt, a, aAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i];
  },
  bool(count, out, outAt, a, aAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] !== 0 ? 1 : 0;
  },
};

const boolTo: { [To in DType]: UnaryLoop<Uint8Array, ArrayOf[To]> } = {
  float32(count, out, outAt, a, aAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i];
  },
  int32(count, out, outAt, a, aAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i];
  },
  bool(count, out, outAt, a, aAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i];
  },
};

const castLoops: Record<DType, Record<DType, Loop>> = { float32: float32To, int32: int32To, bool: boolTo };

const operatorLoops: Record<DType, Partial<Record<string, Loop>>> = {
  float32: { ...float32Unary, ...float32Binary, ...float32Comparison },
  int32: { ...int32Unary, ...int32Binary, ...int32Comparison },
  bool: { ...boolUnary, ...boolBinary },
};

/** The loop of `operator` for operands of `from` (for `where`, of the chosen values) and a result of `to`. */
export function findLoop(
  operator: Exclude<Instruction['operator'], 'constant'>,
  from: DType,
  to: DType,
): Loop {
  if (operator === 'where') return whereLoops[to];
  if (operator === 'cast') return castLoops[from][to];
  const loop = operatorLoops[from][operator];
  if (!loop) throw new TypeError(`elementwise: operator "${operator}" is not defined on ${from}`);
  return loop;
}

/** The loop that copies a register of `dtype`. */
export function copyLoop(dtype: DType): Loop {
  return castLoops[dtype][dtype];
}
