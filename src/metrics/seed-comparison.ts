/**
 * Accuracies of ways of training, each with several seeds, on the same test images: how far a mean accuracy, or the difference of two, would
 * vary with other images and other seeds. Images and seeds are crossed, so it is a two-way analysis of variance.
 */
import { OptionError } from '../errors.ts';
import { describeValue, requireKnownOptions, requireNumber } from '../options.ts';
import { wilsonInterval } from './accuracies.ts';
import { requireDrawable } from './bootstrap.ts';
import { studentOf, studentTwoSided } from './distributions.ts';
import { requireSameLength } from './metric-checks.ts';

/** Options of `accuracyIntervalOverSeeds` and `pairedTestOverSeeds`. */
export interface OverSeedsOptions {
  /** How sure the interval is, above 0 and below 1. Default 0.95. */
  readonly confidence?: number;
}

/** What `accuracyIntervalOverSeeds` finds. */
export interface AccuracyOverSeeds {
  /** The mean over seeds. */
  readonly accuracy: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Where a difference of mean accuracies has its variance from, for one image and one seed. The estimates are unbiased, so where there is
 * nothing they come out below 0 as often as above: take 0 then.
 */
export interface DifferenceVariances {
  /** Of images: how much better the first is on some than on others, with all seeds. Of a single seed that of both together. */
  readonly images: number;
  /** Of the seeds of either: how much better some are than others on all images. NaN of a single seed. */
  readonly seeds: readonly [first: number, second: number];
  /** Of both together, of either: how much better some seeds are on some images. NaN of a single seed. */
  readonly interaction: readonly [first: number, second: number];
}

/** What `pairedTestOverSeeds` finds. */
export interface PairedOverSeedsResult {
  /** The mean accuracy of the first less that of the second. */
  readonly difference: number;
  /** Of the difference, with the confidence of the options. */
  readonly low: number;
  readonly high: number;
  /** Two-sided. */
  readonly p: number;
  /** NaN of one image. */
  readonly standardError: number;
  /** Of Student's distribution: few where seeds differ much and are few. */
  readonly degreesOfFreedom: number;
  readonly variances: DifferenceVariances;
}

/**
 * The mean accuracy over seeds with its interval, for other images and other seeds. It is the interval of Wilson (1927), which holds near
 * 0 and 1, with two changes. In place of the number of images stands a(1 − a) divided by the squared standard error, where a is the
 * accuracy: as many independent answers would vary as much (Korn and Graubard, 1998, "Confidence intervals for proportions with small
 * expected number of positive counts estimated from survey data"). In place of the normal quantile stands Student's, whose degrees of
 * freedom and whose standard error are those of `pairedTestOverSeeds`. With one seed it knows of nothing but images.
 *
 * ```ts
 * const labels = Array.from({ length: 200 }, () => 1);
 * const seeds = [10, 12, 20].map((wrong) => labels.map((_, image) => (image < wrong ? 0 : 1)));
 * const { accuracy, low, high } = accuracyIntervalOverSeeds(seeds, labels);
 * await [accuracy, low, high].map((each) => each.toFixed(2)); // ["0.93", "0.86", "0.97"]
 * ```
 *
 * @param predictions of each seed the class that each image was taken for, `[N]`
 * @param labels the class that each is of, `[N]`
 * @throws OptionError when they are not as many, or none, or for options that are unknown or out of range
 */
export function accuracyIntervalOverSeeds(
  predictions: readonly ArrayLike<number>[],
  labels: ArrayLike<number>,
  options: OverSeedsOptions = {},
): AccuracyOverSeeds {
  const where = 'accuracyIntervalOverSeeds';
  const answers = analyze(where, 'predictions', predictions, labels);
  const outside = outsideOf(where, options);
  const { mean: accuracy, seeds } = answers;
  const images = labels.length;
  // What varies of one image is not known.
  if (images < 2) return { accuracy, low: 0, high: 1 };
  const { square, freedom } = errorOf(varianceOf(answers.shares) / images, images, [answers]);
  // Where all answers are right the variance is 0: then each image counts once, as with one seed.
  const spread = accuracy * (1 - accuracy);
  const count = spread === 0 ? images : Math.min(spread / square, images * seeds);
  const [low, high] = wilsonInterval(accuracy, count, studentOf(outside, freedom));
  return { accuracy, low, high };
}

/**
 * Tests whether two ways of training differ in accuracy, from models of several seeds each on the same test images, and says how far the
 * difference would vary with other images and other seeds. The answers of each way are taken apart as
 * right = mean + image + seed + (image and seed together); of two ways with s₁ and s₂ seeds on n images the variance of the difference is
 * σ²(images)/n + Σ σ²(seeds)/s + Σ σ²(together)/(n s). Each is estimated from mean squares (Searle, Casella and McCulloch, 1992,
 * "Variance components", chapter 4), that of seeds not below 0: what the images do to the accuracies of single seeds is not taken for a difference
 * of seeds. Degrees of freedom are Satterthwaite's (1946, "An approximate distribution of estimates of variance components"); the difference
 * divided by its standard error is compared with Student's distribution.
 *
 * Of m images on which the ways differ no test of signs can have a p below 2^(1 − m), and this one says none below that, either: one image
 * shows nothing, and 0 is in the interval then. Where all images differ alike, as where none does, the squares say that nothing varies: then
 * the interval is as wide as Wilson's is of answers that are all right. With one seed each it is about two trained models: of other seeds
 * nothing is known.
 *
 * ```ts
 * const labels = Array.from({ length: 200 }, () => 1);
 * const wrongOn = (count: number) => labels.map((_, image) => (image < count ? 0 : 1));
 * const { difference, p } = pairedTestOverSeeds([wrongOn(4), wrongOn(6)], [wrongOn(20), wrongOn(26)], labels);
 * await [difference.toFixed(2), p.toFixed(3)]; // ["0.09", "0.009"]
 * ```
 *
 * @param first of each seed of the first way the class that each image was taken for, `[N]`
 * @param second of each seed of the second, which may be another number of seeds
 * @param labels the class that each image is of, `[N]`
 * @throws OptionError when they are not as many, or none, or for options that are unknown or out of range
 */
export function pairedTestOverSeeds(
  first: readonly ArrayLike<number>[],
  second: readonly ArrayLike<number>[],
  labels: ArrayLike<number>,
  options: OverSeedsOptions = {},
): PairedOverSeedsResult {
  const where = 'pairedTestOverSeeds';
  const [one, other] = [analyze(where, 'first', first, labels), analyze(where, 'second', second, labels)];
  const outside = outsideOf(where, options);
  const images = labels.length;
  // From counts, so that ways that are right equally often differ by 0.
  const difference = (one.right * other.seeds - other.right * one.seeds) / (images * one.seeds * other.seeds);
  const gains = one.shares.map((share, image) => share - other.shares[image]);
  const ofGains = varianceOf(gains);
  const variances = {
    images: Math.max(
      ofGains - (one.interaction || 0) / one.seeds - (other.interaction || 0) / other.seeds,
      0,
    ),
    seeds: [one.variance, other.variance],
    interaction: [one.interaction, other.interaction],
  } as const;
  if (images < 2) {
    const unknown = { low: -1, high: 1, p: 1, standardError: Number.NaN, degreesOfFreedom: 0 };
    return { difference, ...unknown, variances };
  }
  const { square, freedom } = errorOf(ofGains / images, images, [one, other]);
  const standardError = Math.sqrt(square);
  const differing = gains.filter((gain) => gain !== 0).length;
  const p =
    difference === 0
      ? 1
      : Math.max(studentTwoSided(difference / standardError, freedom), 2 ** (1 - differing));
  const quantile = studentOf(outside, freedom);
  const ofEqualGains = ofGains === 0 ? 1 - wilsonInterval(1, images, quantile)[0] : 0;
  // As far as 0 at least, where p shows nothing.
  const half = Math.max(quantile * standardError, ofEqualGains, p < outside ? 0 : Math.abs(difference));
  return {
    difference,
    low: Math.max(difference - half, -1),
    high: Math.min(difference + half, 1),
    p,
    standardError,
    degreesOfFreedom: freedom,
    variances,
  };
}

/** The answers of one way of training, taken apart. */
interface SeedAnalysis {
  readonly seeds: number;
  /** How many answers are, and what part of all. */
  readonly right: number;
  readonly mean: number;
  /** Of each image, of how many seeds it was taken for what it is. */
  readonly shares: Float64Array;
  /** The mean square over seeds, per image: the variance of their accuracies, with what images do to it. NaN of a single seed. */
  readonly ofAccuracies: number;
  /** The variance of seeds alone, and of images and seeds together. NaN of a single seed. */
  readonly variance: number;
  readonly interaction: number;
}

function analyze(
  where: string,
  name: string,
  predictions: readonly ArrayLike<number>[],
  labels: ArrayLike<number>,
): SeedAnalysis {
  requireSeeds(where, name, predictions);
  for (const given of predictions) requireSameLength(where, { [name]: given, labels });
  requireDrawable(where, 'the number of images', labels.length);
  const [seeds, images] = [predictions.length, labels.length];
  const isRight = (seed: number, image: number): boolean => predictions[seed][image] === labels[image];
  const ofImages = new Float64Array(images);
  const ofSeeds = new Float64Array(seeds);
  for (let seed = 0; seed < seeds; seed++) {
    for (let image = 0; image < images; image++) {
      if (!isRight(seed, image)) continue;
      ofImages[image] += 1;
      ofSeeds[seed] += 1;
    }
  }
  const right = ofSeeds.reduce((sum, count) => sum + count, 0);
  const mean = right / (seeds * images);
  const shares = ofImages.map((count) => count / seeds);
  const accuracies = ofSeeds.map((count) => count / images);
  let square = 0;
  for (let seed = 0; seed < seeds; seed++) {
    for (let image = 0; image < images; image++) {
      square += ((isRight(seed, image) ? 1 : 0) - shares[image] - accuracies[seed] + mean) ** 2;
    }
  }
  const ofAccuracies = seeds < 2 ? Number.NaN : varianceOf(accuracies);
  // Of one image the accuracies are the answers: there is no telling apart.
  const interaction = seeds < 2 ? Number.NaN : images < 2 ? 0 : square / ((seeds - 1) * (images - 1));
  const variance = ofAccuracies - interaction / images;
  return { seeds, right, mean, shares, ofAccuracies, variance, interaction };
}

/**
 * The squared standard error, and its degrees of freedom by Satterthwaite: the square of the sum, divided by the sum of the squares of
 * the mean squares in it, each over its own degrees. Seeds count with their whole mean square, since it is as uncertain as that is.
 */
function errorOf(
  ofImages: number,
  images: number,
  ways: readonly SeedAnalysis[],
): { readonly square: number; readonly freedom: number } {
  let square = ofImages;
  let uncertain = ofImages ** 2 / (images - 1);
  for (const { seeds, variance, ofAccuracies } of ways) {
    if (!(variance > 0)) continue;
    square += variance / seeds;
    uncertain += (ofAccuracies / seeds) ** 2 / (seeds - 1);
  }
  return { square, freedom: uncertain === 0 ? images - 1 : Math.max(square ** 2 / uncertain, 1) };
}

/** With n − 1 below it; 0 of one. */
function varianceOf(values: Float64Array): number {
  if (values.length < 2) return 0;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
}

function outsideOf(where: string, options: OverSeedsOptions): number {
  requireKnownOptions(where, options, ['confidence']);
  const { confidence = 0.95 } = options;
  requireNumber(where, 'confidence', confidence, 'a number above 0 and below 1');
  return 1 - confidence;
}

function requireSeeds(where: string, name: string, predictions: unknown): void {
  if (Array.isArray(predictions) && predictions.length > 0) return;
  throw new OptionError({
    where,
    got: `${describeValue(predictions)} for ${name}`,
    expected: 'a list with the predictions of each seed, one at least',
    cure: 'Put the predictions of a single seed into a list: [predictions].',
  });
}
