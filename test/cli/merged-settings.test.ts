/** `--config` with options besides: what followed from a setting that is given anew is dropped, and nobody is told of options that nobody gave. */
import { expect, test } from 'vitest';
import { mergedSettings } from '../../src/cli/settings/merged-settings.ts';
import { misfits } from '../../src/cli/settings/misfits.ts';
import type { Settings } from '../../src/cli/settings/setting-values.ts';

/** As a run keeps them. */
const ofRun: Settings = {
  ...{ data: '/photos', model: 'mlp', hidden: 8, epochs: 20, batchSize: 32, optimizer: 'adamw' },
  ...{
    learningRate: 0.003,
    schedule: 'one-cycle',
    weightDecay: 0.05,
    decay: 'matrices',
    labelSmoothing: 0.1,
  },
  ...{ average: 'ema:0.99', augmentation: { flip: true }, seed: 0, device: 'wasm' },
};
const sgd: Settings = { optimizer: 'sgd', learningRate: 0.03, weightDecay: 0, momentum: 0.9, nesterov: true };
const { decay: _, ...ofSgd }: Settings = { ...ofRun, ...sgd };

test.each<[what: string, file: Settings, given: Settings, dropped: (keyof Settings)[]]>([
  ['no weight decay', ofRun, { weightDecay: 0 }, ['decay']],
  ['another loss', ofRun, { loss: 'focal' }, ['labelSmoothing']],
  ['another optimizer', ofRun, { optimizer: 'sgd' }, ['learningRate', 'weightDecay', 'decay']],
  ['back', ofSgd, { optimizer: 'adam' }, ['learningRate', 'weightDecay', 'momentum', 'nesterov']],
  ['the same optimizer', ofSgd, { optimizer: 'sgd' }, []],
  ['its own rate', ofSgd, { optimizer: 'adam', learningRate: 1 }, ['weightDecay', 'momentum', 'nesterov']],
  ['no momentum', ofSgd, { momentum: 0 }, ['nesterov']],
  ['another model', ofRun, { model: 'cnn' }, ['hidden', 'learningRate']],
  ['fewer epochs', { ...ofRun, earlyStopping: 5 }, { epochs: 4 }, ['earlyStopping']],
  ['an average too late', { ...ofRun, average: 'swa:15' }, { epochs: 4 }, ['average']],
  ['nothing to change', { ...ofRun, workers: 2 }, { augmentation: {} }, ['workers']],
  ['one picture a step', { ...ofRun, mixup: 0.2, cutmix: 1 }, { batchSize: 1 }, ['mixup', 'cutmix']],
  ['other data', { ...ofRun, stream: true, cache: '/cache' }, { data: 'digits' }, ['stream', 'cache']],
  ['another run to begin with', ofRun, { from: '/run' }, ['model', 'hidden']],
  ['a share in the place of a fold', { ...ofRun, fold: [1, 5] }, { validationShare: 0.2 }, ['fold']],
  ['weights of other classes', { ...ofRun, classWeights: 'cat=2' }, { data: 'digits' }, ['classWeights']],
  ['weights of whatever classes', { ...ofRun, classWeights: 'balanced' }, { data: 'digits' }, []],
  ['a rate of its own accord', { learningRate: 0.01 }, { optimizer: 'sgd' }, []],
])('%s', (_, file, given, dropped) => {
  const merged = mergedSettings(file, given);
  const all: Settings = { ...file, ...given };
  const kept = Object.entries(all).filter(([name]) => !dropped.some((each) => each === name));
  // What is given stays, whatever would be dropped.
  expect(merged).toEqual({ ...Object.fromEntries(kept), ...given });
  expect([...misfits(merged)]).toEqual([]);
});

test('what is of no use in the file itself, or was given, stays to be refused', () => {
  expect([...misfits(mergedSettings({ model: 'cnn', layers: 2 }, { seed: 1 }))]).toMatchObject([
    { of: 'layers' },
  ]);
  expect([...misfits(mergedSettings(ofRun, { decay: 'all', weightDecay: 0 }))]).toMatchObject([
    { of: 'decay' },
  ]);
});
