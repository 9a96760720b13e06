/** Writing the new elements of a pad: by stores one after the other up to 128 bytes, else by a loop or the engine's fill. */

import { allocate, type DType } from '../../support/contract.ts';
import { type FunctionBuilder, i32, i32x4, type Local, v128 } from '../../support/wasm/assembler/index.ts';
import { type Filler, fillerOf } from '../../support/wasm/copy-code.ts';

/** Bytes of a run that is filled by stores one after the other. */
const longestStraight = 128;

/** One value of a dtype. */
export class Filling {
  /** The value in all lanes. */
  readonly vector: Local<'v128'>;
  readonly #f: FunctionBuilder;
  readonly #fill: Filler;
  /** Four bytes: one element of four bytes, or four of one. */
  readonly #word: number;

  constructor(f: FunctionBuilder, dtype: DType, value: number) {
    this.#f = f;
    this.#fill = fillerOf(f, dtype, value);
    const elements = allocate(dtype, dtype === 'bool' ? 4 : 1).fill(value);
    this.#word = new DataView(elements.buffer).getInt32(0, true);
    this.vector = f.hoist(i32x4.splat(this.#word));
  }

  /** Fills `length` bytes, known now and whole elements, from `to` + `offset` on. */
  write(to: Local<'i32'>, offset: number, length: number): void {
    const f = this.#f;
    if (length > longestStraight) {
      this.#fill(i32.add(to, offset), length);
      return;
    }
    // The last piece is moved back to end with the run; all pieces are alike.
    const piece = [16, 8, 4].find((size) => size <= length) ?? 1;
    for (let from = 0; from < length; from += piece) {
      const at = offset + Math.min(from, length - piece);
      if (piece === 16) f.do(v128.store(to, this.vector, at));
      else if (piece === 8) f.do(v128.storeLane64(to, this.vector, 0, at));
      else if (piece === 4) f.do(i32.store(to, this.#word, at));
      else f.do(i32.storeByte(to, this.#word, at));
    }
  }
}
