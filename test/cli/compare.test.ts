/** `weft compare`: trains each model once, goes on, tells what was found, and refuses what cannot be compared. */
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { groupRuns, testGroups } from '../../src/cli/compare/compared-runs.ts';
import type { EnsembleRecord } from '../../src/cli/ensemble/ensemble-record.ts';
import { readMetrics } from '../../src/cli/run-record.ts';
import { encodeIdx } from '../../src/data/idx.ts';
import { temporaryFolder } from '../support/datasets.ts';
import { idxFolder, run, tinyTraining, trainedRun } from './support.ts';

/** The record of an ensemble: how it is combined, and of what. */
function ensembleOf(text: 'mean a b' | 'stack a b' | 'mean c d'): EnsembleRecord {
  const [, ...paths] = text.split(' ');
  const scores = {
    validationAccuracy: 1,
    testAccuracy: 1,
    accuracyInterval: [0, 1],
    calibrationError: 0,
  } as const;
  return {
    combine: text.startsWith('mean') ? 'mean' : 'stack',
    members: paths.map((path, seed) => ({ path, model: 'mlp', seed, ...scores })),
    best: { byValidation: 0, byTest: 0 },
    gain: { difference: 0, interval: [0, 0], onlyEnsemble: 0, onlyMember: 0, p: 1 },
    disagreement: 0,
  };
}

/** A data set whose classes have names that are no HTML. */
function taggedFolder(): string {
  const pixels = (place: number) =>
    Uint8Array.from({ length: 64 }, (_, index) => (index * (place + 1)) % 251);
  const images = (from: number) => {
    const data = Uint8Array.from(Array.from({ length: 12 }, (_, place) => [...pixels(from + place)]).flat());
    return encodeIdx({ shape: [12, 8, 8], data });
  };
  const labels = encodeIdx({ shape: [12], data: Uint8Array.from({ length: 12 }, (_, place) => place % 2) });
  return temporaryFolder({
    'train-images-idx3-ubyte': images(0),
    'train-labels-idx1-ubyte': labels,
    't10k-images-idx3-ubyte': images(40),
    't10k-labels-idx1-ubyte': labels,
    'classes.txt': '<b>bold</b>\na "quoted" & name\n',
  });
}

