/** `weft predict`: classes of pictures of all kinds, and pictures that are none. */
import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { decodePng, encodePng } from '../../src/data/png.ts';
import { Dense, Flatten, Sequential, saveModel } from '../../src/index.ts';
import { temporaryFolder } from '../support/datasets.ts';
import { classFolders, picture, run, trainedRun } from './support.ts';

/** The pixels of a picture without noise, as a drawing has them. */
function readInk(name: 'bar' | 'block'): number[] {
  const { pixels } = decodePng(picture(name));
  return [...pixels].map((value) => (value > 0.5 ? 1 : 0));
}

test('classifies what it has learned', async () => {
  const folder = await trainedRun(classFolders(20), 12);
  const pictures = temporaryFolder({ 'bar.png': picture('bar'), 'block.png': picture('block') });
  const paths = [join(pictures, 'bar.png'), join(pictures, 'block.png')];
  const { exitCode, stdout } = await run(['predict', folder, ...paths]);
  expect(exitCode).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(/bar\.png: bar [\d.]+ %, then \w+ [\d.]+ %, \w+ [\d.]+ %$/);
  expect(lines[1]).toMatch(/block\.png: block /);

  const json = JSON.parse((await run(['predict', folder, ...paths, '--json'])).stdout);
  expect(json).toMatchObject([
    { picture: paths[0], class: 'bar', notes: [] },
    { picture: paths[1], class: 'block' },
  ]);
  expect(json[0].probability).toBe(json[0].classes[0].probability);
  const total = json[0].classes.reduce(
    (sum: number, { probability }: { probability: number }) => sum + probability,
    0,
  );
  expect(total).toBeCloseTo(1, 5);
});

test('says when a picture is resized, has alpha and color, or looks inverted', async () => {
  const folder = await trainedRun(classFolders());
  const white = new Float32Array(16 * 12 * 4).fill(1);
  const pictures = temporaryFolder({
    'white.png': encodePng({ width: 16, height: 12, channels: 4, bitDepth: 8, pixels: white }),
  });
  const { stdout } = await run(['predict', folder, join(pictures, 'white.png')]);
  expect(stdout).toContain('note: resized from 16×12 to 8×8 pixels, which changes its proportions');
  expect(stdout).toContain('note: its border is bright, that of the training images dark: --invert');
  const inverted = await run(['predict', folder, '--invert', join(pictures, 'white.png')]);
  expect(inverted.stdout).not.toContain('border');
});

test('dark ink on nothing is seen: on white, and inverted on black', async () => {
  const folder = await trainedRun(classFolders());
  const ink = readInk('bar');
  const save = (channels: 1 | 4, value: (i: number) => number): Uint8Array =>
    encodePng({
      width: 8,
      height: 8,
      channels,
      bitDepth: 8,
      pixels: Float32Array.from({ length: 64 * channels }, (_, i) => value(i)),
    });
  const pictures = temporaryFolder({
    'light.png': save(1, (i) => ink[i]!),
    'ink.png': save(4, (i) => (i % 4 === 3 ? ink[i >> 2]! : 0)),
    'nothing.png': save(4, () => 0),
  });
  const path = (name: string): string => join(pictures, name);
  const [light] = JSON.parse((await run(['predict', folder, path('light.png'), '--json'])).stdout);
  const [dark] = JSON.parse((await run(['predict', folder, '--invert', path('ink.png'), '--json'])).stdout);
  expect(dark.classes).toEqual(light.classes);
  const plain = await run(['predict', folder, path('ink.png'), path('nothing.png')]);
  expect(plain.stdout).toMatch(/ink\.png.*\n {2}note: its border is bright.*--invert/);
  expect(plain.stdout).toMatch(/nothing\.png.*\n {2}note: it is of one color all over/);
});

