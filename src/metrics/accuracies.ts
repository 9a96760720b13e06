/** Accuracy: the part of the images whose class is right or among the likeliest, what guessing gives, and how sure it is. */
import { OptionError } from '../errors.ts';
import { requireNumber } from '../options.ts';
import { requireNumberLists, requireSameLength, requireScoreRows } from './metric-checks.ts';

/**
 * The part of predictions that are right. NaN when there are none.
 *
 * ```ts
 * await accuracyOf([0, 2, 1, 1], [0, 2, 1, 0]); // 0.75
 * ```
 *
 * @param predictions the class that each image was taken for, `[N]`
 * @param labels the class that each is of, `[N]`
 * @throws OptionError when they are not as many
 */
export function accuracyOf(predictions: ArrayLike<number>, labels: ArrayLike<number>): number {
  requireSameLength('accuracyOf', { predictions, labels });
  let correct = 0;
  for (let index = 0; index < labels.length; index++) if (predictions[index] === labels[index]) correct++;
  return correct / labels.length;
}

/**
 * The part of the images whose class is among the k with the highest scores. Of equal scores the lowest class comes first, as in
 * `argMax` and `topK`; so k = 1 is the accuracy. NaN when there are no images.
 *
 * ```ts
 * const scores = [0.5, 0.3, 0.2, 0.1, 0.2, 0.7]; // of two images, for three classes
 * await topKAccuracy(scores, [1, 0], 3, 2); // 0.5
 * ```
 *
 * @param scores `[N, classes]`, row-major
 * @param labels the class that each image is of, `[N]`
 * @param k 1 to `classes`
 * @throws LabelError for a label that is no class, NonFiniteError for a score that is NaN, OptionError for other lengths or another k
 */
export function topKAccuracy(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
  k: number,
): number {
  const where = 'topKAccuracy';
  requireScoreRows(where, scores, labels, classes);
  requireNumber(where, 'k', k, 'a whole number of at least 1');
  if (k > classes) {
    throw new OptionError({
      where,
      got: `k ${k} for ${classes} classes`,
      expected: `1 to ${classes}`,
      cure: 'Among all classes the right one always is: choose a smaller k.',
    });
  }
  let right = 0;
  for (let image = 0; image < labels.length; image++) {
    const first = image * classes;
    const own = scores[first + labels[image]];
    let before = 0;
    for (let other = 0; other < classes; other++) {
      const score = scores[first + other];
      if (score > own || (score === own && other < labels[image])) before++;
    }
    if (before < k) right++;
  }
  return right / labels.length;
}

/**
 * The accuracy of always guessing one class, the commonest of training: what a model has to beat. NaN when there are no labels.
 *
 * ```ts
 * await majorityAccuracy([0, 1, 1, 2]); // 0.5
 * ```
 *
 * @param labels what it is tested on
 * @param trainLabels where the commonest class is looked for, of equally common ones the lowest; default `labels`
 */
export function majorityAccuracy(labels: ArrayLike<number>, trainLabels: ArrayLike<number> = labels): number {
  requireNumberLists('majorityAccuracy', { labels, trainLabels });
  const counts = new Map<number, number>();
  for (let index = 0; index < trainLabels.length; index++) {
    counts.set(trainLabels[index], (counts.get(trainLabels[index]) ?? 0) + 1);
  }
  const [commonest] = [...counts].sort(([a, first], [b, second]) => second - first || a - b)[0] ?? [];
  let correct = 0;
  for (let index = 0; index < labels.length; index++) if (labels[index] === commonest) correct++;
  return correct / labels.length;
}

/** Of the standard normal distribution, 95 % lie within this many standard deviations. */
const normal95 = 1.959963984540054;

/**
 * Where the accuracy on many more images of the same kind would lie, with 95 % confidence: the interval of Wilson (1927,
 * Journal of the American Statistical Association 22), which holds near 0 and 1 and for few images as well. Copies and images of
 * one patient count as one, so with them it is too narrow. With p = accuracy, n = count and z = 1.96 it is
 * (p + z²/2n ± z √(p (1 − p)/n + z²/4n²)) / (1 + z²/n).
 *
 * ```ts
 * await accuracyInterval(0.9, 100).map((bound) => bound.toFixed(3)); // ["0.826", "0.945"]
 * ```
 *
 * @param accuracy the part of the images that are right, 0 to 1
 * @param count how many images were tested
 * @throws OptionError for an accuracy that is none, or no images
 */
export function accuracyInterval(accuracy: number, count: number): [low: number, high: number] {
  requireNumber('accuracyInterval', 'accuracy', accuracy, 'a number from 0 to 1');
  requireNumber('accuracyInterval', 'count', count, 'a whole number of at least 1');
  return wilsonInterval(accuracy, count, normal95);
}

/** Wilson's interval of so many answers, that far out. It ends at 0 and at 1 where the accuracy is that: rounding must not leave it outside. */
export function wilsonInterval(
  accuracy: number,
  count: number,
  quantile: number,
): [low: number, high: number] {
  const square = quantile ** 2 / count;
  const center = (accuracy + square / 2) / (1 + square);
  const half = (Math.sqrt((accuracy * (1 - accuracy) + square / 4) / count) * quantile) / (1 + square);
  return [accuracy === 0 ? 0 : Math.max(center - half, 0), accuracy === 1 ? 1 : Math.min(center + half, 1)];
}
