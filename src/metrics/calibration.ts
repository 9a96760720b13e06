/**
 * How far probabilities can be believed: log loss, Brier score, the reliability diagram and the calibration error.
 * Probabilities are `[N, classes]` in one flat array, row-major, as `evaluate` gives them.
 */
import { requireKnownOptions, requireNumber } from '../options.ts';
import { requireProbabilityRows } from './metric-checks.ts';

/** The least that the probability of a true class counts as: a probability of 0 in float32 is one that was too small for it. */
export const leastProbability = 2 ** -52;

/**
 * The log loss, −mean ln p of the true classes: the cross-entropy of the probabilities. A p below 2^-52 counts as that, so that one
 * image never makes it infinite: at most 36.04 each. NaN when there are no images.
 *
 * ```ts
 * await logLoss([0.5, 0.5, 0.25, 0.75], [0, 0], 2).toFixed(4); // "1.0397"
 * ```
 *
 * @param probabilities `[N, classes]`, row-major
 * @param labels the class that each image is of, `[N]`
 * @throws LabelError for a label that is no class, NonFiniteError for NaN, OptionError for other lengths, for a number below 0 or a
 *   row whose sum is not 1
 */
export function logLoss(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
): number {
  requireProbabilityRows('logLoss', probabilities, labels, classes);
  let sum = 0;
  for (let image = 0; image < labels.length; image++) {
    sum -= Math.log(Math.max(probabilities[image * classes + labels[image]], leastProbability));
  }
  return sum / labels.length;
}

/**
 * The Brier score of several classes: the mean over images of Σ (pₖ − yₖ)² over classes, with y 1 for the true class and else 0 (Brier,
 * 1950, "Verification of forecasts expressed in terms of probability"). 0 is best, 2 is worst; for two classes it is twice what is
 * called the Brier score of one of them. NaN when there are no images.
 *
 * ```ts
 * await brierScore([0.5, 0.5, 0.25, 0.75], [0, 0], 2); // 0.8125
 * ```
 *
 * @param probabilities `[N, classes]`, row-major
 * @param labels the class that each image is of, `[N]`
 * @throws as `logLoss` does
 */
export function brierScore(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
): number {
  requireProbabilityRows('brierScore', probabilities, labels, classes);
  let sum = 0;
  for (let image = 0; image < labels.length; image++) {
    for (let label = 0; label < classes; label++) {
      sum += (probabilities[image * classes + label] - (label === labels[image] ? 1 : 0)) ** 2;
    }
  }
  return sum / labels.length;
}

/** Options of `reliabilityBins` and `expectedCalibrationError`. */
export interface ReliabilityOptions {
  /** Into how many parts of equal width the confidences from 0 to 1 are cut, 1 to 1000. Default 15, as in Guo et al. (2017). */
  readonly bins?: number;
}

/** The images of about one confidence: a bar of the reliability diagram. */
export interface ReliabilityBin {
  /** Confidences above this. */
  readonly low: number;
  /** Confidences up to this, which belongs to the bin. */
  readonly high: number;
  /** How many images have such a confidence. */
  readonly count: number;
  /** The mean of their confidences; NaN when there are none. */
  readonly confidence: number;
  /** The part of them whose class is right; NaN when there are none. */
  readonly accuracy: number;
}

/**
 * The reliability diagram: images by their confidence, which is the highest probability, with the accuracy of those of about one
 * confidence. Of a calibrated model both agree. Bin i of M holds confidences in ((i − 1)/M, i/M]. Of equal probabilities the lowest class
 * is the answer.
 *
 * ```ts
 * const [, second] = reliabilityBins([0.75, 0.25, 0.875, 0.125], [0, 1], 2, { bins: 2 });
 * await second; // { low: 0.5, high: 1, count: 2, confidence: 0.8125, accuracy: 0.5 }
 * ```
 *
 * @param probabilities `[N, classes]`, row-major
 * @param labels the class that each image is of, `[N]`
 * @returns all bins, from the lowest on, also those without images
 * @throws as `logLoss` does; OptionError for another number of bins
 */
export function reliabilityBins(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
  options: ReliabilityOptions = {},
): ReliabilityBin[] {
  return binsOf('reliabilityBins', probabilities, labels, classes, options);
}

/**
 * The expected calibration error: the mean over images of |accuracy − confidence| of the bin that each is in (Naeini, Cooper and
 * Hauskrecht, 2015; Guo et al., 2017, "On calibration of modern neural networks"). 0 is calibrated. It depends on the number of bins,
 * and of few images it is never 0. NaN when there are none.
 *
 * ```ts
 * await expectedCalibrationError([0.75, 0.25, 0.875, 0.125], [0, 1], 2); // 0.5625
 * ```
 *
 * @param probabilities `[N, classes]`, row-major
 * @param labels the class that each image is of, `[N]`
 * @throws as `reliabilityBins` does
 */
export function expectedCalibrationError(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
  options: ReliabilityOptions = {},
): number {
  const bins = binsOf('expectedCalibrationError', probabilities, labels, classes, options);
  const gaps = bins.filter(({ count }) => count > 0);
  return (
    gaps.reduce((sum, { count, confidence, accuracy }) => sum + count * Math.abs(accuracy - confidence), 0) /
    labels.length
  );
}

function binsOf(
  where: string,
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
  options: ReliabilityOptions,
): ReliabilityBin[] {
  requireProbabilityRows(where, probabilities, labels, classes);
  requireKnownOptions(where, options, ['bins']);
  const { bins = 15 } = options;
  requireNumber(where, 'bins', bins, 'a whole number from 1 to 1000');
  const [counts, confidences, rights] = [0, 1, 2].map(() => new Float64Array(bins));
  for (let image = 0; image < labels.length; image++) {
    let answer = 0;
    for (let label = 1; label < classes; label++) {
      if (probabilities[image * classes + label] > probabilities[image * classes + answer]) answer = label;
    }
    const confidence = probabilities[image * classes + answer];
    // By the limits as they are told: a product with the number of bins rounds otherwise.
    let bin = 0;
    while (bin < bins - 1 && confidence > (bin + 1) / bins) bin++;
    counts[bin]++;
    confidences[bin] += confidence;
    if (answer === labels[image]) rights[bin]++;
  }
  return Array.from(counts, (count, bin) => ({
    low: bin / bins,
    high: (bin + 1) / bins,
    count,
    confidence: confidences[bin] / count,
    accuracy: rights[bin] / count,
  }));
}
