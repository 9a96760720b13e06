/** What is said of the numbers of a comparison: a clear winner, no difference, several models, one seed. */
import { describe, expect, test } from 'vitest';
import type { DatasetStatistics, PairStatistics } from '../../src/cli/compare/statistics.ts';
import { describeDifferences, describeRanks } from '../../src/cli/compare/verdict.ts';
import { points } from '../../src/cli/figures.ts';
import { friedmanTest, nemenyiTest } from '../../src/metrics/index.ts';

type PairFacts = Partial<Omit<PairStatistics, 'difference'>> & {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
  readonly p: number;
};

function pairOf({ estimate, low, high, p, ...facts }: PairFacts): PairStatistics {
  return {
    first: 0,
    second: 1,
    difference: { estimate, low, high, p, holm: p, standardError: (high - low) / 4, degreesOfFreedom: 9 },
    together: { onlyFirst: 3, onlySecond: 1, p, holm: p, bootstrap: { difference: estimate, low, high, p } },
    bySeed: [],
    needed: { images: 5321, seeds: 40 },
    ...facts,
  };
}

function statisticsOf(
  labels: readonly string[],
  pairs: readonly PairStatistics[],
  seeds = 3,
): DatasetStatistics {
  const models = labels.map((label, place) => {
    const estimate = 0.98 - place / 100;
    return {
      label,
      accuracies: Array.from({ length: seeds }, () => estimate),
      accuracy: { estimate, low: estimate - 0.01, high: estimate + 0.01 },
      standardDeviation: 0,
    };
  });
  return { data: 'digits', images: 1000, models, pairs };
}

const clear = { estimate: 0.013, low: 0.004, high: 0.022, p: 0.004 };
const unclear = { estimate: 0.002, low: -0.007, high: 0.011, p: 0.6 };

test('a clear winner', () => {
  const [main, reach] = describeDifferences(statisticsOf(['conv-lstm', 'cnn'], [pairOf(clear)]));
  expect(main).toBe(
    'conv-lstm is right more often than cnn by 1.3 points (95 % interval 0.4 to 2.2): 98.0 % against 97.0 % of 1,000 test images of digits, as means over 3 seeds each.',
  );
  expect(reach).toContain('3 seeds say little about others, though: where seeds differ, the intervals are');
});

test('no difference, and what it would take to show it', () => {
  const [main] = describeDifferences(statisticsOf(['conv-lstm', 'cnn'], [pairOf(unclear)], 5));
  expect(main).toContain('The data does not show a difference between conv-lstm and cnn');
  expect(main).toContain('(95 % interval −0.7 to 1.1)');
  expect(main).toContain('they may differ by up to 1.1 points');
  expect(main).toContain('as small as the 0.2 points found, about 5,300 test images would be needed.');
});

test('more images would not do where seeds differ', () => {
  const pair = pairOf({ ...unclear, needed: { images: undefined, seeds: 40 } });
  expect(describeDifferences(statisticsOf(['a', 'b'], [pair]))[0]).toContain(
    'since seeds differ as much; about 40 seeds of each would be needed',
  );
  const neither = pairOf({ ...unclear, needed: { images: undefined, seeds: undefined } });
  expect(describeDifferences(statisticsOf(['a', 'b'], [neither]))[0]).toContain(
    'more test images and more seeds would be needed',
  );
});

test('equally often right', () => {
  const pair = pairOf({ estimate: 0, low: -0.01, high: 0.01, p: 1 });
  const [main] = describeDifferences(statisticsOf(['a', 'b'], [pair]));
  expect(main).toContain('They are right equally often.');
  expect(main).toContain('0.0 points apart');
});

test('one seed is about these networks', () => {
  const [main, reach] = describeDifferences(statisticsOf(['a', 'b'], [pairOf(clear)], 1));
  expect(main).toContain('of one seed each');
  expect(reach).toContain('With one seed this is about these trained networks');
});

test('some of one seed, others of more', () => {
  const statistics = statisticsOf(['a', 'b'], [pairOf(clear)], 3);
  const [first, second] = statistics.models;
  const models = [first!, { ...second!, accuracies: [0.9] }];
  const [, reach] = describeDifferences({ ...statistics, models });
  expect(reach).toContain('There is but one seed of b: another one may come out better or worse.');
});

