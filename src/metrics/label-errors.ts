/** Which labels are likely wrong: confident learning (Northcutt, Jiang and Chuang, 2021, "Confident learning", JAIR 70). */
import { requireProbabilityRows } from './metric-checks.ts';

/** An image whose label is likely wrong. */
export interface SuspectLabel {
  /** Its place among the images. */
  readonly image: number;
  /** The class that it is said to be of. */
  readonly label: number;
  /** The class that it likely is of. */
  readonly suggested: number;
  /** The probability of the label minus the highest of the other classes, -1 to 0: the lower, the likelier the label is wrong. */
  readonly margin: number;
}

/**
 * The images whose labels are likely wrong, the likeliest first. A class is believed of an image when its probability is at least the mean
 * that images with this label get; of those that are believed, the most probable one counts. Where that is not the label, and more
 * probable than it, the label is suspect. So a class of which a model is never sure needs less than one of which it always is.
 *
 * The probabilities have to come from a model that has not seen these labels: of test images, or out of fold. A model that was trained on
 * wrong labels believes them.
 *
 * ```ts
 * const probabilities = [0.875, 0.125, 0.75, 0.25, 0.25, 0.75, 0.9375, 0.0625];
 * await findLabelErrors(probabilities, [0, 0, 1, 1], 2); // [{ image: 3, label: 1, suggested: 0, margin: -0.875 }]
 * ```
 *
 * @param probabilities `[N, classes]`, row-major
 * @param labels the class that each image is said to be of, `[N]`
 * @throws as `logLoss` does
 */
export function findLabelErrors(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
): SuspectLabel[] {
  requireProbabilityRows('findLabelErrors', probabilities, labels, classes);
  const thresholds = meansOfOwnClass(probabilities, labels, classes);
  const found: SuspectLabel[] = [];
  for (let image = 0; image < labels.length; image++) {
    const label = labels[image];
    const at = (each: number): number => probabilities[image * classes + each];
    let suggested = label;
    for (let each = 0; each < classes; each++) {
      if (at(each) >= thresholds[each] && at(each) > at(suggested)) suggested = each;
    }
    if (suggested === label) continue;
    let highest = 0;
    for (let each = 0; each < classes; each++) if (each !== label) highest = Math.max(highest, at(each));
    found.push({ image, label, suggested, margin: at(label) - highest });
  }
  return found.sort((first, second) => first.margin - second.margin);
}

/** For each class, the mean probability that images with this label get of it; NaN where there are none. */
function meansOfOwnClass(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
): Float64Array {
  const [sums, counts] = [new Float64Array(classes), new Float64Array(classes)];
  for (let image = 0; image < labels.length; image++) {
    sums[labels[image]] += probabilities[image * classes + labels[image]];
    counts[labels[image]] += 1;
  }
  return sums.map((sum, each) => sum / counts[each]);
}
