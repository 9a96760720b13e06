/**
 * The confusion matrix and what follows from it: precision, recall and F1 per class and on average, balanced accuracy, Cohen's
 * kappa, Matthews' coefficient. A class that no image is of has no part in means over classes.
 */
import { OptionError } from '../errors.ts';
import { describeValue, requireNumber } from '../options.ts';
import { requireClass, requireLabels, requireNumberLists, requireSameLength } from './metric-checks.ts';

/** Counts of 1 GiB. */
export const mostClasses = 2 ** 14;

/**
 * How often each class was taken for each: `[classes, classes]` in row-major order, the row being the truth.
 *
 * ```ts
 * await confusionMatrix([0, 1, 1], [0, 0, 1], 2).join(); // "1,1,0,1"
 * ```
 *
 * @param predictions the class that each image was taken for, `[N]`
 * @param labels the class that each is of, `[N]`
 * @throws LabelError when a label or prediction is not in `[0, classes)`; OptionError when they are not as many, or classes are more
 *   than 16384
 */
export function confusionMatrix(
  predictions: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
): Int32Array {
  requireSameLength('confusionMatrix', { predictions, labels });
  requireNumber('confusionMatrix', 'classes', classes, 'a whole number of at least 1');
  if (classes > mostClasses) {
    throw new OptionError({
      where: 'confusionMatrix',
      got: `${classes} classes`,
      expected: `at most ${mostClasses}: there is a count for each two`,
      cure: 'Count the mistakes of a part of the classes.',
    });
  }
  requireLabels(labels, classes);
  const counts = new Int32Array(classes * classes);
  for (let index = 0; index < labels.length; index++) {
    requireClass(`prediction ${index}`, predictions[index], classes);
    counts[labels[index] * classes + predictions[index]]++;
  }
  return counts;
}

/** How well classes are recognized. */
export interface Recognition {
  /** Of those taken for this class, the part that is of it; 0 when there are none. */
  readonly precision: number;
  /** Of those of this class, the part that was recognized; 0 when there are none. */
  readonly recall: number;
  /** The harmonic mean of both; 0 when both are. */
  readonly f1: number;
}

/** How well one class is recognized. */
export interface ClassMetrics extends Recognition {
  /** How many are of this class. */
  readonly support: number;
}

/**
 * Precision, recall and F1 of each class, from a confusion matrix.
 *
 * ```ts
 * const [first] = classMetrics(confusionMatrix([0, 1, 1], [0, 0, 1], 2));
 * await first; // { precision: 1, recall: 0.5, f1: 2 / 3, support: 2 }
 * ```
 *
 * @param confusion a matrix of `confusionMatrix`, `[classes, classes]`
 * @throws OptionError when it is not a square matrix of counts
 */
export function classMetrics(confusion: ArrayLike<number>): ClassMetrics[] {
  return metricsOf(countsOf('classMetrics', confusion));
}

/** Means over classes, in three ways. */
export interface AverageRecognition {
  /** Every class that an image is of, or was taken for, counts the same. */
  readonly macro: Recognition;
  /** Every image counts the same: where each has one class, precision, recall and F1 are all the accuracy. */
  readonly micro: Recognition;
  /** Every class counts as often as it occurs; the recall is the accuracy. */
  readonly weighted: Recognition;
}

/**
 * Precision, recall and F1 on average over classes. NaN when there are no images.
 *
 * The macro F1 is the mean of the classes' F1, not the F1 of the mean precision and recall (Opitz and Burst, 2019, "Macro F1 and
 * Macro F1"). A class that no image is of, and that some were taken for, has an F1 of 0 in it, as in scikit-learn; `balancedAccuracy`
 * leaves it out, since nothing is known of its recall.
 *
 * ```ts
 * const { macro, micro } = averageClassMetrics(confusionMatrix([0, 1, 1, 1], [0, 0, 1, 1], 2));
 * await [macro.recall, micro.f1]; // [0.75, 0.75]
 * ```
 *
 * @param confusion a matrix of `confusionMatrix`, `[classes, classes]`
 * @throws OptionError when it is not a square matrix of counts
 */
export function averageClassMetrics(confusion: ArrayLike<number>): AverageRecognition {
  const counts = countsOf('averageClassMetrics', confusion);
  const occurring = metricsOf(counts).filter(
    ({ support }, label) => support > 0 || counts.predicted[label] > 0,
  );
  const accuracy = counts.correct / counts.total;
  const mean = (weightOf: (each: ClassMetrics) => number): Recognition => {
    const over = (name: keyof Recognition) =>
      occurring.reduce((sum, each) => sum + each[name] * weightOf(each), 0) /
      occurring.reduce((sum, each) => sum + weightOf(each), 0);
    return { precision: over('precision'), recall: over('recall'), f1: over('f1') };
  };
  return {
    macro: mean(() => 1),
    micro: { precision: accuracy, recall: accuracy, f1: accuracy },
    weighted: mean(({ support }) => support),
  };
}

