/** Pictures that stay in their files: opened, split and read they are what `loadDataset` gives. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { subset } from '../../../src/data/dataset.ts';
import { DatasetError, PngError } from '../../../src/data/errors.ts';
import { loadDataset } from '../../../src/data/load.ts';
import { channelStatistics } from '../../../src/data/normalize.ts';
import { encodePng } from '../../../src/data/png.ts';
import { RandomGenerator } from '../../../src/data/random-generator.ts';
import { openDataset, readInto, samplePictures } from '../../../src/data/stream/open-dataset.ts';
import { OptionError } from '../../../src/errors.ts';
import { plainPng, temporaryFolder } from '../../support/datasets.ts';

/** Noise of some size, in colors. */
function noisyPng(seed: number, width: number, height: number): Uint8Array {
  const generator = new RandomGenerator(seed);
  const pixels = Float32Array.from({ length: width * height * 3 }, () => generator.uniform());
  return encodePng({ width, height, channels: 3, bitDepth: 8, pixels });
}

const folderOf = (count: number): string =>
  temporaryFolder(
    Object.fromEntries(
      Array.from({ length: count }, (_, index) => [
        `${['a', 'b', 'c'][index % 3]}/${index}.png`,
        noisyPng(index, 5 + (index % 4), 6),
      ]),
    ),
  );

test.each([{ size: [4, 3] as const }, { fit: 'crop' as const }])('as loadDataset reads it: %o', (options) => {
  const folder = folderOf(40);
  const loaded = loadDataset(folder, { seed: 3, ...options });
  const opened = openDataset(folder, { seed: 3, ...options });
  expect(opened.form).toEqual(loaded.form);
  for (const part of ['train', 'test'] as const) {
    const { images: _, ...known } = loaded[part];
    expect(opened[part]).toMatchObject(known);
    const places = [...loaded[part].labels.keys()].reverse();
    expect(readInto(opened[part], places).images).toEqual(subset(loaded[part], places).images);
  }
  expect(opened.drawn).toBe(true);
  expect(opened.notes.at(-1)).toBe(loaded.notes.at(-1));
  expect(channelStatistics(samplePictures(opened.train)).mean[0]).toBeCloseTo(
    channelStatistics(loaded.train).mean[0],
    6,
  );
});

test('the note says what was taken from a sample; labels, groups and parts are as in loadDataset', () => {
  const folder = temporaryFolder({
    'train/1.png': plainPng(1),
    'train/2.png': plainPng(2),
    'test/1.png': plainPng(3),
    'labels.csv': 'picture,label\ntrain/1.png,x\ntrain/2.png,y\ntest/1.png,y\n',
  });
  const {
    train,
    test: testing,
    notes,
  } = openDataset(folder, { labels: join(folder, 'labels.csv'), groups: /(\d)/ });
  expect(train.shape).toEqual([2, 2, 2, 1]);
  expect(testing.groups).toEqual(['1']);
  expect(notes[0]).toMatch(
    /: its 3 pictures are read while they are shown\. Their size, 2×2 pixels, is that of 2 of them, and 2 say that they are gray \(seed 0\)\.$/,
  );
});

test('from the cache come the same pixels, by what the files hold', () => {
  const folder = folderOf(12);
  const cache = join(temporaryFolder(), 'cache');
  const { train } = openDataset(folder, { cache, size: [3, 3] });
  const all = [...train.labels.keys()];
  const first = readInto(train, all).images;
  expect(readInto(train, all).images).toEqual(first);
  const plain = { ...train, pictures: { ...train.pictures, cache: undefined } };
  expect(readInto(plain, all).images).toEqual(first);
  // What a file holds says what it shows: with other contents it is another picture.
  writeFileSync(train.pictures.paths[0], noisyPng(99, 5, 6));
  expect(readInto(train, all).images).toEqual(readInto(plain, all).images);
  expect(readInto(train, all).images).not.toEqual(first);
  writeFileSync(train.pictures.paths[0], 'no picture');
  expect(() => readInto(train, all)).toThrow(train.pictures.paths[0]);
});

test('what is refused', () => {
  expect(() => openDataset('digits')).toThrow(DatasetError);
  expect(() => openDataset(folderOf(3), { cache: '' })).toThrow(OptionError);
  expect(() => openDataset(folderOf(3), { caches: 'x' } as object)).toThrow(OptionError);
  const folder = temporaryFolder({ 'a/1.png': plainPng(1), 'b/1.png': plainPng(2).subarray(0, 50) });
  expect(() => openDataset(folder)).toThrow(PngError);
});
