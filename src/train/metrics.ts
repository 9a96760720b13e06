/** Metrics of a classifier, from its predictions: accuracy, confusion matrix, precision, recall and F1 per class. */
import { LabelError, OptionError } from '../errors.ts';
import { describeValue, requireNumber } from '../options.ts';

/** Counts of 1 GiB. */
const mostClasses = 2 ** 14;

/** The part of predictions that are right. NaN when there are none. */
export function accuracyOf(predictions: ArrayLike<number>, labels: ArrayLike<number>): number {
  requireSameLength('accuracyOf', predictions, labels);
  let correct = 0;
  for (let index = 0; index < labels.length; index++) if (predictions[index] === labels[index]) correct++;
  return correct / labels.length;
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
  const classes = ArrayBuffer.isView(confusion) ? Math.sqrt(confusion.length) : Number.NaN;
  if (!Number.isInteger(classes)) {
    throw new OptionError({
      where: 'classMetrics',
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

function requireSameLength(where: string, predictions: ArrayLike<number>, labels: ArrayLike<number>): void {
  for (const [name, given] of Object.entries({ predictions, labels })) {
    if (typeof given === 'object' && given !== null && Number.isSafeInteger(given.length)) continue;
    throw new OptionError({
      where,
      got: `${describeValue(given)} for ${name}`,
      expected: 'an array of class numbers',
      cure: 'Pass an Int32Array, or an array of numbers.',
    });
  }
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
