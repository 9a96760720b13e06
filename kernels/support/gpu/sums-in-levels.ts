/** Long sums within one thread, in levels: floats are all that a GPU has, and one float sum of many terms is not exact. */
import type { ThreadSource } from './thread-source.ts';

/** Turns that are added up in one sum: with equal terms such a sum is wrong by at most 1e-6 of itself. */
const turnsOfSum = 64;
/** Sums that are added up in one sum of the next level: each level adds 2e-7. */
const sumsOfSum = 16;

/**
 * Composes a loop of `count` turns and gives the name of the sum. `add` composes one turn, which adds to the sum whose
 * name it is given: with up to 64 turns there is just one.
 */
export function sumInLevels(
  f: ThreadSource,
  count: number,
  add: (turn: string, sum: string) => void,
): string {
  const sumFrom = (first: string, length: number): string => {
    const sum = f.variable('0.0', 'sum');
    if (length <= turnsOfSum) {
      f.loop(length, (turn) => add(first === '0' ? turn : f.whole(f.offset([first, turn], [1, 1])), sum));
      return sum;
    }
    let block = turnsOfSum;
    while (block * sumsOfSum < length) block *= sumsOfSum;
    const blocks = Math.floor(length / block);
    const addFrom = (start: string, turns: number): void =>
      f.set(sum, `${sum} + ${sumFrom(f.whole(start), turns)}`);
    f.loop(blocks, (each) => addFrom(f.offset([first, each], [1, block]), block));
    if (length > blocks * block) addFrom(f.offset([first], [1], blocks * block), length - blocks * block);
    return sum;
  };
  return sumFrom('0', count);
}
