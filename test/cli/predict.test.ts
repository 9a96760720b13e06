/** `weft predict`: classes of pictures of all kinds, and pictures that are none. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { decodePng, encodePng } from '../../src/data/png.ts';
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

test('a bad picture among good ones: a message that names it, and no half result', async () => {
  const folder = await trainedRun(classFolders());
  const good = picture('bar');
  const pictures = temporaryFolder({
    'good.png': good,
    'truncated.png': good.subarray(0, good.length - 20),
    'text.png': 'not a picture',
  });
  for (const name of ['truncated.png', 'text.png', 'missing.png']) {
    const bad = join(pictures, name);
    const outcome = await run(['predict', folder, join(pictures, 'good.png'), bad]);
    expect(outcome).toMatchObject({ exitCode: 1, stdout: '' });
    expect(outcome.stderr).toContain(`PngError: ${bad}: got `);
    expect(outcome.stderr.trimEnd().split('\n')).toHaveLength(1);
  }
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
