/** Loading whole data sets: the embedded digits, IDX folders, class folders, and the sets beside the project. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { classCounts } from '../../src/data/dataset.ts';
import { loadDigits } from '../../src/data/digits.ts';
import { DatasetError } from '../../src/data/errors.ts';
import { encodeIdx } from '../../src/data/idx.ts';
import { loadDataset } from '../../src/data/load.ts';
import type { LabelError } from '../../src/errors.ts';
import { plainPng, temporaryFolder } from '../support/datasets.ts';
import { encodeTestPng } from '../support/png.ts';

const root = resolve(import.meta.dirname, '../..');
const sharedData = resolve(root, '../shared/data');

describe('digits', () => {
  test('4,000 and 1,000 images, 400 and 100 of each class', () => {
    const { train, test: held } = loadDigits();
    expect(train.shape).toEqual([4000, 20, 20, 1]);
    expect(held.shape).toEqual([1000, 20, 20, 1]);
    expect([...classCounts(train)]).toEqual(new Array(10).fill(400));
    expect([...classCounts(held)]).toEqual(new Array(10).fill(100));
    expect(train.images).toBeInstanceOf(Uint8Array);
    expect(train.classNames).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
  });

  test('the file is the one its README describes', () => {
    const sum = createHash('sha256')
      .update(readFileSync(join(root, 'assets/digits.png')))
      .digest('hex');
    expect(readFileSync(join(root, 'assets/digits.README.md'), 'utf8')).toContain(sum);
  });

  test('loads by name', () => {
    const loaded = loadDataset('digits');
    expect(loaded.name).toBe('digits');
    expect(loaded.test.labels.length).toBe(1000);
    expect(loaded.validation).toBeUndefined();
  });
});

describe('IDX folders', () => {
  const images = (count: number, channels?: number): Uint8Array =>
    encodeIdx({
      shape: channels ? [count, 2, 3, channels] : [count, 2, 3],
      data: Uint8Array.from({ length: count * 6 * (channels ?? 1) }, (_, i) => i),
    });
  const labels = (...values: number[]): Uint8Array =>
    encodeIdx({ shape: [values.length], data: Uint8Array.from(values) });

  test('train, t10k and val, gzip’d', () => {
    const folder = temporaryFolder({
      'train-images-idx3-ubyte.gz': gzipSync(images(4)),
      'train-labels-idx1-ubyte.gz': gzipSync(labels(0, 1, 2, 2)),
      't10k-images-idx3-ubyte.gz': gzipSync(images(2)),
      't10k-labels-idx1-ubyte.gz': gzipSync(labels(1, 0)),
      'val-images-idx3-ubyte.gz': gzipSync(images(1)),
      'val-labels-idx1-ubyte.gz': gzipSync(labels(2)),
      'README.txt': 'about',
    });
    const loaded = loadDataset(folder);
    expect(loaded.train.shape).toEqual([4, 2, 3, 1]);
    expect(loaded.train.classNames).toEqual(['0', '1', '2']);
    expect(loaded.test.shape).toEqual([2, 2, 3, 1]);
    expect([...loaded.test.labels]).toEqual([1, 0]);
    expect(loaded.validation?.shape).toEqual([1, 2, 3, 1]);
    expect(loaded.notes).toEqual([]);
  });

  test('color, plain files, the spelling with a dot, no test set', () => {
    const folder = temporaryFolder({
      'train-images.idx4-ubyte': images(10, 3),
      'train-labels.idx1-ubyte': labels(0, 0, 0, 0, 0, 1, 1, 1, 1, 1),
    });
    const loaded = loadDataset(folder, { seed: 3 });
    expect(loaded.train.shape).toEqual([8, 2, 3, 3]);
    expect(loaded.test.shape).toEqual([2, 2, 3, 3]);
    expect([...classCounts(loaded.test)]).toEqual([1, 1]);
    expect(loaded.notes).toEqual([
      expect.stringMatching(/has no test set: 2 of 10 images \(20 % of each class, seed 3\) are held out/),
    ]);
    expect(loadDataset(folder, { seed: 3 }).test.images).toEqual(loaded.test.images);
  });

  test('floats in [0, 1] are taken, others refused', () => {
    const file = (value: number): Uint8Array =>
      encodeIdx({ shape: [2, 1, 1], data: Float32Array.of(0.5, value) });
    const load = (value: number) =>
      loadDataset(
        temporaryFolder({ 'train-images-idx3-ubyte': file(value), 'train-labels-idx1-ubyte': labels(0, 0) }),
      );
    expect(load(1).train.images).toBeInstanceOf(Float32Array);
    expect(() => load(1.5)).toThrow(/the value 1.5 at position 1/);
    expect(() => load(Number.NaN)).toThrow(DatasetError);
  });

  const trainImages = { 'train-images-idx3-ubyte': images(2) };
  const train = { ...trainImages, 'train-labels-idx1-ubyte': labels(0, 1) };
  const wholes: Record<string, [Record<string, Uint8Array>, RegExp | typeof LabelError]> = {
    'counts that differ': [
      { ...trainImages, 'train-labels-idx1-ubyte': labels(0) },
      /1 labels, expected one for/,
    ],
    'no labels': [trainImages, /train-images-idx3-ubyte without its labels/],
    'no training files': [{ 't10k-labels-idx1-ubyte': labels(0) }, /IDX files of test only/],
    'a test label never trained': [
      { ...train, 't10k-images-idx3-ubyte': images(1), 't10k-labels-idx1-ubyte': labels(7) },
      /t10k-labels-idx1-ubyte, item 0: got label 7, expected 0 to 1/,
    ],
    'test images of another size': [
      { ...train, 't10k-images-idx4-ubyte': images(1, 3), 't10k-labels-idx1-ubyte': labels(0) },
      /images of 2×3×3 .* expected 2×3×1/,
    ],
    'no images': [{ 'train-images-idx3-ubyte': images(0), 'train-labels-idx1-ubyte': labels() }, /no images/],
    'labels in place of images': [
      { 'train-images-idx3-ubyte': labels(0), 'train-labels-idx1-ubyte': labels(0) },
      /shape \[1\], expected \[images, height, width\]/,
    ],
    'images in place of labels': [
      { ...trainImages, 'train-labels-idx1-ubyte': images(2) },
      /expected one integer label for each image/,
    ],
    'a single image': [
      { 'train-images-idx3-ubyte': images(1), 'train-labels-idx1-ubyte': labels(0) },
      /no class with two images/,
    ],
  };
  for (const [name, [files, message]] of Object.entries(wholes)) {
    test(name, () => {
      expect(() => loadDataset(temporaryFolder(files))).toThrow(message);
    });
  }
});

describe('class folders', () => {
  test('classes and files in order, other files ignored', () => {
    const folder = temporaryFolder({
      'b/2.png': plainPng(20),
      'b/1.PNG': plainPng(10),
      'a/1.png': plainPng(30),
      'a/2.png': plainPng(40),
      'a/notes.txt': 'ignored',
      'a/.hidden.png': 'ignored',
      '.git/x': 'ignored',
      'README.md': 'ignored',
    });
    const { train, test: held, notes } = loadDataset(folder);
    expect(train.classNames).toEqual(['a', 'b']);
    expect([...classCounts(train)]).toEqual([1, 1]);
    expect([...classCounts(held)]).toEqual([1, 1]);
    expect(notes).toHaveLength(2);
    expect(notes[0]).toMatch(/: 1 file that is no PNG or JPEG picture is ignored \(\.txt\): 1 in a\.$/);
    const values = [...train.images, ...held.images].filter((_, i) => i % 4 === 0).sort();
    expect(values).toEqual([10, 20, 30, 40]);
  });

  test('train, test and val folders; a test set may lack a class', () => {
    const folder = temporaryFolder({
      'train/cat/1.png': plainPng(1),
      'train/dog/1.png': plainPng(2),
      'test/dog/1.png': plainPng(3, 2, 2, 3),
      'val/cat/1.png': plainPng(4),
    });
    const loaded = loadDataset(folder);
    expect(loaded.train.classNames).toEqual(['cat', 'dog']);
    expect(loaded.test.labels).toEqual(Int32Array.of(1));
    // The training pictures are gray, so those of the test set are made gray as well.
    expect(loaded.test.shape).toEqual([1, 2, 2, 1]);
    expect(loaded.test.images).toEqual(new Uint8Array(4).fill(3));
    expect(loaded.validation?.labels).toEqual(Int32Array.of(0));
    expect(loaded.notes).toEqual([]);
  });

  test('a class may be called train; folders beside train/ are ignored with a note', () => {
    const vehicles = temporaryFolder({
      'plane/1.png': plainPng(1),
      'plane/2.png': plainPng(2),
      'train/1.png': plainPng(3),
    });
    expect(loadDataset(vehicles).train.classNames).toEqual(['plane', 'train']);
    const stray = { 'train/a/1.png': plainPng(1), 'train/b/1.png': plainPng(2), 'train/x.png': plainPng(3) };
    expect(loadDataset(temporaryFolder({ ...stray, 'test/a/1.png': plainPng(3) })).train.classNames).toEqual([
      'a',
      'b',
    ]);
    expect(
      loadDataset(temporaryFolder({ ...stray, 'plane/1.png': plainPng(3), 'plane/2.png': plainPng(3) })).train
        .classNames,
    ).toEqual(['plane', 'train']);
    const split = temporaryFolder({
      'train/a/1.png': plainPng(1),
      'train/b/1.png': plainPng(1),
      'test/a/1.png': plainPng(2),
      'extra/x.png': plainPng(3),
    });
    expect(loadDataset(split).notes).toEqual([
      expect.stringMatching(/ignored the folders beside train\/: extra/),
    ]);
  });

  test('gray, RGB and alpha mixed become RGB; 16 bits become floats', () => {
    const sixteen = encodeTestPng({
      width: 1,
      height: 1,
      bitDepth: 16,
      colorType: 0,
      samples: [257],
    });
    const folder = temporaryFolder({
      'train/a/1.png': plainPng(100, 1, 1),
      'train/a/2.png': plainPng(50, 1, 1, 3),
      'train/a/3.png': plainPng(255, 1, 1, 4),
      'test/a/1.png': sixteen,
    });
    const { train, test: held } = loadDataset(folder);
    expect([...train.images]).toEqual([100, 100, 100, 50, 50, 50, 255, 255, 255]);
    expect(held.images).toEqual(new Float32Array(3).fill(1 / 255));
  });

  test('8-bit pictures among 16-bit ones', () => {
    const sixteen = encodeTestPng({ width: 1, height: 1, bitDepth: 16, colorType: 0, samples: [1] });
    const folder = temporaryFolder({
      'train/a/1.png': plainPng(51, 1, 1),
      'train/a/2.png': sixteen,
      'test/a/1.png': sixteen,
    });
    expect(loadDataset(folder).train.images).toEqual(Float32Array.of(0.2, 1 / 65535));
  });

  const good = { 'a/1.png': plainPng(1), 'b/1.png': plainPng(2) };
  const faults: Record<string, [Record<string, Uint8Array | string>, RegExp]> = {
    'an empty folder': [{}, /an empty folder, expected 'digits'/],
    'pictures without class folders': [{ '1.png': plainPng(1) }, /without subfolders \(1\.png\)/],
    'a class folder with other files only': [
      { ...good, 'c/x.gif': 'GIF89a', 'c/y.txt': 'text' },
      /c: got a class folder without pictures that can be read \(x\.gif, y\.txt\)/,
    ],
    'folders of classes in a class folder': [
      { 'First/a/1.png': plainPng(1), 'Second/a/1.png': plainPng(1) },
      /First: got a class folder without pictures that can be read \(a\).* give its path, or name those .* train, test and val/,
    ],
    'an empty class folder': [{ ...good, 'c/.keep': '' }, /c: got an empty class folder/],
    'a broken picture': [
      { ...good, 'b/2.png': 'not a PNG' },
      /b\/2\.png: got a text file, expected a PNG or JPEG picture/,
    ],
    'test without train': [{ 'test/a/1.png': plainPng(1) }, /test\/ without train\//],
    'a class only in test': [
      { 'train/a/1.png': plainPng(1), 'test/b/1.png': plainPng(1) },
      /test\/b: got class "b", expected one of the classes a/,
    ],
    'an empty train folder': [
      { 'train/.keep': '', 'test/a/1.png': plainPng(1) },
      /train: got an empty folder/,
    ],
  };
  for (const [name, [files, message]] of Object.entries(faults)) {
    test(name, () => {
      expect(() => loadDataset(temporaryFolder(files))).toThrow(message);
    });
  }

  test('a missing folder, and a file in place of one, say what is accepted', () => {
    const folder = temporaryFolder({ 'x.zip': 'zip' });
    expect(() => loadDataset(join(folder, 'none'))).toThrow(/no known name and no folder, expected 'digits'/);
    expect(() => loadDataset(join(folder, 'x.zip'))).toThrow(/which is not a folder/);
  });
});

describe('data sets beside the project', () => {
  const expected = {
    mnist: { train: [60_000, 28, 28, 1], test: [10_000, 28, 28, 1], mean: 0.13066 },
    pneumoniamnist: { train: [4708, 28, 28, 1], test: [624, 28, 28, 1], mean: 0.571922 },
  };
  for (const [name, { train, test: held, mean }] of Object.entries(expected)) {
    test(name, (context) => {
      const folder = join(sharedData, name);
      if (!existsSync(folder)) {
        console.log(`skipped ${name}: ${folder} is not there`);
        context.skip();
      }
      const loaded = loadDataset(folder);
      expect(loaded.train.shape).toEqual(train);
      expect(loaded.test.shape).toEqual(held);
      expect(loaded.validation !== undefined).toBe(name === 'pneumoniamnist');
      let sum = 0;
      for (const value of loaded.train.images) sum += value;
      expect(sum / loaded.train.images.length / 255).toBeCloseTo(mean, 5);
    });
  }
});
