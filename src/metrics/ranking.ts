/**
 * How well the scores of a class order images: the area under the ROC curve, average precision. Scores may be
 * probabilities, logits, or whatever is higher where a class is more likely.
 *
 * Those of several classes are `[N, classes]` in one flat array, row-major: what `evaluate` gives as `probabilities`, and what a
 * tensor's `data()` gives, are of that form, and it holds 100,000 rows in one block of memory. The answers of `predict` are rows,
 * which become it by `answers.flatMap(({ probabilities }) => [...probabilities])`.
 */
import {
  requireClass,
  requireLabels,
  requireOrderable,
  requireSameLength,
  requireScoreRows,
} from './metric-checks.ts';

/**
 * The area under the ROC curve of one class: how often an image of it has a higher score than one that is not, where an equal score
 * counts half (Hanley and McNeil, 1982; the U of Mann and Whitney over the number of pairs). 0.5 is chance. NaN when no image is of
 * the class, or all are: then there are no pairs.
 *
 * ```ts
 * await rocAuc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]); // 0.75
 * ```
 *
 * @param scores of that class, `[N]`: higher where it is more likely
 * @param labels the class that each image is of, `[N]`
 * @param positive the class; default 1
 * @throws LabelError for a label that is no class, NonFiniteError for a score that is NaN, OptionError for other lengths
 */
export function rocAuc(scores: ArrayLike<number>, labels: ArrayLike<number>, positive = 1): number {
  return ofOneClass('rocAuc', areaUnderRoc, scores, labels, positive);
}

/**
 * The average precision of one class: Σ (Rᵢ − Rᵢ₋₁) Pᵢ, with precision and recall of what has at least the i-th highest score; images
 * of equal score come together. It is the area under the steps of the precision-recall curve, and as high by chance as the part of
 * the images that are of the class. NaN when no image is of the class; 1 when all are.
 *
 * ```ts
 * await averagePrecision([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]).toFixed(4); // "0.8333"
 * ```
 *
 * @param scores of that class, `[N]`: higher where it is more likely
 * @param labels the class that each image is of, `[N]`
 * @param positive the class; default 1
 * @throws LabelError for a label that is no class, NonFiniteError for a score that is NaN, OptionError for other lengths
 */
export function averagePrecision(scores: ArrayLike<number>, labels: ArrayLike<number>, positive = 1): number {
  return ofOneClass('averagePrecision', precisionSum, scores, labels, positive);
}

/** A measure of one class against the rest, for each class and on average. */
export interface OneVersusRest {
  /** By class; NaN where it has no value. */
  readonly perClass: readonly number[];
  /** The mean over the classes that have one: each counts the same. NaN when none has. */
  readonly macro: number;
  /** Of all N · classes scores together, of which those of the true classes should be the highest. */
  readonly micro: number;
  /** The mean over the classes that have one, each as often as it occurs. */
  readonly weighted: number;
}

/**
 * The area under the ROC curve of each class against the rest, and means of it (Provost and Domingos, 2001, weigh classes by how
 * often they occur). A class that no image is of has NaN and no part in the means; where all images are of one class, `perClass`,
 * `macro` and `weighted` are NaN.
 *
 * ```ts
 * const scores = [0.7, 0.2, 0.1, 0.3, 0.4, 0.3, 0.2, 0.5, 0.3];
 * await rocAucOfClasses(scores, [0, 1, 2], 3).perClass; // [1, 0.5, 0.75]
 * ```
 *
 * @param scores `[N, classes]`, row-major
 * @param labels the class that each image is of, `[N]`
 * @throws LabelError for a label that is no class, NonFiniteError for a score that is NaN, OptionError for other lengths
 */
export function rocAucOfClasses(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
): OneVersusRest {
  return oneVersusRest('rocAucOfClasses', areaUnderRoc, scores, labels, classes);
}

