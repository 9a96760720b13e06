/** The test set that is held out: kept when the data set grows, nearly exact in its counts. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { classCounts } from '../../src/data/dataset.ts';
import { loadDataset, loadRecordedImages, loadTestImages } from '../../src/data/load.ts';
import { drawnSplit, imageKeys } from '../../src/data/split.ts';
import { plainPng, temporaryFolder, tinyDataset } from '../support/datasets.ts';

const named = (names: readonly string[]) => ({
  ...tinyDataset(
    names.map((name) => (name.startsWith('a/') ? 0 : 1)),
    2,
  ),
  files: names,
});
const numbered = (count: number, prefix: string): string[] =>
  Array.from({ length: count }, (_, number) => `${prefix}${number}.png`);
const heldOut = (names: readonly string[], seed = 0): Set<string> =>
  new Set(imageKeys(drawnSplit(named(names), 0.2, seed)[1]));

test.each([
  ['numbers', (count: number) => numbered(count, '')],
  [
    'other names',
    (count: number) => Array.from({ length: count }, (_, i) => `${((i + 1) * 7919 ** 2).toString(36)}x.png`),
  ],
])('pictures that come or go leave the others on their side: %s', (_, make) => {
  const all = make(150).flatMap((name) => [`a/${name}`, `b/${name}`]);
  const before = heldOut(all.slice(0, 200));
  const after = heldOut(all);
  for (const name of all.slice(0, 200)) expect(after.has(name), name).toBe(before.has(name));
  const fewer = all.filter((_, index) => index % 3 !== 0);
  const rest = heldOut(fewer);
  for (const name of fewer) expect(rest.has(name), name).toBe(after.has(name));
});

test('a fifth of each class, of numbered pictures to the picture; another seed draws others', () => {
  const names = [...numbered(100, 'a/img_'), ...numbered(10, 'b/')];
  for (let seed = 0; seed < 20; seed++) {
    expect([...classCounts(drawnSplit(named(names), 0.2, seed)[1])]).toEqual([20, 2]);
  }
  expect(heldOut(names, 1)).not.toEqual(heldOut(names, 0));
  expect(heldOut(names, 1)).toEqual(heldOut(names, 1));
});

test('a class of two or more keeps one on both sides, whatever is drawn', () => {
  for (let seed = 0; seed < 50; seed++) {
    const [rest, held] = drawnSplit(named(['a/x.png', 'a/y.png', 'b/z.png']), 0.2, seed);
    expect([...classCounts(rest)]).toEqual([1, 1]);
    expect([...classCounts(held)]).toEqual([1, 0]);
  }
});

test('images without files are known by their pixels; equal ones are told apart', () => {
  const images = { ...tinyDataset([0, 0, 0, 0], 1), images: Uint8Array.of(7, 8, 7, 7) };
  const keys = imageKeys(images);
  expect(new Set(keys).size).toBe(4);
  expect(keys.map((key) => key.split('-')[1])).toEqual(['0', '0', '1', '2']);
  expect(keys[0]!.split('-')[0]).toBe(keys[2]!.split('-')[0]);
});

test('recorded images are found again, with what is missing and how many are new', () => {
  const files = Object.fromEntries(
    ['a', 'b'].flatMap((name) => numbered(10, `${name}/`).map((file, i) => [file, plainPng(i)])),
  );
  const folder = temporaryFolder(files);
  const { train, test: held } = loadDataset(folder);
  const [keys, others] = [imageKeys(held), imageKeys(train)];
  rmSync(join(folder, keys[0]!));
  // Of another size: it is not even read.
  writeFileSync(join(folder, 'a', 'new.png'), plainPng(9, 5, 5));
  const found = loadRecordedImages(folder, keys, others);
  expect(imageKeys(found.images)).toEqual(keys.slice(1));
  expect(found).toMatchObject({ missing: [keys[0]], added: 1 });
  expect(() => loadRecordedImages(folder, ['a/none.png'], others)).toThrow(
    /none of the images that were held out/,
  );
});

test('other data are tested on as a whole, or on their test set', () => {
  const plain = temporaryFolder({ 'a/1.png': plainPng(1), 'b/1.png': plainPng(2) });
  expect(loadTestImages(plain).images.labels.length).toBe(2);
  const split = temporaryFolder({
    'train/a/1.png': plainPng(1),
    'test/a/1.png': plainPng(2),
    'test/a/2.png': plainPng(2),
  });
  expect(loadTestImages(split).images.labels.length).toBe(2);
  expect(loadTestImages(temporaryFolder({ 'test/a/1.png': plainPng(1) })).images.labels.length).toBe(1);
});

test('one class is said', () => {
  const { notes } = loadDataset(temporaryFolder({ 'only/1.png': plainPng(1), 'only/2.png': plainPng(2) }));
  expect(notes[0]).toMatch(/one class, so there is nothing to learn\. Mostly the path is one level off/);
});
