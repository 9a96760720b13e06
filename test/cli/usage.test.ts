/** The command line as users meet it: help, version, wrong arguments and exit codes, in a process of its own. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { deviceNames } from '../../src/index.ts';
import { run, runChild } from './support.ts';

const root = resolve(import.meta.dirname, '../..');

test('--version and --help', async () => {
  const { version } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8'));
  expect(await runChild(['--version'])).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: '' });
  const help = await runChild(['--help']);
  expect(help).toMatchObject({ exitCode: 0, stderr: '' });
  for (const text of ['train', 'evaluate', 'predict', 'explain', 'Examples:', 'Exit codes:']) {
    expect(help.stdout).toContain(text);
  }
});

test('a wrong command line and a failure end with their exit codes', async () => {
  const wrong = await runChild(['train', '--bogus']);
  expect(wrong).toMatchObject({ exitCode: 2, stdout: '' });
  expect(wrong.stderr).toContain("error: unknown option '--bogus'");
  const failed = await runChild(['predict', '/no/such/run', 'a.png']);
  expect(failed).toMatchObject({ exitCode: 1, stdout: '' });
  expect(failed.stderr).toContain('RunError: /no/such/run: got no readable metrics.json');
  expect(failed.stderr).not.toContain('    at ');
});

test.each([
  [['frobnicate'], "unknown command 'frobnicate'"],
  [[], 'Usage: weft'],
  [['train', 'photos'], "too many arguments for 'train': photos. Did you mean --data photos?"],
  [['train', 'a b'], "Did you mean --data 'a b'?"],
  [['train', 'row-gru', '--epochs', '3'], 'Did you mean --model row-gru?'],
  [['train', 'conv_lstm'], 'Did you mean --model conv-lstm?'],
  [['evaluate', 'run', 'photos'], "too many arguments for 'evaluate': photos. Did you mean --data photos?"],
  [['train', '--model', 'conv-lsmt'], 'Did you mean conv-lstm?'],
  [['train', '--optimizer', 'adm'], 'Did you mean adam?'],
  [['train', '--schedule', 'onecycle'], 'Did you mean one-cycle?'],
  [['train', '--epoch', '3'], 'Did you mean --epochs?'],
  [['train', '--dropout', '1'], 'Give a number from 0 to below 1'],
  [['train', '--val-split', '0'], 'Give a number between 0 and 1'],
  [['train', '--weight-decay', '-1'], 'Give a number of at least 0'],
  [['train', '--augment', 'rotate=5'], 'Did you mean rotation?'],
  [['train', '--augment', 'shift'], '"shift" wants a number above 0: shift=2'],
  [['train', '--augment', 'scale=2'], 'above 0, below 1'],
  [['train', '--augment', 'flip=1'], '"flip" takes no number'],
  [['train', '--augment', 'flip,flip'], 'given twice'],
  [['train', '--augment', ''], 'no change of an image'],
  [['train', '--class-weights', 'a=0'], 'a number above 0 for some classes'],
  [['train', '--class-weights', 'a=1,a=2'], 'two weights'],
  [['train', '--model', 'cnn', '--layers', '2'], '--layers 2 does nothing for cnn'],
  [['train', '--epochs', '5', '--early-stopping', '4'], 'never stops 5 epochs early: give 3 or less'],
  [['train', '--optimizer', 'adagrad', '--momentum', '0.5'], '--momentum 0.5 does nothing for adagrad'],
  [['train', '--optimizer', 'adam', '--nesterov'], '--nesterov does nothing for adam'],
  [['train', '--optimizer', 'sgd', '--momentum', '0', '--nesterov'], 'sgd without momentum'],
  [['train', '--weight-decay', '0', '--decay', 'all'], '--decay all does nothing without weight decay'],
  [['train', '--loss', 'focal', '--label-smoothing', '0.1'], 'not of focal'],
  [['train', '--loss', 'focal:0'], 'focal with its gamma above 0'],
  [['train', '--loss', 'hinge'], 'Give cross-entropy, focal'],
  [['train', '--average', 'ema:1'], 'ema with its decay below 1'],
  [['train', '--average', 'swa:9', '--epochs', '5'], 'begins after the last of 5 epochs'],
  [
    ['train', '--average', 'swa:4', '--epochs', '4', '--early-stopping', '1'],
    'may stop after epoch 2: give swa:2 or less, or --early-stopping 3 or more',
  ],
  [['train', '--schedule', 'plateau', '--epochs', '7'], 'train for 8 or more'],
  [['train', '--mixup', '0.2', '--batch', '1'], '--mixup 0.2 does nothing with one picture a step'],
  [['train', '--workers', '99999'], 'Give a whole number from 0 to 1000.'],
  [['train', '--workers', '2', '--no-augment'], '--workers 2 does nothing for pictures that lie in memory'],
  [['train', '--augment', 'hue=10'], '--augment hue=10 is of colors, and the pictures are gray'],
  [['train', '--augment', 'crop=20'], 'crop=20 is as much as pictures of 20×20 pixels are large'],
  [['train', '--views', 'shift=100'], '--views shift=100 is as much as'],
  [['train', '--find-lr', '--checkpoint-minutes', '1'], "cannot be used with option '--find-lr"],
  [['train', '--views', 'mirror'], 'Give flip, shift with a whole number'],
  [['evaluate', 'run', '--csv', 'a', '--jsonl', './a'], '--csv and --jsonl both name a'],
  [['evaluate', 'run', '--views', 'shift=0.5'], 'Give flip, shift with a whole number'],
  [['train', '--find-lr', '--out', 'runs/a'], '--out runs/a does nothing with --find-lr'],
  [['train', '--find-lr', '--lr', '0.01'], "option '--find-lr [file]' cannot be used with option '--lr"],
  [['train', '--warm-up', '1'], 'Give a number from 0 to below 1'],
  [['train', '--best', 'los'], 'Did you mean loss?'],
  [['train', '--data', '.', '--out', './mine'], '--out ./mine lies in the data set'],
  [['train', '--epochs', '0'], 'Give a whole number of at least 1'],
  [['train', '--epochs', '1.5'], 'Give a whole number of at least 1'],
  [['train', '--batch', 'many'], 'Give a whole number of at least 1'],
  [['train', '--lr', '0'], 'Give a number above 0'],
  [['train', '--lr', ''], 'Give a number above 0'],
  [['train', '--seed', '-1'], 'Give a whole number of at least 0'],
  [['train', '--model', 'unknown'], 'Allowed choices are conv-lstm'],
  [['train', '--device', 'abacus'], `Allowed choices are ${deviceNames().join(', ')}, auto`],
  [['trian'], 'Did you mean train?'],
  [['digits'], 'train --data digits'],
  [['evaluate', 'run', '--device', 'abacus'], `Allowed choices are ${deviceNames().join(', ')}, auto`],
  [['predict', 'run', 'a.png', '--device', 'abacus'], 'Allowed choices are'],
  [['explain', '--device', 'abacus'], 'Allowed choices are'],
  [['evaluate'], "missing required argument 'run'"],
  [['predict', 'run'], "missing required argument 'pictures'"],
])('%j: exit code 2', async (args, message) => {
  const { exitCode, stdout, stderr } = await run(args);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).toContain(message);
});

test('a device that is not there fails before anything is read', async () => {
  for (const args of [
    ['train', '--data', '/no'],
    ['evaluate', '/no'],
    ['predict', '/no', 'a.png'],
    ['explain'],
  ]) {
    const { exitCode, stdout, stderr } = await run([...args, '--device', 'gpu']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toContain('DeviceUnavailableError');
  }
});
