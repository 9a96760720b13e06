/** Storing the first lanes of a vector, for the last columns, channels or elements of an array. */
import { type FunctionBuilder, type Integer, type Vector, v128 } from './assembler/index.ts';

/** Stores the first `count` lanes, 4 bytes each, at `pointer` + `offset`: none for 0 and less, all for 4 and more. */
export function storeLanes(
  f: FunctionBuilder,
  pointer: Integer,
  offset: number,
  vector: Vector,
  count: number,
): void {
  if (count >= 4) f.do(v128.store(pointer, vector, offset));
  else if (count === 3) {
    const lanes = f.keep(vector);
    f.do(v128.storeLane64(pointer, lanes, 0, offset));
    f.do(v128.storeLane32(pointer, lanes, 2, offset + 8));
  } else if (count === 2) f.do(v128.storeLane64(pointer, vector, 0, offset));
  else if (count === 1) f.do(v128.storeLane32(pointer, vector, 0, offset));
}
