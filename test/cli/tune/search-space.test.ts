/** Spaces of a search: their files, the trials drawn of them, and what mattered among these. */
import { join } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { expect, test } from 'vitest';
import { RunError } from '../../../src/cli/run-error.ts';
import { mainEffects } from '../../../src/cli/tune/main-effects.ts';
import {
  defaultSpace,
  readSpace,
  requireSearchable,
  spaceOf,
  storedSpace,
  trialOf,
  valueAt,
} from '../../../src/cli/tune/search-space.ts';
import { RandomGenerator } from '../../../src/data/random-generator.ts';
import { temporaryFolder } from '../../support/datasets.ts';

const stored = {
  learningRate: { 'log-uniform': [0.0003, 0.03] },
  batchSize: [16, 32, 64],
  hidden: { 'log-integers': [8, 128] },
  optimizer: ['adamw', 'sgd'],
  momentum: { uniform: [0.5, 0.9] },
};

test('a file is a space, and a space its file', () => {
  const folder = temporaryFolder({ 'space.json': JSON.stringify(stored) });
  const space = readSpace(join(folder, 'space.json'));
  expect(space.map(({ name }) => name)).toEqual(Object.keys(stored));
  expect(storedSpace(space)).toEqual(stored);
});

test.each([
  [[], 'an object of settings'],
  [{}, 'an object of settings'],
  [{ lr: [0.1] }, 'Did you mean learningRate'],
  [{ seed: [1, 2] }, 'All trials are judged alike'],
  [{ remove: ['half:0.1', 'half:0.2'] }, 'All trials are judged alike'],
  [{ batchSize: [] }, 'Give one value'],
  [{ batchSize: [16, 16] }, 'different'],
  [{ batchSize: [16.5] }, 'whole number'],
  [{ batchSize: 16 }, 'Give a list of values'],
  [{ learningRate: { uniform: [0.1] } }, 'Give a list of values'],
  [{ learningRate: { uniform: [0.2, 0.1] } }, 'the smaller one first'],
  [{ learningRate: { loguniform: [0.1, 0.2] } }, 'Give a list of values'],
  [{ labelSmoothing: { 'log-uniform': [0, 0.2] } }, 'Let it begin above 0'],
  [{ labelSmoothing: { uniform: [0, 1.5] } }, 'below 1'],
  [{ hidden: { integers: [8, 8.5] } }, 'whole number'],
  [{ model: { uniform: ['a', 'b'] } }, 'Allowed choices'],
])('%j is refused', (space, message) => {
  expect(() => spaceOf('space.json', space)).toThrow(RunError);
  expect(() => spaceOf('space.json', space)).toThrow(message);
});