test('trains, goes on without training anything twice, and compares the runs as they are', {
  timeout: 120_000,
}, async () => {
  const out = join(temporaryFolder(), 'comparison');
  const models = ['row-gru:hidden=4', 'mlp:hidden=4'];
  const args = [
    'compare',
    ...models,
    '--data',
    taggedFolder(),
    '--seeds',
    '2',
    '--budget',
    'flops',
    '--epochs',
    '1',
  ];
  const first = await run([...args, '--batch', '8', '--out', out]);
  expect(first.stderr).toBe('');
  expect(first.exitCode).toBe(0);
  expect(first.stdout).toMatch(/Budget: \S+ \S?\s?FLOPs for each training/);
  expect(first.stdout).toMatch(/4 of 4: mlp-hidden=4-seed-1: test accuracy/);
  expect(first.stdout).toMatch(
    /model +accuracy +95 % interval +parameters +training FLOPs +epochs +time +memory/,
  );
  const folders = ['row-gru-hidden=4', 'mlp-hidden=4'].flatMap((name) =>
    [0, 1].map((seed) => join(out, 'runs', `${name}-seed-${seed}`)),
  );
  const numbers = JSON.parse(readFileSync(join(out, 'comparison.json'), 'utf8'));
  const [{ models: compared, pairs, budget }] = numbers.datasets;
  expect(compared.map(({ model }: { model: string }) => model)).toEqual(models);
  expect(compared[0]).toMatchObject({ epochs: 1, fitted: { deviation: 0 } });
  expect(compared[1].epochs).toBe(Math.round(budget.amount / (compared[1].flops / compared[1].epochs)));
  expect(compared[0].memory).toBeGreaterThan(1e7);
  expect(pairs).toHaveLength(1);
  const splits = folders.map((folder) => readFileSync(join(folder, 'split.json'), 'utf8'));
  expect(new Set(splits).size).toBe(1);

  const html = readFileSync(join(out, 'comparison.html'), 'utf8');
  expect(html).not.toMatch(/<script|<link|@import|url\(|src="(?!data:)|href=|<b>bold/);
  for (const title of [
    'Accuracy and cost',
    'Learning curves',
    'Tests',
    'McNemar’s test of each seed',
    'What the tests assume',
    'Confusion matrices',
    'Pictures on which they disagree',
    'Worst mistakes',
    'Robustness',
    'Settings',
  ]) {
    expect(html).toContain(`${title}</h`);
  }
  expect(html).toContain('&lt;b&gt;bold&lt;/b&gt;');

  // One run is gone, and one is as it was.
  const kept = statSync(join(folders[0]!, 'metrics.json')).mtimeMs;
  rmSync(join(folders[3]!), { recursive: true });
  const again = await run([...args, '--batch', '8', '--out', out]);
  expect(again.exitCode).toBe(0);
  expect(statSync(join(folders[0]!, 'metrics.json')).mtimeMs).toBe(kept);
  expect(existsSync(join(folders[3]!, 'metrics.json'))).toBe(true);

  const other = await run([...args, '--batch', '4', '--out', out]);
  expect(other.exitCode).toBe(1);
  expect(other.stderr).toContain('RunError');
  expect(other.stderr).toContain('batchSize');

  const ofRuns = await run(['compare', ...folders, '--out', join(out, 'again'), '--json']);
  expect(ofRuns.exitCode).toBe(0);
  const { datasets } = JSON.parse(ofRuns.stdout);
  expect(datasets[0].models.map(({ model }: { model: string }) => model)).toEqual(['row-gru', 'mlp']);
  expect(datasets[0].pairs[0].difference).toEqual(pairs[0].difference);
});

test('runs that differ in nothing but the seed are of one model', { timeout: 60_000 }, async () => {
  const record = readMetrics(await trainedRun(idxFolder(4)));
  const runs = [
    { folder: 'a/x-seed-1', record: { ...record, seed: 1 } },
    { folder: 'a/x-seed-0', record: { ...record, seed: 0 } },
    { folder: 'a/y', record: { ...record, batchSize: 3 } },
    { folder: 'b/y', record: { ...record, batchSize: 4 } },
    { folder: 'b/z', record: { ...record, model: 'cnn' } },
  ];
  expect(groupRuns(runs)).toEqual([
    { label: 'x', folders: ['a/x-seed-0', 'a/x-seed-1'] },
    { label: 'a/y', folders: ['a/y'] },
    { label: 'b/y', folders: ['b/y'] },
    { label: 'cnn', folders: ['b/z'] },
  ]);
  // Of ensembles the members tell what they are; the settings are only those of the first.
  const combined = (['mean a b', 'stack a b', 'mean c d'] as const).map((text, seed) => ({
    folder: `e/${seed}`,
    record: { ...record, seed, model: 'ensemble', ensemble: ensembleOf(text) },
  }));
  expect(groupRuns(combined)).toHaveLength(3);
  const copied = [...runs, { folder: 'a/copy', record: runs[0]!.record }];
  expect(() => groupRuns(copied)).toThrow(
    'a/copy: got a run of the settings and the seed of a/x-seed-1 (seed 1)',
  );
});

test('a file of settings that has changed since is another model', async () => {
  const [out, file] = [join(temporaryFolder(), 'comparison'), join(temporaryFolder(), 'tuned.json')];
  const compare = async (text: string) => {
    writeFileSync(file, text);
    const data = ['--data', idxFolder(4), '--epochs', '1', '--seeds', '1'];
    return run(['compare', file, 'mlp:hidden=5', ...data, '--out', out]);
  };
  expect(await compare('{ "model": "mlp", "hidden": 4, "learningRate": 0.5 }')).toMatchObject({
    exitCode: 0,
  });
  const { exitCode, stderr } = await compare('{ "model": "mlp", "hidden": 4 }');
  expect(exitCode).toBe(1);
  expect(stderr).toContain(
    'a comparison with models [["tuned",{"model":"mlp","hidden":4,"learningRate":0.5}]',
  );
});

test('runs of other test images are refused', { timeout: 60_000 }, async () => {
  const [first, second] = [await trainedRun(idxFolder(4)), await trainedRun(idxFolder(5))];
  const { exitCode, stderr } = await run(['compare', first, second]);
  expect(exitCode).toBe(1);
  expect(stderr).toContain('got 15 test images, where others have 12 test images');
  // The same images, from which rows are removed.
  const out = temporaryFolder();
  const lossy = [...tinyTraining(idxFolder(4), 1), '--missing', 'mean', '--remove', 'rows:0.5', '--out', out];
  expect(await run(['train', ...lossy])).toMatchObject({ exitCode: 0, stderr: '' });
  await expect(testGroups('tiny', [{ label: 'a', folders: [first, out] }])).rejects.toThrow(
    'images that rows:0.5 (seed 0) was removed from, where from others nothing was',
  );
  await expect(testGroups('tiny', [{ label: 'a', folders: [first, temporaryFolder()] }])).rejects.toThrow();
});

describe('refused', () => {
  test.each([
    [['cnn'], 'There is nothing to compare cnn with'],
    [['cnn', 'cnnn'], 'cnnn is neither a model nor a file of settings'],
    [
      ['cnn', 'mlp', '--budget', 'minutes', '--epochs', '3'],
      '--epochs 3 does nothing beside --budget minutes',
    ],
    [
      ['cnn', 'mlp', '--budget', 'flops:1e9', '--epochs', '3'],
      '--epochs 3 does nothing beside --budget flops:1000000000',
    ],
    [['cnn', 'mlp', '--early-stopping', '3'], 'would end trainings before the budget of flops is used'],
    [
      ['cnn', 'mlp:early-stopping=3'],
      'mlp:early-stopping=3: --early-stopping 3 would end trainings before the budget of flops is used',
    ],
    [
      ['cnn', 'mlp:teacher=some/run', '--budget', 'minutes:1'],
      'the answers of --teacher some/run take time that a budget of minutes does not count',
    ],
    [
      ['cnn', 'mlp', '--cross-validate', '--schedule', 'plateau'],
      'cnn: --schedule plateau follows the images that are held out',
    ],
    [
      ['cnn', 'row-lstm:remove=rows:0.5'],
      'row-lstm:remove=rows:0.5: remove=rows:0.5 would test it on other images than the others',
    ],
    [
      ['mlp:hidden=8,dropout=0.1', 'mlp:dropout=0.1,hidden=8'],
      'mlp:dropout=0.1,hidden=8 is the same as mlp:hidden=8,dropout=0.1',
    ],
    [
      ['mlp:hidden=6', 'mlp:hidden=8', '--budget', 'parameters:5000', '--out', 'OUT'],
      'mlp:hidden=8 is the same model as mlp:hidden=6 where both are fitted to the budget: hidden 1',
    ],
    [['cnn', 'mlp:hidden=8,hidden=9'], 'mlp:hidden=8,hidden=9: hidden stands twice'],
    [['cnn', 'mlp', '--data', 'photos', '--data', './photos'], '--data ./photos stands twice'],
    [['cnn', 'mlp', '--seed', '3'], "unknown option '--seed'"],
    [['cnn', 'mlp', '--budget', 'flops:1', '--out', 'OUT'], 'more than the budget of 1'],
    [['cnn', 'mlp', '--heads', '2', '--out', 'OUT'], '--heads 2 does nothing for cnn'],
  ])('%j', async (args, message) => {
    const folder = temporaryFolder();
    const { exitCode, stderr } = await run(['compare', ...args.map((arg) => (arg === 'OUT' ? folder : arg))]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
  });
});
