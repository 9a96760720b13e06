/** A dot product within one thread, several steps a turn. */
import type { GpuArray } from '../gpu.ts';
import type { ThreadSource } from './thread-source.ts';

/** Products that a thread adds up in one turn of its loop. */
const unroll = 4;

/** One operand of a dot product: numbers `step` apart. */
export interface Strip {
  readonly array: GpuArray;
  /** The index of the first, kept. */
  readonly start: string;
  readonly step: number;
}

/** Two strips of the same length. */
export interface DotProduct {
  readonly a: Strip;
  readonly b: Strip;
  readonly length: number;
  /** The condition for the numbers at `k` to count. Default: all of them do. */
  readonly counts?: ((k: string) => string) | undefined;
}

/** Composes Σ a[k] · b[k] and gives its name. */
export function dot(f: ThreadSource, { a, b, length, counts }: DotProduct): string {
  const sum = f.variable('0.0', 'sum');
  const at = ({ array, start, step }: Strip, k: string): string =>
    f.read(array, step === 1 ? `${start} + ${k}` : `${start} + ${k} * ${step}.0`);
  const product = (k: string): string => `${at(a, k)} * ${at(b, k)}`;
  if (counts) {
    f.loop(length, (k) => f.if(counts(k), () => f.set(sum, `${sum} + ${product(k)}`)));
    return sum;
  }
  const turns = Math.floor(length / unroll);
  f.loop(turns, (turn) => {
    const k = f.keep(`${turn} * ${unroll}.0`, 'd');
    const terms = Array.from({ length: unroll }, (_, ahead) =>
      product(ahead === 0 ? k : `(${k} + ${ahead}.0)`),
    );
    f.set(sum, `${sum} + (${terms.join(' + ')})`);
  });
  for (let k = turns * unroll; k < length; k++) f.set(sum, `${sum} + ${product(`${k}.0`)}`);
  return sum;
}
