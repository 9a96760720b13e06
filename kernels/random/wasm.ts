/**
 * Threefry-2x32-20 in WebAssembly. Eight blocks at a time: two sets of two vectors, whose lanes are words 0 and words 1 of
 * four blocks.
 *
 *     for j = first / 2, + 8, …                       // items: elements, two to a block
 *       words = counter + (j … j + 7), plus the key
 *       for group = 1 … 5                             // of four rounds, as in support/threefry.ts
 *         for rotation of the group:  word0 += word1;  word1 = rotate(word1, rotation) xor word0
 *         words += the key's words of the group
 *       out[2j … 2j + 15] = words >> 8, interleaved
 */

import { sizeOf } from '../support/contract.ts';
import { groups, parity, rotations } from '../support/threefry.ts';
import {
  type FunctionBuilder,
  i8x16,
  i32,
  i32x4,
  type Local,
  type Vector,
  v128,
} from '../support/wasm/assembler/index.ts';
import { storeLanes } from '../support/wasm/store-lanes.ts';
import type { WasmKernel, WasmStage } from '../support/wasm/wasm-kernel.ts';
import type { NoAttributes } from './index.ts';

/** Every round waits for the one before it, so two sets of rounds run side by side. */
const sets = 2;
/** Elements of a set: two words of four blocks. */
const setElements = 8;
const grain = sets * setElements;

/** Four blocks, in lanes. */
interface BlockSet {
  readonly word0: Local<'v128'>;
  readonly word1: Local<'v128'>;
}

/** See the contract. */
export const randomWasm: WasmKernel<NoAttributes> = ({ outputs: [{ shape }] }) => {
  const size = sizeOf(shape);
  const rest = size % grain;
  const write: WasmStage['write'] = (f, { first, end }, { inputs, outputs }) => {
    const generator = new BlockGenerator(f, inputs[0], first);
    const to = f.keep(i32.add(outputs[0], i32.multiply(first, 4)));
    const left = f.keep(i32.subtract(end, first));
    const draw = (elements: number): void => {
      generator.next().forEach((vector, at) => {
        storeLanes(f, to, 16 * at, vector, elements - 4 * at);
      });
    };
    f.while(i32.greaterEqual(left, grain), () => {
      draw(grain);
      f.increase(to, 4 * grain);
      f.increase(left, -grain);
    });
    // Only the last range does not end with a grain.
    if (rest > 0) f.if(left, () => draw(rest));
  };
  return { stages: [{ items: size, grain, elementsPerItem: 1, write }] };
};

/** The state of the generator in locals, which gives one set of blocks after the other. */
class BlockGenerator {
  readonly #f: FunctionBuilder;
  /** Of the key: what word 0 and word 1 are increased by before the rounds and after each group of them. */
  readonly #schedule: readonly BlockSet[];
  /** The words of the counter of the first block of all. */
  readonly #counter: { readonly low: Local<'v128'>; readonly high: Local<'v128'> };
  /** For each set, four blocks' numbers. */
  readonly #numbers: readonly Local<'v128'>[];

  /** Begins with the block of element `first`; the state is at `state`. */
  constructor(f: FunctionBuilder, state: Local<'i32'>, first: Local<'i32'>) {
    this.#f = f;
    const [key0, key1] = [f.keep(i32.load(state)), f.keep(i32.load(state, 4))];
    const keys = [key0, key1, f.keep(i32.xor(i32.xor(key0, key1), parity))];
    const splat = (word: typeof key0, more: number): Local<'v128'> =>
      f.keep(i32x4.splat(i32.add(word, more)));
    this.#schedule = Array.from({ length: groups + 1 }, (_, group) => ({
      word0: splat(keys[group % 3], 0),
      word1: splat(keys[(group + 1) % 3], group),
    }));
    this.#counter = {
      low: f.keep(v128.loadSplat32(state, 8)),
      high: f.keep(v128.loadSplat32(state, 12)),
    };
    const number = f.keep(i32x4.add(i32x4.splat(i32.shiftRight(first, 1)), i32x4.constant(0, 1, 2, 3)));
    this.#numbers = Array.from({ length: sets }, (_, set) => f.keep(i32x4.add(number, i32x4.splat(4 * set))));
  }

  /** The elements of the next blocks, in vectors, and moves on. */
  next(): Vector[] {
    const f = this.#f;
    const blocksAtOnce = f.hoist(i32x4.splat(4 * sets));
    const blocks = this.#numbers.map((number) => this.#counterOf(number));
    for (const number of this.#numbers) f.set(number, i32x4.add(number, blocksAtOnce));
    this.#increase(blocks, 0);
    for (let group = 1; group <= groups; group++) {
      for (const rotation of group % 2 === 1 ? rotations.odd : rotations.even) this.#round(blocks, rotation);
      this.#increase(blocks, group);
    }
    return blocks.flatMap(({ word0, word1 }) => {
      const [a, b] = [word0, word1].map((word) => f.keep(i32x4.shiftRightUnsigned(word, 8)));
      return [interleave(a, b, 0), interleave(a, b, 8)];
    });
  }

  /** The counter's words for four blocks: a sum of 64 bits. */
  #counterOf(number: Local<'v128'>): BlockSet {
    const f = this.#f;
    const { low, high } = this.#counter;
    const sum = f.keep(i32x4.add(low, number));
    // Less than a summand, compared without signs: all ones, so subtracting it carries one.
    const sign = f.hoist(i32x4.splat(0x80000000));
    const carried = i32x4.less(v128.xor(sum, sign), v128.xor(low, sign));
    return { word0: sum, word1: f.keep(i32x4.subtract(high, carried)) };
  }

  #increase(blocks: readonly BlockSet[], group: number): void {
    const schedule = this.#schedule[group];
    for (const { word0, word1 } of blocks) {
      this.#f.set(word0, i32x4.add(word0, schedule.word0));
      this.#f.set(word1, i32x4.add(word1, schedule.word1));
    }
  }

  #round(blocks: readonly BlockSet[], rotation: number): void {
    const f = this.#f;
    for (const { word0, word1 } of blocks) f.set(word0, i32x4.add(word0, word1));
    for (const { word0, word1 } of blocks) f.set(word1, v128.xor(rotateLeft(word1, rotation), word0));
  }
}

/** Rotates each lane. By whole bytes that is one instruction. */
function rotateLeft(word: Local<'v128'>, count: number): Vector {
  if (count % 8 === 0) {
    const picks = Array.from({ length: 16 }, (_, at) => (at & ~3) | ((at - count / 8) & 3));
    return i8x16.shuffle(word, word, picks);
  }
  return v128.or(i32x4.shiftLeft(word, count), i32x4.shiftRightUnsigned(word, 32 - count));
}

/** Lanes of a and b in turn: two of each, from byte `from` on. */
function interleave(a: Vector, b: Vector, from: number): Vector {
  const lane = [0, 1, 2, 3];
  const picks = [0, 4].flatMap((offset) =>
    [a, b].flatMap((_, of) => lane.map((at) => 16 * of + from + offset + at)),
  );
  return i8x16.shuffle(a, b, picks);
}
