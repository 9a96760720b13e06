/** What answers of several models come to: intervals over images and seeds, tests of pairs, and what it would take to show a difference. */
import { describe, expect, test } from 'vitest';
import {
  compareModels,
  meanAnswers,
  neededToShow,
  ranksOfDatasets,
} from '../../src/cli/compare/statistics.ts';
import { RandomGenerator } from '../../src/data/random-generator.ts';
import {
  accuracyIntervalOverSeeds,
  mcNemarTest,
  pairedBootstrapTest,
  pairedTestOverSeeds,
} from '../../src/metrics/index.ts';

const N = 300;
const labels = Int32Array.from({ length: N }, (_, image) => image % 3);

/** Answers of two classes' probability that are right on a share of the images. */
function answersOf(share: number, seed: number) {
  const generator = new RandomGenerator(seed);
  const predictions = labels.map((label) =>
    generator.nextBelow(1000) < 1000 * share ? label : (label + 1) % 3,
  );
  const probabilities = Float32Array.from({ length: 3 * N }, (_, index) =>
    predictions[Math.floor(index / 3)] === index % 3 ? 0.8 : 0.1,
  );
  return { predictions, probabilities };
}

function modelOf(label: string, share: number, seeds: readonly number[]) {
  const all = seeds.map((seed) => answersOf(share, seed));
  return {
    label,
    predictions: all.map(({ predictions }) => predictions),
    probabilities: all.map(({ probabilities }) => probabilities),
  };
}

describe('two models', () => {
  const models = [modelOf('worse', 0.7, [4, 5, 6]), modelOf('better', 0.9, [1, 2, 3])];
  const { pairs, models: statistics, ranks } = compareModels('tiny', labels, models);

  test('the better one is the first of its pair', () => {
    expect(pairs).toHaveLength(1);
    expect(pairs[0]).toMatchObject({ first: 1, second: 0 });
    expect(pairs[0]!.difference.estimate).toBeGreaterThan(0.1);
    expect(pairs[0]!.difference.holm).toBe(pairs[0]!.difference.p);
    expect(statistics[1]!.standardDeviation).toBeGreaterThan(0);
    expect(ranks).toBeUndefined();
  });

  test('intervals and p are those of the library', () => {
    const [worse, better] = models;
    const {
      difference,
      variances: _,
      ...test
    } = pairedTestOverSeeds(better!.predictions, worse!.predictions, labels);
    expect(pairs[0]!.difference).toEqual({ estimate: difference, ...test, holm: test.p });
    const { accuracy, low, high } = accuracyIntervalOverSeeds(worse!.predictions, labels);
    expect(statistics[0]!.accuracy).toEqual({ estimate: accuracy, low, high });
  });

  test('McNemar of each seed and of all together', () => {
    const [pair] = pairs;
    expect(pair!.bySeed).toEqual(
      [0, 1, 2].map((seed) =>
        mcNemarTest(models[1]!.predictions[seed]!, models[0]!.predictions[seed]!, labels),
      ),
    );
    const [first, second] = [1, 0].map((model) => meanAnswers(models[model]!.probabilities, N));
    expect(pair!.together).toMatchObject(mcNemarTest(first!, second!, labels));
    expect(pair!.together.bootstrap).toEqual(pairedBootstrapTest(first!, second!, labels));
  });
});

test('three models: p-values are corrected, and seeds have ranks', () => {
  const halves = [0.9, 0.8, 0.7].map((level) =>
    Array.from({ length: 5 }, (_, halving) => [level + halving / 1000, level - halving / 2000] as const),
  );
  const models = [0.9, 0.8, 0.5].map((share, place) => ({
    ...modelOf(`${share}`, share, [place, place + 3]),
    halves: halves[place],
  }));
  const { pairs, ranks } = compareModels('tiny', labels, models);
  expect(pairs.map(({ first, second }) => [first, second])).toEqual([
    [0, 1],
    [0, 2],
    [1, 2],
  ]);
  for (const { difference, together, halves } of pairs) {
    expect(difference.holm).toBeGreaterThanOrEqual(difference.p);
    expect(together.holm).toBeGreaterThanOrEqual(together.p);
    expect(halves!.difference).toBeGreaterThan(0.09);
    expect(halves!.holm).toBeGreaterThanOrEqual(halves!.p);
  }
  expect(ranks).toMatchObject({ blocks: 'seeds', count: 2, friedman: { meanRanks: [1, 2, 3] } });
});

test('ranks over data sets take the mean accuracies', () => {
  const datasets = [1, 2].map((seed) =>
    compareModels(`${seed}`, labels, [modelOf('a', 0.9, [seed]), modelOf('b', 0.7, [seed + 7])]),
  );
  expect(ranksOfDatasets(datasets)).toMatchObject({
    blocks: 'data sets',
    count: 2,
    friedman: { meanRanks: [1, 2] },
  });
  expect(ranksOfDatasets(datasets.slice(1))).toBeUndefined();
});

describe('what it would take to show a difference', () => {
  const none = [Number.NaN, Number.NaN] as const;
  const amounts = { images: 1000, seeds: [3, 3] } as const;

  test('without seeds it is (1.96 + 0.84)² times the variance by the square of the difference', () => {
    const variances = { images: 0.04, seeds: none, interaction: none };
    const images = Math.ceil((0.04 * 2.80158 ** 2) / 0.01 ** 2);
    expect(neededToShow(0.01, variances, { images: 100, seeds: [1, 1] })).toEqual({
      images,
      seeds: undefined,
    });
  });

  test('no number of images does where seeds differ more than the models; seeds do', () => {
    const variances = { images: 0.0001, seeds: [0.0003, 0.0001], interaction: [0.01, 0.02] } as const;
    const { images, seeds } = neededToShow(0.01, variances, { images: 1e6, seeds: [3, 3] });
    expect(images).toBeUndefined();
    expect(seeds).toBe(Math.ceil((0.0004 + 0.03 / 1e6) / ((0.01 / 2.80158) ** 2 - 1e-10)));
  });

  test('what images do to the accuracies of seeds is in reach of more images', () => {
    const variances = { images: 0.01, seeds: [0.00001, -0.00002], interaction: [0.03, 0.03] } as const;
    const { images } = neededToShow(0.01, variances, amounts);
    expect(images).toBe(Math.ceil((0.01 + 0.06 / 3) / (0.01 / 2.80158) ** 2));
  });

  test('no number of anything shows a difference of 0', () => {
    const variances = { images: 0.1, seeds: [0.1, 0.1], interaction: [0.1, 0.1] } as const;
    expect(neededToShow(0, variances, amounts)).toEqual({ images: undefined, seeds: undefined });
  });

  test('where seeds do not differ, images are named almost always', () => {
    const generator = new RandomGenerator(5);
    const truth = new Uint8Array(1000);
    // Images are easy or hard; what a seed makes of one is a matter of chance.
    const answersTo = (ease: readonly number[], factor: number) =>
      Array.from({ length: 5 }, () =>
        Uint8Array.from(ease, (each) => (generator.uniform() < factor * (1 - each) ? 1 : 0)),
      );
    let named = 0;
    for (let round = 0; round < 200; round++) {
      // 98 and 97 % are right.
      const ease = Array.from({ length: 1000 }, () => (generator.uniform() < 0.1 ? 0.8 : 1));
      const [first, second] = [answersTo(ease, 1), answersTo(ease, 1.5)];
      const { difference, variances } = pairedTestOverSeeds(first, second, truth);
      if (neededToShow(difference, variances, { images: 1000, seeds: [5, 5] }).images !== undefined) named++;
    }
    expect(named).toBeGreaterThan(180);
  });
});
