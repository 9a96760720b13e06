/** `weft train`: what it prints, what it writes, and how it stops. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Metrics } from '../../src/cli/metrics.ts';
import { readPng } from '../../src/data/png.ts';
import { temporaryFolder } from '../support/datasets.ts';
import { classFolders, idxFolder, run, runChild } from './support.ts';

const quick = ['--model', 'conv-lstm', '--epochs', '1', '--batch', '8'];

function metricsOf(folder: string): Metrics {
  return JSON.parse(readFileSync(join(folder, 'metrics.json'), 'utf8'));
}

describe('training on class folders', () => {
  test('tells what it does, writes a run, and ends with a command that works', async () => {
    const out = join(temporaryFolder(), 'new', 'run');
    const data = classFolders();
    const { exitCode, stdout, stderr } = await run(['train', '--data', data, ...quick, '--out', out]);
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('21 images for training, 3 for validation, 6 for testing');
    expect(stdout).toContain('8×8 pixels (height × width), grey; 3 classes: bar, block, empty');
    expect(stdout).toContain('has no test set');
    expect(stdout).toMatch(/lstm +lstm +\[N, 64\]/);
    expect(stdout).toMatch(/epoch 1\/1 {2}train loss [\d.]+ .* validation loss [\d.]+/);
    expect(stdout).toMatch(/Test accuracy [\d.]+ %/);
    expect(stdout).toMatch(/true \\ predicted +bar +block +empty/);
    expect(readdirSync(out).sort()).toEqual([
      'metrics.json',
      'model.json',
      'model.safetensors',
      'report.html',
      'sample.png',
    ]);
    expect(readPng(join(out, 'sample.png'))).toMatchObject({ width: 8, height: 8, channels: 1 });

    const command = stdout.trimEnd().split('\n').at(-1)!.split(' ');
    const answer = await run(command.slice(command.indexOf('predict')));
    expect(answer.exitCode).toBe(0);
    expect(answer.stdout).toMatch(/sample\.png: (bar|block|empty) [\d.]+ %, then /);
  });

  test('metrics.json has the agreed fields', async () => {
    const out = temporaryFolder();
    await run(['train', '--data', classFolders(), ...quick, '--seed', '5', '--out', out]);
    const metrics = metricsOf(out);
    expect(metrics).toMatchObject({ epochs: 1, device: 'wasm', seed: 5, model: 'conv-lstm', batchSize: 8 });
    expect(metrics.testAccuracy).toBeGreaterThanOrEqual(0);
    expect(metrics.testAccuracy).toBeLessThanOrEqual(1);
    for (const value of [metrics.testLoss, metrics.trainSeconds, metrics.parameters]) {
      expect(value).toBeGreaterThan(0);
    }
    expect(metrics.history).toHaveLength(1);
    expect(Object.keys(metrics.history[0]!).sort()).toEqual([
      'epoch',
      'seconds',
      'trainAccuracy',
      'trainLoss',
      'valAccuracy',
      'valLoss',
    ]);
    expect(metrics.confusion.flat().reduce((sum, count) => sum + count)).toBe(metrics.data.test);
  });

  test('the same seed gives the same weights, another seed others', async () => {
    const data = classFolders();
    const weights: Buffer[] = [];
    for (const seed of ['0', '0', '1']) {
      const out = temporaryFolder();
      await run(['train', '--data', data, ...quick, '--seed', seed, '--out', out]);
      weights.push(readFileSync(join(out, 'model.safetensors')));
    }
    expect(weights[0]!.equals(weights[1]!)).toBe(true);
    expect(weights[0]!.equals(weights[2]!)).toBe(false);
  });
});

test('IDX files; --json leaves standard output to the metrics', async () => {
  const out = temporaryFolder();
  const { exitCode, stdout, stderr } = await run([
    'train',
    '--data',
    idxFolder(),
    ...quick,
    '--json',
    '--out',
    out,
  ]);
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toEqual(metricsOf(out));
  expect(stderr).toContain('epoch 1/1');
  expect(metricsOf(out).data).toMatchObject({ validation: 3, test: 30 });
});

test('a terminal gets a bar, which is gone when the epoch is over', async () => {
  const { stdout } = await run(['train', '--data', classFolders(), ...quick, '--out', temporaryFolder()], {
    isTTY: true,
  });
  expect(stdout).toMatch(
    /epoch 1\/1 {2}\[[#.]{24}\] \d+ % {2}loss [\d.]+ {2}accuracy [\d.]+ % {2}[\d.]+ s left/,
  );
  expect(stdout).toContain('epoch 1/1  train loss');
});

describe('interruption', () => {
  test('a signal ends training: exit code 130, and no folder is left', async () => {
    const interruption = new AbortController();
    const out = join(temporaryFolder(), 'run');
    const { exitCode, stdout } = await run(
      ['train', '--data', classFolders(), ...quick, '--epochs', '1000', '--out', out],
      {
        signal: interruption.signal,
        onWrite: (text) => {
          if (text.startsWith('epoch    2')) interruption.abort();
        },
      },
    );
    expect(exitCode).toBe(130);
    expect(stdout).toContain('Interrupted');
    expect(existsSync(out)).toBe(false);
  });

  test('Ctrl-C does the same', async () => {
    const out = join(temporaryFolder(), 'run');
    const outcome = await runChild(
      ['train', '--data', classFolders(), ...quick, '--epochs', '100000', '--out', out],
      (output, kill) => {
        if (output.includes('train loss') && !output.includes('Interrupted')) kill('SIGINT');
      },
    );
    expect(outcome).toMatchObject({ exitCode: 130, stderr: '' });
    expect(existsSync(out)).toBe(false);
  });
});

describe('what cannot be trained on', () => {
  test.each([
    ['a missing folder', '/no/such/folder', 'DatasetError: loadDataset: got "/no/such/folder"'],
    ['an empty class folder', () => temporaryFolder({ 'first/.keep': '' }), 'got an empty class folder'],
    ['a damaged picture', () => temporaryFolder({ 'first/a.png': 'text' }), 'a.png'],
  ])('%s', async (_, data, message) => {
    const out = join(temporaryFolder(), 'run');
    const folder = typeof data === 'string' ? data : data();
    const { exitCode, stdout, stderr } = await run(['train', '--data', folder, '--out', out]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('    at ');
    expect(existsSync(out)).toBe(false);
  });

  test('a run folder that is a file', async () => {
    const out = join(temporaryFolder({ taken: '' }), 'taken');
    const { exitCode, stderr } = await run(['train', '--data', classFolders(), ...quick, '--out', out]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`RunError: ${out}`);
  });
});
