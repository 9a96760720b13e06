/**
 * Bootstrap intervals: how far a statistic varies when images are drawn anew, with replacement, from those that were tested (Efron and
 * Tibshirani, 1993, "An introduction to the bootstrap", chapter 13: percentile intervals).
 */
import { RandomGenerator, requireCount } from '../data/random-generator.ts';
import { OptionError } from '../errors.ts';
import {
  describeValue,
  requireFunction,
  requireKnownOptions,
  requireNumber,
  requireOneOf,
} from '../options.ts';

/** No other use of a seed has this stream. */
const BOOTSTRAP_STREAM = 2 ** 32 - 3;

/** Options of bootstraps. */
export interface BootstrapOptions {
  /**
   * How often images are drawn anew, 1 to a million. Default 2000: enough for 95 %; take 10,000 for 99 %. Of 100,000 images, 2000
   * samples take some seconds.
   */
  readonly samples?: number;
  /** How much of the samples lies in the interval, above 0 and below 1. Default 0.95. */
  readonly confidence?: number;
  /** Decides what is drawn. Default 0. */
  readonly seed?: number;
}

/** Options of `bootstrapIntervalOverSeeds`. */
export interface SeedBootstrapOptions extends BootstrapOptions {
  /**
   * Whether the models of all seeds were tested on the same images, which are then drawn once for all of them in each sample (a model
   * that is lucky with the images is so with all seeds), or each on its own, which are drawn for each. Default 'same'.
   */
  readonly images?: 'same' | 'own';
}

/** A statistic with its interval. */
export interface BootstrapInterval {
  /** The statistic of what was tested. */
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
  /** How many samples count: those in which the statistic was not NaN. Where it is 0, both ends are NaN. */
  readonly samples: number;
}

/**
 * The percentile interval of any statistic of images: it is computed on as many images as there are, drawn with replacement, again and
 * again; (1 − confidence)/2 of the samples lie below the interval, and as many above it. A sample in which the statistic is NaN (an
 * AUC where only one class was drawn) does not count. Equal seeds give equal intervals, on every machine.
 *
 * Images of one patient, or copies, are to be drawn together: pass the number of patients, and let the statistic look up their images.
 *
 * ```ts
 * const right = Array.from({ length: 100 }, (_, image) => image % 10 !== 0); // 90 of 100
 * const share = (images: Int32Array) => images.filter((image) => right[image]).length / images.length;
 * const { estimate, low, high } = bootstrapInterval(right.length, share);
 * await [estimate, low > 0.8 && low < 0.87, high > 0.93 && high < 0.98]; // [0.9, true, true]
 * ```
 *
 * @param count how many images there are
 * @param statistic of the images with these numbers, `[count]` from 0 to count − 1, with repetitions. The array is used again for the
 *   next sample
 * @throws OptionError for no images, a statistic that gives no number, or options that are unknown or out of range
 */
export function bootstrapInterval(
  count: number,
  statistic: (images: Int32Array) => number,
  options: BootstrapOptions = {},
): BootstrapInterval {
  const where = 'bootstrapInterval';
  requireDrawable(where, 'count', count);
  requireFunction(where, 'statistic', statistic);
  requireKnownOptions(where, options, ['samples', 'confidence', 'seed']);
  const images = identity(count);
  const estimate = numberOf(where, statistic(images));
  const { sorted, low, high } = drawSamples(where, options, (generator) => {
    draw(images, generator);
    return numberOf(where, statistic(images));
  });
  return { estimate, low, high, samples: sorted.length };
}

