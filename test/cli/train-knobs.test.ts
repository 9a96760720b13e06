/** The knobs of `weft train`: what is on is said and recorded, and the recorded command repeats the run. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Metrics } from '../../src/cli/run-record.ts';
import { optimizerNames, scheduleNames } from '../../src/cli/settings/setting-values.ts';
import { temporaryFolder } from '../support/datasets.ts';
import { classFolders, classNames, idxFolder, type Outcome, run, tinyTraining } from './support.ts';

interface Run extends Outcome {
  readonly metrics: Metrics;
  readonly weights: Buffer;
  /** split.json */
  readonly split: { readonly validation: { readonly files: readonly string[] } };
}

/** Trains in a new folder. */
async function trained(args: readonly string[]): Promise<Run> {
  const out = join(temporaryFolder(), 'run');
  const outcome = await run([...args, '--out', out]);
  expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
  return {
    ...outcome,
    metrics: JSON.parse(readFileSync(join(out, 'metrics.json'), 'utf8')),
    weights: readFileSync(join(out, 'last', 'model.safetensors')),
    split: JSON.parse(readFileSync(join(out, 'split.json'), 'utf8')),
  };
}

describe('the recorded command repeats the run, bit for bit', () => {
  const rows: [string, string[]][] = [
    ['the usual', ['--epochs', '1']],
    [
      'all at once',
      [
        ...['--model', 'row-lstm', '--hidden', '6', '--layers', '2', '--dropout', '0.1', '--epochs', '4'],
        ...['--batch', '7', '--optimizer', 'adamw', '--lr', '0.01', '--schedule', 'cosine', '--size', '6x5'],
        ...['--weight-decay', '0.1', '--augment', 'shift=2,rotation=10,scale=0.1,flip', '--fit', 'pad'],
        ...[
          '--class-weights',
          'bar=2,empty=0.5',
          '--val-split',
          '0.2',
          '--early-stopping',
          '2',
          '--seed',
          '7',
        ],
      ],
    ],
    [
      'nothing random in the images',
      ['--no-augment', '--epochs', '1', '--model', 'cnn', '--optimizer', 'sgd'],
    ],
  ];
  test.each(rows)('%s', async (_, args) => {
    const first = await trained(['train', '--data', classFolders(), ...args]);
    const again = await trained(first.metrics.command);
    expect(again.weights.equals(first.weights)).toBe(true);
    expect(again.metrics.command).toEqual(first.metrics.command);
    const { history, trainSeconds, peakMemory, robustness, ...rest } = first.metrics;
    const { secondsPerImage, ...card } = robustness!;
    expect(again.metrics).toMatchObject({ ...rest, robustness: card });
  });
});

test('workers change nothing but who changes the images', async () => {
  const args = ['train', ...tinyTraining(classFolders(5), 2)];
  const [alone, together] = [await trained(args), await trained([...args, '--workers', '1'])];
  expect(together.weights.equals(alone.weights)).toBe(true);
  expect(together.metrics.command).toContain('--workers');
  const idle = await run([
    ...args,
    '--workers',
    '1',
    '--augment',
    'none',
    '--out',
    join(temporaryFolder(), 'run'),
  ]);
  expect(idle).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('--workers 1 does nothing'),
  });
});

test('what is on is printed and recorded', async () => {
  const args = [
    '--hidden',
    '6',
    '--layers',
    '2',
    '--dropout',
    '0.1',
    '--optimizer',
    'sgd',
    '--augment',
    'flip',
  ];
  const more = [
    '--weight-decay',
    '0.01',
    '--class-weights',
    'balanced',
    '--val-split',
    '0.2',
    '--epochs',
    '4',
  ];
  const { stdout, metrics } = await trained([
    'train',
    ...['--data', classFolders(), ...args, ...more, '--early-stopping', '2', '--schedule', 'step'],
  ]);
  for (const text of [
    'SGD with momentum 0.9, weight decay 0.01 (no biases, norms or decays); step learning rate: 0.03, 0.003, 0.0003, each for a third',
    'Training images are changed at random: flip',
    'The model has hidden 6, layers 2, dropout 0.1.',
    'In the loss, classes count ',
    'Stops after 2 epochs without a new best.',
  ]) {
    expect(stdout).toContain(text);
  }
  expect(metrics).toMatchObject({
    ...{ hidden: 6, layers: 2, dropout: 0.1, optimizer: 'sgd', weightDecay: 0.01, schedule: 'step' },
    ...{ learningRate: 0.03, augmentation: { flip: true }, validationShare: 0.2, earlyStopping: 2 },
    classWeights: { bar: expect.any(Number), block: expect.any(Number), empty: expect.any(Number) },
  });
});

test('folds share no image and are recorded; another seed with the same --split-seed holds out the same', async () => {
  const args = ['train', ...tinyTraining(classFolders(6), 1)];
  const heldOut = async (...more: string[]): Promise<readonly string[]> => {
    const { metrics, split } = await trained([...args, ...more]);
    expect(metrics.command).toEqual(expect.arrayContaining(more));
    return split.validation.files;
  };
  const [first, second] = [await heldOut('--fold', '1/2'), await heldOut('--fold', '2/2')];
  expect(new Set([...first, ...second]).size).toBe(first.length + second.length);
  expect(await heldOut('--fold', '1/2', '--seed', '1', '--split-seed', '0')).toEqual(first);
  expect(await heldOut('--fold', '1/2', '--seed', '1')).not.toEqual(first);
  const both = await run([...args, '--fold', '1/2', '--val-split', '0.1']);
  expect(both).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('--val-split 0.1 does nothing'),
  });
  const wrong = await run([...args, '--fold', '3/2']);
  expect(wrong).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('such as 1/5') });
});

