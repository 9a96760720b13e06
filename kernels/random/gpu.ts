/**
 * Random integers from a counter, on the GPU: Threefry-2x32-20 (see support/threefry.ts) in floats. A word is two halves
 * of 16 bits, from 0 to 65535 each, so that every step is exact.
 */
import { sizeOf } from '../support/contract.ts';
import { wholePass } from '../support/gpu/common-passes.ts';
import { type GpuKernel, input, output, pass, temporary } from '../support/gpu/gpu-kernel.ts';
import type { ThreadSource } from '../support/gpu/thread-source.ts';
import { exclusiveOr, shiftedHalf } from '../support/gpu/whole-functions.ts';
import { groups, parity, rotations } from '../support/threefry.ts';
import type { NoAttributes } from './index.ts';

/** The names of the halves of a word. */
interface HalvedWord {
  readonly low: string;
  readonly high: string;
}

const halvedParity: HalvedWord = { low: `${parity & 0xffff}.0`, high: `${parity >>> 16}.0` };

/** See the contract. The numbers are below 2^24: floats hold them until the second pass makes int32 of them. */
export const randomGpu: GpuKernel<NoAttributes> = ({ outputs: [{ shape }] }) => {
  const size = sizeOf(shape);
  if (size === 0) return { passes: [] };
  return { passes: [pass(temporary(0), size, draw), wholePass(temporary(0), output(0), size)] };
};

/** Composes one number: the top 24 bits of a word of the block at counter + ⌊element / 2⌋. */
function draw(f: ThreadSource): void {
  const block = f.whole(f.quotient(f.index, 2), 'block');
  const [low, high] = f.halvesOf(block);
  const key0 = stateWord(f, 0);
  const key1 = stateWord(f, 1);
  const { sum: counter0, carry } = add(f, stateWord(f, 2), { low, high });
  const { sum: counter1 } = add(f, stateWord(f, 3), { low: carry, high: '0.0' });

  const next = variable(f, key1);
  const afterNext = variable(f, xor(f, xor(f, halvedParity, key0), key1));
  const last = variable(f, key0);
  const word0 = variable(f, add(f, counter0, key0).sum);
  const word1 = variable(f, add(f, counter1, key1).sum);
  const group = f.variable('0.0', 'group');
  const isEven = f.variable('1.0', 'isEven');
  // A loop, not twenty rounds of text: shader compilers take long over those.
  f.loop(groups, () => {
    f.set(group, `${group} + 1.0`);
    f.set(isEven, `1.0 - ${isEven}`);
    rotations.odd.forEach((odd, round) => {
      assign(f, word0, add(f, word0, word1).sum);
      assign(f, word1, xor(f, rotate(f, word1, odd, rotations.even[round], isEven), word0));
    });
    assign(f, word0, add(f, word0, next).sum);
    assign(f, word1, add(f, add(f, word1, afterNext).sum, { low: group, high: '0.0' }).sum);
    const used = kept(f, next);
    assign(f, next, afterNext);
    assign(f, afterNext, last);
    assign(f, last, used);
  });
  const isFirst = `${f.index} - 2 * ${block} == 0`;
  const upper = f.keep(`${isFirst} ? ${word0.high} : ${word1.high}`);
  const lower = f.keep(`${isFirst} ? ${word0.low} : ${word1.low}`);
  f.return(`${upper} * 256.0 + Math.floor(${lower} * 0.00390625)`);
}

/** HalvedWord `index` of the four of the state. */
function stateWord(f: ThreadSource, index: number): HalvedWord {
  const low = f.keep(f.read(input(0), `${index}`), 'low');
  const high = f.keep(f.read(input(0), `${4 + index}`), 'high');
  return { low, high: f.keep(`${high} < 0.0 ? ${high} + 65536.0 : ${high}`, 'high') };
}

function kept(f: ThreadSource, { low, high }: HalvedWord): HalvedWord {
  return { low: f.keep(`${low} + 0.0`, 'low'), high: f.keep(`${high} + 0.0`, 'high') };
}

function variable(f: ThreadSource, { low, high }: HalvedWord): HalvedWord {
  return { low: f.variable(low, 'low'), high: f.variable(high, 'high') };
}

function assign(f: ThreadSource, word: HalvedWord, value: HalvedWord): void {
  f.set(word.low, value.low);
  f.set(word.high, value.high);
}

/** a + b modulo 2^32, and what is carried out of it. */
function add(
  f: ThreadSource,
  a: HalvedWord,
  b: HalvedWord,
): { readonly sum: HalvedWord; readonly carry: string } {
  const low = f.keep(`${a.low} + ${b.low}`, 'low');
  const middle = f.keep(`Math.floor(${low} * 0.0000152587890625)`, 'carry');
  const high = f.keep(`${a.high} + ${b.high} + ${middle}`, 'high');
  const carry = f.keep(`Math.floor(${high} * 0.0000152587890625)`, 'carry');
  return {
    sum: {
      low: f.keep(`${low} - ${middle} * 65536.0`, 'low'),
      high: f.keep(`${high} - ${carry} * 65536.0`, 'high'),
    },
    carry,
  };
}

function xor(f: ThreadSource, a: HalvedWord, b: HalvedWord): HalvedWord {
  return {
    low: f.keep(f.call(exclusiveOr, a.low, b.low), 'low'),
    high: f.keep(f.call(exclusiveOr, a.high, b.high), 'high'),
  };
}

/** Rotates to the left, by one number of bits or, where `isEven` is 1, by another. From 16 on the halves change places. */
function rotate(
  f: ThreadSource,
  { low, high }: HalvedWord,
  odd: number,
  even: number,
  isEven: string,
): HalvedWord {
  const choose = (whenEven: string, whenOdd: string): string =>
    whenEven === whenOdd ? whenEven : f.keep(`${isEven} > 0.5 ? ${whenEven} : ${whenOdd}`);
  const first = choose(even < 16 ? low : high, odd < 16 ? low : high);
  const second = choose(even < 16 ? high : low, odd < 16 ? high : low);
  const factor = choose(`${2 ** (even % 16)}.0`, `${2 ** (odd % 16)}.0`);
  return {
    low: f.keep(f.call(shiftedHalf, first, second, factor), 'low'),
    high: f.keep(f.call(shiftedHalf, second, first, factor), 'high'),
  };
}
