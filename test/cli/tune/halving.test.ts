/** Successive halving: rungs, who is promoted, and that no order of results changes it. */
import { setTimeout as after } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { FinishedJob, JobRunner } from '../../../src/cli/jobs/training-job.ts';
import type { RunRecord } from '../../../src/cli/run-record.ts';
import { bracketsOf, type Halving, promotions, rungsOf } from '../../../src/cli/tune/halving.ts';
import { trialOf } from '../../../src/cli/tune/search-space.ts';
import { comparisonOf, type TrialResult } from '../../../src/cli/tune/trial-result.ts';
import { runSearch } from '../../../src/cli/tune/tune-search.ts';
import { RandomGenerator } from '../../../src/data/random-generator.ts';

test('rungs: each has η times the epochs of the one before, down to 2', () => {
  expect(rungsOf(27, 3)).toEqual([3, 9, 27]);
  expect(rungsOf(16, 2)).toEqual([2, 4, 8, 16]);
  expect(rungsOf(1000, 10)).toEqual([10, 100, 1000]);
  expect(rungsOf(16, 4, 3)).toEqual([1, 4, 16]);
  expect(rungsOf(4, 3, 4)).toBeUndefined();
});

test('of the first 3, 6, 9 done ones the best that is left goes up', () => {
  const order = [1, 2, 3, 4, 5, 6, 7];
  const larger = (a: number, b: number) => b - a;
  const results = new Map<number, number | null>([
    [1, 5],
    [2, 9],
    [3, 7],
    [4, 1],
    [6, 8],
    [7, 10],
  ]);
  // Trial 5 is not done: what is after it does not count yet.
  expect(promotions(order, results, 3, larger)).toEqual([2]);
  results.set(5, null);
  expect(promotions(order, results, 3, larger)).toEqual([2, 6]);
  // Equal ones: the first. Where all failed, nobody.
  expect(
    promotions(
      [1, 2],
      new Map([
        [1, 4],
        [2, 4],
      ]),
      2,
      larger,
    ),
  ).toEqual([1]);
  expect(
    promotions(
      [1, 2],
      new Map([
        [1, null],
        [2, null],
      ]),
      2,
      larger,
    ),
  ).toEqual([]);
});

const space = [{ name: 'learningRate', range: { kind: 'log-uniform', from: 0.001, to: 0.1 } }] as const;
const drawing = { space, search: 'sobol', seed: 3, given: {} } as const;
const trials = Array.from({ length: 27 }, (_, at) => trialOf(drawing, at + 1));

/** Answers with an accuracy that follows from the settings, after as long as it takes. */
class FakeRunner implements JobRunner {
  readonly slots: number;
  readonly #delay: () => number;
  readonly names: string[] = [];

  constructor(slots: number, seed: number) {
    const generator = new RandomGenerator(seed);
    this.slots = slots;
    this.#delay = () => 6 * generator.uniform();
  }

  async run({ name, settings }: Parameters<JobRunner['run']>[0]): Promise<FinishedJob> {
    this.names.push(name);
    await after(this.#delay());
    const { learningRate = 0, epochs = 0 } = settings;
    const valAccuracy =
      Math.round(100 * (1 - Math.abs(Math.log10(learningRate) + 2)) * (1 - 1 / epochs)) / 100;
    const history = [
      { epoch: 1, valAccuracy, valLoss: learningRate, trainLoss: 0, trainAccuracy: 0, seconds: 0 },
    ];
    const metrics = {
      status: 'finished',
      epochs,
      trainSeconds: 1,
      history,
      bestEpoch: 1,
    } as Partial<RunRecord>;
    return { name, folder: name, metrics: metrics as FinishedJob['metrics'] };
  }

  async close(): Promise<void> {}
}

test('a round of Hyperband has 27, 12, 6 and 4 trials (Li et al. 2018, η = 3), and more trials change nothing', () => {
  const halving = { factor: 3, rungs: [1, 3, 9, 27], brackets: 4 };
  const all = bracketsOf(98, halving);
  const count = (bracket: number, trials: number) =>
    all.slice(0, trials).filter((its) => its === bracket).length;
  for (const round of [1, 2]) {
    expect([0, 1, 2, 3].map((bracket) => count(bracket, 49 * round))).toEqual(
      [27, 12, 6, 4].map((trials) => trials * round),
    );
  }
  expect(bracketsOf(30, halving)).toEqual(all.slice(0, 30));
  // Each bracket has some of the first few.
  expect(new Set(all.slice(0, 13))).toEqual(new Set([0, 1, 2, 3]));
  expect(bracketsOf(5, { ...halving, brackets: 1 })).toEqual([0, 0, 0, 0, 0]);
});

test.each<[string, Halving, trainings: readonly (readonly number[])[]]>([
  ['one bracket', { factor: 3, rungs: [2, 6, 18], brackets: 1 }, [[27], [9], [3]]],
  // Shares of 27 trials as 9, 5 and 3 of a round: 14.3, 7.9 and 4.8.
  ['three brackets', { factor: 3, rungs: [2, 6, 18], brackets: 3 }, [[14], [4, 8], [1, 2, 5]]],
])(
  'any number of machines makes the same trainings, whichever is done first: %s',
  async (_, halving, trainings) => {
    const outcome = async (slots: number, seed: number) => {
      const runner = new FakeRunner(slots, seed);
      const told: TrialResult[] = [];
      const results = await runSearch(
        {
          ...{ trials, halving, compare: comparisonOf(space, 'accuracy'), folder: '' },
          onResult: async (result) => {
            told.push(result);
          },
        },
        runner,
      );
      expect(new Set(runner.names).size).toBe(runner.names.length);
      expect(told).toHaveLength(results.length);
      return results.sort((a, b) => a.rung - b.rung || a.trial - b.trial);
    };
    const one = await outcome(1, 0);
    const bracketOf = bracketsOf(27, halving);
    const counts = halving.rungs.map((_, rung) =>
      Array.from(
        { length: Math.min(rung + 1, halving.brackets) },
        (_, bracket) =>
          one.filter((result) => result.rung === rung && bracketOf[result.trial - 1] === bracket).length,
      ),
    );
    expect(counts).toEqual(trainings);
    for (const [slots, seed] of [
      [3, 1],
      [8, 2],
      [Number.POSITIVE_INFINITY, 3],
    ] as const) {
      expect(await outcome(slots, seed)).toEqual(one);
    }
  },
);
