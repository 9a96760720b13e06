/**
 * Copies: images of one data set that occur in another, as they are or re-encoded, resized, mirrored, a little brighter or
 * darker. A model has seen their answers in training, so they make its test accuracy too good.
 *
 * How: an image becomes a grid of at most 32×32 mean brightnesses, and that its 63 lowest frequencies (of the cosine
 * transform), of which mirroring only changes signs. Some short codes of them (signs against the means of all images) lead to
 * candidates, so the time grows with the number of images, not with that of pairs. Candidates are copies where both their
 * grids and the middle frequencies of these correlate.
 */
import { requireBoolean, requireKnownOptions, requireNumber } from '../options.ts';
import { fullBrightness, type ImageDataset, imageCount, imageLength, requireDataset } from './dataset.ts';
import {
  coefficients,
  commonGrid,
  dot,
  type GridSize,
  middleFrequencies,
  mirrorSketch,
  SketchCodes,
  Sketches,
} from './sketches.ts';

/** How a copy was mirrored. */
export type Mirroring = 'none' | 'left-right' | 'top-bottom' | 'both';

/** An image of the second data set, and the one of the first that it is a copy of. */
export interface CopiedImage {
  /** Place of the original in the first data set; of several the one that is most alike. */
  readonly first: number;
  /** Place of the copy in the second. */
  readonly second: number;
  /** Whether all pixels are equal. */
  readonly identical: boolean;
  readonly mirrored: Mirroring;
  /** Of the mean brightnesses, 1 where all are equal but for brightness and contrast. */
  readonly correlation: number;
}

/** Options of `findOverlap`. */
export interface OverlapOptions {
  /** The correlation above which images are copies; default 0.99. */
  readonly correlation?: number;
  /** Whether mirrored images are copies as well; default true. */
  readonly mirrored?: boolean;
}

/**
 * Finds the images of `second` of which there is a copy in `first`, in their order. Sizes and channels may differ.
 *
 * Nearly identical means: the means of up to 32×32 areas correlate above `correlation`, and what varies within a few of these
 * areas correlates above 0.96. The second condition tells apart what is only simple: two handwritten ones, two trousers. An
 * image of one color all over has identical copies only. Of 100 re-encoded photographs (JPEG, quality 75) about 99 are found;
 * images of fewer pixels than 32×32 lose more by it, and fewer are found.
 *
 * @throws DatasetError when a data set does not agree with itself; OptionError for options that are unknown or out of range
 */
export function findOverlap(
  first: ImageDataset,
  second: ImageDataset,
  options: OverlapOptions = {},
): CopiedImage[] {
  requireKnownOptions('findOverlap', options, ['correlation', 'mirrored']);
  requireDataset('findOverlap', first);
  requireDataset('findOverlap', second);
  requireNumber('findOverlap', 'correlation', options.correlation ?? 0.99, 'a number from 0 to below 1');
  requireBoolean('findOverlap', 'mirrored', options.mirrored ?? true);
  return new CopyFinder(first, commonGrid(first, second)).find(second, options);
}

/**
 * What varies within a few areas has to correlate above this. Measured: of 1,500 test images of MNIST 0 come that close to
 * one of its 60,000 training images, of Fashion-MNIST 9, of sets cleared of copies none; re-encoded photographs give 0.99.
 */
const leastDetail = 0.96;
/** Several codes, since one bit that differs leads elsewhere. */
const codes = 10;
/** Of candidates at most this many signs of all coefficients differ: of copies seldom more than 10, of others about 31. */
const mostSigns = 14;
/** Of one code no more candidates are looked at: a data set may hold one image a thousand times. */
const mostCandidates = 64;
/** The low frequencies of copies correlate at least as far as their grids, or nearly so. */
const leastLowCorrelation = 0.99;

const mirrorings: readonly { readonly name: Mirroring; readonly x: boolean; readonly y: boolean }[] = [
  { name: 'none', x: false, y: false },
  { name: 'left-right', x: true, y: false },
  { name: 'top-bottom', x: false, y: true },
  { name: 'both', x: true, y: true },
];

/** Finds copies of the images of one data set in others. */
export class CopyFinder {
  readonly #dataset: ImageDataset;
  readonly #sketches: Sketches;
  readonly #codes: SketchCodes;
  /** The last image of each value of each code, and for each image the one before it: -1 where there is none. */
  readonly #last: Int32Array[];
  readonly #before: Int32Array[];
  /** The signs of all coefficients, `[N, 2]`. */
  readonly #signs: Int32Array;
  /** The images of each hash of pixels. */
  readonly #exact = new Map<number, number[]>();

