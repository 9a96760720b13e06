/** A dot product within one thread, several steps a turn. */
import type { GpuArray } from './gpu-kernel.ts';
import { sumInLevels } from './sums-in-levels.ts';
import type { ThreadSource } from './thread-source.ts';

/** Products that a thread adds up in one turn of its loop. */
const unroll = 4;

/** One operand of a dot product: numbers `step` apart. */
export interface SpacedNumbers {
  readonly array: GpuArray;
  /** The index of the first, kept. */
  readonly start: string;
  readonly step: number;
}

/** Two operands of the same length. */
export interface DotProduct {
  readonly a: SpacedNumbers;
  readonly b: SpacedNumbers;
  readonly length: number;
  /** The condition for the numbers at `k` to count. Default: all of them do. */
  readonly counts?: ((k: string) => string) | undefined;
}

/** Composes Σ a[k] · b[k] and gives its name. */
export function dot(f: ThreadSource, { a, b, length, counts }: DotProduct): string {
  /** The product at place k + ahead. */
  const product = (k: string, ahead: number): string => {
    const [first, second] = [a, b].map(({ array, start, step }) =>
      f.read(array, f.offset([start, k], [1, step], ahead * step)),
    );
    return `${first} * ${second}`;
  };
  if (counts) {
    return sumInLevels(f, length, (k, sum) => f.if(counts(k), () => f.set(sum, `${sum} + ${product(k, 0)}`)));
  }
  const turns = Math.floor(length / unroll);
  const sum = sumInLevels(f, turns, (turn, sum) => {
    const k = f.whole(f.offset([turn], [unroll]), 'd');
    const terms = Array.from({ length: unroll }, (_, ahead) => product(k, ahead));
    f.set(sum, `${sum} + (${terms.join(' + ')})`);
  });
  for (let k = turns * unroll; k < length; k++) f.set(sum, `${sum} + ${product('0', k)}`);
  return sum;
}
