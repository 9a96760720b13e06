/** The images of a run, found again: moved, renamed, changed, missing and new ones, with and without files. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { contentHashes } from '../../src/data/content-hash.ts';
import { encodeIdx } from '../../src/data/idx.ts';
import { loadDataset } from '../../src/data/load.ts';
import { encodePng } from '../../src/data/png.ts';
import {
  loadAllImages,
  loadRecordedTest,
  recordedSplit,
  seenInTraining,
} from '../../src/data/recorded-images.ts';
import { plainPng, temporaryFolder, tinyDataset } from '../support/datasets.ts';

test('equal pixels have equal hashes, as bytes and as floats, whatever else is in the data set', () => {
  const bytes = { ...tinyDataset([0, 0, 0], 1), images: Uint8Array.of(7, 8, 7) };
  const floats = { ...bytes, images: Float32Array.of(7 / 255, 8 / 255, 0.1234) };
  const [first, second, third] = contentHashes(bytes);
  expect(first).toMatch(/^[\w+/]{8}$/);
  expect(third).toBe(first);
  expect(contentHashes(floats).slice(0, 2)).toEqual([first, second]);
  expect(contentHashes(floats)[2]).not.toBe(first);
});

describe('class folders', () => {
  const classes = ['a', 'b'];
  const picture = (className: string, number: number): Uint8Array =>
    plainPng(10 * number + classes.indexOf(className) + 5);
  const folderOf = (count = 10): string =>
    temporaryFolder(
      Object.fromEntries(
        classes.flatMap((name) =>
          Array.from({ length: count }, (_, number) => [`${name}/${number}.png`, picture(name, number)]),
        ),
      ),
    );

  test('what did not change is found in its order, and nothing is said but how many', () => {
    const folder = folderOf();
    const loaded = loadDataset(folder);
    const { images, notes } = loadRecordedTest(folder, recordedSplit(loaded));
    expect(images.files).toEqual(loaded.test.files);
    expect(images.images).toEqual(loaded.test.images);
    expect(notes).toEqual([
      expect.stringMatching(/tested on the 4 images that were held out in training\.$/),
    ]);
  });

  test('missing, moved, renamed, changed and new ones are said', () => {
    const folder = folderOf(20);
    const loaded = loadDataset(folder);
    const split = recordedSplit(loaded);
    const [missing, moved, renamed, changed, swapped] = loaded.test.files!.filter((file) =>
      file.startsWith('a/'),
    ) as [string, string, string, string, undefined];
    const other = loaded.test.files!.find((file) => file.startsWith('b/'))!;
    expect(swapped).toBeUndefined();
    rmSync(join(folder, missing));
    renameSync(join(folder, moved), join(folder, 'b', 'moved.png'));
    renameSync(join(folder, renamed), join(folder, 'a', 'renamed.png'));
    writeFileSync(join(folder, changed), plainPng(251));
    // What is held out shows a training picture now.
    const trained = loaded.train.files!.find((file) => file.startsWith('b/'))!;
    writeFileSync(join(folder, other), picture('b', Number(/\d+/.exec(trained)![0])));
    writeFileSync(join(folder, 'a', 'new.png'), plainPng(253));
    const { images, notes } = loadRecordedTest(folder, split);
    expect(images.labels.length).toBe(6);
    const text = notes.join('\n');
    expect(text).toContain('tested on 6 of the 8 images that were held out');
    expect(text).toContain(`1 of them is missing: ${missing}.`);
    expect(text).toContain(`1 of them is in another class now: ${moved} → b/moved.png.`);
    expect(text).toContain(`1 of them is found under another name: ${renamed} → a/renamed.png.`);
    expect(text).toContain(
      `1 of them shows something else than in training, and is tested as it is: ${changed}.`,
    );
    expect(text).toContain(`1 of them shows an image that was trained on, and is left out: ${other}.`);
    expect(text).toContain('1 image added since the training is not looked at.');
    expect(images.labels[images.files!.indexOf('b/moved.png')]).toBe(1);
  });

  test('pictures that are new are not even read where none is missing', () => {
    const folder = folderOf();
    const split = recordedSplit(loadDataset(folder));
    writeFileSync(join(folder, 'a', 'new.png'), 'no picture');
    expect(loadRecordedTest(folder, split).images.labels.length).toBe(4);
  });

  test('a class that was numbered anew is tested on the same pictures', () => {
    const folder = folderOf(20);
    const loaded = loadDataset(folder);
    const split = recordedSplit(loaded);
    const gone = Math.min(
      ...loaded.train
        .files!.filter((file) => file.startsWith('a/'))
        .map((file) => Number(/\d+/.exec(file)![0])),
    );
    rmSync(join(folder, `a/${gone}.png`));
    for (let number = gone + 1; number < 20; number++) {
      renameSync(join(folder, `a/${number}.png`), join(folder, `a/${number - 1}.png`));
    }
    // What is no picture is none of those looked for.
    writeFileSync(join(folder, 'a', 'broken.png'), 'no picture');
    const { images, notes } = loadRecordedTest(folder, split);
    expect(contentHashes(images)).toEqual(split.test.hashes);
    const text = notes.join('\n');
    expect(text).toContain('tested on the 8 images that were held out');
    expect(text).toContain('of them are found under other names: a/');
    expect(text).not.toMatch(/missing|left out|shows/);
  });

  test('two files with each other’s pictures are told apart by what they show', () => {
    const folder = folderOf(20);
    const split = recordedSplit(loadDataset(folder));
    const inA = (files: readonly string[] | undefined) => files!.find((file) => file.startsWith('a/'))!;
    const [held, trained] = [inA(split.test.files), inA(split.train.files)];
    const [shown, other] = [held, trained].map((file) => readFileSync(join(folder, file)));
    writeFileSync(join(folder, held), other!);
    writeFileSync(join(folder, trained), shown!);
    const { images, notes } = loadRecordedTest(folder, split);
    expect(contentHashes(images)).toEqual(split.test.hashes);
    expect(notes.join()).toContain(`1 of them is found under another name: ${held} → ${trained}.`);
  });

  test('a copy of a missing picture among those trained on is not taken for it', () => {
    const folder = folderOf(20);
    const { train, test: tested } = loadDataset(folder);
    const [held, trained] = [tested.files![0]!, train.files![0]!];
    writeFileSync(join(folder, trained), readFileSync(join(folder, held)));
    const split = recordedSplit(loadDataset(folder));
    rmSync(join(folder, held));
    expect(loadRecordedTest(folder, split).notes.join()).toContain(`1 of them is missing: ${held}.`);
  });

  test('training pictures under new names are not new', () => {
    const folder = folderOf();
    const loaded = loadDataset(folder);
    const split = recordedSplit(loaded);
    const [, height, width] = loaded.train.shape;
    renameSync(join(folder, split.train.files![0]!), join(folder, 'a', 'renamed.png'));
    expect(loadRecordedTest(folder, split).notes).toHaveLength(1);
    mkdirSync(join(folder, 'train'));
    for (const name of classes) renameSync(join(folder, name), join(folder, 'train', name));
    writeFileSync(join(folder, 'train', 'a', 'new.png'), plainPng(253));
    const text = loadRecordedTest(folder, split, { size: [height, width] }).notes.join('\n');
    expect(text).toContain('4 of them are found under other names');
    expect(text).toContain('1 image added since the training is not looked at.');
  });

  test('a picture that was replaced is no longer a copy', () => {
    const folder = folderOf();
    const split = recordedSplit(loadDataset(folder));
    const copies = [0, 1].map((second) => ({ first: 0, second, identical: true }));
    writeFileSync(join(folder, split.test.files![0]!), plainPng(251));
    expect(loadRecordedTest(folder, { ...split, copies }).copies).toEqual([copies[1]]);
  });

  test('records of earlier versions have names alone', () => {
    const folder = folderOf();
    const { train, test: held } = loadDataset(folder);
    const split = { train: { files: train.files }, test: { files: held.files } };
    rmSync(join(folder, held.files![0]!));
    const { images, notes } = loadRecordedTest(folder, split);
    expect(images.files).toEqual(held.files!.slice(1));
    expect(notes.join()).toContain('is missing');
    expect(seenInTraining(split, images)).toBeUndefined();
  });

  test('none left is an error', () => {
    const folder = folderOf();
    const split = recordedSplit(loadDataset(folder));
    for (const file of split.test.files!) rmSync(join(folder, file));
    expect(() => loadRecordedTest(folder, split)).toThrow(/none of the images that were held out/);
  });

  test('all of other data, and which of them were trained on', () => {
    const folder = folderOf();
    const split = recordedSplit(loadDataset(folder));
    const other = temporaryFolder({
      'train/a/x.png': picture('a', 0),
      'test/a/y.png': picture('a', 1),
      'train/b/z.png': plainPng(254),
    });
    const { images, notes } = loadAllImages(other);
    expect(images.labels.length).toBe(3);
    expect(notes.join()).toContain('all of its 3 images are tested on: 2 train, 1 test.');
    const trained = new Set(split.train.hashes);
    expect(seenInTraining(split, images)).toEqual(contentHashes(images).map((hash) => trained.has(hash)));
  });

  test('pictures in another form than the model’s are told', () => {
    const red = encodePng({
      height: 2,
      width: 2,
      channels: 3,
      bitDepth: 8,
      pixels: Float32Array.from({ length: 12 }, (_, i) => (i % 3 === 0 ? 1 : 0)),
    });
    const folder = temporaryFolder({ 'a/1.png': plainPng(1, 4, 4), 'b/1.png': red });
    const { images, notes } = loadAllImages(folder, { size: [4, 4], channels: 1 });
    expect(images.shape).toEqual([2, 4, 4, 1]);
    const text = notes.join('\n');
    expect(text).toContain('1 of 2 images is brought to 4×4 pixels (height × width), stretched.');
    expect(text).toContain('1 of 2 images is made gray, as those of training were.');
  });

  test('parts without training images may lack each other’s classes', () => {
    const folder = temporaryFolder({ 'test/a/1.png': plainPng(1), 'val/a/1.png': plainPng(2) });
    mkdirSync(join(folder, 'val/b'));
    writeFileSync(join(folder, 'val/b/1.png'), plainPng(3));
    expect([...loadAllImages(folder).images.labels]).toEqual([0, 0, 1]);
  });
});

describe('IDX files', () => {
  const images = (from: number, count: number) =>
    encodeIdx({ shape: [count, 1, 1], data: Uint8Array.from({ length: count }, (_, i) => from + i) });
  const labels = (classes: readonly number[]) =>
    encodeIdx({ shape: [classes.length], data: Uint8Array.from(classes) });
  const parity = (from: number, count: number) => Array.from({ length: count }, (_, i) => (from + i) % 2);
  const folderOf = (test: readonly [Uint8Array, Uint8Array]): string =>
    temporaryFolder({
      'train-images-idx3-ubyte': images(0, 40),
      'train-labels-idx1-ubyte': labels(parity(0, 40)),
      't10k-images-idx3-ubyte': test[0],
      't10k-labels-idx1-ubyte': labels([...decodeLabels(test[1])]),
    });
  const decodeLabels = (bytes: Uint8Array) => bytes.subarray(8);

  test('are known by what they show; what is new, missing or of another class is said', () => {
    const split = recordedSplit(loadDataset(folderOf([images(100, 10), labels(parity(100, 10))])));
    const same = loadRecordedTest(folderOf([images(100, 10), labels(parity(100, 10))]), split);
    expect([...same.images.images]).toEqual(Array.from({ length: 10 }, (_, i) => 100 + i));
    expect(same.notes.join('\n')).toMatch(/tested on the 10 images that were held out in training\.$/);
    const now = [1, ...parity(103, 9)];
    const changed = loadRecordedTest(folderOf([images(102, 10), labels(now)]), split);
    const text = changed.notes.join('\n');
    expect([...changed.images.images]).toEqual(Array.from({ length: 8 }, (_, i) => 102 + i));
    expect(text).toContain('tested on 8 of the 10 images');
    expect(text).toContain('2 of them are missing: test image 0, test image 1.');
    expect(text).toContain('1 of them is in another class now: test image 2 → class 1.');
    expect(text).toContain('2 images added since the training are not looked at.');
  });

  test('images that are equal to training images are not taken for missing', () => {
    const test = [images(38, 4), labels(parity(38, 4))] as const;
    const split = recordedSplit(loadDataset(folderOf(test)));
    const { images: found, notes } = loadRecordedTest(folderOf(test), split);
    expect([...found.images]).toEqual([38, 39, 40, 41]);
    expect(notes).toHaveLength(1);
  });
});
