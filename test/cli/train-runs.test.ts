/** What a training leaves: the best model and the last one, whatever ends it. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { withValidation } from '../../src/cli/holdout.ts';
import { openRunFolder } from '../../src/cli/run-folder.ts';
import { type Metrics, readMetrics } from '../../src/cli/run-record.ts';
import { loadDataset } from '../../src/data/load.ts';
import { Adam, evaluate, loadModel, loadOptimizer, RandomGenerator } from '../../src/index.ts';
import { machine } from '../../src/train/atomic.ts';
import { temporaryFolder } from '../support/datasets.ts';
import { killAfter } from './kill.ts';
import { classFolders, run, runChild } from './support.ts';

const quick = ['--model', 'row-gru', '--hidden', '8', '--batch', '8'];

function metricsOf(folder: string): Metrics {
  return JSON.parse(readFileSync(join(folder, 'metrics.json'), 'utf8'));
}

/** Loss and accuracy of a saved model on the validation images of a run. */
async function validated(folder: string, data: string): Promise<{ valLoss: number; valAccuracy: number }> {
  const { model, normalization } = await loadModel(folder);
  const { validation } = withValidation(loadDataset(data), 0);
  const { loss, accuracy } = await evaluate(model, validation, { normalization, batchSize: 8 });
  return { valLoss: loss, valAccuracy: accuracy };
}

test('the best epoch is kept and tested, the last one lies beside it with its optimizer', async () => {
  const data = classFolders();
  const out = join(temporaryFolder(), 'run');
  // At a rate this high the validation loss goes up and down.
  const plain = ['--optimizer', 'adam', '--label-smoothing', '0', '--average', 'none'];
  const args = ['train', '--data', data, ...quick, ...plain, '--epochs', '12', '--lr', '0.3', '--out', out];
  const { exitCode, stdout } = await run([...args, '--schedule', 'constant']);
  expect(exitCode).toBe(0);
  const { history, bestEpoch } = metricsOf(out);
  const best = history[bestEpoch! - 1]!;
  for (const { valAccuracy, valLoss } of history) {
    expect(valAccuracy).toBeLessThanOrEqual(best.valAccuracy);
    if (valAccuracy === best.valAccuracy) expect(valLoss).toBeGreaterThanOrEqual(best.valLoss);
  }
  const { valLoss, valAccuracy } = best;
  expect(await validated(out, data)).toEqual({ valLoss, valAccuracy });
  const last = history.at(-1)!;
  expect(await validated(join(out, 'last'), data)).toEqual({
    valLoss: last.valLoss,
    valAccuracy: last.valAccuracy,
  });
  const { model } = await loadModel(join(out, 'last'));
  const optimizer = new Adam(model.parameters());
  await loadOptimizer(join(out, 'last'), optimizer);
  expect(optimizer.stepCount).toBe(12 * Math.ceil(metricsOf(out).data.train / 8));
  const marked = stdout.split('\n').filter((line) => /^epoch .* best$/.test(line));
  expect(marked.at(-1)).toMatch(new RegExp(`^epoch +${bestEpoch}/12`));
  expect(stdout).toMatch(
    bestEpoch === 12
      ? /The best epoch was the last/
      : new RegExp(`the best of 12 epochs, epoch ${bestEpoch} `),
  );
});

test('a loss that becomes NaN later: exit code 1, and the best model before is kept', async () => {
  const data = classFolders();
  const out = join(temporaryFolder(), 'run');
  const args = [
    'train',
    '--data',
    data,
    '--model',
    'mlp',
    '--optimizer',
    'sgd',
    '--lr',
    '1e6',
    '--epochs',
    '9',
    ...['--label-smoothing', '0', '--average', 'none'],
  ];
  const { exitCode, stdout, stderr } = await run([...args, '--schedule', 'constant', '--out', out]);
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^NonFinite\w*Error: /);
  const { status, history, bestEpoch } = metricsOf(out);
  expect({ status, epochs: history.length > 0 }).toEqual({ status: 'failed', epochs: true });
  expect(stdout).toContain(`The model of the best before, epoch ${bestEpoch}`);
  const { valLoss, valAccuracy } = history[bestEpoch! - 1]!;
  expect(await validated(out, data)).toEqual({ valLoss, valAccuracy });
  const tested = await run(['evaluate', out]);
  expect(tested.exitCode).toBe(0);
  expect(tested.stdout).toContain(`failed: its model is that of epoch ${bestEpoch}, the best`);
});

