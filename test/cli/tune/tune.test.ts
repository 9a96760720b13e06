/** `weft tune`: a small search from its beginning to its page. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { RunFolder } from '../../../src/cli/run-folder.ts';
import { comparisonOf, highestRungs, ranked, type TrialResult } from '../../../src/cli/tune/trial-result.ts';
import { trialsKeeper } from '../../../src/cli/tune/tune-folder.ts';
import { temporaryFolder } from '../../support/datasets.ts';
import { classFolders, run, tinyTraining, trainedRun } from '../support.ts';

const space = { learningRate: { 'log-uniform': [0.001, 0.05] }, batchSize: [8, 16] };

test('a search with halving: results, best settings and page; the same command goes on, another one is refused', async () => {
  const [out, data] = [join(temporaryFolder(), 'search'), classFolders()];
  const file = join(temporaryFolder(), 'space.json');
  writeFileSync(file, JSON.stringify(space));
  const model = [...tinyTraining(data, 4), '--val-split', '0.4'];
  const search = ['tune', ...model, '--space', file, '--out', out];
  const args = [...search, '--jobs', '2', '--trials', '2', '--halving', '2'];
  // Interrupted after the first trial, by a signal as Ctrl-C sends it.
  const interruption = new AbortController();
  const onWrite = (text: string): void => {
    if (text.startsWith('trial 1')) interruption.abort('SIGINT');
  };
  const begun = await run([...search, '--jobs', '1', '--trials', '2', '--halving', '2'], {
    signal: interruption.signal,
    onWrite,
  });
  expect(begun.exitCode, begun.stderr).toBe(130);
  expect(begun.stdout).toContain('To go on:');
  const first = await run(args);
  expect(first).toMatchObject({ exitCode: 0, stderr: '' });
  expect(first.stdout).toContain(
    'All begin with 2 epochs; of every 2 the best one goes on, from the beginning, to 4.',
  );
  const read = (name: string): string => readFileSync(join(out, name), 'utf8');
  const lines = read('trials.jsonl')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map(({ trial, rung, epochs, status }) => [trial, rung, epochs, status])).toEqual([
    [1, 1, 2, 'finished'],
    [2, 1, 2, 'finished'],
    [expect.any(Number), 2, 4, 'finished'],
  ]);
  const best = lines[2];
  expect(readdirSync(join(out, 'trials'))).toContain(`00${best.trial}-rung-2`);
  expect(JSON.parse(read('best.json'))).toMatchObject({ epochs: 4, hidden: 4, ...best.values });
  const { history, bestEpoch } = JSON.parse(read(`trials/00${best.trial}-rung-2/metrics.json`));
  expect(best.accuracy).toBe(history[bestEpoch - 1].valAccuracy);
  const page = read('tune.html');
  expect(page).toContain('What mattered');
  expect(page).toContain(`train --config ${join(out, 'best.json')}`);
  expect(page).not.toMatch(/src=|href=|NaN|undefined/);

  const again = await run([...args, '--json']);
  expect(again.exitCode).toBe(0);
  const { best: told, trials } = JSON.parse(again.stdout);
  expect(told).toMatchObject({ trial: best.trial, accuracy: best.accuracy });
  expect(trials).toHaveLength(3);
  // What is there is not trained again: the times are those of the first command.
  expect(
    read('trials.jsonl')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual(lines);

  const other = await run([...args, '--search', 'random']);
  expect(other).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('got a search with search "sobol"'),
  });
});

test('a trial that fails by itself is the worst of all, and the search goes on', async () => {
  const folder = temporaryFolder({ 'space.json': JSON.stringify({ learningRate: [0.01, 1e30] }) });
  const out = join(folder, 'search');
  const model = [...tinyTraining(classFolders(), 2), '--schedule', 'constant'];
  const args = [
    'tune',
    ...model,
    '--trials',
    '2',
    '--space',
    join(folder, 'space.json'),
    '--out',
    out,
    '--jobs',
    '2',
  ];
  const { exitCode, stdout } = await run(args);
  expect(exitCode, stdout).toBe(0);
  expect(stdout).toMatch(/trial \d: failed: ./);
  const lines = readFileSync(join(out, 'trials.jsonl'), 'utf8').trimEnd().split('\n');
  const trials = lines.map((line) => JSON.parse(line));
  expect(new Map(trials.map(({ status, values }) => [values.learningRate, status]))).toEqual(
    new Map([
      [0.01, 'finished'],
      [1e30, 'failed'],
    ]),
  );
  expect(JSON.parse(readFileSync(join(out, 'best.json'), 'utf8')).learningRate).toBe(0.01);
});

test.each([
  [['--trials', '2', '--rungs', '2'], '--rungs 2 does nothing without --halving'],
  [['--trials', '2', '--brackets', '2'], '--brackets 2 does nothing without --halving'],
  [
    ['--trials', '2', '--halving', '2', '--epochs', '4', '--brackets', '3'],
    '--brackets 3 of 2 rungs (2, 4 epochs)',
  ],
  [['--trials', '2', '--halving', '1'], 'at least 2'],
  [['--trials', '2', '--halving', '3', '--epochs', '2'], 'leaves nothing to the first rung'],
  [['--trials', '2', '--halving', '3', '--epochs', '9', '--rungs', '1'], '--rungs 1 leaves nothing for'],
  [
    ['--trials', '2', '--halving', '3', '--epochs', '9', '--rungs', '3'],
    '2 trials with --halving 3 in 3 rungs (1, 3, 9 epochs): none would come to 9 epochs. Give --trials 9 or more, or fewer --rungs than 3, or leave out --halving',
  ],
  [
    ['--trials', '8', '--halving', '3', '--epochs', '9', '--rungs', '3'],
    '--brackets 3, with which some begin with more epochs',
  ],
  [
    ['--trials', '4', '--halving', '2', '--epochs', '8', '--early-stopping', '3'],
    'Trial 1, in a rung of 2 epochs: --early-stopping 3',
  ],
  [['--trials', '2', '--jobs', '2', '--redis', 'redis://localhost'], 'cannot be used with'],
  [[], "required option '--trials <number>' not specified"],
])('%j is refused', async (args, message) => {
  const out = join(temporaryFolder(), 'search');
  const { exitCode, stderr } = await run(['tune', '--out', out, ...args]);
  expect(stderr).toContain(message);
  expect(exitCode).toBe(2);
});

test.each<[string, object, readonly string[], string]>([
  [
    'in a rung',
    { earlyStopping: [1, 4], batchSize: [8] },
    ['--halving', '2', '--epochs', '6', '--rungs', '2'],
    'Trial 2, in a rung of 3 epochs: --early-stopping 4 never stops',
  ],
  [
    'in as many epochs as are usual for the images',
    { earlyStopping: [1, 500], batchSize: [8] },
    [],
    'Trial 2: --early-stopping 500 never stops 16 epochs early',
  ],
  ['beside a default', { momentum: [0.5, 0.9] }, [], 'which does nothing in any trial'],
])('a trial that could not train %s is found before others do', async (_, its, args, message) => {
  const folder = temporaryFolder({ 'space.json': JSON.stringify(its) });
  const file = join(folder, 'space.json');
  const out = join(folder, 'search');
  const asked = ['tune', '--trials', '4', '--space', file, '--search-seed', '1', '--out', out, ...args];
  const { exitCode, stderr } = await run(asked);
  expect(stderr).toContain(message);
  expect(exitCode).toBe(2);
  expect(existsSync(out)).toBe(false);
});

test('a search from a run searches no sizes; fewer trials than are done are refused', async () => {
  const data = classFolders();
  const [from, out] = [await trainedRun(data), join(temporaryFolder(), 'search')];
  const asked = ['tune', '--data', data, '--from', from, '--epochs', '1', '--out', out, '--jobs', '2'];
  const { exitCode, stderr } = await run([...asked, '--trials', '2']);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  const { space } = JSON.parse(readFileSync(join(out, 'tune.json'), 'utf8'));
  expect(Object.keys(space)).toEqual(['learningRate', 'weightDecay', 'batchSize', 'labelSmoothing']);
  for (const trial of ['001', '002']) {
    const config = JSON.parse(readFileSync(join(out, 'trials', trial, 'config.json'), 'utf8'));
    expect(config.model).toBe('row-gru');
  }
  const before = readFileSync(join(out, 'trials.jsonl'), 'utf8');
  const fewer = await run([...asked, '--trials', '1']);
  expect(fewer.exitCode).toBe(1);
  expect(fewer.stderr).toContain('got --trials 1 for a search that has tried 2, expected --trials 2 or more');
  expect(readFileSync(join(out, 'trials.jsonl'), 'utf8')).toBe(before);
});

test('a fault of the data ends the search in the middle of a training, and is no bad trial', async () => {
  const folder = temporaryFolder({ 'space.json': JSON.stringify({ learningRate: [0.01, 0.02] }) });
  const [out, data] = [join(folder, 'search'), classFolders()];
  const model = [...tinyTraining(data, 5000), '--stream'];
  const args = ['tune', ...model, '--trials', '2', '--space', join(folder, 'space.json'), '--jobs', '1'];
  const { exitCode, stderr } = await run([...args, '--out', out], {
    onWrite: (text) => {
      if (/: epoch +\d/.test(text)) rmSync(join(data, 'bar'), { recursive: true, force: true });
    },
  });
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^JobError: the training 001: got an end with exit code 1 \(PictureError: /);
  const { status } = JSON.parse(readFileSync(join(out, 'trials', '001', 'metrics.json'), 'utf8'));
  expect(status).toBe('failed');
  expect(existsSync(join(out, 'trials.jsonl'))).toBe(false);
});

test('the table of the best has each trial once, in its highest rung', () => {
  const place = { epochs: 1, values: {}, folder: '', seconds: 1 };
  const scores = (accuracy: number) => ({ accuracy, loss: 1, bestEpoch: 1 });
  const results = [
    { ...place, trial: 1, rung: 0, scores: scores(0.9) },
    { ...place, trial: 2, rung: 0, scores: scores(0.8) },
    { ...place, trial: 3, rung: 0, scores: scores(0.7) },
    { ...place, trial: 1, rung: 1, scores: scores(0.85) },
    { ...place, trial: 2, rung: 1, failure: 'the loss is NaN' },
  ];
  const listed = highestRungs(ranked(results, comparisonOf([], 'accuracy')));
  expect(listed.map(({ trial, rung }) => [trial, rung])).toEqual([
    [1, 1],
    [3, 0],
    [2, 1],
  ]);
});

test('a folder of something else is left alone', async () => {
  const out = temporaryFolder({ 'thesis.txt': 'mine' });
  const { exitCode, stderr } = await run(['tune', '--trials', '2', '--out', out]);
  expect(exitCode).toBe(1);
  expect(stderr).toContain('a folder with a file in it (thesis.txt)');
});

test('results that come at once are written together, and the last of them is waited for', async () => {
  const written: number[] = [];
  const folder: RunFolder = {
    path: '',
    subfolder: async (name) => name,
    leave: () => {},
    write: async (name, contents) => {
      written.push(`${contents}`.trimEnd().split('\n').length);
      await after(5);
      return name;
    },
  };
  const keep = trialsKeeper(folder);
  const results: TrialResult[] = [];
  let last = Promise.resolve();
  for (let trial = 1; trial <= 100; trial++) {
    results.push({ trial, rung: 0, epochs: 1, values: {}, folder: '', seconds: 1 });
    last = keep(results);
  }
  await last;
  expect(written).toEqual([1, 100]);
  await keep(results);
  expect(written).toEqual([1, 100, 100]);
  const full = trialsKeeper({ ...folder, write: () => Promise.reject(new Error('no room')) });
  await expect(full(results)).rejects.toThrow('no room');
  await expect(full(results)).rejects.toThrow('no room');
});
