/** Metrics from predictions. */
import { expect, test } from 'vitest';
import { LabelError, OptionError } from '../../src/errors.ts';
import {
  accuracyInterval,
  accuracyOf,
  balancedAccuracy,
  classMetrics,
  confusionMatrix,
  majorityAccuracy,
} from '../../src/metrics/index.ts';

const labels = [0, 0, 0, 1, 1, 3];
const predictions = [0, 0, 1, 1, 0, 3];

test('accuracy', () => {
  expect(accuracyOf(predictions, labels)).toBeCloseTo(4 / 6, 12);
  expect(accuracyOf([], [])).toBeNaN();
});

test('what guessing gives: the commonest class of training, of equally common ones the lowest', () => {
  expect(majorityAccuracy(labels)).toBe(0.5);
  expect(majorityAccuracy(labels, [3, 1, 3])).toBeCloseTo(1 / 6, 12);
  expect(majorityAccuracy(labels, [3, 1])).toBeCloseTo(2 / 6, 12);
  expect(majorityAccuracy([])).toBeNaN();
});

test('balanced accuracy: the mean recall of the classes that occur', () => {
  expect(balancedAccuracy(confusionMatrix(predictions, labels, 4))).toBeCloseTo((2 / 3 + 1 / 2 + 1) / 3, 12);
  // Always the commonest class.
  expect(balancedAccuracy(confusionMatrix(new Int32Array(6), labels, 4))).toBeCloseTo(1 / 3, 12);
  expect(balancedAccuracy(new Int32Array(4))).toBeNaN();
});

test('the interval of an accuracy: where it is 1.96 standard deviations from what was seen', () => {
  for (const [accuracy, count] of [
    [0.8, 10],
    [0.97, 1000],
    [1, 8],
    [0, 8],
  ] as const) {
    const [low, high] = accuracyInterval(accuracy, count);
    for (const bound of [low, high]) {
      if (bound === accuracy) continue;
      const deviation = Math.sqrt((bound * (1 - bound)) / count);
      expect(Math.abs(bound - accuracy) / deviation).toBeCloseTo(1.96, 4);
    }
    expect(low).toBeLessThanOrEqual(accuracy);
    expect(high).toBeGreaterThanOrEqual(accuracy);
  }
  for (let count = 1; count < 2000; count++) {
    expect(accuracyInterval(1, count)[1]).toBe(1);
    expect(accuracyInterval(0, count)[0]).toBe(0);
  }
});

test('the rows of the confusion matrix are the truth', () => {
  expect(Array.from(confusionMatrix(predictions, labels, 4))).toEqual([
    2, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
  ]);
});

test('precision, recall and F1, with classes that never occur', () => {
  const [zero, one, two, three] = classMetrics(confusionMatrix(predictions, labels, 4));
  expect(zero).toEqual({ precision: 2 / 3, recall: 2 / 3, f1: 2 / 3, support: 3 });
  expect(one).toEqual({ precision: 0.5, recall: 0.5, f1: 0.5, support: 2 });
  expect(two).toEqual({ precision: 0, recall: 0, f1: 0, support: 0 });
  expect(three).toEqual({ precision: 1, recall: 1, f1: 1, support: 1 });
});

test('what does not fit is refused', () => {
  expect(() => accuracyOf([1], [1, 2])).toThrow(OptionError);
  expect(() => confusionMatrix([4], [0], 4)).toThrow(LabelError);
  expect(() => confusionMatrix([0], [-1], 4)).toThrow(/label 0: got -1/);
  expect(() => classMetrics(new Int32Array(5))).toThrow(OptionError);
});