test('files of names and groups are recorded with their full paths', async () => {
  const files = temporaryFolder({ 'names, in order.txt': 'one, uno\ntwo\nthree\n' });
  const here = (name: string): string => relative(process.cwd(), join(files, name));
  const args = ['train', '--model', 'row-gru', '--hidden', '4', '--epochs', '1', '--data'];
  const named = await trained([...args, idxFolder(4), '--classes', here('names, in order.txt')]);
  expect(named.metrics.command).toContain(join(files, 'names, in order.txt'));
  const again = await trained(named.metrics.command);
  expect(again.metrics.data.classNames).toEqual(['one, uno', 'two', 'three']);
  const photos = classFolders(4);
  const rows = classNames.flatMap((name) => [0, 1, 2, 3].map((i) => `${name}/${i}.png,${name}${i >> 1}`));
  writeFileSync(join(files, 'groups.csv'), ['picture,group', ...rows].join('\n'));
  const grouped = await trained([...args, photos, '--groups', here('groups.csv')]);
  expect(grouped.metrics.command).toContain(join(files, 'groups.csv'));
});

test('--class-weights none is the default, and not recorded', async () => {
  const args = ['train', ...tinyTraining(classFolders(4), 1)];
  const { metrics } = await trained([...args, '--class-weights', 'none']);
  expect(metrics.classWeights).toBeUndefined();
  expect(metrics.command).not.toContain('--class-weights');
});

describe('each optimizer and each schedule trains', () => {
  const rows = [
    ...optimizerNames.map((optimizer) => ({ optimizer, schedule: 'cosine' })),
    ...scheduleNames.map((schedule) => ({ optimizer: 'adam', schedule })),
  ];
  test.each(rows)('$optimizer, $schedule', async ({ optimizer, schedule }) => {
    const epochs = schedule === 'plateau' ? '8' : '2';
    const args = ['--model', 'row-gru', '--hidden', '4', '--epochs', epochs, '--data', classFolders(5)];
    const { metrics } = await trained(['train', ...args, '--optimizer', optimizer, '--schedule', schedule]);
    expect(metrics).toMatchObject({ optimizer, schedule, status: 'finished' });
  });
});

test('what is set has an effect, and is said', async () => {
  const data = classFolders(5);
  const quick = ['train', ...tinyTraining(data, 2), '--batch', '4'];
  const usual = new Map<string, Buffer>();
  const rows: [args: string[], text: string, beside?: string[]][] = [
    [['--accumulate', '2'], 'batches of 4, 2 of them a step'],
    [['--momentum', '0.5'], 'SGD with momentum 0.5', ['--optimizer', 'sgd']],
    [['--momentum', '0.5'], 'RMSprop with momentum 0.5', ['--optimizer', 'rmsprop']],
    [['--nesterov'], 'SGD with Nesterov momentum 0.9', ['--optimizer', 'sgd']],
    [['--decay', 'all'], 'AdamW, weight decay 0.5; ', ['--optimizer', 'adamw', '--weight-decay', '0.5']],
    [['--warm-up', '0.8'], 'up to 0.003 in 80 % of the steps'],
    [['--warm-up', '0.5'], 'in the first 50 % of the steps it rises from 0', ['--schedule', 'cosine']],
    [['--clip', '0.01'], 'gradients of norm 0.01 at most', ['--optimizer', 'sgd']],
    [['--loss', 'focal:1'], 'focal with gamma 1'],
    [['--average', 'ema:0.05'], 'of which 0.05 stays at each'],
    [['--average', 'swa:1'], 'From epoch 1 on the model is the mean'],
    [['--mixup', '0.3'], 'mixed in pairs: mixup 0.3'],
    [['--mixup', '0.3', '--cutmix', '1'], 'mixup 0.3 or cutmix 1'],
    [['--sampling', 'balanced'], 'All classes are shown alike'],
    [['--label-smoothing', '0.2'], 'Labels are smoothed: 0.2'],
  ];
  for (const [args, text, beside = []] of rows) {
    const key = beside.join(' ');
    usual.set(key, usual.get(key) ?? (await trained([...quick, ...beside])).weights);
    const { stdout, weights, metrics } = await trained([...quick, ...beside, ...args]);
    expect(stdout).toContain(text);
    expect(weights.equals(usual.get(key)!), `${args}`).toBe(false);
    expect(metrics.command.join(' ')).toContain(args.join(' '));
  }
});

describe('refused before training', () => {
  const own = (): string => {
    const folder = classFolders(4);
    return folder;
  };
  test.each([
    ['a class that is none', ['--class-weights', 'blok=2'], 'Did you mean "block"?'],
    ['weights that change nothing', ['--class-weights', 'bar=1'], 'gives all classes the weight 1'],
    [
      'too small a picture',
      ['--model', 'sequencer', '--size', '3x3'],
      'patches that divide height and width',
    ],
  ])('%s', async (_, args, message) => {
    const out = join(temporaryFolder(), 'run');
    const { exitCode, stdout, stderr } = await run(['train', '--data', own(), ...args, '--out', out]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toContain(message);
  });
});
