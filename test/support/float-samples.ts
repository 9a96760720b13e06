/** Floats of all sizes: what functions of floats are tried on. */
import { randomNumbers } from '../kernels/support/run.ts';

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Places where functions change, saturate, overflow, have zeros or poles, or are computed by another formula. */
const edges = [
  0,
  ...[-149, -126, -64, -26, -25, -24, -12, -2, -1, 0, 1, 2, 20, 22, 23, 24, 31, 32, 63, 127].map(
    (exponent) => 2 ** exponent,
  ),
  ...[Math.SQRT2 - 1, Math.SQRT1_2, Math.SQRT2, Math.SQRT2 + 1, Math.E],
  ...[0.25, 0.5, 1, 1.5, 2].map((halves) => halves * Math.PI),
  ...[
    0.001, 0.1, 0.3, 0.75, 0.92, 1.5, 2.5, 3, 5, 7, 8.6, 9.01, 9.2, 10, 17.33, 18, 31, 40, 87.33, 88.72,
    88.73, 89, 89.4159862, 100, 103.9, 103.98, 104, 127, 128, 149, 150, 151, 1000, 65535, 1e30,
  ],
];

/** The edges with so many floats on either side, their negatives, infinities and NaN. */
function edgesAround(reach: number): Float32Array {
  const largest = (2 - 2 ** -23) * 2 ** 127;
  const all = new Set([largest, -largest, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]);
  for (const edge of edges) {
    for (let step = -reach; step <= reach; step++) {
      float[0] = edge;
      bits[0] += step;
      if (bits[0] < 0x7f800000) all.add(float[0]).add(-float[0]);
    }
  }
  // A set takes -0 for 0.
  return Float32Array.of(...all, -0);
}

/** Stretches that are sampled evenly, since by their bits most floats are tiny or huge. */
const stretches = [
  [-1.5, 1.5],
  [-12, 12],
  [-105, 105],
  [2 ** 20 - 20, 2 ** 20 + 20],
] as const;

/** Every `step`-th float by its bits (so all exponents, both signs and NaN), the edges, and the stretches. */
export function floatsOfAllSizes(step: number): Float32Array {
  const byBits = new Uint32Array(Math.ceil(2 ** 32 / step)).map((_, at) => at * step);
  const perStretch = Math.ceil(1e9 / step);
  const around = edgesAround(3);
  const all = new Float32Array(byBits.length + around.length + stretches.length * perStretch);
  all.set(new Float32Array(byBits.buffer));
  all.set(around, byBits.length);
  stretches.forEach(([from, to], stretch) => {
    const first = byBits.length + around.length + stretch * perStretch;
    for (let at = 0; at < perStretch; at++) all[first + at] = from + ((to - from) * at) / perStretch;
  });
  return all;
}

/** Every pair of edges, and random pairs: of any bits, of moderate size, bases near 1 with large exponents, whole numbers. */
export function pairsOfAllSizes(step: number): readonly [Float32Array, Float32Array] {
  const around = edgesAround(1);
  const next = randomNumbers(5);
  const anyFloat = (): number => {
    bits[0] = Math.floor(2 ** 32 * next());
    return float[0];
  };
  const random = Math.ceil(6e8 / step);
  const length = around.length ** 2 + 4 * random;
  const [a, b] = [new Float32Array(length), new Float32Array(length)];
  let at = 0;
  const add = (first: number, second: number): void => {
    a[at] = first;
    b[at++] = second;
  };
  for (const first of around) for (const second of around) add(first, second);
  for (let i = 0; i < random; i++) {
    add(anyFloat(), anyFloat());
    add(10 * next(), 20 * next() - 10);
    add(1 + (next() - 0.5) / 1000, 20000 * (next() - 0.5));
    add(Math.round(2000 * (next() - 0.5)), Math.round(60 * (next() - 0.5)));
  }
  return [a, b];
}
