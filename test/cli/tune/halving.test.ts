/** Successive halving: rungs, who is promoted, and that no order of results changes it. */
import { setTimeout as after } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { FinishedJob, JobRunner } from '../../../src/cli/jobs/training-job.ts';
import type { RunRecord } from '../../../src/cli/run-record.ts';
import {
  bracketsOf,
  fewestTrials,
  type Halving,
  rungsOf,
  WantedTrials,
} from '../../../src/cli/tune/halving.ts';
import { trialOf } from '../../../src/cli/tune/search-space.ts';
import { comparisonOf, type TrialResult } from '../../../src/cli/tune/trial-result.ts';
import { runSearch, trialName } from '../../../src/cli/tune/tune-search.ts';
import { RandomGenerator } from '../../../src/data/random-generator.ts';

test('rungs: each has η times the epochs of the one before, down to 2', () => {
  expect(rungsOf(27, 3)).toEqual([3, 9, 27]);
  expect(rungsOf(16, 2)).toEqual([2, 4, 8, 16]);
  expect(rungsOf(1000, 10)).toEqual([10, 100, 1000]);
  expect(rungsOf(16, 4, 3)).toEqual([1, 4, 16]);
  expect(rungsOf(4, 3, 4)).toBeUndefined();
});

const larger = (a: number, b: number): number => b - a;

/** Who is promoted to the second rung by each result, in the order in which results come. */
function promotedBy(
  trials: number,
  factor: number,
  results: readonly (readonly [trial: number, result: number | null])[],
): number[][] {
  const wanted = new WantedTrials<number>(trials, { factor, rungs: [1, factor], brackets: 1 }, larger);
  for (let trial = 1; trial <= trials; trial++) expect(wanted.next()).toEqual({ trial, rung: 0 });
  expect(wanted.next()).toBeUndefined();
  return results.map(([trial, result]) => {
    wanted.record({ trial, rung: 0 }, result);
    const promoted: number[] = [];
    for (let next = wanted.next(); next !== undefined; next = wanted.next()) {
      expect(next.rung).toBe(1);
      promoted.push(next.trial);
    }
    return promoted;
  });
}

test('of the first 3, 6, 9 done ones the best that is left goes up', () => {
  // Until trial 5 is done, what is after it does not count.
  const results = [
    [3, 7],
    [1, 5],
    [2, 9],
    [4, 1],
    [7, 10],
    [6, 8],
    [5, null],
  ] as const;
  expect(promotedBy(7, 3, results)).toEqual([[], [], [2], [], [], [], [6]]);
});

test('of equal ones the first goes up; where all have failed, nobody', () => {
  const equal = [
    [2, 4],
    [1, 4],
    [4, 3],
    [3, 3],
  ] as const;
  // The second of the first two is still the best of four.
  expect(promotedBy(4, 2, equal)).toEqual([[], [1], [], [2]]);
  const failed = [
    [1, null],
    [2, null],
    [3, 1],
    [4, null],
  ] as const;
  expect(promotedBy(4, 2, failed)).toEqual([[], [], [], [3]]);
});

test('the fewest trials of which one comes to the highest rung', () => {
  const rungs = [1, 3, 9];
  expect(fewestTrials({ factor: 3, rungs, brackets: 1 }, 100)).toBe(9);
  expect(fewestTrials({ factor: 3, rungs, brackets: 1 }, 8)).toBeUndefined();
  // The first one of a bracket that begins with 9 epochs is enough.
  const all = { factor: 3, rungs, brackets: 3 };
  expect(fewestTrials(all, 100)).toBe(bracketsOf(100, all).indexOf(2) + 1);
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

test('10,000 trials are decided on one by one, each once', () => {
  const halving = { factor: 3, rungs: [1, 3, 9, 27], brackets: 2 };
  const wanted = new WantedTrials<number>(10_000, halving, larger);
  const random = new RandomGenerator(1);
  const begun = new Set<string>();
  for (let next = wanted.next(); next !== undefined; next = wanted.next()) {
    begun.add(`${next.trial} ${next.rung}`);
    wanted.record(next, random.uniform());
  }
  // Of a third of a third of a third; the brackets have 27 and 12 of 39 trials.
  const [first, second] = [0, 1].map(
    (bracket) => bracketsOf(10_000, halving).filter((its) => its === bracket).length,
  );
  const third = (count: number): number => Math.floor(count / 3);
  const ofFirst = [first!, third(first!), third(third(first!)), third(third(third(first!)))];
  const ofSecond = [second!, third(second!), third(third(second!))];
  expect(begun.size).toBe([...ofFirst, ...ofSecond].reduce((sum, count) => sum + count));
});

test('folders have the same names however many trials there are', () => {
  expect(trialName({ number: 7 }, 0, { halving: undefined })).toBe('007');
  expect(trialName({ number: 1234 }, 1, { halving: { factor: 3, rungs: [1, 3], brackets: 1 } })).toBe(
    '1234-rung-2',
  );
});
