/** `weft evaluate`: a run on its own test set, on another one, and on what does not fit. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Metrics } from '../../src/cli/run-record.ts';
import { plainPng, temporaryFolder } from '../support/datasets.ts';
import { classFolders, classNames, idxFolder, picture, run, trainedRun } from './support.ts';

test('repeats the test of the training, to the bit', async () => {
  // Class folders without a test set: the seed of the run has to hold out the same pictures.
  const folder = await trainedRun(classFolders());
  const metrics: Metrics = JSON.parse(readFileSync(join(folder, 'metrics.json'), 'utf8'));
  const { exitCode, stdout } = await run(['evaluate', folder, '--json']);
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    run: folder,
    images: 6,
    accuracy: metrics.testAccuracy,
    loss: metrics.testLoss,
    confusion: metrics.confusion,
  });
});

test('keeps to the pictures that were held out, whatever the folder has become', async () => {
  const data = classFolders();
  const folder = await trainedRun(data);
  const { files: held } = JSON.parse(readFileSync(join(folder, 'split.json'), 'utf8')).test;
  expect(held).toHaveLength(6);
  rmSync(join(data, held[0]));
  for (let number = 10; number < 30; number++)
    writeFileSync(join(data, 'bar', `${number}.png`), picture('bar', number));
  const { stdout } = await run(['evaluate', folder]);
  expect(stdout).toContain('tested on 5 of the 6 images that were held out in training.');
  expect(stdout).toContain(`1 of them is missing: ${held[0]}.`);
  expect(stdout).toContain('20 images added since the training are not looked at.');
});

test('a class that was added since is not looked at, with pictures or without', async () => {
  const data = classFolders();
  const folder = await trainedRun(data);
  mkdirSync(join(data, 'zebra'));
  const { exitCode, stdout } = await run(['evaluate', folder]);
  expect(exitCode).toBe(0);
  expect(stdout).toContain('tested on the 6 images that were held out in training.');
  writeFileSync(join(data, 'zebra', '1.png'), plainPng(3));
  expect((await run(['evaluate', folder])).stdout).toContain(
    '1 image added since the training is not looked at',
  );
  const { files: held } = JSON.parse(readFileSync(join(folder, 'split.json'), 'utf8')).test;
  renameSync(join(data, held[0]), join(data, 'zebra', '2.png'));
  const moved = (await run(['evaluate', folder])).stdout;
  expect(moved).toContain('tested on 5 of the 6 images');
  expect(moved).toContain(
    `1 of them has a class now that the model does not know, and is left out: ${held[0]}.`,
  );
});

test('--data means all of it, and says how many were trained on', async () => {
  const data = classFolders();
  const folder = await trainedRun(data);
  const { stdout } = await run(['evaluate', folder, '--data', data, '--json']);
  const { testAccuracy }: Metrics = JSON.parse(readFileSync(join(folder, 'metrics.json'), 'utf8'));
  const { notes, ...answer } = JSON.parse(stdout);
  expect(answer).toMatchObject({ images: 30, trainedOn: 24, accuracyOfOthers: testAccuracy });
  expect(notes.join()).toContain('the model was trained or validated on 24 of these 30 images');
  const other = await run(['evaluate', folder, '--data', classFolders(2)]);
  expect(other.stdout).toMatch(/trained or validated on \d of these 6 images/);
});

test('IDX files without a test set: the images are known by their pixels', async () => {
  const data = idxFolder();
  for (const name of ['images-idx3', 'labels-idx1']) rmSync(join(data, `t10k-${name}-ubyte`));
  const folder = await trainedRun(data);
  const metrics: Metrics = JSON.parse(readFileSync(join(folder, 'metrics.json'), 'utf8'));
  const { stdout } = await run(['evaluate', folder, '--json']);
  expect(JSON.parse(stdout)).toMatchObject({ images: metrics.data.test, loss: metrics.testLoss });
});

test('the worst mistakes and all answers, with their files', async () => {
  const folder = await trainedRun(classFolders());
  const csv = join(temporaryFolder(), 'all.csv');
  const { stdout } = await run(['evaluate', folder, '--worst', '2', '--csv', csv]);
  const rows = readFileSync(csv, 'utf8').split('\r\n');
  expect(rows[0]).toBe(
    'picture,true,predicted,correct,probability,true_probability,copy_of,p(bar),p(block),p(empty)',
  );
  expect(rows).toHaveLength(1 + 6 + 1);
  expect(readFileSync(join(folder, 'predictions.csv'), 'utf8')).toBe(rows.join('\r\n'));
  const wrong = rows.filter((row) => row.split(',')[3] === '0');
  if (wrong.length === 0) expect(stdout).toContain('No mistakes.');
  else
    expect(stdout).toMatch(
      /worst mistakes +true +its probability +predicted[^\n]+\n[- ]+\n(bar|block|empty)\/\d\.png/,
    );
  const { worst } = JSON.parse((await run(['evaluate', folder, '--worst', '2', '--json'])).stdout);
  expect(worst).toHaveLength(Math.min(wrong.length, 2));
  const again = await run(['evaluate', folder, '--csv', csv]);
  expect(again).toMatchObject({ exitCode: 1, stdout: expect.not.stringContaining('accuracy') });
  expect(again.stderr).toContain('all.csv: got a file or folder of this name');
});

test('all answers as lines of JSON, and the labels in doubt', async () => {
  const data = classFolders();
  const folder = await trainedRun(data, 12);
  // A picture of an empty class among those of blocks.
  const right = classNames.flatMap((name) =>
    [0, 1, 2, 3].map((number) => [`${name}/${number}.png`, picture(name, 50 + number)]),
  );
  const mixed = temporaryFolder({ ...Object.fromEntries(right), 'block/wrong.png': picture('empty', 60) });
  const jsonl = join(temporaryFolder(), 'all.jsonl');
  const args = ['evaluate', folder, '--data', mixed, '--mislabeled', '5'];
  const { stdout } = await run([...args, '--jsonl', jsonl]);
  expect(stdout).toMatch(
    /label in doubt +labeled +its probability +likely[^\n]+\n[- ]+\nblock\/wrong\.png +block .* empty /,
  );
  const lines = readFileSync(jsonl, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines).toHaveLength(13);
  expect(lines[8]).toMatchObject({ picture: 'block/wrong.png', true: 'block', predicted: 'empty' });
  for (const { predicted, probabilities } of lines) {
    const values = Object.values<number>(probabilities);
    expect(values.reduce((sum, value) => sum + value)).toBeCloseTo(1, 5);
    expect(probabilities[predicted]).toBe(Math.max(...values));
  }
  const { mislabeled } = JSON.parse((await run([...args, '--json'])).stdout);
  expect(mislabeled).toEqual([
    expect.objectContaining({ picture: 'block/wrong.png', label: 'block', suggested: 'empty' }),
  ]);
});

test('another folder is tested on as a whole', async () => {
  const folder = await trainedRun(classFolders());
  const { stdout } = await run(['evaluate', folder, '--data', classFolders(4), '--json']);
  expect(JSON.parse(stdout).images).toBe(12);
});

test('prints accuracy, measures, quality of each class and the confusion matrix', async () => {
  const folder = await trainedRun(idxFolder());
  const { stdout } = await run(['evaluate', folder]);
  expect(stdout).toMatch(/on 30 test images of .*: accuracy [\d.]+ %, loss [\d.]+/);
  expect(stdout).toMatch(
    /The model is .*sure.*With the temperature [\d.]+, which fits the validation images/,
  );
  expect(stdout).toMatch(/area under the ROC curve, mean of the classes +[\d.]+\n/);
  expect(stdout).toMatch(/class +images +precision +recall +F1/);
  const recorded = JSON.parse(readFileSync(join(folder, 'metrics.json'), 'utf8'));
  expect(JSON.parse((await run(['evaluate', folder, '--json'])).stdout)).toMatchObject({
    judgement: recorded.judgement,
  });
  expect(stdout).toMatch(/true \\ predicted +0 +1 +2/);
});

test('other data may lack a class or have another size, but not bring a new class', async () => {
  const folder = await trainedRun(classFolders());
  const files = (names: Record<string, Uint8Array>): string =>
    temporaryFolder(
      Object.fromEntries(
        Object.entries(names).flatMap(([name, png]) =>
          ['train', 'test'].map((split) => [`${split}/${name}/1.png`, png]),
        ),
      ),
    );
  const fewer = await run(['evaluate', folder, '--data', files({ block: picture('block') }), '--json']);
  expect(JSON.parse(fewer.stdout).classes).toMatchObject([
    { name: 'bar', support: 0, recall: null },
    { name: 'block', support: 2 },
    { name: 'empty', support: 0, precision: null },
  ]);
  expect(JSON.parse(fewer.stdout).notes.join()).toContain(
    'no test image is of the classes bar, empty: how well',
  );
  const strange = await run(['evaluate', folder, '--data', files({ cross: picture('bar') })]);
  expect(strange).toMatchObject({ exitCode: 1, stdout: '' });
  expect(strange.stderr).toContain('got a class "cross"');
  const larger = await run(['evaluate', folder, '--data', files({ bar: plainPng(9, 12, 12) })]);
  expect(larger.exitCode).toBe(0);
  expect(larger.stdout).toContain('2 of 2 images are brought to 8×8 pixels (height × width), stretched.');
});

test('what is no run', async () => {
  const empty = temporaryFolder();
  const missing = await run(['evaluate', empty]);
  expect(missing).toMatchObject({ exitCode: 1, stdout: '' });
  expect(missing.stderr).toContain(`RunError: ${empty}: got no readable metrics.json`);

  const folder = await trainedRun(classFolders());
  writeFileSync(join(folder, 'metrics.json'), '{"seed": 0}');
  expect((await run(['evaluate', folder])).stderr).toContain('metrics.json: got JSON without');
  writeFileSync(join(folder, 'metrics.json'), '{"seed": ');
  expect((await run(['evaluate', folder])).stderr).toContain('metrics.json: got something that is not JSON');
});
