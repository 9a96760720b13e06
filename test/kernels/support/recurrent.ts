/** What the tests of the recurrent kernels share: sizes, masks, and finite differences. */

import { randomNumbers } from './run.ts';

export interface SequenceSizes {
  readonly batch: number;
  readonly time: number;
  readonly hidden: number;
}

export const sequenceSizes: readonly SequenceSizes[] = [
  { batch: 1, time: 1, hidden: 1 },
  { batch: 3, time: 4, hidden: 3 },
  { batch: 5, time: 3, hidden: 2 },
  { batch: 2, time: 0, hidden: 3 },
  { batch: 0, time: 3, hidden: 2 },
  { batch: 2, time: 3, hidden: 0 },
];

/** mask [N,T]: row after row padded on the right, on the left, wholly, not at all, and with holes. */
export function maskOf({ batch, time }: SequenceSizes, firstPattern = 0): Uint8Array {
  const patterns: ((t: number) => boolean)[] = [
    (t) => t < time - 1,
    (t) => t >= 2,
    () => false,
    () => true,
    (t) => t % 2 === 0,
  ];
  return Uint8Array.from({ length: batch * time }, (_, at) => {
    const row = Math.floor(at / time);
    return patterns[(row + firstPattern) % patterns.length](at % time) ? 1 : 0;
  });
}

/** Numbers in [-1, 1), in double precision. */
export function randomDoubles(size: number, seed: number): Float64Array {
  const next = randomNumbers(seed);
  // Rounded to float32, so that the kernel and the reference start from the same numbers.
  return Float64Array.from({ length: size }, () => Math.fround(2 * next() - 1));
}

/** Σ a·b. */
export function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, at) => sum + value * b[at], 0);
}

/** The gradient of `loss` with respect to `values`, which it reads, by central differences. */
export function differences(values: Float64Array, loss: () => number): Float64Array {
  const step = 1e-5;
  return values.map((value, at) => {
    values[at] = value + step;
    const above = loss();
    values[at] = value - step;
    const below = loss();
    values[at] = value;
    return (above - below) / (2 * step);
  });
}