test('early stopping, and what it says', async () => {
  const out = join(temporaryFolder(), 'run');
  // Nothing changes at this rate, so no epoch improves on the first; of equal ones the last is kept.
  const args = ['train', '--data', classFolders(), ...quick, '--epochs', '9', '--lr', '1e-30', '--out', out];
  const { exitCode, stdout } = await run([...args, '--early-stopping', '2', '--schedule', 'constant']);
  expect(exitCode).toBe(0);
  expect(stdout).toContain('Stopped after 3 of 9 epochs: no new best in 2 epochs.');
  expect(metricsOf(out)).toMatchObject({ status: 'finished', bestEpoch: 3, epochs: 9, earlyStopping: 2 });
});

describe('kill -9', () => {
  test('at any moment leaves a run that can be used or gone on with, or nothing', async () => {
    const data = classFolders();
    const found = { models: 0, begun: 0, nothing: 0 };
    // Moments of no pattern, and the same in every run of the test: before the first step, and after it.
    const moments = new RandomGenerator(0, 0);
    for (const writings of [0, 1, 2, 3, 5]) {
      const out = join(temporaryFolder(), 'run');
      const args = ['train', '--data', data, ...quick, '--epochs', '100000', '--out', out];
      await killAfter(writings, args, out, (writings === 0 ? 500 : 50) * moments.uniform());
      if (!existsSync(join(out, 'config.json'))) {
        found.nothing++;
        // The folder is free again.
        if (existsSync(out)) (await openRunFolder(out, 'x', 0)).leave();
        continue;
      }
      const evaluated = await run(['evaluate', out]);
      const record = existsSync(join(out, 'metrics.json')) ? readMetrics(out) : undefined;
      if (record?.bestEpoch === undefined) {
        found.begun++;
        if (record) expect(evaluated.stderr).toMatch(/Go on with it: .*train --resume/);
      } else {
        found.models++;
        expect(record).toMatchObject({ status: 'training' });
        expect(record.bestEpoch).toBeLessThanOrEqual(record.history.length);
        expect(evaluated).toMatchObject({ exitCode: 0, stderr: '' });
      }
      const interruption = new AbortController();
      const resumed = await run(['train', '--resume', out], {
        signal: interruption.signal,
        onWrite: (text) => {
          if (text.startsWith('epoch ')) interruption.abort('SIGINT');
        },
      });
      expect(resumed).toMatchObject({ exitCode: 130, stderr: '' });
      await loadModel(join(out, 'last'));
    }
    expect(found.models).toBeGreaterThan(0);
  });

  test('the claim of a process that is no more holds no folder, that of a living one does', async () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    const claimed = (process: number): string =>
      temporaryFolder({
        '.weft-run': `${machine()} ${process} `,
        [`model.json.${machine()}-${process}-0123456789abcdef.tmp`]: '{',
      });
    const free = claimed(pid);
    const folder = await openRunFolder(free, 'x', 0);
    expect(readdirSync(free)).toEqual(['.weft-run']);
    folder.leave();
    await expect(openRunFolder(claimed(process.pid), 'x', 0)).rejects.toThrow('got a folder with');
  });
});

test('a link in the place of the folder last/ is replaced, and not followed', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'elsewhere'));
  const { path, subfolder } = await openRunFolder(join(folder, 'run'), 'x', 0);
  symlinkSync('../elsewhere', join(path, 'last'));
  const last = await subfolder('last');
  writeFileSync(join(last, 'file'), '');
  expect(readdirSync(join(folder, 'elsewhere'))).toEqual([]);
  expect(await subfolder('last')).toBe(last);
  expect(readdirSync(last)).toEqual(['file']);
});

test('a file where the folder of runs goes', async () => {
  const cwd = temporaryFolder({ runs: '' });
  const { exitCode, stderr } = await runChild(['train', '--data', classFolders(4), ...quick], undefined, cwd);
  expect(exitCode).toBe(1);
  expect(stderr).toContain('RunError: runs: got a file, expected a folder that can be written to');
});

test('ten runs started at once have ten folders', async () => {
  const cwd = temporaryFolder();
  const args = ['train', '--data', classFolders(4), ...quick, '--epochs', '1'];
  const outcomes = await Promise.all(Array.from({ length: 10 }, () => runChild(args, undefined, cwd)));
  expect(outcomes.map(({ exitCode, stderr }) => ({ exitCode, stderr }))).toEqual(
    outcomes.map(() => ({ exitCode: 0, stderr: '' })),
  );
  const folders = readdirSync(join(cwd, 'runs'));
  expect(folders).toHaveLength(10);
  for (const folder of folders) expect(metricsOf(join(cwd, 'runs', folder)).status).toBe('finished');
});
