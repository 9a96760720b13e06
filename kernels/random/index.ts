/** Random integers from a counter: Threefry-2x32-20 under a key and a counter that are data, not attributes. */
import type { KernelContract } from '../support/contract.ts';

/** Nothing: the generator's state is an input, so that a replayed plan draws new numbers. */
export type RandomAttributes = Readonly<Record<never, never>>;

/**
 * Input: int32 [4], the state (key0, key1, counter0, counter1) as unsigned 32-bit words. Output: int32 of any shape,
 * each element the top 24 bits of one word, so that it is exact in float32. Elements 2j and 2j+1 are the two words of
 * the block at counter + j, where the counter is one 64-bit integer, counter0 its low half.
 */
export const random: KernelContract<RandomAttributes> = {
  name: 'random',
  flops: () => 0,
};