  /** @param grid what images are compared by; default the finest that those of the data set fill */
  constructor(dataset: ImageDataset, grid: GridSize = commonGrid(dataset)) {
    this.#dataset = dataset;
    this.#sketches = new Sketches(dataset, grid);
    const count = imageCount(dataset);
    const { values } = this.#sketches;
    this.#codes = new SketchCodes(values, count, codes);
    this.#last = Array.from({ length: codes }, () => new Int32Array(2 ** this.#codes.bits).fill(-1));
    this.#before = Array.from({ length: codes }, () => new Int32Array(count).fill(-1));
    this.#signs = new Int32Array(2 * count);
    pixelHashes(dataset).forEach((hash, image) => {
      const same = this.#exact.get(hash);
      if (same === undefined) this.#exact.set(hash, [image]);
      else same.push(image);
    });
    for (let image = 0; image < count; image++) {
      if (this.#sketches.isPlain(image)) continue;
      const sketch = values.subarray(image * coefficients, (image + 1) * coefficients);
      this.#signs.set(this.#codes.signs(sketch), 2 * image);
      for (let code = 0; code < codes; code++) {
        const value = this.#codes.of(sketch, code);
        this.#before[code][image] = this.#last[code][value];
        this.#last[code][value] = image;
      }
    }
  }

  /** As `findOverlap`. */
  find(second: ImageDataset, { correlation = 0.99, mirrored = true }: OverlapOptions = {}): CopiedImage[] {
    const sketches = new Sketches(second, this.#sketches.grids);
    const hashes = pixelHashes(second);
    const found: CopiedImage[] = [];
    for (let image = 0; image < imageCount(second); image++) {
      const copy =
        this.#identical(second, hashes[image], image) ??
        this.#nearly(sketches, image, correlation, mirrored ? mirrorings : mirrorings.slice(0, 1));
      if (copy !== undefined) found.push(copy);
    }
    return found;
  }

  #identical(second: ImageDataset, hash: number, image: number): CopiedImage | undefined {
    const candidates = this.#exact.get(hash) ?? [];
    const original = candidates.find((first) => samePixels(this.#dataset, first, second, image));
    if (original === undefined) return undefined;
    return { first: original, second: image, identical: true, mirrored: 'none', correlation: 1 };
  }

  #nearly(
    sketches: Sketches,
    image: number,
    least: number,
    ways: typeof mirrorings,
  ): CopiedImage | undefined {
    if (sketches.isPlain(image)) return undefined;
    const own = sketches.values.subarray(image * coefficients, (image + 1) * coefficients);
    const sketch = new Float32Array(coefficients);
    const { height, width } = sketches.grids;
    let best: CopiedImage | undefined;
    for (const { name, x, y } of ways) {
      mirrorSketch(own, x, y, sketch);
      const [signs, moreSigns] = this.#codes.signs(sketch);
      const looked = new Set<number>();
      let grid: Float32Array | undefined;
      let middle: Float32Array | undefined;
      for (let code = 0; code < codes; code++) {
        let first = this.#last[code][this.#codes.of(sketch, code)];
        for (let seen = 0; first >= 0 && seen < mostCandidates; seen++, first = this.#before[code][first]) {
          const differing =
            bitCount(this.#signs[2 * first] ^ signs) + bitCount(this.#signs[2 * first + 1] ^ moreSigns);
          if (differing > mostSigns || looked.has(first)) continue;
          looked.add(first);
          if (this.#sketches.correlation(first, sketch) < Math.min(leastLowCorrelation, least)) continue;
          grid ??= sketches.grids.mirrored(image, x, y);
          const other = this.#sketches.grids.mirrored(first, false, false);
          const correlation = dot(grid, other);
          if (correlation <= Math.max(least, best?.correlation ?? 0)) continue;
          middle ??= middleFrequencies(grid, height, width);
          if (dot(middle, middleFrequencies(other, height, width)) <= leastDetail) continue;
          best = { first, second: image, identical: false, mirrored: name, correlation };
        }
      }
    }
    return best;
  }
}

function bitCount(bits: number): number {
  let pairs = bits - ((bits >>> 1) & 0x55555555);
  pairs = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return (((pairs + (pairs >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}

/** A 32-bit hash of the pixels of each image, equal for bytes and the floats that are their 255ths. */
function pixelHashes(dataset: ImageDataset): Int32Array {
  const { images } = dataset;
  const length = imageLength(dataset);
  const bits = images instanceof Float32Array ? bitsOf(images) : images;
  const bitsOfByte = bitsOf(Float32Array.from({ length: 256 }, (_, byte) => byte / 255));
  return Int32Array.from({ length: imageCount(dataset) }, (_, image) => {
    let hash = 0;
    for (let i = image * length; i < (image + 1) * length; i++) {
      const mixed = Math.imul(hash ^ (bits === images ? bitsOfByte[bits[i]] : bits[i]), 0x9e3779b1);
      hash = mixed ^ (mixed >>> 15);
    }
    return hash;
  });
}

function bitsOf({ buffer, byteOffset, length }: Float32Array): Int32Array {
  return new Int32Array(buffer, byteOffset, length);
}

function samePixels(first: ImageDataset, i: number, second: ImageDataset, j: number): boolean {
  const length = imageLength(first);
  if (first.shape.slice(1).join() !== second.shape.slice(1).join()) return false;
  const [scale, otherScale] = [fullBrightness(first.images), fullBrightness(second.images)];
  for (let k = 0; k < length; k++) {
    const [one, other] = [first.images[i * length + k], second.images[j * length + k]];
    if (scale === otherScale ? one !== other : Math.fround(one / scale) !== Math.fround(other / otherScale))
      return false;
  }
  return true;
}
