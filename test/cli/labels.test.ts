/** `weft labels`: labels that were changed are found by models that have not seen them, listed and shown with their pictures. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/datasets.ts';
import { classNames, picture, run } from './support.ts';

/** Class folders of ten pictures each; a block lies among the bars, and something empty among the blocks. */
function photosWithWrongLabels(): string {
  const right = classNames.flatMap((name) =>
    Array.from({ length: 10 }, (_, number) => [`${name}/${number}.png`, picture(name, number)]),
  );
  return temporaryFolder({
    ...Object.fromEntries(right),
    'bar/wrong.png': picture('block', 50),
    'block/wrong <b>.png': picture('empty', 51),
  });
}

test('finds labels that are wrong, by five trainings that are not run twice', async () => {
  const out = join(temporaryFolder(), 'doubts');
  const args = [
    ...[
      'labels',
      '--data',
      photosWithWrongLabels(),
      '--model',
      'mlp',
      '--epochs',
      '10',
      '--batch',
      '4',
      '--lr',
      '0.01',
    ],
    ...['--no-augment', '--folds', '3', '--jobs', '2', '--out', out],
  ];
  const { exitCode, stdout, stderr } = await run(args);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  // Of all images two of six are for the test, drawn by name: what is left is what is judged.
  const page = readFileSync(join(out, 'labels.html'), 'utf8');
  const rows = readFileSync(join(out, 'labels.csv'), 'utf8').trimEnd().split('\r\n');
  expect(rows[0]).toBe('picture,label,label_probability,likely,likely_probability');
  const found = rows.slice(1).map((row) => row.split(','));
  const wrong = [
    ['bar/wrong.png', 'bar', 'block'],
    ['block/wrong <b>.png', 'block', 'empty'],
  ];
  const split = JSON.parse(readFileSync(join(out, 'folds', 'fold-1', 'split.json'), 'utf8'));
  const judged = wrong.filter(([file]) => !split.test.files.includes(file));
  expect(judged).not.toEqual([]);
  expect(found.map(([file, label, , likely]) => [file, label, likely])).toEqual(
    expect.arrayContaining(judged),
  );
  for (const [file] of judged) expect(stdout).toContain(file);
  expect(page).not.toContain('wrong <b>');
  expect(page).not.toMatch(/<script|https?:/);
  expect(page.match(/<img /g)).toHaveLength(found.length);

  const written = statSync(join(out, 'folds', 'fold-1', 'metrics.json')).mtimeMs;
  const again = JSON.parse((await run([...args, '--top', '1', '--json'])).stdout);
  expect(again).toMatchObject({ folds: 3, inDoubt: found.length, doubts: [{ picture: found[0]![0] }] });
  expect(statSync(join(out, 'folds', 'fold-1', 'metrics.json')).mtimeMs).toBe(written);
});

test('one fold is none', async () => {
  const out = join(temporaryFolder(), 'doubts');
  const { exitCode, stderr } = await run(['labels', '--folds', '1', '--out', out]);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('--folds 1 leaves nothing to train on');
  expect(existsSync(out)).toBe(false);
});
