/** config.json: a run keeps its settings, `--config` takes them again, and what is none is refused. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sizeMisfit } from '../../src/cli/model-sizes.ts';
import { configText, readConfig } from '../../src/cli/settings/config-file.ts';
import { pathsOf, writtenSetting } from '../../src/cli/settings/setting-options.ts';
import { settingNames, settings } from '../../src/cli/settings/setting-table.ts';
import type { SettingValues } from '../../src/cli/settings/setting-values.ts';
import { defaultsFor } from '../../src/cli/train-defaults.ts';
import { modelNames } from '../../src/models/index.ts';
import { temporaryFolder } from '../support/datasets.ts';
import { classFolders, run } from './support.ts';

/** A value for each setting, none of them a default. */
const unusual: SettingValues = {
  data: '/photos',
  size: [6, 5],
  fit: 'pad',
  labels: '/labels.csv',
  ...{ stream: true, cache: '/decoded' },
  classes: { names: ['cat', 'dog'], source: 'cat,dog' },
  validationShare: 0.2,
  ...{ fold: [2, 5], splitSeed: 3 },
  groups: '^(patient\\d+)_',
  model: 'row-lstm',
  ...{ from: '/run', freeze: 'lstm', accumulate: 2 },
  ...{ hidden: 6, width: 8, layers: 2, dropout: 0.1, order: 'columns', readout: 'mean', maps: [4, 8] },
  ...{ kernel: 5, patch: [2, 4], heads: 2, steps: 3, missing: 'mask' },
  epochs: 4,
  batchSize: 7,
  optimizer: 'adamw',
  ...{ momentum: 0.5, nesterov: true, warmUp: 0.1, decay: 'all', clipNorm: 1 },
  ...{ snapshots: 4, teacher: '/teacher', distill: 0.5 },
  ...{ loss: 'focal:1', labelSmoothing: 0.1, monitor: 'loss', average: 'swa:3', views: 'flip' },
  learningRate: 0.01,
  schedule: 'cosine',
  weightDecay: 0.1,
  augmentation: { shift: 2, flip: true },
  ...{ mixup: 0.2, cutmix: 1, sampling: 'balanced' },
  remove: 'rows:0-0.5',
  classWeights: 'cat=2',
  earlyStopping: 2,
  seed: 7,
  workers: 2,
  device: 'cpu',
};

function configFile(text: string): string {
  return join(temporaryFolder({ 'config.json': text }), 'config.json');
}

test('every setting is read as it was written', () => {
  expect(Object.keys(unusual).sort()).toEqual([...settingNames].sort());
  expect(readConfig(configFile(configText(unusual)))).toEqual(unusual);
});

test('every setting that is a path of a file or folder is known as one, and no other', () => {
  const paths = pathsOf(unusual);
  const written = settingNames.filter((name) => writtenSetting(unusual, name)!.startsWith('/'));
  expect([...paths.keys()]).toEqual(written);
  expect([...paths.keys()]).toEqual(['data', 'labels', 'cache', 'from', 'teacher']);
  const groups = join(temporaryFolder({ 'groups.csv': 'picture,group' }), 'groups.csv');
  expect(pathsOf({ groups, data: 'digits' })).toEqual(new Map([['groups', groups]]));
});

test('the config of a run repeats it, bit for bit; options go first', async () => {
  const folder = temporaryFolder();
  const [first, again, other] = ['first', 'again', 'other'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const args = ['--model', 'row-gru', '--hidden', '4', '--epochs', '2', '--batch', '8', '--optimizer', 'sgd'];
  await run(['train', '--data', classFolders(), ...args, '--augment', 'none', '--out', first]);
  const config = join(first, 'config.json');
  const stored = JSON.parse(readFileSync(config, 'utf8'));
  // What followed from other settings is there as well.
  expect(stored).toMatchObject({
    hidden: 4,
    learningRate: 0.03,
    augmentation: 'none',
    seed: 0,
    device: 'wasm',
  });
  for (const [out, more] of [
    [again, []],
    [other, ['--seed', '1', '--hidden', '5']],
  ] as const) {
    expect(await run(['train', '--config', config, ...more, '--out', out])).toMatchObject({
      exitCode: 0,
      stderr: '',
    });
  }
  const weights = (out: string): Buffer => readFileSync(join(out, 'last', 'model.safetensors'));
  expect(weights(again).equals(weights(first))).toBe(true);
  expect(readFileSync(join(again, 'config.json'), 'utf8')).toBe(readFileSync(config, 'utf8'));
  expect(JSON.parse(readFileSync(join(other, 'config.json'), 'utf8'))).toEqual({
    ...stored,
    seed: 1,
    hidden: 5,
  });
});

test.each([
  ['no JSON', '{', 'something that is not JSON'],
  ['a list', '[1]', 'expected an object of settings'],
  ['a misspelt name', '{"epoch": 3}', 'Did you mean epochs?'],
  ['the name of an option', '{"lr": 0.1}', 'Did you mean learningRate?'],
  [
    'a text for a number',
    '{"epochs": "3"}',
    'got epochs "3", expected what --epochs <number> takes. Give a number',
  ],
  ['a number for a text', '{"data": 3}', 'Give a text'],
  ['a value out of range', '{"epochs": 0}', 'Give a whole number of at least 1.'],
  ['a name that is none', '{"optimizer": "adm"}', 'Did you mean adam?'],
  ['an object', '{"augmentation": {"shift": 1}}', 'got augmentation {"shift":1}'],
  ['nothing', '{"seed": null}', 'got seed null'],
])('%s is refused', async (_, text, message) => {
  const path = configFile(text);
  const { exitCode, stdout, stderr } = await run(['train', '--config', path]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  expect(stderr).toContain(path);
  expect(stderr).toContain(message);
});

test('settings of a file that do nothing are refused as options are', async () => {
  const path = configFile('{"model": "cnn", "layers": 2}');
  const { exitCode, stderr } = await run(['train', '--config', path]);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('--layers 2 does nothing for cnn');
  writeFileSync(path, '{"model": "row-lstm", "layers": 2, "epochs": 1, "earlyStopping": 3}');
  expect((await run(['train', '--config', path])).stderr).toContain('never stops 1 epochs early');
});

test('the defaults of every model fit it, and are what their options take', () => {
  for (const model of modelNames) {
    for (const images of [60, 1000, 100_000]) {
      const usual = defaultsFor({ model, images, imageShape: [32, 32, 3], classes: 10, mirrorLike: true });
      expect(sizeMisfit({ model, ...usual }), model).toBeUndefined();
      expect(readConfig(configFile(configText(usual)))).toEqual(usual);
    }
  }
});

test('help has each setting under its heading, in 100 columns', async () => {
  const { stdout } = await run(['train', '--help']);
  const lines = stdout.split('\n');
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(100);
  for (const name of settingNames) expect(stdout).toContain(`  ${settings[name].flag} `);
});