/**
 * The mean recall of the classes that occur: every class counts the same, however many are of it. Guessing gives 1 / classes.
 * NaN when there are none.
 *
 * ```ts
 * await balancedAccuracy(confusionMatrix([0, 0, 0, 0], [0, 0, 0, 1], 2)); // 0.5
 * ```
 *
 * @param confusion a matrix of `confusionMatrix`, `[classes, classes]`
 * @throws OptionError when it is not a square matrix of counts
 */
export function balancedAccuracy(confusion: ArrayLike<number>): number {
  const occurring = metricsOf(countsOf('balancedAccuracy', confusion)).filter(({ support }) => support > 0);
  return occurring.reduce((sum, { recall }) => sum + recall, 0) / occurring.length;
}

/**
 * Cohen's kappa: how much of the way from chance to certainty the predictions go, (p − e) / (1 − e), with p the accuracy and e
 * that of guessing each class as often as it was predicted (Cohen, 1960, "A coefficient of agreement for nominal scales"). 0 is
 * chance, 1 is right; below 0 is worse than chance. NaN when there are no images, and when all labels and all predictions are of
 * one class, so that chance alone is right.
 *
 * ```ts
 * await cohensKappa(confusionMatrix([0, 1, 1, 1], [0, 0, 1, 1], 2)); // 0.5
 * ```
 *
 * @param confusion a matrix of `confusionMatrix`, `[classes, classes]`
 * @throws OptionError when it is not a square matrix of counts
 */
export function cohensKappa(confusion: ArrayLike<number>): number {
  const { total, correct, support, predicted } = countsOf('cohensKappa', confusion);
  const byChance = dot(support, predicted);
  return (total * correct - byChance) / (total * total - byChance);
}

/**
 * Matthews' correlation of labels and predictions, for any number of classes: with n images, c of them right, tₖ of class k and pₖ
 * taken for it, (c n − Σ tₖ pₖ) / √((n² − Σ pₖ²) (n² − Σ tₖ²)) (Gorodkin, 2004, "Comparing two K-category assignments by a
 * K-category correlation coefficient"). 1 is right, 0 chance. 0 too where all labels or all predictions are of one class: what does not
 * vary goes together with nothing. NaN when there are no images.
 *
 * ```ts
 * await matthewsCorrelation(confusionMatrix([0, 1, 1, 0], [0, 1, 1, 0], 2)); // 1
 * ```
 *
 * @param confusion a matrix of `confusionMatrix`, `[classes, classes]`
 * @throws OptionError when it is not a square matrix of counts
 */
export function matthewsCorrelation(confusion: ArrayLike<number>): number {
  const { total, correct, support, predicted } = countsOf('matthewsCorrelation', confusion);
  if (total === 0) return Number.NaN;
  const square = total * total;
  const spread = Math.sqrt((square - dot(predicted, predicted)) * (square - dot(support, support)));
  return spread === 0 ? 0 : (correct * total - dot(support, predicted)) / spread;
}

/** A confusion matrix, counted. */
interface ConfusionCounts {
  readonly total: number;
  readonly correct: number;
  /** By class: images on the diagonal, of the row, and of the column. */
  readonly right: Float64Array;
  readonly support: Float64Array;
  readonly predicted: Float64Array;
}

function countsOf(where: string, confusion: ArrayLike<number>): ConfusionCounts {
  requireNumberLists(where, { confusion });
  const classes = Math.sqrt(confusion.length);
  if (!Number.isInteger(classes)) throw notSquare(where, `${confusion.length} counts`);
  const [right, support, predicted] = [0, 1, 2].map(() => new Float64Array(classes));
  let [total, correct] = [0, 0];
  for (let truth = 0; truth < classes; truth++) {
    for (let taken = 0; taken < classes; taken++) {
      const count = confusion[truth * classes + taken];
      if (!Number.isSafeInteger(count) || count < 0) throw notSquare(where, describeValue(count));
      support[truth] += count;
      predicted[taken] += count;
    }
    right[truth] = confusion[truth * classes + truth];
    total += support[truth];
    correct += right[truth];
  }
  return { total, correct, right, support, predicted };
}

function notSquare(where: string, got: string): OptionError {
  return new OptionError({
    where,
    got,
    expected: 'a square matrix of counts, [classes, classes]',
    cure: 'Pass what confusionMatrix returned.',
  });
}

function metricsOf({ right, support, predicted }: ConfusionCounts): ClassMetrics[] {
  return Array.from(right, (correct, index) => ({
    precision: ratio(correct, predicted[index]),
    recall: ratio(correct, support[index]),
    f1: ratio(2 * correct, support[index] + predicted[index]),
    support: support[index],
  }));
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

function dot(first: Float64Array, second: Float64Array): number {
  return first.reduce((sum, each, index) => sum + each * second[index], 0);
}
