/** The judgement of a classifier's answers: the measures that are told, and what is said of the probabilities. */
import { expect, test } from 'vitest';
import { describeCalibration, judge, judgementRows, temperatureOf } from '../../src/cli/judgement.ts';
import { confusionMatrix } from '../../src/metrics/index.ts';
import { tinyDataset } from '../support/datasets.ts';

/** The judgement of rows of probabilities for images of these labels. */
function judgementOf(labels: readonly number[], rows: readonly (readonly number[])[], temperature?: number) {
  const classes = rows[0]!.length;
  const predictions = rows.map((row) => row.indexOf(Math.max(...row)));
  const confusion = confusionMatrix(predictions, labels, classes);
  return judge(tinyDataset(labels, classes), { probabilities: rows.flat(), confusion }, temperature);
}

test('all measures of four images in two classes', () => {
  const judgement = judgementOf(
    [0, 0, 1, 1],
    [
      [0.9, 0.1],
      [0.6, 0.4],
      [0.65, 0.35],
      [0.2, 0.8],
    ],
  );
  expect(judgement.topAccuracy).toEqual({});
  expect(judgement.kappa).toBeCloseTo(0.5, 12);
  expect(judgement.matthews).toBeCloseTo(1 / Math.sqrt(3), 12);
  expect(judgement.rocAuc.perClass).toEqual([0.75, 0.75]);
  expect(judgement.brier).toBeCloseTo((0.01 + 0.16 + 0.65 ** 2 + 0.04) / 2, 12);
  expect(judgement.confidence).toBeCloseTo((0.9 + 0.6 + 0.65 + 0.8) / 4, 12);
  expect(judgement.reliability.map(({ count }) => count)).toEqual([1, 1, 1, 1]);
  expect(judgement).not.toHaveProperty('rescaled');
  expect(Object.fromEntries(judgementRows(judgement))).toMatchObject({
    "Cohen's kappa": '0.5000',
    'area under the ROC curve, mean of the classes': '0.7500',
  });
});

test('what the images do not tell is null, a dash in the table, and no word of JSON', () => {
  const judgement = judgementOf(
    [0, 0],
    [
      [0.9, 0.05, 0.05],
      [0.8, 0.1, 0.1],
    ],
  );
  expect(judgement.rocAuc.perClass).toEqual([null, null, null]);
  expect([judgement.rocAuc.macro, judgement.kappa]).toEqual([null, null]);
  expect(judgement.topAccuracy).toEqual({ 2: 1 });
  expect(JSON.stringify(judgement)).not.toContain('NaN');
  expect(Object.fromEntries(judgementRows(judgement))).toMatchObject({ "Cohen's kappa": '–' });
});

test('a model that is too sure is told so, and what its temperature makes of it', () => {
  const labels = Array.from({ length: 100 }, (_, image) => (image < 70 ? 0 : 1));
  const rows = labels.map(() => [0.99, 0.01]);
  const temperature = temperatureOf(tinyDataset(labels, 2), { probabilities: rows.flat() });
  // At it the probability is the share that is right: log 99 / T = log (7/3).
  expect(temperature).toBeCloseTo(Math.log(99) / Math.log(7 / 3), 6);
  const judgement = judgementOf(labels, rows, temperature);
  expect(judgement.calibrationError).toBeCloseTo(0.29, 12);
  expect(judgement.rescaled?.calibrationError).toBeCloseTo(0, 6);
  expect(describeCalibration(judgement, 0.7)).toBe(
    'The model is surer of its answers than it is right: on average 99.0 % sure, and right in 70.0 %. With the temperature 5.42, ' +
      'which fits the validation images, the calibration error would be 0.0 % in place of 29.0 %.',
  );
  expect(describeCalibration({ ...judgement, confidence: 0.5 }, 0.7)).toContain(
    'less sure of its answers than it is right',
  );
  expect(describeCalibration({ ...judgement, confidence: 0.705 }, 0.7)).toContain(
    'as sure of its answers as it is right',
  );
});

test('images that are all right do not tell how sure a model should be', () => {
  expect(temperatureOf(tinyDataset([0, 1], 2), { probabilities: [0.9, 0.1, 0.2, 0.8] })).toBeUndefined();
});

test('a probability of 0 has a logarithm', () => {
  const labels = Array.from({ length: 100 }, (_, image) => (image < 80 ? 0 : 1));
  const probabilities = labels.flatMap((_, image) => (image < 99 ? [0.99, 0.01] : [1, 0]));
  const temperature = temperatureOf(tinyDataset(labels, 2), { probabilities });
  expect(temperature).toBeGreaterThan(1);
  const predictions = labels.map(() => 0);
  const confusion = confusionMatrix(predictions, labels, 2);
  const { rescaled } = judge(tinyDataset(labels, 2), { probabilities, confusion }, temperature);
  expect(rescaled?.calibrationError).toBeLessThan(1);
});
