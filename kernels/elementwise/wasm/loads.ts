/**
 * Four points at a time between memory and registers. A register is a v128: four floats, four integers, or for bool
 * four masks (all ones or all zeros), which memory holds as bytes 1 and 0.
 */

import { bytesPerElement, type DType } from '../../support/contract.ts';
import {
  type FunctionBuilder,
  f32x4,
  type Integer,
  i8x16,
  i16x8,
  i32,
  i32x4,
  type Local,
  type Vector,
  v128,
} from '../../support/wasm/assembler/index.ts';

/** Where consecutive points of a load lie. */
export interface PointRun {
  readonly dtype: DType;
  /** The address of the first of them. */
  readonly pointer: Local<'i32'>;
  /** Elements from one to the next. */
  readonly stride: number;
}

/** Which points of a row are real: those whose index minus `low`, unsigned, is less than `limit`. */
export interface RealPoints {
  readonly low: number;
  readonly limit: Integer;
  /** `limit` less 3, or 0: four points are real if the first one's index minus `low` is less than this. */
  readonly wholeLimit: Integer;
  readonly fill: number;
}

/** A constant in all four lanes of a register. */
export function constantRegister(f: FunctionBuilder, dtype: DType, value: number): Local<'v128'> {
  if (dtype === 'float32') return f.hoist(f32x4.constant(value, value, value, value));
  const lane = dtype === 'int32' ? value : -Number(value !== 0);
  return f.hoist(i32x4.constant(lane, lane, lane, lane));
}

/** One element in all four lanes. */
export function loadSplat(dtype: DType, pointer: Integer, offset = 0): Vector {
  if (dtype !== 'bool') return v128.loadSplat32(pointer, offset);
  return i32x4.splat(i32.subtract(0, i32.loadByte(pointer, offset)));
}

/** Four points, the first one `ahead` points after the pointer. All must be real elements. */
export function loadFour(f: FunctionBuilder, { dtype, pointer, stride }: PointRun, ahead = 0): Vector {
  const bytes = bytesPerElement[dtype];
  if (stride === 0) return loadSplat(dtype, pointer);
  if (stride === 1) {
    if (dtype === 'bool') return maskOfBytes(v128.loadZero32(pointer, ahead));
    return v128.load(pointer, ahead * bytes);
  }
  if (stride === -1 && dtype !== 'bool') {
    const reversed = f.keep(v128.load(i32.add(pointer, (-3 - ahead) * bytes)));
    return i8x16.shuffle(reversed, reversed, [12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3]);
  }
  // Offsets inside instructions are unsigned, so they count from the lowest address.
  const lowest = stride > 0 ? pointer : f.keep(i32.add(pointer, (3 + ahead) * stride * bytes));
  const offsets = [0, 1, 2, 3].map(
    (lane) => (stride > 0 ? (lane + ahead) * stride : (lane - 3) * stride) * bytes,
  );
  const first = dtype === 'bool' ? firstByte(lowest, offsets[0]) : v128.loadZero32(lowest, offsets[0]);
  const four = [1, 2, 3].reduce((lanes, lane) => loadLane(dtype, lowest, lanes, lane, offsets[lane]), first);
  return dtype === 'bool' ? maskOfBytes(four) : four;
}

/** The first `count` points, 1 to 3 of them; what the other lanes hold is of no meaning. */
export function loadSome(f: FunctionBuilder, { dtype, pointer, stride }: PointRun, count: Integer): Vector {
  if (stride === 0) return loadSplat(dtype, pointer);
  const some = f.local('v128');
  if (stride === 1 && dtype !== 'bool') {
    f.if(
      i32.greater(count, 1),
      () => {
        f.set(some, v128.loadZero64(pointer));
        f.if(i32.greater(count, 2), () => f.set(some, v128.loadLane32(pointer, some, 2, 8)));
      },
      () => f.set(some, v128.loadZero32(pointer)),
    );
    return some;
  }
  f.set(some, dtype === 'bool' ? firstByte(pointer) : v128.loadZero32(pointer));
  for (const lane of [1, 2]) {
    const address = i32.add(pointer, lane * stride * bytesPerElement[dtype]);
    f.if(i32.greater(count, lane), () => f.set(some, loadLane(dtype, address, some, lane)));
  }
  return dtype === 'bool' ? maskOfBytes(some) : some;
}

