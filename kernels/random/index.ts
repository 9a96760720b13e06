/**
 * Random integers from a counter: Threefry-2x32-20 (support/threefry.ts), whose block number j is two words that follow
 * from the key and counter + j alone.
 *
 *     out[2j], out[2j + 1] = the top 24 bits of each word of threefry(key, counter + j)
 *
 * cpu computes block after block: the definition.
 * wasm computes eight blocks at a time, in the lanes of two sets of vectors, because every round waits for the one before.
 * gpu computes a block for every element and takes one of its words; it has floats alone, so words are halves of 16 bits.
 */
import type { KernelContract } from '../support/contract.ts';

/** Nothing: the generator's state is an input, so that a replayed plan draws new numbers. */
export type NoAttributes = Readonly<Record<never, never>>;

/**
 * Input: int32 [4], the state (key0, key1, counter0, counter1) as unsigned 32-bit words. Output: int32 of any shape,
 * each element the top 24 bits of one word, so that it is exact in float32. Elements 2j and 2j+1 are the two words of
 * the block at counter + j, where the counter is one 64-bit integer, counter0 its low half.
 */
export const random: KernelContract<NoAttributes> = {
  name: 'random',
  flops: () => 0,
};
