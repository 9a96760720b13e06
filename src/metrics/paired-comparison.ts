/**
 * Tests of two classifiers on the same images or folds: McNemar's exact test, the paired bootstrap of the difference of their
 * accuracies, Dietterich's 5×2-fold t test. p is how likely a difference as large, in either direction, is if there is none.
 */
import type { RandomGenerator } from '../data/random-generator.ts';
import { OptionError } from '../errors.ts';
import { describeValue, requireKnownOptions, requireNumber } from '../options.ts';
import { type BootstrapOptions, drawSamples, requireDrawable } from './bootstrap.ts';
import { fairCoinsBelow, studentTwoSided } from './distributions.ts';
import { requireSameLength } from './metric-checks.ts';

/** What `mcNemarTest` finds. */
export interface McNemarResult {
  /** Images that only the first is right on. */
  readonly onlyFirst: number;
  /** Images that only the second is right on. */
  readonly onlySecond: number;
  /** Two-sided. */
  readonly p: number;
}

/**
 * McNemar's exact test of two classifiers on the same images (McNemar, 1947; Dietterich, 1998, "Approximate statistical tests for
 * comparing supervised classification learning algorithms"): whether the images that only one of them is right on divide as fair coins
 * do. It asks whether two trained models differ, not whether two ways of training do: other seeds are not in it.
 *
 * ```ts
 * const [labels, first, second] = [[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0]];
 * const { onlyFirst, onlySecond, p } = mcNemarTest(first, second, labels);
 * await [onlyFirst, onlySecond, p.toFixed(5)]; // [6, 0, "0.03125"]
 * ```
 *
 * @param first the class that the first took each image for, `[N]`
 * @param second the class that the second took each for, `[N]`
 * @param labels the class that each is of, `[N]`
 * @throws OptionError when they are not as many, or none
 */
export function mcNemarTest(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  labels: ArrayLike<number>,
): McNemarResult {
  const gains = gainsOf('mcNemarTest', first, second, labels);
  const onlyFirst = gains.filter((gain) => gain > 0).length;
  const onlySecond = gains.filter((gain) => gain < 0).length;
  return { onlyFirst, onlySecond, p: signTest(onlyFirst, onlySecond) };
}

/**
 * The exact sign test: how likely as many of n = a + b fair coins, or more, fall on one side, twice P(X ≤ min(a, b)) with X binomial of n
 * and ½, at most 1. It is what McNemar's test computes from two counts, and as exact for a million as for ten. 1 where nothing differs.
 *
 * ```ts
 * await exactSignTest(1, 5).toFixed(5); // "0.21875"
 * ```
 *
 * @param onlyFirst how often only the first was right, or better
 * @param onlySecond how often only the second was
 * @returns p, two-sided; 0 where it is below 5e-324
 * @throws OptionError unless both are counts
 */
export function exactSignTest(onlyFirst: number, onlySecond: number): number {
  requireNumber('exactSignTest', 'onlyFirst', onlyFirst, 'a whole number of at least 0');
  requireNumber('exactSignTest', 'onlySecond', onlySecond, 'a whole number of at least 0');
  return signTest(onlyFirst, onlySecond);
}

function signTest(onlyFirst: number, onlySecond: number): number {
  // Both sides have the middle in common.
  if (onlyFirst === onlySecond) return 1;
  return Math.min(2 * fairCoinsBelow(Math.min(onlyFirst, onlySecond), onlyFirst + onlySecond), 1);
}

/** What `pairedBootstrapTest` finds. */
export interface PairedBootstrapResult {
  /** The accuracy of the first less that of the second. */
  readonly difference: number;
  /** Of the difference, with the confidence of the options. */
  readonly low: number;
  readonly high: number;
  /** Two-sided. */
  readonly p: number;
}

/**
 * The difference of two accuracies on the same images, with its interval and p by the paired bootstrap: images are drawn with
 * replacement, and both classifiers are judged on the same ones (Efron and Tibshirani, 1993; Koehn, 2004, "Statistical significance tests
 * for machine translation evaluation"). p is twice the part of the samples on the other side of 0, or on it, with one sample
 * added (Davison and Hinkley, 1997): at least 2 / (samples + 1), at most 1.
 *
 * ```ts
 * const labels = Array.from({ length: 100 }, () => 1);
 * const second = labels.map((_, image) => (image < 20 ? 0 : 1)); // wrong on 20 of 100
 * const { difference, low, p } = pairedBootstrapTest(labels, second, labels);
 * await [difference, low > 0, p < 0.01]; // [0.2, true, true]
 * ```
 *
 * @param first the class that the first took each image for, `[N]`
 * @param second the class that the second took each for, `[N]`
 * @param labels the class that each is of, `[N]`
 * @throws OptionError when they are not as many, or none, or for options that are unknown or out of range
 */
