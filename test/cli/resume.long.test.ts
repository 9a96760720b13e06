/** Twenty kills of a run in which everything that can be random is. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { RandomGenerator } from '../../src/index.ts';
import { temporaryFolder } from '../support/datasets.ts';
import { killAfter, resultOf } from './kill.ts';
import { classFolders, runChild } from './support.ts';

const random = [
  ...['--model', 'row-lstm', '--hidden', '8', '--dropout', '0.2', '--batch', '8', '--epochs', '300'],
  ...['--augment', 'shift=1,rotation=10,scale=0.1,flip', '--remove', 'rows:0.2', '--missing', 'mean'],
  ...[
    '--optimizer',
    'adamw',
    '--schedule',
    'cosine',
    '--average',
    'ema',
    '--mixup',
    '0.2',
    '--sampling',
    'balanced',
  ],
];

test('weights, averages, figures and answers are those of a run that nothing ended', {
  timeout: 1_200_000,
}, async () => {
  const folder = temporaryFolder();
  const [whole, killed] = [join(folder, 'whole'), join(folder, 'killed')];
  const args = ['train', '--data', classFolders(), ...random];
  expect(await runChild([...args, '--out', whole])).toMatchObject({ exitCode: 0, stderr: '' });
  const moments = new RandomGenerator(20);
  const next = () =>
    existsSync(join(killed, 'config.json')) ? ['train', '--resume', killed] : [...args, '--out', killed];
  for (let kill = 0; kill < 20; kill++) {
    await killAfter(1, [...next(), '--checkpoint-minutes', '0.0002'], killed, 200 * moments.uniform());
  }
  expect(await runChild(next())).toMatchObject({ exitCode: 0, stderr: '' });
  expect(resultOf(killed)).toEqual(resultOf(whole));
});