/**
 * The average precision of each class against the rest, and means of it. A class that no image is of has NaN and no part in the means.
 *
 * ```ts
 * const scores = [0.7, 0.2, 0.1, 0.3, 0.4, 0.3, 0.2, 0.5, 0.3];
 * await averagePrecisionOfClasses(scores, [0, 1, 2], 3).perClass; // [1, 0.5, 0.5]
 * ```
 *
 * @param scores `[N, classes]`, row-major
 * @param labels the class that each image is of, `[N]`
 * @throws LabelError for a label that is no class, NonFiniteError for a score that is NaN, OptionError for other lengths
 */
export function averagePrecisionOfClasses(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
): OneVersusRest {
  return oneVersusRest('averagePrecisionOfClasses', precisionSum, scores, labels, classes);
}

/** A measure from the scores of those of a class and of the others, both in ascending order. */
type SortedMeasure = (positives: Float64Array, negatives: Float64Array) => number;

function ofOneClass(
  where: string,
  measure: SortedMeasure,
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  positive: number,
): number {
  requireSameLength(where, { scores, labels });
  requireOrderable(where, scores);
  requireLabels(labels, Number.POSITIVE_INFINITY);
  requireClass(`positive of ${where}`, positive, Number.POSITIVE_INFINITY);
  return measured(
    measure,
    labels.length,
    (place) => scores[place],
    (place) => labels[place] === positive,
  );
}

function oneVersusRest(
  where: string,
  measure: SortedMeasure,
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
): OneVersusRest {
  requireScoreRows(where, scores, labels, classes);
  const support = new Float64Array(classes);
  for (let image = 0; image < labels.length; image++) support[labels[image]]++;
  const perClass = Array.from(support, (_, label) =>
    measured(
      measure,
      labels.length,
      (image) => scores[image * classes + label],
      (image) => labels[image] === label,
    ),
  );
  const mean = (weightOf: (label: number) => number): number => {
    let [sum, weights] = [0, 0];
    perClass.forEach((value, label) => {
      if (Number.isNaN(value)) return;
      sum += value * weightOf(label);
      weights += weightOf(label);
    });
    return sum / weights;
  };
  return {
    perClass,
    macro: mean(() => 1),
    micro: measured(
      measure,
      scores.length,
      (place) => scores[place],
      (place) => labels[Math.floor(place / classes)] === place % classes,
    ),
    weighted: mean((label) => support[label]),
  };
}

/** Sorts the scores of those of a class and of the others apart: numbers alone are sorted many times faster than places by them. */
function measured(
  measure: SortedMeasure,
  count: number,
  scoreOf: (place: number) => number,
  isPositive: (place: number) => boolean,
): number {
  const sorted = new Float64Array(count);
  let positives = 0;
  for (let place = 0; place < count; place++) if (isPositive(place)) positives++;
  let [nextPositive, nextNegative] = [0, positives];
  for (let place = 0; place < count; place++) {
    sorted[isPositive(place) ? nextPositive++ : nextNegative++] = scoreOf(place);
  }
  return measure(sorted.subarray(0, positives).sort(), sorted.subarray(positives).sort());
}

/** The part of the pairs in which the positive one has the higher score. Counts of pairs are exact up to 2^53. */
function areaUnderRoc(positives: Float64Array, negatives: Float64Array): number {
  let [below, upTo, wins] = [0, 0, 0];
  for (const score of positives) {
    while (below < negatives.length && negatives[below] < score) below++;
    while (upTo < negatives.length && negatives[upTo] <= score) upTo++;
    wins += below + upTo;
  }
  return wins / 2 / (positives.length * negatives.length);
}

function precisionSum(positives: Float64Array, negatives: Float64Array): number {
  let [sum, found, wrong] = [0, 0, 0];
  while (found < positives.length) {
    const threshold = positives[positives.length - 1 - found];
    const before = found;
    while (found < positives.length && positives[positives.length - 1 - found] === threshold) found++;
    while (wrong < negatives.length && negatives[negatives.length - 1 - wrong] >= threshold) wrong++;
    sum += ((found - before) * found) / (found + wrong);
  }
  return sum / positives.length;
}
