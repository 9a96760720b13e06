/**
 * Metrics of a classifier, from its predictions: accuracy and how sure it is, what guessing gives, confusion matrix,
 * precision, recall and F1 per class.
 */
import { LabelError, OptionError } from '../errors.ts';
import { describeValue, requireNumber } from '../options.ts';

/** Counts of 1 GiB. */
export const mostClasses = 2 ** 14;

/** The part of predictions that are right. NaN when there are none. */
export function accuracyOf(predictions: ArrayLike<number>, labels: ArrayLike<number>): number {
  requireSameLength('accuracyOf', predictions, labels);
  let correct = 0;
  for (let index = 0; index < labels.length; index++) if (predictions[index] === labels[index]) correct++;
  return correct / labels.length;
}

/**
 * The accuracy of always guessing one class, the commonest of training: what a model has to beat.
 *
 * @param labels what it is tested on
 * @param trainLabels where the commonest class is looked for, of equally common ones the lowest; default `labels`
 */
export function majorityAccuracy(labels: ArrayLike<number>, trainLabels: ArrayLike<number> = labels): number {
  requireClassNumbers('majorityAccuracy', { labels, trainLabels });
  const counts = new Map<number, number>();
  for (let index = 0; index < trainLabels.length; index++) {
    counts.set(trainLabels[index], (counts.get(trainLabels[index]) ?? 0) + 1);
  }
  const [commonest] = [...counts].sort(([a, first], [b, second]) => second - first || a - b)[0] ?? [];
  let correct = 0;
  for (let index = 0; index < labels.length; index++) if (labels[index] === commonest) correct++;
  return correct / labels.length;
}

/**
 * The mean recall of the classes that occur: every class counts the same, however many are of it. Guessing gives 1 / classes.
 * NaN when there are none.
 *
 * @param confusion a matrix of `confusionMatrix`
 */
export function balancedAccuracy(confusion: Int32Array): number {
  const occurring = metricsOf('balancedAccuracy', confusion).filter(({ support }) => support > 0);
  return occurring.reduce((sum, { recall }) => sum + recall, 0) / occurring.length;
}

/** Of the standard normal distribution, 95 % lie within this many standard deviations. */
const normal95 = 1.959964;

/**
 * Where the accuracy on many more images of the same kind would lie, with 95 % confidence: the interval of Wilson (1927),
 * which holds near 0 and 1 and for few images as well. Copies and images of one patient count as one, so with them it is
 * too narrow.
 *
 * @param accuracy the part of the images that are right, 0 to 1
 * @param count how many images were tested
 */
export function accuracyInterval(accuracy: number, count: number): [low: number, high: number] {
  requireNumber('accuracyInterval', 'accuracy', accuracy, 'a number from 0 to 1');
  requireNumber('accuracyInterval', 'count', count, 'a whole number of at least 1');
  const square = normal95 ** 2 / count;
  const center = (accuracy + square / 2) / (1 + square);
  const half = (Math.sqrt((accuracy * (1 - accuracy) + square / 4) / count) * normal95) / (1 + square);
  return [Math.max(center - half, 0), Math.min(center + half, 1)];
}

/**
 * How often each class was taken for each: `[classes, classes]` in row-major order, the row being the truth.
 *
 * @throws LabelError when a label or prediction is not in `[0, classes)`
 */
export function confusionMatrix(
  predictions: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
): Int32Array {
  requireSameLength('confusionMatrix', predictions, labels);
  requireNumber('confusionMatrix', 'classes', classes, 'a whole number of at least 1');
  if (classes > mostClasses) {
    throw new OptionError({
      where: 'confusionMatrix',
      got: `${classes} classes`,
      expected: `at most ${mostClasses}: there is a count for each two`,
      cure: 'Count the mistakes of a part of the classes.',
    });
  }
  const counts = new Int32Array(classes * classes);
  for (let index = 0; index < labels.length; index++) {
    requireClass(`label ${index}`, labels[index], classes);
    requireClass(`prediction ${index}`, predictions[index], classes);
    counts[labels[index] * classes + predictions[index]]++;
  }
  return counts;
}

/** How well one class is recognized. */
export interface ClassMetrics {
  /** Of those taken for this class, the part that is of it; 0 when there are none. */
  readonly precision: number;
  /** Of those of this class, the part that was recognized; 0 when there are none. */
  readonly recall: number;
  /** The harmonic mean of both; 0 when both are. */
  readonly f1: number;
  /** How many are of this class. */
  readonly support: number;
}

/** Precision, recall and F1 of each class, from a confusion matrix. */
export function classMetrics(confusion: Int32Array): ClassMetrics[] {
  return metricsOf('classMetrics', confusion);
}

function metricsOf(where: string, confusion: Int32Array): ClassMetrics[] {
  const classes = ArrayBuffer.isView(confusion) ? Math.sqrt(confusion.length) : Number.NaN;
  if (!Number.isInteger(classes)) {
    throw new OptionError({
      where,
      got: ArrayBuffer.isView(confusion) ? `${confusion.length} counts` : describeValue(confusion),
      expected: 'a square matrix, [classes, classes]',
      cure: 'Pass what confusionMatrix returned.',
    });
  }
  return Array.from({ length: classes }, (_, index) => {
    let support = 0;
    let predicted = 0;
    for (let other = 0; other < classes; other++) {
      support += confusion[index * classes + other];
      predicted += confusion[other * classes + index];
    }
    const correct = confusion[index * classes + index];
    return {
      precision: ratio(correct, predicted),
      recall: ratio(correct, support),
      f1: ratio(2 * correct, support + predicted),
      support,
    };
  });
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

function requireClassNumbers(where: string, lists: Readonly<Record<string, ArrayLike<number>>>): void {
  for (const [name, given] of Object.entries(lists)) {
    // What only has a length might never end.
    const numbers = Array.isArray(given) && given.every((each) => typeof each === 'number');
    if (numbers || (ArrayBuffer.isView(given) && 'length' in given)) continue;
    throw new OptionError({
      where,
      got: `${describeValue(given)} for ${name}`,
      expected: 'an array of class numbers',
      cure: 'Pass an Int32Array, or an array of numbers.',
    });
  }
}

function requireSameLength(where: string, predictions: ArrayLike<number>, labels: ArrayLike<number>): void {
  requireClassNumbers(where, { predictions, labels });
  if (predictions.length === labels.length) return;
  throw new OptionError({
    where,
    got: `${predictions.length} predictions and ${labels.length} labels`,
    expected: 'one prediction for each label',
    cure: 'Pass the predictions for the same images, in the same order.',
  });
}

function requireClass(where: string, value: number, classes: number): void {
  if (Number.isInteger(value) && value >= 0 && value < classes) return;
  throw new LabelError({
    where,
    got: describeValue(value),
    expected: `a class from 0 to ${classes - 1}`,
    cure: 'Correct it, or the number of classes.',
  });
}
