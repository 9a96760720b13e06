/** Checks of what metrics are given: numbers, class numbers, scores, probabilities. Each is looked at once, before anything is computed. */
import { LabelError, NonFiniteError, OptionError } from '../errors.ts';
import { describeValue, requireNumber } from '../options.ts';

/** More classes than any classifier has; a number of bytes by mistake is more. */
const mostScoredClasses = 2 ** 24;

/** Rounded to three digits, the probabilities of a few classes still sum to 1 within this. */
const sumTolerance = 1e-3;

/** Throws OptionError unless each is an array of numbers. What only has a length might never end. */
export function requireNumberLists(where: string, lists: Readonly<Record<string, ArrayLike<number>>>): void {
  for (const [name, given] of Object.entries(lists)) {
    if (isNumberList(given)) continue;
    throw new OptionError({
      where,
      got: `${describeValue(given)} for ${name}`,
      expected: 'an array of numbers',
      cure: 'Pass a typed array as Int32Array or Float32Array, or an array of numbers.',
    });
  }
}

function isNumberList(given: unknown): boolean {
  if (ArrayBuffer.isView(given)) {
    return 'length' in given && !(given instanceof BigInt64Array || given instanceof BigUint64Array);
  }
  if (!Array.isArray(given)) return false;
  // `every` would pass over holes.
  for (let index = 0; index < given.length; index++) if (typeof given[index] !== 'number') return false;
  return true;
}

/** Throws OptionError unless all lists are as long as the labels, or as each other. */
export function requireSameLength(where: string, lists: Readonly<Record<string, ArrayLike<number>>>): void {
  requireNumberLists(where, lists);
  const lengths = Object.values(lists).map(({ length }) => length);
  if (lengths.every((length) => length === lengths[0])) return;
  const names = Object.keys(lists);
  throw new OptionError({
    where,
    got: names.map((name, index) => `${lengths[index]} ${name}`).join(' and '),
    expected: 'one of each for each image',
    cure: 'Pass what belongs to the same images, in the same order.',
  });
}

/** Throws LabelError unless `value` is a class. */
export function requireClass(where: string, value: number, classes: number): void {
  if (Number.isInteger(value) && value >= 0 && value < classes) return;
  throw new LabelError({
    where,
    got: describeValue(value),
    expected:
      classes === Number.POSITIVE_INFINITY ? 'a class: 0, 1, 2, …' : `a class from 0 to ${classes - 1}`,
    cure: 'Correct it, or the number of classes.',
  });
}

/** Throws LabelError unless all labels are classes. */
export function requireLabels(labels: ArrayLike<number>, classes: number): void {
  for (let index = 0; index < labels.length; index++) requireClass(`label ${index}`, labels[index], classes);
}

/** Throws NonFiniteError where a score is NaN, which is neither above nor below another. */
export function requireOrderable(where: string, scores: ArrayLike<number>): void {
  for (let index = 0; index < scores.length; index++) {
    if (Number.isNaN(scores[index]))
      throw notFinite(where, `NaN as score ${index}`, 'scores that are numbers');
  }
}

/**
 * Throws unless `rows` has a row of numbers for each label, and all labels are classes.
 *
 * @param name what the numbers are: scores, probabilities, logits
 * @param rows `[N, classes]`, row-major
 */
export function requireRowsOfClasses(
  where: string,
  name: string,
  rows: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
): void {
  requireNumberLists(where, { [name]: rows, labels });
  requireClassCount(where, classes);
  if (rows.length !== labels.length * classes) {
    throw new OptionError({
      where,
      got: `${rows.length} ${name} for ${labels.length} labels and ${classes} classes`,
      expected: `${labels.length * classes}: [N, classes], one row after the other`,
      cure: `Pass all ${name} of the same images in one flat array, as evaluate gives them.`,
    });
  }
  requireLabels(labels, classes);
}

/** Throws as `requireRowsOfClasses` does, and where a score is NaN. */
export function requireScoreRows(
  where: string,
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
): void {
  requireRowsOfClasses(where, 'scores', scores, labels, classes);
  requireOrderable(where, scores);
}

/** Throws as `requireRowsOfClasses` and `requireProbabilities` do. */
export function requireProbabilityRows(
  where: string,
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
): void {
  requireRowsOfClasses(where, 'probabilities', probabilities, labels, classes);
  requireProbabilities(where, probabilities, classes);
}

/** Throws OptionError unless `classes` is a number of classes that can be told apart. */
export function requireClassCount(where: string, classes: number): void {
  requireNumber(where, 'classes', classes, 'a whole number of at least 1');
  if (classes > 1 && classes <= mostScoredClasses) return;
  throw new OptionError({
    where,
    got: `${classes} classes`,
    expected: `2 to ${mostScoredClasses}`,
    cure: 'Of one output with probability p make two classes: 1 − p and p.',
  });
}

/** Throws NonFiniteError unless all numbers are finite. */
export function requireFiniteNumbers(where: string, name: string, values: ArrayLike<number>): void {
  for (let index = 0; index < values.length; index++) {
    if (!Number.isFinite(values[index])) {
      throw notFinite(where, `${values[index]} in place ${index} of ${name}`, 'finite numbers');
    }
  }
}

/** Throws NonFiniteError or OptionError unless each row has no negative number and sums to 1, within what rounding does. */
export function requireProbabilities(where: string, probabilities: ArrayLike<number>, classes: number): void {
  for (let row = 0; row * classes < probabilities.length; row++) {
    let sum = 0;
    for (let place = row * classes; place < (row + 1) * classes; place++) {
      const value = probabilities[place];
      if (!Number.isFinite(value)) throw notFinite(where, `${value} in row ${row}`, 'probabilities');
      if (value < 0) throw notProbabilities(where, `${value} in row ${row}`, 'none below 0');
      sum += value;
    }
    if (Math.abs(sum - 1) <= sumTolerance) continue;
    throw notProbabilities(where, `row ${row} with the sum ${sum}`, `a sum of 1, within ${sumTolerance}`);
  }
}

function notFinite(where: string, got: string, expected: string): NonFiniteError {
  return new NonFiniteError({
    where,
    got,
    expected,
    cure: 'Find out where the model gives it: findNonFinite.',
  });
}

function notProbabilities(where: string, got: string, expected: string): OptionError {
  return new OptionError({ where, got, expected, cure: 'Scores become probabilities by a softmax.' });
}
