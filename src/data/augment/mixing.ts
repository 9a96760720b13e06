/** Mixing of the pictures of a batch in pairs: mixup (Zhang et al. 2017) and cutmix (Yun et al. 2019). */
import { OptionError } from '../../errors.ts';
import { describeValue, requireKnownOptions, requireNumber } from '../../options.ts';
import type { RandomGenerator } from '../random-generator.ts';

/**
 * How pictures of a batch are mixed. Each number is the α of a Beta(α, α) distribution, from which each batch draws the share of the first
 * picture of a pair: 1 draws all shares alike, 0.2 mostly little of one of them. With both, each batch draws which one it is.
 */
export interface MixOptions {
  /** Pixels are those of both pictures, weighted. 0.2 is usual, and more for longer trainings. */
  readonly mixup?: number;
  /** A rectangle of one picture lies over the other. 1 is usual. */
  readonly cutmix?: number;
}

/** Who was mixed with whom. */
export interface Mixture {
  /** The other picture of each, `[N]`. */
  readonly partners: Int32Array;
  /** How much of each is its own, from 0 to 1: 1 − share is its partner's. */
  readonly share: number;
}

/** Throws OptionError unless something is mixed, with an α above 0. */
export function requireMixOptions(where: string, mix: MixOptions): void {
  requireKnownOptions(where, mix, ['mixup', 'cutmix']);
  const { mixup, cutmix } = mix;
  if (mixup !== undefined) requireNumber(where, 'mixup', mixup, 'a number above 0');
  if (cutmix !== undefined) requireNumber(where, 'cutmix', cutmix, 'a number above 0');
  if (mixup !== undefined || cutmix !== undefined) return;
  throw new OptionError({
    where,
    got: describeValue(mix),
    expected: 'mixup, cutmix, or both',
    cure: 'Give { mixup: 0.2 }, or leave the option out.',
  });
}

/**
 * Mixes each picture with another one of the batch, in place.
 *
 * @param images `[N, H, W, C]`
 * @param generator of this batch alone
 */
export function mixPictures(
  images: Float32Array,
  shape: readonly [number, number, number, number],
  { mixup, cutmix }: MixOptions,
  generator: RandomGenerator,
): Mixture {
  const [count, height, width, channels] = shape;
  const partners = generator.permutation(count);
  const first = generator.uniform() < 0.5;
  const source = images.slice();
  const length = height * width * channels;
  if (cutmix === undefined || (mixup !== undefined && first)) {
    const share = symmetricBeta(mixup!, generator);
    for (let image = 0, at = 0; image < count; image++) {
      for (let partner = partners[image] * length, end = at + length; at < end; at++, partner++) {
        images[at] = share * source[at] + (1 - share) * source[partner];
      }
    }
    return { partners, share };
  }
  // A rectangle with the proportions of the picture about a place in it: what lies outside of the picture is lost.
  const side = Math.sqrt(1 - symmetricBeta(cutmix, generator));
  const [top, bottom] = rangeAbout(height, side, generator);
  const [left, right] = rangeAbout(width, side, generator);
  for (let image = 0; image < count; image++) {
    for (let y = top; y < bottom; y++) {
      const [start, end] = [left, right].map((x) => (y * width + x) * channels);
      const partner = partners[image] * length;
      images.set(source.subarray(partner + start, partner + end), image * length + start);
    }
  }
  return { partners, share: 1 - ((bottom - top) * (right - left)) / (height * width) };
}

/** A part of an axis about a place that is drawn: from, and up to. */
function rangeAbout(length: number, part: number, generator: RandomGenerator): [number, number] {
  const half = (length * part) / 2;
  const center = generator.uniform() * length;
  return [Math.max(Math.round(center - half), 0), Math.min(Math.round(center + half), length)];
}

/** Of Beta(α, α), by Jöhnk's method or, where α is above 1 and it refuses too much, Ulrich's (1984). */
export function symmetricBeta(alpha: number, generator: RandomGenerator): number {
  if (alpha > 1) {
    const radius = Math.sqrt(1 - (1 - generator.uniform()) ** (2 / (2 * alpha - 1)));
    return (1 + radius * Math.cos(2 * Math.PI * generator.uniform())) / 2;
  }
  for (;;) {
    // Logarithms, since U^(1/α) may be too small for a number; divided at last, since log U / α may be too large for one.
    const [x, y] = [0, 0].map(() => Math.log(1 - generator.uniform()));
    if (Math.exp(x / alpha) + Math.exp(y / alpha) <= 1) return 1 / (1 + Math.exp((y - x) / alpha));
  }
}
