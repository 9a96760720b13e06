/** What metrics refuse, in words: other lengths, labels that are no classes, numbers that are no probabilities, empty tests. */
import { test } from 'vitest';
import { LabelError, NonFiniteError, OptionError } from '../../src/errors.ts';
import {
  accuracyIntervalOverSeeds,
  balancedAccuracy,
  bootstrapInterval,
  bootstrapIntervalOverSeeds,
  brierScore,
  confusionMatrix,
  exactSignTest,
  expectedCalibrationError,
  fitTemperature,
  fiveByTwoTest,
  friedmanTest,
  holmCorrection,
  logLoss,
  mcNemarTest,
  nemenyiTest,
  pairedBootstrapTest,
  pairedTestOverSeeds,
  probabilitiesAtTemperature,
  reliabilityBins,
  rocAuc,
  rocAucOfClasses,
  topKAccuracy,
} from '../../src/metrics/index.ts';
import { type ErrorClass, refuses, untyped } from '../errors/support.ts';

const rows = [0.5, 0.5, 0.25, 0.75];
const pairs = [0, 1, 2, 3, 4].map((each): [number, number] => [each, 1]);

const calls: readonly (readonly [act: () => unknown, kind: ErrorClass, ...pieces: string[]])[] = [
  // Lengths.
  [() => rocAuc([0.5], [0, 1]), OptionError, '1 scores and 2 labels', 'same images'],
  [() => logLoss(rows, [0, 1, 0], 2), OptionError, '4 probabilities for 3 labels and 2 classes', '6'],
  [() => topKAccuracy(rows, [0, 1], 3, 1), OptionError, 'expected 6'],
  [() => mcNemarTest([0], [0, 1], [0, 1]), OptionError, '1 first and 2 second and 2 labels'],
  [() => probabilitiesAtTemperature([1, 2, 3], 2, 1), OptionError, '3 logits for 2 classes'],
  [() => balancedAccuracy([1, 2, 3]), OptionError, '3 counts', 'square'],
  // Labels and classes.
  [() => brierScore(rows, [0, 2], 2), LabelError, 'label 1: got 2', 'from 0 to 1'],
  [() => rocAuc([0.5, 0.25], [0, -1]), LabelError, 'label 1: got -1'],
  [() => rocAuc([0.5, 0.25], [0, 1], 0.5), LabelError, 'positive', '0.5'],
  [() => rocAucOfClasses([1, 1], [0, 0], 1), OptionError, '1 classes', '1 − p and p'],
  [() => topKAccuracy(rows, [0, 1], 2, 3), OptionError, 'k 3 for 2 classes', '1 to 2'],
  [() => topKAccuracy(rows, [0, 1], 2, 0), OptionError, 'k 0'],
  [() => balancedAccuracy([1, -1, 0, 1]), OptionError, '-1', 'counts'],
  [() => confusionMatrix(untyped([0, 1n]), [0, 1], 2), OptionError, 'predictions'],
  // Probabilities.
  [() => logLoss([0.5, Number.NaN], [0], 2), NonFiniteError, 'NaN in row 0'],
  [() => logLoss([1.5, -0.5], [0], 2), OptionError, '-0.5 in row 0', 'softmax'],
  [() => expectedCalibrationError([2, 1], [0], 2), OptionError, 'row 0 with the sum 3', 'softmax'],
  [() => rocAucOfClasses([0.5, Number.NaN], [0], 2), NonFiniteError, 'NaN as score 1'],
  [() => fitTemperature([1, Number.POSITIVE_INFINITY], [0], 2), NonFiniteError, 'Infinity in place 1'],
  // Nothing to draw from or to compare.
  [() => fitTemperature([], [], 2), OptionError, 'no images'],
  [() => bootstrapInterval(0, () => 1), OptionError, 'count 0'],
  [() => bootstrapIntervalOverSeeds(0, 1, () => 1), OptionError, 'seeds 0'],
  [() => mcNemarTest([], [], []), OptionError, 'number of images 0'],
  [() => pairedBootstrapTest([], [], []), OptionError, 'number of images 0'],
  [() => accuracyIntervalOverSeeds([], [1]), OptionError, 'for predictions', 'of each seed'],
  [() => pairedTestOverSeeds([[]], [[]], []), OptionError, 'number of images 0'],
  [() => pairedTestOverSeeds([[1]], untyped([1]), [1]), OptionError, 'for second', 'an array of numbers'],
  [() => pairedTestOverSeeds([[1]], [[1], [1, 0]], [1]), OptionError, '2 second and 1 labels'],
  [() => pairedTestOverSeeds([[1]], [[1]], [1], { confidence: 1 }), OptionError, 'confidence 1'],
  [() => fiveByTwoTest([]), OptionError, 'five pairs'],
  [() => friedmanTest([[1, 2]]), OptionError, 'two at least'],
  [() => friedmanTest([[1], [2]]), OptionError, 'two at least'],
  [() => nemenyiTest([[1, 2], [3]]), OptionError, 'a row for each data set'],
  // Numbers and options out of range.
  [() => fiveByTwoTest(pairs.map(([a]) => [a, Number.NaN])), OptionError, 'five pairs'],
  [() => exactSignTest(0.5, 1), OptionError, 'onlyFirst 0.5'],
  [() => holmCorrection([0.5, 1.5]), OptionError, '1.5'],
  [() => holmCorrection([Number.NaN]), OptionError, 'NaN'],
  [() => reliabilityBins(rows, [0, 1], 2, { bins: 0 }), OptionError, 'bins 0'],
  [() => probabilitiesAtTemperature(rows, 2, 0), OptionError, 'temperature 0'],
  [() => bootstrapInterval(3, () => 1, { samples: 2e6 }), OptionError, 'samples 2000000'],
  [() => bootstrapInterval(3, () => 1, { confidence: 95 }), OptionError, 'confidence 95'],
  [() => bootstrapInterval(3, () => 1, { seed: -1 }), OptionError, 'seed -1'],
  [
    () =>
      bootstrapInterval(
        3,
        untyped(async () => 1),
      ),
    OptionError,
    'Promise',
    'at once',
  ],
  [() => nemenyiTest([pairs[0], pairs[1]], { significance: 1 }), OptionError, 'significance 1'],
  // What is no array of numbers.
  [() => rocAuc(untyped('12'), [0, 1]), OptionError, 'scores', 'array of numbers'],
  [() => rocAuc(untyped(new BigInt64Array(2)), [0, 1]), OptionError, 'BigInt64Array', 'array of numbers'],
  [() => rocAuc([0.5, 0.25], untyped({ length: 2 })), OptionError, 'labels', 'array of numbers'],
];

test.each(calls.map(([act, ...wanted]) => [`${act}`.slice(6), act, ...wanted] as const))(
  '%s',
  async (_, act, kind, ...pieces) => {
    await refuses(act, kind, ...pieces);
  },
);
