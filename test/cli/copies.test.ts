/** Copies across the split and unbalanced classes: said before training and beside the result. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { csvRow } from '../../src/cli/csv.ts';
import { withValidation } from '../../src/cli/holdout.ts';
import type { Metrics } from '../../src/cli/run-record.ts';
import { loadDataset } from '../../src/data/load.ts';
import { temporaryFolder } from '../support/datasets.ts';
import { picture, run } from './support.ts';

test('test images that are training images are counted, and left out of a second accuracy', async () => {
  const numbers = Array.from({ length: 12 }, (_, number) => number);
  const data = temporaryFolder({
    ...Object.fromEntries(
      numbers.flatMap((number) => [
        [`train/bar/${number}.png`, picture('bar', number)],
        [`train/block/${number}.png`, picture('block', number)],
      ]),
    ),
    'test/bar/copy.png': picture('bar', 3),
    'test/bar/new.png': picture('bar', 50),
    'test/block/moved.png': picture('bar', 5),
    'test/block/new.png': picture('block', 50),
  });
  const out = temporaryFolder();
  const args = [
    'train',
    '--data',
    data,
    '--model',
    'row-gru',
    '--epochs',
    '1',
    '--val-split',
    '0.2',
    '--out',
    out,
  ];
  const trained = await run(args);
  expect(trained.stderr).toBe('');
  expect(trained.stdout).toContain(
    '2 of 4 test images have a copy in training (2 identical): the test accuracy flatters. ' +
      'First: test/bar/copy.png = train/bar/3.png; test/block/moved.png = train/bar/5.png.',
  );
  expect(trained.stdout).toContain(
    '1 of these has another class there, so one of each two is wrong: test/block/moved.png = train/bar/5.png.',
  );
  expect(trained.stdout).toMatch(
    /Without the 2 test images with a copy in training the accuracy is (0|50|100)\.00 %/,
  );
  const metrics: Metrics = JSON.parse(readFileSync(join(out, 'metrics.json'), 'utf8'));
  expect(metrics).toMatchObject({ copies: 2, identicalCopies: 2 });
  const rows = readFileSync(join(out, 'predictions.csv'), 'utf8').split('\r\n');
  expect(rows[1]).toMatch(
    /^test\/bar\/copy\.png,bar,\w+,[01],[\d.]+,[\d.e-]+,train\/bar\/3\.png(,[\d.e-]+)+$/,
  );
  expect(rows[2]).toMatch(/^test\/bar\/new\.png,bar,\w+,[01],[\d.e-]+,[\d.e-]+,(,[\d.e-]+)+$/);
  const { accuracyWithoutCopies, copies } = JSON.parse((await run(['evaluate', out, '--json'])).stdout);
  expect({ accuracyWithoutCopies, copies }).toEqual({
    accuracyWithoutCopies: metrics.accuracyWithoutCopies,
    copies: 2,
  });
  expect((await run(['evaluate', out])).stdout).toContain(
    'Without the 2 test images with a copy in training',
  );
});

test('test images that are validation images', () => {
  const files = (part: string, start: number) =>
    [0, 1, 2, 3].map((number) => [`${part}/bar/${number}.png`, picture('bar', start + number)]);
  const data = temporaryFolder(
    Object.fromEntries([...files('train', 0), ...files('val', 50), ...files('test', 52)]),
  );
  expect(withValidation(loadDataset(data), 0).notes).toContain(
    '2 of 4 test images have a copy in validation, which chooses the best epoch: the test accuracy flatters ' +
      '(test/bar/0.png = val/bar/2.png, …).',
  );
});

test('few images, a class without test images, one that most images are of', async () => {
  const files = (part: string, name: 'bar' | 'block', count: number) =>
    Array.from({ length: count }, (_, i) => [
      `${part}/${name}/${i}.png`,
      picture(name, i + (part === 'test' ? 100 : 0)),
    ]);
  const data = temporaryFolder(
    Object.fromEntries([
      ...files('train', 'bar', 60),
      ...files('train', 'block', 6),
      ...files('test', 'bar', 10),
    ]),
  );
  const { stdout } = await run([
    'train',
    '--data',
    data,
    '--model',
    'row-gru',
    '--epochs',
    '1',
    '--out',
    temporaryFolder(),
  ]);
  expect(stdout).toContain('There are only a handful of training images of "block" (');
  expect(stdout).toContain('There are no test images of "block": its accuracy says nothing of them.');
  expect(stdout).toContain('There are only 10 test images: each is 10 % of the test accuracy.');
  expect(stdout).toMatch(
    /The classes are unbalanced: 9\d\.\d % of the training images are of "bar", and always guessing it is right for 100\.0 %/,
  );
  expect(stdout).toMatch(/class +training +validation +test\n/);
  expect(stdout).toMatch(/Always guessing "bar", the commonest class, gives 100\.0 %/);
});

test('cells of CSV are quoted where they have to be, and no formulas', () => {
  expect(csvRow(['a', 1, 'b,c', 'say "hi"', 'two\nlines'])).toBe('a,1,"b,c","say ""hi""","two\nlines"\r\n');
  expect(csvRow(['=1+1', '+', '-2', '@sum', -2])).toBe("'=1+1,'+,'-2,'@sum,-2\r\n");
});
