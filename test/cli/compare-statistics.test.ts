/** What answers of several models come to: intervals over images and seeds, tests of pairs, and what it would take to show a difference. */
import { describe, expect, test } from 'vitest';
import { SeedBootstrap } from '../../src/cli/compare/seed-bootstrap.ts';
import {
  compareModels,
  meanAnswers,
  neededToShow,
  ranksOfDatasets,
} from '../../src/cli/compare/statistics.ts';
import { RandomGenerator } from '../../src/data/random-generator.ts';
import { bootstrapIntervalOverSeeds, mcNemarTest, pairedBootstrapTest } from '../../src/metrics/index.ts';

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

const rightOf = ({ predictions }: { readonly predictions: readonly Int32Array[] }) =>
  predictions.map((seed) => Uint8Array.from(seed, (each, image) => (each === labels[image] ? 1 : 0)));

test('the interval of a mean is that of the bootstrap over seeds', () => {
  const right = rightOf(modelOf('a', 0.8, [1, 2, 3]));
  const { estimate, low, high } = new SeedBootstrap([right]).mean(0);
  const share = (seed: number, images: Int32Array) =>
    images.reduce((sum, image) => sum + right[seed]![image]!, 0) / images.length;
  const other = bootstrapIntervalOverSeeds(3, N, share, { samples: 4000 });
  expect(estimate).toBeCloseTo(other.estimate, 10);
  expect(low).toBeCloseTo(other.low, 2);
  expect(high).toBeCloseTo(other.high, 2);
});

test('of one seed each a difference is that of the paired bootstrap', () => {
  const [one, two] = [modelOf('a', 0.85, [1]), modelOf('b', 0.75, [2])];
  const found = new SeedBootstrap([rightOf(one), rightOf(two)]).difference(0, 1);
  const other = pairedBootstrapTest(one.predictions[0]!, two.predictions[0]!, labels, { samples: 4000 });
  expect(found.estimate).toBeCloseTo(other.difference, 10);
  expect(found.low).toBeCloseTo(other.low, 2);
  expect(found.high).toBeCloseTo(other.high, 2);
});

test('models that answer alike do not differ, however seeds are drawn', () => {
  const right = rightOf(modelOf('a', 0.8, [1, 1, 1]));
  expect(new SeedBootstrap([right, right.slice(0, 2)]).difference(0, 1)).toMatchObject({
    estimate: 0,
    low: 0,
    high: 0,
    p: 1,
  });
});

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

  test('McNemar of each seed and of all together', () => {
    const [pair] = pairs;
    expect(pair!.bySeed).toEqual(
      [0, 1, 2].map((seed) =>
        mcNemarTest(models[1]!.predictions[seed]!, models[0]!.predictions[seed]!, labels),
      ),
    );
    const [first, second] = [1, 0].map((model) => meanAnswers(models[model]!.probabilities, N));
    expect(pair!.together).toMatchObject(mcNemarTest(first!, second!, labels));
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
  test('without seeds it is (1.96 + 0.84)² times the variance by the square of the difference', () => {
    const spread = { ofImages: 0.04, ofSeeds: undefined, ofMeans: 0 };
    const images = Math.ceil((0.04 * 2.80158 ** 2) / 0.01 ** 2);
    expect(neededToShow(0.01, spread, 100)).toEqual({ images, seeds: undefined });
  });

  test('no number of images does where seeds differ more than the models; seeds do', () => {
    const spread = { ofImages: 0.0001, ofSeeds: 0.0004, ofMeans: 0.0004 / 3 };
    const { images, seeds } = neededToShow(0.01, spread, 1e6);
    expect(images).toBeUndefined();
    expect(seeds).toBe(Math.ceil(0.0004 / ((0.01 / 2.80158) ** 2 - 1e-10)));
  });

  test('no number of anything shows a difference of 0', () => {
    expect(neededToShow(0, { ofImages: 0.1, ofSeeds: 0.1, ofMeans: 0.1 }, 100)).toEqual({
      images: undefined,
      seeds: undefined,
    });
  });
});