test('three models: the best, those that it is shown to be better than, and the others', () => {
  const pairs = [
    pairOf({ ...unclear, first: 0, second: 1 }),
    pairOf({ ...clear, first: 0, second: 2 }),
    pairOf({ ...clear, first: 1, second: 2 }),
  ];
  const [main] = describeDifferences(statisticsOf(['a', 'b', 'c'], pairs, 6));
  expect(main).toContain('Of 3 models, a is right most often: 98.0 %');
  expect(main).toContain('It is right more often than c by 1.3 points (0.4 to 2.2).');
  expect(main).toContain('does not show a difference between it and b (0.2 points, −0.7 to 1.1).');
  expect(main).toContain('allows for 3 comparisons (Holm)');
});

test('several models of which none is shown to be the best', () => {
  const pairs = [
    [0, 1],
    [0, 2],
    [1, 2],
  ].map(([first, second]) => pairOf({ ...unclear, first: first!, second: second! }));
  const [main] = describeDifferences(statisticsOf(['a', 'b', 'c'], pairs));
  expect(main).toContain('Which is best is not shown.');
  expect(main).not.toContain('It is right more often');
});

test('of several models that are right equally often none is the best', () => {
  const equal = { ...unclear, estimate: 0, low: -0.01, high: 0.01, p: 1 };
  const pairs = [
    pairOf({ ...equal, first: 0, second: 1 }),
    pairOf({ ...clear, first: 0, second: 2 }),
    pairOf({ ...unclear, estimate: 0.013, first: 1, second: 2 }),
  ];
  const statistics = statisticsOf(['a', 'b', 'c'], pairs);
  const [first, second, third] = statistics.models;
  const models = [first!, { ...second!, accuracy: first!.accuracy }, third!];
  const [main] = describeDifferences({ ...statistics, models });
  expect(main).toContain('Of 3 models, none is right most often: a and b are equally, 98.0 % each of 1,000');
  expect(main).toContain('a is right more often than c by 1.3 points');
  expect(main).toContain('does not show a difference between b and c (1.3 points');
  expect(main).not.toContain('others');
});

describe('cross-validation has its own sentence', () => {
  const halves = (difference: number) => ({ t: 5, p: 0.004, holm: 0.004, difference });

  test('which names the better one', () => {
    const texts = describeDifferences(statisticsOf(['a', 'b'], [pairOf({ ...clear, halves: halves(0.02) })]));
    expect(texts[1]).toContain('a is right more often than b, by 2.0 points on average (p 0.004)');
  });

  test('by the mean difference, be it the other one that is better with all images', () => {
    const texts = describeDifferences(
      statisticsOf(['a', 'b'], [pairOf({ ...clear, halves: halves(-0.02) })]),
    );
    expect(texts[1]).toContain('b is right more often than a, by 2.0 points on average');
  });
});

describe('ranks over data sets', () => {
  const textOf = (count: number, row: readonly number[]) => {
    const scores = Array.from({ length: count }, () => row);
    const tests = { friedman: friedmanTest(scores), nemenyi: nemenyiTest(scores) };
    return describeRanks(['a', 'b', 'c'], { blocks: 'data sets', count, ...tests });
  };

  test('that all agree', () => {
    const text = textOf(4, [0.9, 0.8, 0.7]);
    expect(text).toContain(
      'Over 4 data sets the models differ (mean ranks: a 1, b 2, c 3; Friedman’s exact test',
    );
    expect(text).toContain('p 0.005');
    expect(text).toContain('4 data sets are few');
  });

  test('which are too few, however much they agree', () => {
    const text = textOf(2, [0.9, 0.8, 0.7]);
    expect(text).toContain(
      'Over 2 data sets the ranks cannot show that the models differ, whatever they are',
    );
    expect(text).toContain('p 0.17');
  });

  test('that say nothing', () => {
    expect(textOf(4, [0.9, 0.9, 0.9])).toContain('the ranks do not show that the models differ');
  });
});

test('points: a sign of their own, and no negative zero', () => {
  expect(points(-0.007, 100)).toBe('−0.7');
  expect(points(-0.0001, 100)).toBe('0.0');
  expect(points(0.00123, 10_000)).toBe('0.12');
});