describe('many pictures, and bad ones among them', () => {
  const good = picture('bar');
  const setUp = async (): Promise<{ readonly folder: string; readonly pictures: string }> => {
    const folder = await trainedRun(classFolders(4));
    const pictures = temporaryFolder({
      '10.png': good,
      '2.png': picture('block'),
      'deeper/a, "b".png': good,
      'deeper/truncated.png': good.subarray(0, good.length - 20),
      'deeper/text.png': 'not a picture',
      'notes.txt': 'not a picture, and not called one',
      'empty/about.md': '',
    });
    symlinkSync(pictures, join(pictures, 'deeper', 'circle'));
    return { folder, pictures };
  };
  const names = ['2.png', '10.png', 'deeper/a, "b".png', 'deeper/text.png', 'deeper/truncated.png'];

  test('a folder is looked through in natural order; what is left out or broken is told, and the rest is classified', async () => {
    const { folder, pictures } = await setUp();
    const missing = join(pictures, 'missing.png');
    const { exitCode, stdout, stderr } = await run(['predict', folder, pictures, missing, '--top', '1']);
    expect(exitCode).toBe(1);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toEqual(
      names
        .slice(0, 3)
        .map((name) => expect.stringMatching(new RegExp(`^${join(pictures, name)}: \\w+ [\\d.]+ %$`))),
    );
    expect(stderr).toContain(`${pictures}: left out what is no PNG or JPEG picture: `);
    for (const kind of ['1 .txt', '1 .md', '1 links back']) expect(stderr).toContain(kind);
    for (const name of [...names.slice(3), 'missing.png'])
      expect(stderr).toContain(`Error: ${join(pictures, name)}: got `);
    expect(stderr).toContain('3 of 6 pictures could not be read.');
  });

  test('JSON has the bad ones, too', async () => {
    const { folder, pictures } = await setUp();
    const { exitCode, stdout } = await run(['predict', folder, pictures, '--json']);
    expect(exitCode).toBe(1);
    const answers: { picture: string; class?: string; error?: string }[] = JSON.parse(stdout);
    expect(answers.map((answer) => answer.picture)).toEqual(names.map((name) => join(pictures, name)));
    for (const answer of answers.slice(0, 3)) expect(answer).toMatchObject({ class: expect.any(String) });
    for (const answer of answers.slice(3)) expect(answer.error).toContain('got ');
  });

  test('CSV as spreadsheets read it', async () => {
    const { folder, pictures } = await setUp();
    const { exitCode, stdout } = await run(['predict', folder, pictures, '--csv', '--top', '2']);
    expect(exitCode).toBe(1);
    const rows = stdout.split('\r\n');
    expect(rows[0]).toBe('picture,class,probability,class 2,probability 2,error');
    expect(rows).toHaveLength(7);
    expect(rows[3]).toMatch(/^"[^"]*a, ""b""\.png",\w+,[\d.e-]+,\w+,[\d.e-]+,$/);
    expect(rows[4]).toMatch(/text\.png,,,,,".*got a text file, /);
  });

  test('a line of JSON for each picture, with the probabilities of all classes', async () => {
    const { folder, pictures } = await setUp();
    const { exitCode, stdout } = await run(['predict', folder, pictures, '--jsonl']);
    expect(exitCode).toBe(1);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ picture }) => picture)).toEqual(names.map((name) => join(pictures, name)));
    for (const { class: answer, probabilities } of lines.slice(0, 3)) {
      expect(Object.keys(probabilities)).toEqual(['bar', 'block', 'empty']);
      expect(probabilities[answer]).toBe(Math.max(...Object.values<number>(probabilities)));
    }
    for (const { error } of lines.slice(3)) expect(error).toContain('got ');
  });

  test('a folder without pictures; a wrong option', async () => {
    const { folder, pictures } = await setUp();
    const empty = join(pictures, 'empty');
    const { exitCode, stdout, stderr } = await run(['predict', folder, empty, '--json']);
    expect({ exitCode, answers: JSON.parse(stdout) }).toMatchObject({
      exitCode: 1,
      answers: [{ picture: empty }],
    });
    expect(stderr).toContain('got a folder without pictures');
    expect(await run(['predict', folder, empty, '--json', '--csv'])).toMatchObject({
      exitCode: 2,
      stdout: '',
    });
  });

  test('of many pictures what was done to them is told in sums, and progress is shown on a terminal', async () => {
    const { folder } = await setUp();
    const [width, height] = [16, 8];
    const wide = encodePng({
      width,
      height,
      channels: 3,
      bitDepth: 8,
      pixels: Float32Array.from({ length: 384 }, (_, i) => (i % 3) / 2),
    });
    const many = temporaryFolder(
      Object.fromEntries(
        Array.from({ length: 600 }, (_, index) => [`${index}.png`, index < 5 ? wide : good]),
      ),
    );
    const { exitCode, stdout, stderr } = await run(['predict', folder, many]);
    expect(exitCode).toBe(0);
    expect(stdout.trimEnd().split('\n')).toHaveLength(600);
    expect(stderr).toContain('note: 5 of 600 pictures: resized to 8×8 pixels, which changes its proportions');
    expect(stderr).toContain('note: 5 of 600 pictures: made gray');
    const terminal = await run(['predict', folder, many], { isTTY: true });
    expect(terminal.stdout).toContain('\r\u001b[K0 of 600 pictures');
  });
});