/**
 * Four points of a padded row from index `column` + `ahead` on, or the first `count` of them. The pointer may lie outside
 * the array where its point is padding, so addresses are computed, never left to the offsets of instructions.
 */
export function loadPadded(
  f: FunctionBuilder,
  { dtype, pointer, stride }: PointRun,
  { low, limit, wholeLimit, fill }: RealPoints,
  column: Local<'i32'>,
  ahead: number,
  count?: Integer,
): Vector {
  const bytes = bytesPerElement[dtype];
  const register = f.keep(constantRegister(f, dtype, fill));
  const index = f.keep(i32.add(column, ahead - low));
  const start = f.keep(i32.add(pointer, ahead * stride * bytes));
  const readLanes = (): void => {
    const lanes = dtype === 'bool' ? f.keep(i32x4.constant(...splatBytes(fill))) : register;
    for (let lane = 0; lane < 4; lane++) {
      const real = i32.lessUnsigned(i32.add(index, lane), limit);
      const wanted = count === undefined || lane === 0 ? real : i32.and(real, i32.greater(count, lane));
      f.if(wanted, () => f.set(lanes, loadLane(dtype, i32.add(start, lane * stride * bytes), lanes, lane)));
    }
    if (dtype === 'bool') f.set(register, maskOfBytes(lanes));
  };
  if (count !== undefined) {
    readLanes();
    return register;
  }
  f.if(
    i32.lessUnsigned(index, wholeLimit),
    () => f.set(register, loadFour(f, { dtype, pointer: start, stride })),
    // Otherwise all four are padding, unless they straddle an end of the real points.
    () => f.if(i32.lessUnsigned(i32.add(index, 3), i32.add(limit, 3)), readLanes),
  );
  return register;
}

/** Stores four points, which lie dense in an output. */
export function storeFour(
  f: FunctionBuilder,
  dtype: DType,
  address: Integer,
  value: Vector,
  offset = 0,
): void {
  if (dtype !== 'bool') f.do(v128.store(address, value, offset));
  else f.do(v128.storeLane32(address, bytesOfMask(f, value), 0, offset));
}

/** Stores the first `count` points, 1 to 3 of them. */
export function storeSome(
  f: FunctionBuilder,
  dtype: DType,
  address: Integer,
  value: Vector,
  count: Integer,
): void {
  const isBool = dtype === 'bool';
  const kept = f.keep(isBool ? bytesOfMask(f, value) : value);
  const store = (lane: number): void =>
    f.do(
      isBool ? v128.storeLane8(address, kept, lane, lane) : v128.storeLane32(address, kept, lane, lane * 4),
    );
  store(0);
  f.if(i32.greater(count, 1), () => {
    store(1);
    f.if(i32.greater(count, 2), () => store(2));
  });
}

/** Four bytes in the lowest 32 bits, 0 or 1, as masks. */
function maskOfBytes(bytes: Vector): Vector {
  return i32x4.negate(i32x4.extendLowUnsigned(i16x8.extendLowUnsigned(bytes)));
}

function bytesOfMask(f: FunctionBuilder, mask: Vector): Vector {
  const ones = f.keep(v128.and(mask, f.hoist(i32x4.constant(1, 1, 1, 1))));
  return i8x16.shuffle(ones, ones, [0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12]);
}

function firstByte(address: Integer, offset = 0): Vector {
  return i32x4.splat(i32.loadByte(address, offset));
}

function splatBytes(fill: number): [number, number, number, number] {
  const lane = fill === 0 ? 0 : 0x01010101;
  return [lane, lane, lane, lane];
}

/** Into 32-bit lane number `lane`; of a bool, into that byte. */
function loadLane(dtype: DType, address: Integer, vector: Vector, lane: number, offset = 0): Vector {
  if (dtype === 'bool') return v128.loadLane8(address, vector, lane, offset);
  return v128.loadLane32(address, vector, lane, offset);
}