test('values lie in their ranges, each as likely as it should be', () => {
  const counts = new Map<unknown, number>();
  for (let at = 0; at < 400; at++) {
    const value = valueAt({ kind: 'integers', from: 1, to: 4 }, (at + 0.5) / 400);
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  expect([...counts]).toEqual([1, 2, 3, 4].map((value) => [value, 100]));
  const logarithmic = { kind: 'log-uniform', from: 0.001, to: 0.1 } as const;
  expect([0, 0.5, 0.999999].map((share) => valueAt(logarithmic, share))).toEqual([0.001, 0.01, 0.1]);
  expect(valueAt({ kind: 'choices', values: ['a', 'b'] }, 0.5)).toBe('b');
  for (const share of [0, 0.3, 0.99999]) {
    const value = Number(valueAt({ kind: 'log-integers', from: 1, to: 3 }, share));
    expect([1, 2, 3]).toContain(value);
  }
});

test.each(['sobol', 'random'] as const)(
  '%s: a trial follows from seed and number; what does nothing is left out',
  (search) => {
    const drawing = {
      space: spaceOf('space.json', stored),
      search,
      seed: 4,
      given: { model: 'row-gru' },
    } as const;
    const trials = Array.from({ length: 16 }, (_, at) => trialOf(drawing, at + 1));
    expect(trialOf(drawing, 7)).toEqual(trials[6]);
    expect(trialOf({ ...drawing, seed: 5 }, 7)).not.toEqual(trials[6]);
    for (const { values, settings } of trials) {
      expect(values.momentum === undefined).toBe(values.optimizer === 'adamw');
      expect(settings).toMatchObject({
        model: 'row-gru',
        learningRate: values.learningRate,
        hidden: values.hidden,
      });
    }
    expect(new Set(trials.map(({ values }) => values.optimizer)).size).toBe(2);
  },
);

test('settings that are given are not searched, nor is what cannot be compared', () => {
  const names = (given: Parameters<typeof defaultSpace>[0]) => defaultSpace(given).map(({ name }) => name);
  expect(names({})).toEqual(
    expect.arrayContaining(['learningRate', 'weightDecay', 'batchSize', 'labelSmoothing']),
  );
  expect(names({ learningRate: 0.01, monitor: 'loss' })).toEqual(
    expect.not.arrayContaining(['learningRate', 'labelSmoothing']),
  );
  const space = spaceOf('space.json', stored);
  const refused =
    (...args: [Parameters<typeof requireSearchable>[1], boolean]) =>
    () =>
      requireSearchable(space, args[0], args[1], 'sobol');
  expect(refused({ model: 'row-gru' }, true)).not.toThrow();
  expect(refused({ batchSize: 8 }, false)).toThrow(InvalidArgumentError);
  expect(() => requireSearchable(spaceOf('', { epochs: [1, 2] }), {}, true, 'sobol')).toThrow('--halving');
  expect(() =>
    requireSearchable(spaceOf('', { loss: ['focal'] }), { monitor: 'loss' }, false, 'sobol'),
  ).toThrow('--best loss');
  expect(() =>
    trialOf(
      {
        space: spaceOf('', { heads: [2] }),
        search: 'random',
        seed: 0,
        given: { model: 'row-gru', momentum: 0.5, optimizer: 'adam' },
      },
      1,
    ),
  ).toThrow('Trial 1: --momentum');
});

test('a search that begins with layers of another model has its rate, and searches no sizes', () => {
  const names = (begun?: string) => defaultSpace({}, begun).map(({ name }) => name);
  expect(names()).toContain('dropout');
  expect(names('row-gru')).toEqual(['learningRate', 'weightDecay', 'batchSize', 'labelSmoothing']);
  const rateOf = (...args: Parameters<typeof defaultSpace>) => defaultSpace(...args)[0];
  expect(rateOf({}, 'vil')).toEqual(rateOf({ model: 'vil' }));
});

test('what does nothing beside a default is left out, or refused', () => {
  const drawing = { search: 'random', seed: 0, given: {} } as const;
  const first = (space: unknown, given = {}) =>
    trialOf({ ...drawing, space: spaceOf('', space), given }, 1).values;
  // AdamW is the default, and Adam has no weight decay of its own.
  expect(first({ momentum: [0.5] }).momentum).toBeUndefined();
  expect(first({ momentum: [0.5] }, { optimizer: 'sgd' }).momentum).toBe(0.5);
  expect(first({ decay: ['all'] }).decay).toBe('all');
  expect(first({ decay: ['all'], optimizer: ['adam'] }).decay).toBeUndefined();
  expect(() => first({ batchSize: [8] }, { momentum: 0.5 })).toThrow('does nothing for adamw');
  // The sizes are those of the model that is begun with.
  const begun = { model: 'row-gru', hidden: 4 };
  const space = spaceOf('', { heads: [2], batchSize: [8] });
  expect(trialOf({ ...drawing, space, begun }, 1).values).toEqual({ batchSize: 8, heads: undefined });
});

test('what mattered: the share of the variance of ranks that lies between the groups', () => {
  const space = spaceOf('', {
    learningRate: { uniform: [0.1, 1] },
    batchSize: [8, 16],
    optimizer: ['adamw', 'sgd'],
  });
  const random = new RandomGenerator(1);
  const trials = Array.from({ length: 60 }, () => {
    const [learningRate, batchSize] = [0.1 + 0.9 * random.uniform(), random.uniform() < 0.5 ? 8 : 16];
    const goodness = learningRate > 0.9 ? undefined : learningRate + 0.05 * random.uniform();
    return { values: { learningRate, batchSize, optimizer: 'adamw' }, goodness };
  });
  const [first, ...others] = mainEffects(space, trials);
  expect(first).toMatchObject({ name: 'learningRate', chance: 0.001 });
  expect(first!.share).toBeGreaterThan(0.4);
  expect(first!.groups.map(({ trials }) => trials)).toEqual([12, 12, 12, 12, 12]);
  for (const { share, chance } of others) {
    expect(share).toBeLessThan(0.1);
    expect(chance).toBeGreaterThan(0.01);
  }
  expect(others.find(({ name }) => name === 'optimizer')).toMatchObject({ share: 0, chance: 1 });
});

test('ε² of a case by hand: ranks 0, 1/3, 2/3, 1 in two groups of two', () => {
  const space = spaceOf('', { batchSize: [8, 16] });
  const trials = [8, 8, 16, 16].map((batchSize, at) => ({ values: { batchSize }, goodness: at }));
  // Between: 4 (1/3)² = 4/9; all: 5/9; within, of 2 degrees of freedom: 1/18. (4/9 − 1/18) / (5/9) = 0.7.
  const [effect] = mainEffects(space, trials);
  expect(effect!.share).toBeCloseTo(0.7, 12);
  // Of the 6 ways to make two groups of two, 2 part the ranks so.
  expect(effect!.chance).toBeCloseTo(1 / 3, 1);
});