test('a model that gives numbers, and one that takes no pictures', async () => {
  const folder = temporaryFolder();
  const saved = {
    model: new Sequential([new Flatten(), new Dense(64, 2)]),
    name: 'sizes',
    inputShape: [8, 8, 1],
  };
  await saveModel(folder, saved);
  const path = join(temporaryFolder({ 'bar.png': picture('bar') }), 'bar.png');
  const [answer] = JSON.parse((await run(['predict', folder, path, '--json'])).stdout);
  expect(answer).toEqual({ picture: path, numbers: [expect.any(Number), expect.any(Number)], notes: [] });
  expect((await run(['predict', folder, path])).stdout).toBe(`${path}: ${answer.numbers.join(', ')}\n`);
  expect((await run(['predict', folder, path, '--csv'])).stdout).toBe(
    `picture,value 1,value 2,error\r\n${path},${answer.numbers.join(',')},\r\n`,
  );
  expect((await run(['evaluate', folder, '--data', classFolders()])).stderr).toContain(
    'a model without classes',
  );
  expect((await run(['predict', join(folder, 'model.safetensors'), path])).stdout).toContain(
    `${answer.numbers[0]}`,
  );

  const other = temporaryFolder();
  await saveModel(other, { model: new Dense(3, 2), name: 'rows', inputShape: [3] });
  const refused = await run(['predict', other, path]);
  expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
  expect(refused.stderr).toContain(
    'got a model that takes inputs of the form [3], expected one that takes pictures',
  );
});

test('damaged weights: a message that names the file', async () => {
  const folder = await trainedRun(classFolders());
  const weights = join(folder, 'model.safetensors');
  writeFileSync(weights, 'short');
  const outcome = await run(['predict', folder, join(folder, 'sample.png')]);
  expect(outcome).toMatchObject({ exitCode: 1, stdout: '' });
  expect(outcome.stderr).toContain(weights);
});

test('a model that the library saved, without a run: no notes of its training, and data have to be given', async () => {
  const data = classFolders();
  const folder = await trainedRun(data);
  const picturePath = join(folder, 'sample.png');
  const [first] = JSON.parse((await run(['predict', folder, picturePath, '--json'])).stdout);
  for (const name of ['metrics.json', 'split.json']) rmSync(join(folder, name));
  const [alone] = JSON.parse((await run(['predict', folder, picturePath, '--json'])).stdout);
  expect(alone.classes).toEqual(first.classes);
  const refused = await run(['evaluate', folder]);
  expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
  expect(refused.stderr).toContain('Give them with --data');
  expect((await run(['evaluate', folder, '--data', data])).stdout).toContain('30 test images');
});
