/** Temperature scaling: one number that makes a trained classifier as sure as it is right, without changing any answer. */
import { OptionError } from '../errors.ts';
import { requireNumber } from '../options.ts';
import {
  requireClassCount,
  requireFiniteNumbers,
  requireNumberLists,
  requireRowsOfClasses,
} from './metric-checks.ts';

const lowestTemperature = 1e-3;
const highestTemperature = 1e3;
const mostSteps = 200;

/**
 * The temperature T at which softmax(logits / T) has the least log loss (Guo et al., 2017, "On calibration of modern neural
 * networks"): above 1 where the model is too sure. Fit it on validation images, never on those it is then judged by. Logarithms of
 * probabilities do as logits. In 1/T the loss is convex, so its slope has one zero, which Newton's method finds within a bracket.
 *
 * T is from 0.001 to 1000: the lowest where every image is right by so much that sharper is always better, the highest where the
 * logits say less than nothing. Where no T near 1 changes the loss (all logits of each image equal, say), it is 1.
 *
 * ```ts
 * const logits = [4, 0, 4, 0, 4, 0, 4, 0]; // says 98 %
 * await fitTemperature(logits, [0, 0, 0, 1], 2).toFixed(3); // "3.641"
 * ```
 *
 * @param logits `[N, classes]`, row-major, as the data of what `predictOutputs` gives
 * @param labels the class that each image is of, `[N]`, N ≥ 1
 * @throws LabelError for a label that is no class, NonFiniteError for a logit that is not finite, OptionError for other lengths or no
 *   images
 */
export function fitTemperature(
  logits: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
): number {
  const where = 'fitTemperature';
  requireRowsOfClasses(where, 'logits', logits, labels, classes);
  requireFiniteNumbers(where, 'logits', logits);
  if (labels.length === 0) {
    throw new OptionError({
      where,
      got: 'no images',
      expected: 'at least one',
      cure: 'Give validation images.',
    });
  }
  const slopes = (inverse: number) => slopesOfLoss(logits, labels, classes, inverse);
  let [low, high] = [1 / highestTemperature, 1 / lowestTemperature];
  const start = slopes(1);
  if (start.first === 0) return 1;
  if (slopes(low).first >= 0) return highestTemperature;
  if (slopes(high).first <= 0) return lowestTemperature;
  let [inverse, slope, lastStep] = [1, start, Number.POSITIVE_INFINITY];
  for (let count = 0; count < mostSteps; count++) {
    const newton = inverse - slope.first / slope.second;
    const step = Math.abs(newton - inverse);
    // The digits double with each step of Newton's, so these are all; finer ones would be those of rounding.
    if (step <= 1e-9 * inverse) return 1 / newton;
    if (slope.first < 0) low = inverse;
    else high = inverse;
    // Newton's step where it stays inside and gets shorter, else the middle of the bracket, on the scale of ratios.
    const next = newton > low && newton < high && step < lastStep / 2 ? newton : Math.sqrt(low * high);
    lastStep = Math.abs(next - inverse);
    inverse = next;
    slope = slopes(inverse);
  }
  return 1 / inverse;
}

/**
 * The first and second derivative of the log loss by β = 1/T: the mean over images of E z − z of the true class, and of Var z, over
 * the softmax of β z.
 */
function slopesOfLoss(
  logits: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
  inverse: number,
): { readonly first: number; readonly second: number } {
  let [first, second] = [0, 0];
  for (let image = 0; image < labels.length; image++) {
    const begin = image * classes;
    const top = highest(logits, begin, classes);
    let [total, sum, squares] = [0, 0, 0];
    for (let place = begin; place < begin + classes; place++) {
      const below = logits[place] - top;
      const weight = Math.exp(inverse * below);
      total += weight;
      sum += weight * below;
      squares += weight * below * below;
    }
    const mean = sum / total;
    first += mean - (logits[begin + labels[image]] - top);
    second += squares / total - mean * mean;
  }
  return { first: first / labels.length, second: second / labels.length };
}

/**
 * The probabilities at a temperature: softmax(logits / T) of each row.
 *
 * ```ts
 * await [...probabilitiesAtTemperature([Math.log(9), 0], 2, 2)].map((each) => each.toFixed(2)); // ["0.75", "0.25"]
 * ```
 *
 * @param logits `[N, classes]`, row-major
 * @param temperature T, above 0: what `fitTemperature` found, or 1 for the plain softmax
 * @returns `[N, classes]`, row-major
 * @throws NonFiniteError for a logit that is not finite, OptionError for a temperature that is not above 0, or logits that are no rows
 */
export function probabilitiesAtTemperature(
  logits: ArrayLike<number>,
  classes: number,
  temperature: number,
): Float64Array {
  const where = 'probabilitiesAtTemperature';
  requireNumberLists(where, { logits });
  requireClassCount(where, classes);
  requireNumber(where, 'temperature', temperature, 'a number above 0');
  if (logits.length % classes !== 0) {
    throw new OptionError({
      where,
      got: `${logits.length} logits for ${classes} classes`,
      expected: 'rows of one logit for each class',
      cure: 'Correct the number of classes, or pass whole rows.',
    });
  }
  requireFiniteNumbers(where, 'logits', logits);
  const probabilities = new Float64Array(logits.length);
  for (let begin = 0; begin < logits.length; begin += classes) {
    const top = highest(logits, begin, classes);
    let total = 0;
    for (let place = begin; place < begin + classes; place++) {
      probabilities[place] = Math.exp((logits[place] - top) / temperature);
      total += probabilities[place];
    }
    for (let place = begin; place < begin + classes; place++) probabilities[place] /= total;
  }
  return probabilities;
}

function highest(values: ArrayLike<number>, begin: number, count: number): number {
  let most = values[begin];
  for (let place = begin + 1; place < begin + count; place++) most = Math.max(most, values[place]);
  return most;
}
