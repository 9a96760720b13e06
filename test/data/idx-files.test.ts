/** IDX files under the names and in the folders that they are spread with. */
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { encodeIdx } from '../../src/data/idx.ts';
import { findIdxFiles } from '../../src/data/idx-files.ts';
import { loadDataset } from '../../src/data/load.ts';
import { temporaryFolder } from '../support/datasets.ts';

const images = encodeIdx({ shape: [10, 2, 2], data: Uint8Array.from({ length: 40 }, (_, i) => i) });
const labels = encodeIdx({ shape: [10], data: Uint8Array.from({ length: 10 }, (_, i) => i % 2) });

test.each([
  ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte'],
  ['train-images.idx3-ubyte', 'train-labels.idx1-ubyte'],
  ['TRAIN-IMAGES-IDX3-UBYTE', 'Train-Labels-Idx1-Ubyte'],
  ['train-images.idx', 'train-labels.idx'],
  ['emnist-letters-train-images-idx3-ubyte', 'emnist-letters-train-labels-idx1-ubyte'],
  ['images.idx3-ubyte', 'labels.idx1-ubyte'],
  ['training_images.bin', 'training_labels.bin'],
])('%s and %s', (imagesName, labelsName) => {
  const folder = temporaryFolder({ [imagesName]: images, [labelsName]: labels });
  expect(findIdxFiles(folder).splits).toEqual(
    new Map([['train', { images: imagesName, labels: labelsName }]]),
  );
  const { train, test: held } = loadDataset(folder);
  expect(train.labels.length + held.labels.length).toBe(10);
});

test('gzip’d files without IDX in their names are looked into', () => {
  const folder = temporaryFolder({
    'train-images.gz': gzipSync(images),
    'train-labels.gz': gzipSync(labels),
    'test-images.gz': 'something else',
  });
  expect([...findIdxFiles(folder).splits.keys()]).toEqual(['train']);
});

test('folders named like files: the file beside them, or the one inside', () => {
  const folder = temporaryFolder({
    'train-images-idx3-ubyte/train-images-idx3-ubyte': images,
    'train-labels-idx1-ubyte/train-labels-idx1-ubyte': labels,
  });
  expect(findIdxFiles(folder).splits.get('train')).toEqual({
    images: join('train-images-idx3-ubyte', 'train-images-idx3-ubyte'),
    labels: join('train-labels-idx1-ubyte', 'train-labels-idx1-ubyte'),
  });
  const both = temporaryFolder({
    'train-images-idx3-ubyte/train-images-idx3-ubyte': images,
    'train-images.idx3-ubyte': images,
    'train-labels.idx1-ubyte': labels,
    'cats/1.png': '',
  });
  const found = findIdxFiles(both);
  expect(found.splits.get('train')?.images).toBe('train-images.idx3-ubyte');
  expect(found.notes).toEqual([
    expect.stringContaining('train-images.idx3-ubyte is taken for the images of train'),
    'the folders beside the IDX files are ignored: cats.',
  ]);
});

test('several data sets in one folder', () => {
  const names = ['emnist-letters', 'emnist-digits'].flatMap((set) => [
    [`${set}-train-images-idx3-ubyte`, images] as const,
    [`${set}-train-labels-idx1-ubyte`, labels] as const,
  ]);
  expect(() => loadDataset(temporaryFolder(Object.fromEntries(names)))).toThrow(
    /IDX files of 2 data sets \(emnist-digits, emnist-letters\)/,
  );
});

test('nothing that fits: what was found, and both ways to arrange it', () => {
  const folder = temporaryFolder({ 'data.bin': 'x', 'more.csv': 'y' });
  expect(() => loadDataset(folder)).toThrow(
    /without subfolders \(data\.bin, more\.csv\), expected one subfolder for each class.*; or IDX files/,
  );
});
