/** `--remove` and `--missing`: what is taken away of images, what becomes of it, and that a run remembers both. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeRemoval, formatRemoval, removeSpec } from '../../src/cli/remove-spec.ts';
import type { Metrics } from '../../src/cli/run-record.ts';
import { temporaryFolder } from '../support/datasets.ts';
import { classFolders, run } from './support.ts';

const usual = ['train', '--model', 'row-lstm', '--hidden', '8', '--epochs', '1', '--batch', '256'];

async function trained(
  ...args: readonly string[]
): Promise<{ readonly out: string; readonly metrics: Metrics; readonly stdout: string }> {
  const out = join(temporaryFolder(), 'run');
  const outcome = await run([...usual, ...args, '--out', out]);
  expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
  return {
    out,
    stdout: outcome.stdout,
    metrics: JSON.parse(readFileSync(join(out, 'metrics.json'), 'utf8')),
  };
}

async function evaluated(out: string, ...args: readonly string[]) {
  const { exitCode, stdout, stderr } = await run(['evaluate', out, ...args, '--json']);
  expect(exitCode, stderr).toBe(0);
  return JSON.parse(stdout) as {
    accuracy: number;
    remove?: string;
    missing?: string;
    fill?: string;
    notes: string[];
  };
}

describe('weft train --remove', () => {
  it('is recorded with what the model makes of it, and repeated by the command and by evaluate', async () => {
    const { out, metrics, stdout } = await trained(
      '--remove',
      'rows:0.5',
      '--missing',
      'mask',
      '--seed',
      '3',
    );
    expect(stdout).toContain(
      'Each image loses 50 % of the rows: drawn anew at each showing in training, once (seed 3)',
    );
    expect(metrics).toMatchObject({ remove: 'rows:0.5', missing: 'mask' });
    const again = await trained(...metrics.command.slice(1));
    expect(again.metrics.history.map(({ seconds, ...epoch }) => epoch)).toEqual(
      metrics.history.map(({ seconds, ...epoch }) => epoch),
    );
    const same = await evaluated(out);
    expect(same).toMatchObject({ accuracy: metrics.testAccuracy, remove: 'rows:0.5', missing: 'mask' });
    expect(same.notes.at(-1)).toBe(
      'Each image loses 50 % of the rows (seed 3); the model leaves out what is missing.',
    );
    const whole = await evaluated(out, '--remove', 'none');
    expect(whole).not.toHaveProperty('remove');
    expect(whole.accuracy).not.toBe(same.accuracy);
    const other = await evaluated(out, '--remove', 'columns:0-0.75', '--fill', 'last');
    expect(other).toMatchObject({ remove: 'columns:0-0.75', missing: 'mask', fill: 'last' });
  });

  it('wants to know what the model makes of it', async () => {
    const { exitCode, stderr } = await run([...usual, '--remove', 'rows:0.5']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(
      'row-lstm takes none that are missing: say what it makes of them with --missing, such as mean or mask.',
    );
    const cnn = await run(['train', '--model', 'cnn', '--missing', 'mask']);
    expect(cnn.exitCode).toBe(2);
    expect(cnn.stderr).toContain('--missing mask does nothing for cnn');
  });
});

it('a model that knows of nothing missing is tested with something in its place', async () => {
  const { out, metrics } = await trained();
  const refused = await run(['evaluate', out, '--remove', 'rows:0.5']);
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toContain('Fill them with --fill mean or last, or train a model with --missing');
  const idle = await run(['evaluate', out, '--fill', 'mean']);
  expect(idle.stderr).toContain('--fill mean of images of which nothing is removed');
  const filled = await evaluated(out, '--remove', 'rows:0.5', '--fill', 'mean');
  expect(filled).toMatchObject({ missing: 'error', fill: 'mean' });
  expect(filled.notes.at(-1)).toContain('the mean of all pixels in training stands in its place');
  expect(filled.accuracy).not.toBe(metrics.testAccuracy);
});

it('the split seed says which pixels held-out images lose, so that all seeds are tested on the same', async () => {
  const data = ['--data', classFolders(5), '--remove', 'rows:0.5', '--missing', 'mask', '--split-seed', '1'];
  const { out, metrics, stdout } = await trained(...data, '--seed', '3');
  expect(stdout).toContain('once (seed 1) for validation and test images');
  const same = await evaluated(out);
  expect(same.notes.at(-1)).toContain('(seed 1)');
  expect(same.accuracy).toBe(metrics.testAccuracy);
});

it('every treatment trains, and gru-d', async () => {
  const data = classFolders(5);
  for (const missing of ['mean', 'last', 'learned', 'indicators', 'seen']) {
    const { out, metrics } = await trained('--data', data, '--remove', 'pixels:0.3', '--missing', missing);
    expect(Number.isFinite(metrics.testLoss), missing).toBe(true);
    if (missing !== 'mean') continue;
    const same = await evaluated(out);
    expect(same).toMatchObject({ accuracy: metrics.testAccuracy, missing });
    expect(same.notes.at(-1)).toContain('the model puts the mean of each pixel in training in its place');
  }
  const { metrics } = await trained('--data', data, '--model', 'gru-d', '--remove', 'block:0-0.5');
  expect(Number.isFinite(metrics.testLoss)).toBe(true);
});

describe('removeSpec', () => {
  it('reads what it writes', () => {
    for (const text of ['rows:0.5', 'pixels:0-0.75', 'block:1'])
      expect(formatRemoval(removeSpec(text))).toBe(text);
    expect(describeRemoval(removeSpec('block:0-0.25'))).toBe('a block of 0 to 25 %');
  });

  it.each([
    ['row:0.5', 'Did you mean rows?'],
    ['rows', 'Give a share above 0'],
    ['rows:0', 'Give a share above 0'],
    ['rows:1.5', 'at most 1'],
    ['rows:0.5-0.2', 'or two'],
    ['rows:0.1-0.2-0.3', 'or two'],
    ['rows:0.5:1', 'Give a share'],
    ['rows:-1', 'Give a share'],
  ])('%s is refused', (text, message) => {
    expect(() => removeSpec(text)).toThrow(message);
  });
});
