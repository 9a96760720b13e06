/** Sobol's sequence: points that fill a cube more evenly than random ones, however many are taken. */
import { RandomGenerator } from '../../data/random-generator.ts';

/**
 * For each dimension after the first, a primitive polynomial over two elements, by its degree and its inner coefficients as bits, and the
 * first odd numbers m of its directions.
 *
 * From S. Joe and F. Y. Kuo, "Constructing Sobol sequences with better two-dimensional projections", SIAM J. Sci. Comput. 30 (2008):
 * the first rows of their table new-joe-kuo-6.21201.
 */
const polynomials: readonly (readonly [degree: number, inner: number, first: readonly number[]])[] = [
  [1, 0, [1]],
  [2, 1, [1, 3]],
  [3, 1, [1, 3, 1]],
  [3, 2, [1, 1, 1]],
  [4, 1, [1, 1, 3, 3]],
  [4, 4, [1, 3, 5, 13]],
  [5, 2, [1, 1, 5, 5, 17]],
  [5, 4, [1, 1, 5, 5, 5]],
  [5, 7, [1, 1, 7, 11, 19]],
  [5, 11, [1, 1, 5, 1, 1]],
  [5, 13, [1, 1, 1, 3, 11]],
  [5, 14, [1, 3, 5, 5, 31]],
  [6, 1, [1, 3, 3, 9, 7, 49]],
  [6, 13, [1, 1, 1, 15, 21, 21]],
  [6, 16, [1, 3, 1, 13, 27, 49]],
  [6, 19, [1, 1, 1, 15, 7, 5]],
  [6, 22, [1, 3, 1, 15, 13, 25]],
  [6, 25, [1, 1, 5, 5, 19, 61]],
  [7, 1, [1, 3, 7, 11, 23, 15, 103]],
];

/** How many dimensions there are directions for. */
export const mostDimensions = polynomials.length + 1;

const BITS = 32;
const TWO_TO_32 = 2 ** BITS;

/** The directions of a dimension: 32 words of 32 bits, by the recurrence of Bratley and Fox, Algorithm 659 (1988). */
function directionsOf(dimension: number): Uint32Array {
  const directions = new Uint32Array(BITS);
  if (dimension === 0) return directions.map((_, bit) => 1 << (BITS - 1 - bit));
  const [degree, inner, first] = polynomials[dimension - 1]!;
  for (let bit = 0; bit < BITS; bit++) {
    if (bit < degree) {
      directions[bit] = first[bit]! << (BITS - 1 - bit);
      continue;
    }
    let word = directions[bit - degree]! ^ (directions[bit - degree]! >>> degree);
    for (let term = 1; term < degree; term++) {
      if ((inner >>> (degree - 1 - term)) & 1) word ^= directions[bit - term]!;
    }
    directions[bit] = word;
  }
  return directions;
}

const directions = Array.from({ length: mostDimensions }, (_, dimension) => directionsOf(dimension));

/** A point of the sequence before it is scrambled, in the order of Gray codes: words of 32 bits, of which 2^32 would be 1. */
function wordsOf(index: number, dimensions: number): Uint32Array {
  const gray = (index ^ (index >>> 1)) >>> 0;
  return Uint32Array.from({ length: dimensions }, (_, dimension) => {
    let word = 0;
    for (let bit = 0; bit < BITS; bit++) if ((gray >>> bit) & 1) word ^= directions[dimension]![bit]!;
    return word;
  });
}

/**
 * A point of the sequence as it is, in [0, 1).
 *
 * @param index from 0; the first point is the corner of the cube
 */
export function sobolPoint(index: number, dimensions: number): number[] {
  return Array.from(wordsOf(index, dimensions), (word) => word / TWO_TO_32);
}

/**
 * A point of the sequence after Owen's scrambling, in [0, 1): each bit of a coordinate is turned over or not by chance, by what the bits
 * before it are. So the points lie as evenly as before, each of them uniformly distributed over the cube. After A. B. Owen, "Randomly
 * permuted (t,m,s)-nets" (1995); the chance is a hash, as in B. Burley, "Practical hash-based Owen scrambling", JCGT 9 (2020).
 *
 * @param index from 0
 * @param seed decides the scrambling
 */
export function scrambledSobolPoint(index: number, dimensions: number, seed: number): number[] {
  const generator = new RandomGenerator(seed, SCRAMBLES);
  return Array.from(
    wordsOf(index, dimensions),
    (word) => reversed(permuted(reversed(word), generator.nextUint32())) / TWO_TO_32,
  );
}

/** The stream of a seed that scrambling draws from. */
export const SCRAMBLES = 1;

/** A permutation of words in which each bit depends on those below it only: that of S. Laine and T. Karras (2011), with the constants of Burley. */
function permuted(word: number, key: number): number {
  let x = (word + key) >>> 0;
  x ^= Math.imul(x, 0x6c50b47c);
  x ^= Math.imul(x, 0xb82f1e52);
  x ^= Math.imul(x, 0xc7afe638);
  x ^= Math.imul(x, 0x8d22f6e6);
  return x >>> 0;
}

/** The bits of a word the other way round. */
function reversed(word: number): number {
  let x = word;
  x = ((x >>> 1) & 0x55555555) | ((x & 0x55555555) << 1);
  x = ((x >>> 2) & 0x33333333) | ((x & 0x33333333) << 2);
  x = ((x >>> 4) & 0x0f0f0f0f) | ((x & 0x0f0f0f0f) << 4);
  x = ((x >>> 8) & 0x00ff00ff) | ((x & 0x00ff00ff) << 8);
  return ((x >>> 16) | (x << 16)) >>> 0;
}
