/** `weft train --stream`: pictures stay in their files, and everything else is as it is with pictures in memory. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { trainingData } from '../../src/cli/training-data.ts';
import { isStreamed } from '../../src/data/stream/streamed-dataset.ts';
import { temporaryFolder } from '../support/datasets.ts';
import { killAfter, resultOf } from './kill.ts';
import { classFolders, idxFolder, run, runChild } from './support.ts';

const small = ['--model', 'row-gru', '--hidden', '4', '--batch', '8'];

test('what is trained is the same as in memory; the cache, the report, evaluate and the rates are there', async () => {
  const [folder, data] = [temporaryFolder(), classFolders(12)];
  const [held, streamed, cache] = ['held', 'streamed', 'cache'].map((name) => join(folder, name));
  const args = ['train', '--data', data, ...small, '--epochs', '3'];
  const before = await run([...args, '--out', held!]);
  const outcome = await run([...args, '--stream', '--cache', cache!, '--workers', '1', '--out', streamed!]);
  expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
  expect(outcome.stdout).toContain('36 pictures are read while they are shown');
  expect(outcome.stdout).toContain('nobody has looked for copies');
  expect(existsSync(cache!)).toBe(true);
  const [known, other] = [resultOf(held!), resultOf(streamed!)];
  for (const name of ['best', 'last', 'optimizer', 'history'] as const)
    expect(other[name]).toEqual(known[name]);
  expect(readFileSync(join(streamed!, 'sample.png'))).toEqual(readFileSync(join(held!, 'sample.png')));
  expect(before.stdout).not.toContain('nobody has looked');

  const metrics = JSON.parse(readFileSync(join(streamed!, 'metrics.json'), 'utf8'));
  expect(metrics.copies).toBeUndefined();
  expect(metrics.command).toEqual(expect.arrayContaining(['--stream', '--cache', cache]));
  const answer = JSON.parse((await run(['evaluate', streamed!, '--json', '--worst', '2'])).stdout);
  expect(answer).toMatchObject({ accuracy: metrics.testAccuracy, images: metrics.data.test });
  const split = JSON.parse(readFileSync(join(streamed!, 'split.json'), 'utf8'));
  rmSync(join(data, split.test.files[0]));
  const removed = JSON.parse((await run(['evaluate', streamed!, '--json'])).stdout);
  expect(removed.images).toBe(metrics.data.test - 1);
  expect(removed.notes.join()).toContain(`not there any more: ${split.test.files[0]}`);
  expect(await run(['train', '--data', data, ...small, '--stream', '--find-lr'])).toMatchObject({
    exitCode: 0,
  });
});

test('killed, a run that reads pictures in threads ends as if it had not been', async () => {
  const folder = temporaryFolder();
  const [whole, killed] = [join(folder, 'whole'), join(folder, 'killed')];
  const args = ['train', '--data', classFolders(), ...small, '--epochs', '6', '--stream', '--workers', '2'];
  expect(await runChild([...args, '--out', whole])).toMatchObject({ exitCode: 0, stderr: '' });
  await killAfter(2, [...args, '--checkpoint-minutes', '0.0002', '--out', killed], killed, 50);
  expect(existsSync(join(killed, 'report.html'))).toBe(false);
  expect(await runChild(['train', '--resume', killed])).toMatchObject({ exitCode: 0, stderr: '' });
  expect(resultOf(killed)).toEqual(resultOf(whole));
});

test('many pictures are streamed by themselves, unless that is refused', () => {
  const data = classFolders();
  const bytes = 30 * 8 * 8;
  expect(isStreamed(trainingData({ data }, bytes).train)).toBe(false);
  const prepared = trainingData({ data }, bytes - 1);
  expect([prepared.train, prepared.validation, prepared.test].every(isStreamed)).toBe(true);
  expect(prepared.notes.join('\n')).toContain('--no-stream reads them nevertheless');
  expect(isStreamed(trainingData({ data, stream: false }, bytes - 1).train)).toBe(false);
});

test('what is removed of streamed pictures is the same', async () => {
  const [folder, data] = [temporaryFolder(), classFolders()];
  const args = [
    'train',
    '--data',
    data,
    ...small,
    '--epochs',
    '1',
    '--remove',
    'rows:0.3',
    '--missing',
    'mean',
  ];
  const paths = ['held', 'streamed'].map((name) => join(folder, name));
  await run([...args, '--out', paths[0]!]);
  expect(await run([...args, '--stream', '--out', paths[1]!])).toMatchObject({ exitCode: 0 });
  expect(resultOf(paths[1]!).history).toEqual(resultOf(paths[0]!).history);
  expect(await run(['evaluate', paths[1]!])).toMatchObject({ exitCode: 0 });
});

test.each([
  [
    ['--data', 'digits', '--stream'],
    '--stream is for pictures that are files of their own, and digits has none',
  ],
  [['--data', 'IDX', '--stream'], '--stream is for pictures that are files of their own'],
  [['--data', 'digits', '--cache', 'decoded'], '--cache decoded does nothing for images in memory'],
])('%o is refused', async (args, message) => {
  const given = args.map((text) => (text === 'IDX' ? idxFolder(2) : text));
  expect(await run(['train', ...given])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining(message),
  });
});
