/** Metrics of a classifier, from its predictions: accuracy, confusion matrix, precision, recall and F1 per class. */
import { LabelError, OptionError } from '../errors.ts';

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
  const counts = new Int32Array(classes * classes);
  for (let index = 0; index < labels.length; index++) {
    requireClass(`label ${index}`, labels[index], classes);
    requireClass(`prediction ${index}`, predictions[index], classes);
    counts[labels[index] * classes + predictions[index]]++;
  }
  return counts;
}

/** How well one class is recognised. */
export interface ClassMetrics {
  /** Of those taken for this class, the part that is of it; 0 when there are none. */
  readonly precision: number;
  /** Of those of this class, the part that was recognised; 0 when there are none. */
  readonly recall: number;
  /** The harmonic mean of both; 0 when both are. */
  readonly f1: number;
  /** How many are of this class. */
  readonly support: number;
}

/** Precision, recall and F1 of each class, from a confusion matrix. */
export function classMetrics(confusion: Int32Array): ClassMetrics[] {
  const classes = Math.sqrt(confusion.length);
  if (!Number.isInteger(classes)) {
    throw new OptionError({
      where: 'classMetrics',
      got: `${confusion.length} counts`,
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
    got: `${value}`,
    expected: `a class from 0 to ${classes - 1}`,
    cure: 'Correct it, or the number of classes.',
  });
}
