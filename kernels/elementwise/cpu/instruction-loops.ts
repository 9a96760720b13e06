/**
 * Which loop computes an instruction on registers of given dtypes: the operators' loops stand in their rows
 * (operators/), here are those that choose and convert.
 */
import type { DType } from '../../support/contract.ts';
import type { Instruction } from '../index.ts';
import { binaryVersion, unaryVersion } from '../operators/index.ts';
import type { Loop, UnaryLoop, WhereLoop } from './loop-types.ts';

// One function per operator and dtype, although many bodies read the same: a loop that always sees one array type
// compiles to a few machine instructions, a shared one would test the type at every element.

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

/** The loop of an instruction for operands of `from` (for `where`, of the chosen values) and a result of `to`. */
export function findLoop(
  instruction: Exclude<Instruction, { operator: 'constant' }>,
  from: DType,
  to: DType,
): Loop {
  if (instruction.operator === 'where') return whereLoops[to];
  if (instruction.operator === 'cast') return castLoops[from][to];
  if ('b' in instruction) return binaryVersion(instruction.operator, from).cpu;
  return unaryVersion(instruction.operator, from).cpu;
}

/** The loop that copies a register of `dtype`. */
export function copyLoop(dtype: DType): Loop {
  return castLoops[dtype][dtype];
}
