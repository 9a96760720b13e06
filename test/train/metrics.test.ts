/** Metrics from predictions. */
import { expect, test } from 'vitest';
import { LabelError, OptionError } from '../../src/errors.ts';
import { accuracyOf, classMetrics, confusionMatrix } from '../../src/train/metrics.ts';

const labels = [0, 0, 0, 1, 1, 3];
const predictions = [0, 0, 1, 1, 0, 3];

test('accuracy', () => {
  expect(accuracyOf(predictions, labels)).toBeCloseTo(4 / 6, 12);
  expect(accuracyOf([], [])).toBeNaN();
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