export function pairedBootstrapTest(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  labels: ArrayLike<number>,
  options: BootstrapOptions = {},
): PairedBootstrapResult {
  const where = 'pairedBootstrapTest';
  const gains = gainsOf(where, first, second, labels);
  requireKnownOptions(where, options, ['samples', 'confidence', 'seed']);
  const difference = gains.reduce((sum, gain) => sum + gain, 0) / gains.length;
  const { sorted, low, high } = drawSamples(where, options, (generator) => drawnMean(gains, generator));
  const notAbove = sorted.filter((each) => each <= 0).length;
  const notBelow = sorted.filter((each) => each >= 0).length;
  return {
    difference,
    low,
    high,
    p: Math.min((2 * (Math.min(notAbove, notBelow) + 1)) / (sorted.length + 1), 1),
  };
}

/** 1 for each image that only the first is right on, −1 for each that only the second is, else 0. */
function gainsOf(
  where: string,
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  labels: ArrayLike<number>,
): Int8Array {
  requireSameLength(where, { first, second, labels });
  requireDrawable(where, 'the number of images', labels.length);
  const right = (answers: ArrayLike<number>, image: number) => (answers[image] === labels[image] ? 1 : 0);
  return Int8Array.from({ length: labels.length }, (_, image) => right(first, image) - right(second, image));
}

function drawnMean(gains: Int8Array, generator: RandomGenerator): number {
  let sum = 0;
  for (let count = 0; count < gains.length; count++) sum += gains[generator.nextBelow(gains.length)];
  return sum / gains.length;
}

/** What `fiveByTwoTest` finds. */
export interface FiveByTwoResult {
  /** Student's t, of 5 degrees of freedom; its sign is that of the first difference. */
  readonly t: number;
  /** Two-sided. */
  readonly p: number;
}

/**
 * Dietterich's 5×2-fold paired t test of two ways of training (1998): five times the images are halved at random, and both ways are
 * trained on each half and tested on the other. With differences dᵢ₁ and dᵢ₂ of the i-th time and their variance
 * sᵢ² = (dᵢ₁ − d̄ᵢ)² + (dᵢ₂ − d̄ᵢ)², t is d₁₁ / √(Σ sᵢ² / 5). Where no difference varies, t is 0 with p 1 if they are 0, and else infinite
 * with p 0.
 *
 * ```ts
 * const { t, p } = fiveByTwoTest([[0.02, 0.03], [0.01, 0.03], [0.02, 0.02], [0.04, 0.01], [0.03, 0.02]]);
 * await [t.toFixed(3), p.toFixed(4)]; // ["1.633", "0.1634"]
 * ```
 *
 * @param differences five pairs: how much better the first way is than the second, on either half
 * @throws OptionError unless they are five pairs of finite numbers
 */
export function fiveByTwoTest(differences: readonly (readonly [number, number])[]): FiveByTwoResult {
  requireFivePairs(differences);
  // The variance of two numbers is half of their squared difference.
  const spread = Math.sqrt(differences.reduce((sum, [a, b]) => sum + (a - b) ** 2 / 2, 0) / 5);
  const [[difference]] = differences;
  if (difference === 0) return { t: 0, p: 1 };
  const t = difference / spread;
  return { t, p: studentTwoSided(t, 5) };
}

function requireFivePairs(differences: unknown): void {
  const fits =
    Array.isArray(differences) &&
    differences.length === 5 &&
    [...differences].every(
      (pair) => Array.isArray(pair) && pair.length === 2 && [...pair].every(Number.isFinite),
    );
  if (fits) return;
  throw new OptionError({
    where: 'fiveByTwoTest',
    got: describeValue(differences),
    expected: 'five pairs of differences, as [[0.02, 0.03], …]',
    cure: 'Halve the images five times, and give the difference on both halves of each.',
  });
}
