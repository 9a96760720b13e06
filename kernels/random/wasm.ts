/** Threefry-2x32-20 in WebAssembly: eight blocks of two words at a time, four in the lanes of a vector. */

import { sizeOf } from '../support/contract.ts';
import {
  type FunctionBuilder,
  i8x16,
  i32,
  i32x4,
  type Local,
  type Vector,
  v128,
} from '../support/wasm/assembler/index.ts';
import type { ItemRange } from '../support/wasm/copy-code.ts';
import type { KernelMemory, WasmKernel } from '../support/wasm/wasm-kernel.ts';
import type { RandomAttributes } from './index.ts';

/** Vectors of blocks at a time: every round waits for the one before it, so two sets of rounds run side by side. */
const sets = 2;
/** Elements of a vector of blocks: two words each. */
const setElements = 8;
const grain = sets * setElements;

/** The key-schedule constant; see `../support/threefry.ts`. */
const parity = 0x1bd11bda;
/** The rotations of odd and even groups of four rounds. */
const rotations = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
];
const groups = 5;

/** Words 0 and 1 of four blocks. */
type Blocks = readonly [Local<'v128'>, Local<'v128'>];

/** The words of the generator's blocks, 24 bits of each. */
export const randomWasm: WasmKernel<RandomAttributes> = ({ outputs: [{ shape }] }) => {
  const size = sizeOf(shape);
  const rest = size % grain;
  const write = (f: FunctionBuilder, { first, end }: ItemRange, { inputs, outputs }: KernelMemory): void => {
    const generator = new Generator(f, inputs[0], first);
    const to = f.keep(i32.add(outputs[0], i32.multiply(first, 4)));
    const left = f.keep(i32.subtract(end, first));
    const pass = (elements: number): void => {
      generator.next().forEach((vector, at) => {
        storeLanes(f, to, vector, 16 * at, elements - 4 * at);
      });
    };
    f.while(i32.greaterEqual(left, grain), () => {
      pass(grain);
      f.increase(to, 4 * grain);
      f.increase(left, -grain);
    });
    // Only the last range does not end with a grain.
    if (rest > 0) f.if(left, () => pass(rest));
  };
  return { stages: [{ items: size, grain, elementsPerItem: 1, write }] };
};

/** Stores the first so many elements of a vector, at most four. */
function storeLanes(
  f: FunctionBuilder,
  to: Local<'i32'>,
  vector: Vector,
  offset: number,
  elements: number,
): void {
  if (elements >= 4) f.do(v128.store(to, vector, offset));
  else
    for (let lane = 0; lane < elements; lane++) f.do(v128.storeLane32(to, vector, lane, offset + 4 * lane));
}

/** The state of the generator in locals, and the blocks one behind the other. */
class Generator {
  readonly #f: FunctionBuilder;
  /** Of the key: what word 0 and word 1 are increased by before the rounds and after each group of them. */
  readonly #schedule: readonly (readonly [Local<'v128'>, Local<'v128'>])[];
  /** The words of the counter of the first block of all. */
  readonly #counter: readonly [Local<'v128'>, Local<'v128'>];
  /** For each set, four blocks' numbers. */
  readonly #numbers: readonly Local<'v128'>[];

  /** Begins with the block of element `first`; the state is at `state`. */
  constructor(f: FunctionBuilder, state: Local<'i32'>, first: Local<'i32'>) {
    this.#f = f;
    const [key0, key1] = [f.keep(i32.load(state)), f.keep(i32.load(state, 4))];
    const keys = [key0, key1, f.keep(i32.xor(i32.xor(key0, key1), parity))];
    const splat = (word: typeof key0, more: number): Local<'v128'> =>
      f.keep(i32x4.splat(i32.add(word, more)));
    this.#schedule = Array.from({ length: groups + 1 }, (_, group) => [
      splat(keys[group % 3], 0),
      splat(keys[(group + 1) % 3], group),
    ]);
    this.#counter = [f.keep(v128.loadSplat32(state, 8)), f.keep(v128.loadSplat32(state, 12))];
    const number = f.keep(i32x4.add(i32x4.splat(i32.shiftRight(first, 1)), i32x4.constant(0, 1, 2, 3)));
    this.#numbers = Array.from({ length: sets }, (_, set) => f.keep(i32x4.add(number, i32x4.splat(4 * set))));
  }

  /** The elements of the next blocks, in vectors, and moves on. */
  next(): Vector[] {
    const f = this.#f;
    const pass = f.hoist(i32x4.splat(4 * sets));
    const blocks = this.#numbers.map((number) => this.#counterOf(number));
    for (const number of this.#numbers) f.set(number, i32x4.add(number, pass));
    this.#increase(blocks, 0);
    for (let group = 1; group <= groups; group++) {
      for (const rotation of rotations[(group - 1) % 2]) this.#round(blocks, rotation);
      this.#increase(blocks, group);
    }
    return blocks.flatMap(([word0, word1]) => {
      const [a, b] = [word0, word1].map((word) => f.keep(i32x4.shiftRightUnsigned(word, 8)));
      return [interleave(a, b, 0), interleave(a, b, 8)];
    });
  }

  /** The counter's words for four blocks: a sum of 64 bits. */
  #counterOf(number: Local<'v128'>): Blocks {
    const f = this.#f;
    const [low, high] = this.#counter;
    const sum = f.keep(i32x4.add(low, number));
    // Less than a summand, compared without signs: all ones, so subtracting it carries one.
    const sign = f.hoist(i32x4.splat(0x80000000));
    const carried = i32x4.less(v128.xor(sum, sign), v128.xor(low, sign));
    return [sum, f.keep(i32x4.subtract(high, carried))];
  }

  #increase(blocks: readonly Blocks[], group: number): void {
    for (const words of blocks) {
      for (const at of [0, 1]) this.#f.set(words[at], i32x4.add(words[at], this.#schedule[group][at]));
    }
  }

  #round(blocks: readonly Blocks[], rotation: number): void {
    const f = this.#f;
    for (const [word0, word1] of blocks) f.set(word0, i32x4.add(word0, word1));
    for (const [word0, word1] of blocks) f.set(word1, v128.xor(rotateLeft(word1, rotation), word0));
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
