/** `--views` and `--find-lr`: what training, evaluation and prediction make of several views, and the search for a learning rate. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/datasets.ts';
import { classFolders, run } from './support.ts';

const model = ['--model', 'row-gru', '--hidden', '4', '--epochs', '1', '--batch', '8'];

test('the views of training are those of the test, of evaluate and of predict, unless others are asked for', async () => {
  const data = classFolders(5);
  const out = join(temporaryFolder(), 'run');
  const { stdout } = await run(['train', '--data', data, ...model, '--views', 'flip,shift=1', '--out', out]);
  expect(stdout).toContain(
    'In the test, each answer is the mean over 10 views of the picture: flip,shift=1.',
  );
  const { testLoss } = JSON.parse(readFileSync(join(out, 'metrics.json'), 'utf8'));
  const evaluated = async (...args: string[]) =>
    JSON.parse((await run(['evaluate', out, '--json', ...args])).stdout);
  const [same, none] = [await evaluated(), await evaluated('--views', 'none')];
  expect(same).toMatchObject({ loss: testLoss, views: 'flip,shift=1' });
  expect(same.notes.join()).toContain('10 views');
  expect(none.loss).not.toBe(testLoss);
  const probabilities = async (...args: string[]) =>
    (await run(['predict', out, join(data, 'bar', '0.png'), '--csv', '--top', '3', ...args])).stdout;
  const usual = await probabilities();
  expect(await probabilities('--views', 'flip,shift=1')).toBe(usual);
  expect(await probabilities('--views', 'none')).not.toBe(usual);
  expect(await probabilities('--views', 'flip')).not.toBe(usual);
});

test('--find-lr shows the curve, writes no run, and ends with the command that trains with the rate', async () => {
  const file = join(temporaryFolder(), 'curve.svg');
  const args = ['train', '--data', classFolders(5), ...model, '--find-lr', file];
  const runs = (): string[] => (existsSync('runs') ? readdirSync('runs') : []);
  const before = runs();
  const { exitCode, stdout, stderr } = await run(args);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(readFileSync(file, 'utf8')).toMatch(/^<svg/);
  expect(stdout).toMatch(/ 1\.0e-6 +[\d.]+ {2}█/);
  const [, rate] = /--model row-gru .*--lr ([\d.e-]+)$/m.exec(stdout.trimEnd()) ?? [];
  expect(Number(rate)).toBeGreaterThan(0);
  expect(runs()).toEqual(before);
  expect(stdout).toContain('Looking for a learning rate on wasm: batches of ');
  expect(stdout).not.toMatch(/one-cycle|moving average|\\n/);
  expect((await run(args)).stderr).toContain('nothing is written over');
  const found = await run([...args.slice(0, -1), '--json']);
  expect(JSON.parse(found.stdout).suggestion).toBe(Number(rate));
});
