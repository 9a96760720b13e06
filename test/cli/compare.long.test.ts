/** `weft compare` with what takes many trainings: halves of the training images, several data sets, minutes as the budget, and an interruption. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/datasets.ts';
import { classFolders, idxFolder, run, runChild } from './support.ts';

const models = ['row-gru:hidden=4', 'mlp:hidden=4', 'min-gru:width=4'];

test('halves of the training images, and ranks of the seeds', { timeout: 600_000 }, async () => {
  const out = join(temporaryFolder(), 'comparison');
  const args = ['compare', ...models, '--data', idxFolder(6), '--seeds', '2', '--budget', 'parameters:500'];
  const given = ['--epochs', '1', '--batch', '8', '--cross-validate', '--out', out, '--json'];
  const { exitCode, stderr, stdout } = await run([...args, ...given]);
  expect(stderr).not.toContain('Error');
  expect(exitCode).toBe(0);
  const [{ models: compared, pairs, ranks }] = JSON.parse(stdout).datasets;
  expect(compared).toHaveLength(3);
  for (const { parameters } of compared) expect(Math.abs(parameters / 500 - 1)).toBeLessThan(0.1);
  expect(pairs).toHaveLength(3);
  for (const { halves } of pairs) expect(halves).toHaveProperty('t');
  expect(ranks).toMatchObject({ blocks: 'seeds', count: 2 });
  expect(readdirSync(join(out, 'runs'))).toHaveLength(3 * (2 + 10));
  const html = readFileSync(join(out, 'comparison.html'), 'utf8');
  for (const title of ['Cross-validation, five times on halves', 'Ranks of the seeds'])
    expect(html).toContain(title);
});

test('several data sets are the blocks of the ranks', { timeout: 300_000 }, async () => {
  const out = join(temporaryFolder(), 'comparison');
  const data = ['--data', idxFolder(6), '--data', idxFolder(7)];
  const args = ['compare', ...models.slice(0, 2), ...data, '--seeds', '1', '--epochs', '1', '--out', out];
  const { exitCode, stdout } = await run(args);
  expect(exitCode).toBe(0);
  expect(stdout).toContain('Over 2 data sets the ranks cannot show');
  const { datasets, ranks } = JSON.parse(readFileSync(join(out, 'comparison.json'), 'utf8'));
  expect(datasets.map(({ images }: { images: number }) => images)).toEqual([18, 21]);
  expect(ranks).toMatchObject({ blocks: 'data sets', count: 2 });
  expect(readFileSync(join(out, 'comparison.html'), 'utf8')).toContain('Over all data sets');
});

test('minutes: speeds are measured once', { timeout: 300_000 }, async () => {
  const out = join(temporaryFolder(), 'comparison');
  const args = [
    'compare',
    ...models.slice(0, 2),
    '--data',
    classFolders(12),
    '--seeds',
    '1',
    '--budget',
    'minutes:0.02',
  ];
  const first = await run([...args, '--out', out]);
  expect(first.exitCode).toBe(0);
  expect(first.stdout).toContain('Measuring how fast mlp:hidden=4 trains.');
  const speeds = statSync(join(out, 'speeds.json')).mtimeMs;
  const again = await run([...args, '--out', out]);
  expect(again.exitCode).toBe(0);
  expect(again.stdout).not.toContain('Measuring');
  expect(statSync(join(out, 'speeds.json')).mtimeMs).toBe(speeds);
});

test('Ctrl-C ends it, and the same command goes on', { timeout: 300_000 }, async () => {
  const out = join(temporaryFolder(), 'comparison');
  const args = [
    'compare',
    ...models.slice(0, 2),
    '--data',
    idxFolder(30),
    '--seeds',
    '2',
    '--epochs',
    '30',
    '--out',
    out,
  ];
  let killed = false;
  const ended = await runChild(args, (output, kill) => {
    // A second signal would end the process at once.
    if (!killed && output.includes('1 of 4')) kill('SIGINT');
    killed ||= output.includes('1 of 4');
  });
  expect(ended.exitCode).toBe(130);
  expect(ended.stdout).toContain('To go on:');
  expect(existsSync(join(out, 'comparison.html'))).toBe(false);
  const done = readdirSync(join(out, 'runs')).find((name) => {
    const metrics = join(out, 'runs', name, 'metrics.json');
    return existsSync(metrics) && JSON.parse(readFileSync(metrics, 'utf8')).status === 'finished';
  })!;
  const before = statSync(join(out, 'runs', done, 'metrics.json')).mtimeMs;
  const again = await runChild(args);
  expect(again.exitCode).toBe(0);
  expect(statSync(join(out, 'runs', done, 'metrics.json')).mtimeMs).toBe(before);
  expect(existsSync(join(out, 'comparison.html'))).toBe(true);
});