/**
 * The percentile interval of a statistic's mean over seeds, when both seeds and images are drawn anew: how it would come out with
 * other seeds and other images. Each sample draws as many seeds as there are, and images as `images` says; its value is the mean
 * of the statistic over the drawn seeds. With the same images for all this is the bootstrap of crossed factors (Owen, 2007, "The
 * pigeonhole bootstrap"), with images of their own that of nested ones.
 *
 * Of s seeds the part of the interval that seeds are cause of comes out too narrow, by √((s − 1)/s); and what images and seeds do together
 * is counted about three times (Owen, 2007), so where seeds disagree on single images the interval is too wide. For accuracies take
 * `accuracyIntervalOverSeeds` and `pairedTestOverSeeds`, which tell these apart; this one is for any statistic.
 *
 * ```ts
 * const labels = [0, 1, 0, 1, 0, 1, 0, 1];
 * const answers = [[0, 1, 0, 1, 0, 1, 1, 1], [0, 1, 0, 0, 0, 1, 0, 0]]; // of two seeds
 * const accuracy = (model: number, images: Int32Array) =>
 *   images.filter((image) => answers[model][image] === labels[image]).length / images.length;
 * const { estimate, low, high } = bootstrapIntervalOverSeeds(answers.length, labels.length, accuracy, { samples: 500 });
 * await [estimate, low < estimate, high > estimate]; // [0.8125, true, true]
 * ```
 *
 * @param seeds how many models there are, of as many seeds
 * @param count how many images each was tested on
 * @param statistic of a model, by its place from 0 on, on the images with these numbers. The array is used again for the next sample
 * @throws OptionError for no seeds or images, a statistic that gives no number, or options that are unknown or out of range
 */
export function bootstrapIntervalOverSeeds(
  seeds: number,
  count: number,
  statistic: (seed: number, images: Int32Array) => number,
  options: SeedBootstrapOptions = {},
): BootstrapInterval {
  const where = 'bootstrapIntervalOverSeeds';
  requireDrawable(where, 'seeds', seeds);
  requireDrawable(where, 'count', count);
  requireFunction(where, 'statistic', statistic);
  requireKnownOptions(where, options, ['samples', 'confidence', 'seed', 'images']);
  const { images: kind = 'same' } = options;
  requireOneOf(where, 'images', kind, ['same', 'own']);
  const images = identity(count);
  const drawn = identity(seeds);
  const mean = (before: () => void): number =>
    drawn.reduce((sum, seed) => {
      before();
      return sum + numberOf(where, statistic(seed, images));
    }, 0) / seeds;
  const estimate = mean(() => {});
  const { sorted, low, high } = drawSamples(where, options, (generator) => {
    draw(drawn, generator);
    if (kind === 'own') return mean(() => draw(images, generator));
    draw(images, generator);
    return mean(() => {});
  });
  return { estimate, low, high, samples: sorted.length };
}

/** The samples of a bootstrap that count, in ascending order, and the ends of their interval. */
interface BootstrapSamples {
  readonly sorted: Float64Array;
  readonly low: number;
  readonly high: number;
}

/** Draws all samples. `next` gives the value of one, for which it draws from the generator. */
export function drawSamples(
  where: string,
  { samples = 2000, confidence = 0.95, seed = 0 }: BootstrapOptions,
  next: (generator: RandomGenerator) => number,
): BootstrapSamples {
  requireNumber(where, 'samples', samples, 'a whole number from 1 to a million');
  requireNumber(where, 'confidence', confidence, 'a number above 0 and below 1');
  const generator = new RandomGenerator(seed, BOOTSTRAP_STREAM);
  const found = new Float64Array(samples);
  let counted = 0;
  for (let sample = 0; sample < samples; sample++) {
    const value = next(generator);
    if (!Number.isNaN(value)) found[counted++] = value;
  }
  const sorted = found.subarray(0, counted).sort();
  const [low, high] = [(1 - confidence) / 2, (1 + confidence) / 2].map((share) => quantile(sorted, share));
  return { sorted, low, high };
}

/** The value below which a share of the sorted values lies, linear between two of them (Hyndman and Fan, 1996, type 7). */
export function quantile(sorted: Float64Array, share: number): number {
  if (sorted.length === 0) return Number.NaN;
  const place = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return low === high ? low : low + (high - low) * (place - Math.floor(place));
}

/** Throws OptionError unless there is something to draw from. */
export function requireDrawable(where: string, name: string, count: number): void {
  requireNumber(where, name, count, 'a whole number of at least 1');
  requireCount(where, count);
}

function identity(count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, index) => index);
}

/** Fills an array with places of it, drawn with replacement. */
function draw(places: Int32Array, generator: RandomGenerator): void {
  for (let index = 0; index < places.length; index++) places[index] = generator.nextBelow(places.length);
}

function numberOf(where: string, value: unknown): number {
  if (typeof value === 'number') return value;
  throw new OptionError({
    where,
    got: `${describeValue(value)} from the statistic`,
    expected: 'a number, at once',
    cure: 'Return one number; wait for what models say before.',
  });
}
