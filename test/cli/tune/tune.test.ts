/** `weft tune`: a small search from its beginning to its page. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../support/datasets.ts';
import { classFolders, run, tinyTraining } from '../support.ts';

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
  [
    ['--trials', '2', '--halving', '2', '--epochs', '8', '--early-stopping', '3'],
    'A rung of 2 epochs: --early-stopping 3',
  ],
  [['--trials', '2', '--jobs', '2', '--redis', 'redis://localhost'], 'cannot be used with'],
  [[], "required option '--trials <number>' not specified"],
])('%j is refused', async (args, message) => {
  const out = join(temporaryFolder(), 'search');
  const { exitCode, stderr } = await run(['tune', '--out', out, ...args]);
  expect(stderr).toContain(message);
  expect(exitCode).toBe(2);
});

test('a folder of something else is left alone', async () => {
  const out = temporaryFolder({ 'thesis.txt': 'mine' });
  const { exitCode, stderr } = await run(['tune', '--trials', '2', '--out', out]);
  expect(exitCode).toBe(1);
  expect(stderr).toContain('a folder with a file in it (thesis.txt)');
});
