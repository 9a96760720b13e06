/**
 * Threefry-2x32-20: a counter-based random generator. Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy
 * as 1, 2, 3" (SC'11). Every block of two words is a pure function of key and counter, so any element of a random
 * array can be computed on its own, on any device.
 */

/** The key-schedule constant of Threefish, the block cipher that Threefry simplifies; here its 32-bit form. */
export const parity = 0x1bd11bda;

/** Rounds come in groups of four, after each of which the key is added. */
export const groups = 5;

/** By how many bits the rounds of a group rotate word 1. */
export const rotations = {
  /** Of the first group, the third, … */
  odd: [13, 15, 26, 6],
  even: [17, 29, 16, 24],
} as const;

/** One round: mixes word 0 into word 1. Returns the new word 1, given the new word 0 (`sum`). */
function mix(sum: number, word1: number, rotation: number): number {
  return ((word1 << rotation) | (word1 >>> (32 - rotation))) ^ sum;
}

/** Writes the two 32-bit words of the block `(counter0, counter1)` under `(key0, key1)` to `out[outIndex]` and after it. */
export function threefry2x32(
  key0: number,
  key1: number,
  counter0: number,
  counter1: number,
  out: Uint32Array | Int32Array,
  outIndex: number,
): void {
  let next = key1 | 0;
  let afterNext = parity ^ key0 ^ key1;
  let last = key0 | 0;
  let word0 = (counter0 + key0) | 0;
  let word1 = (counter1 + key1) | 0;
  // The two rotation schedules alternate, the three key words take turns. `rotations` are written out here: reading them
  // from the table takes a tenth longer.
  for (let group = 1; group <= groups; group++) {
    const odd = (group & 1) === 1;
    word0 = (word0 + word1) | 0;
    word1 = mix(word0, word1, odd ? 13 : 17);
    word0 = (word0 + word1) | 0;
    word1 = mix(word0, word1, odd ? 15 : 29);
    word0 = (word0 + word1) | 0;
    word1 = mix(word0, word1, odd ? 26 : 16);
    word0 = (word0 + word1) | 0;
    word1 = mix(word0, word1, odd ? 6 : 24);
    word0 = (word0 + next) | 0;
    word1 = (word1 + afterNext + group) | 0;
    const used = next;
    next = afterNext;
    afterNext = last;
    last = used;
  }
  out[outIndex] = word0;
  out[outIndex + 1] = word1;
}
