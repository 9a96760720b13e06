/** What the labels of IDX files are called: by a file beside them, by EMNIST's mapping, by an option, or by numbers. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { encodeIdx } from '../../src/data/idx.ts';
import { loadDataset } from '../../src/data/load.ts';
import { temporaryFolder } from '../support/datasets.ts';

/** The files of a set with these labels, in training and in testing; the pixels of each image are 1 to 6. */
function idx(labels: readonly number[], prefix = ''): Record<string, Uint8Array> {
  const images = encodeIdx({
    shape: [labels.length, 2, 3],
    data: Uint8Array.from({ length: labels.length * 6 }, (_, i) => 1 + (i % 6)),
  });
  const numbers = encodeIdx({ shape: [labels.length], data: Uint8Array.from(labels) });
  return {
    [`${prefix}train-images-idx3-ubyte`]: images,
    [`${prefix}train-labels-idx1-ubyte`]: numbers,
    [`${prefix}test-images-idx3-ubyte`]: images,
    [`${prefix}test-labels-idx1-ubyte`]: numbers,
  };
}

describe('classes.txt', () => {
  test.each([
    ['classes.txt', 'cat\ndog\n\n'],
    ['class_names.txt', 'cat\r\ndog'],
    ['Labels.txt', '0 cat\n1 dog\n'],
    ['labels.txt', '1: cat\n2: dog\n'],
    ['batches.meta.txt', 'cat\ndog\n'],
  ])('%s: %j', (name, text) => {
    const { train, test: held, notes } = loadDataset(temporaryFolder({ ...idx([0, 1, 1]), [name]: text }));
    expect(train.classNames).toEqual(['cat', 'dog']);
    expect(held.classNames).toEqual(['cat', 'dog']);
    expect([...held.labels]).toEqual([0, 1, 1]);
    expect(notes).toEqual([expect.stringContaining(`the classes are named by ${name}.`)]);
  });

  test('names for labels that count from 1', () => {
    const folder = temporaryFolder({ ...idx([1, 2, 2]), 'classes.txt': 'cat\ndog' });
    expect([...loadDataset(folder).train.labels]).toEqual([0, 1, 1]);
    const plain = loadDataset(temporaryFolder(idx([1, 2, 3])));
    expect(plain.train.classNames).toEqual(['1', '2', '3']);
    expect([...plain.test.labels]).toEqual([0, 1, 2]);
  });

  test('too few names, a name twice, and no names', () => {
    const load = (text: string) => () =>
      loadDataset(temporaryFolder({ ...idx([0, 1, 2]), 'classes.txt': text }));
    expect(load('cat\ndog')).toThrow(/item 2: got label 2, expected 0 to 1.*name all classes/);
    expect(load('cat\ndog\ncat')).toThrow(/classes\.txt: got the class "cat" twice/);
    expect(load('\n')).toThrow(/classes\.txt: got 0 class names/);
  });

  test('the option comes first, also for the digits', () => {
    const folder = temporaryFolder({ ...idx([0, 1, 1]), 'classes.txt': 'cat\ndog' });
    const { train, notes } = loadDataset(folder, { classNames: ['x', 'y', 'z'] });
    expect(train.classNames).toEqual(['x', 'y', 'z']);
    expect(notes).toEqual([]);
    const classNames = Array.from('abcdefghij');
    expect(loadDataset('digits', { classNames }).test.classNames).toEqual(classNames);
    expect(() => loadDataset('digits', { classNames: ['a'] })).toThrow(/1 class names, expected ten/);
    expect(() => loadDataset(folder, { classNames: [] })).toThrow(/0 class names/);
    expect(() => loadDataset(folder, { classNames: 'a,b' as never })).toThrow(/classNames "a,b"/);
    expect(() => loadDataset(folder, { classNames: [1, 2] as never })).toThrow(/a class name 1/);
  });
});

describe('EMNIST', () => {
  const files = { ...idx([1, 2, 26], 'emnist-letters-'), ...idx([0, 1], 'emnist-digits-') };
  const mapping = Array.from({ length: 26 }, (_, i) => `${i + 1} ${65 + i} ${97 + i}`).join('\n');

  test('letters by their mapping, turned upright', () => {
    const folder = temporaryFolder({ ...files, 'emnist-letters-mapping.txt': `${mapping}\n` });
    const { train, test: held, notes } = loadDataset(join(folder, 'emnist-letters'));
    expect(train.classNames).toHaveLength(26);
    expect([train.classNames[0], train.classNames[25]]).toEqual(['Aa', 'Zz']);
    expect([...held.labels]).toEqual([0, 1, 25]);
    expect(train.shape).toEqual([3, 3, 2, 1]);
    expect([...train.images.subarray(0, 6)]).toEqual([1, 4, 2, 5, 3, 6]);
    expect(notes).toEqual([
      expect.stringContaining('EMNIST stores rows and columns swapped: its images are turned upright.'),
      expect.stringContaining('the classes are named by emnist-letters-mapping.txt.'),
    ]);
  });

  test('several sets in one folder: the path names one', () => {
    const folder = temporaryFolder(files);
    expect(() => loadDataset(folder)).toThrow(
      /emnist-digits, emnist-letters.*Add the name of one to the path/,
    );
    expect(loadDataset(join(folder, 'emnist-digits')).train.classNames).toEqual(['0', '1']);
  });

  test('a mapping that is none', () => {
    for (const text of ['', 'A B', '1 65\n3 66', '1', '0 -5', '0 9999999']) {
      const folder = temporaryFolder({ ...idx([0, 1], 'emnist-x-'), 'emnist-x-mapping.txt': text });
      expect(() => loadDataset(folder)).toThrow(/mapping\.txt: got (no lines|line \d without)/);
    }
  });
});

describe('size and fit', () => {
  test('of images that have a size already', () => {
    const { train, test: held, form } = loadDataset('digits', { size: [10, 12] });
    expect(train.shape).toEqual([4000, 10, 12, 1]);
    expect(held.shape).toEqual([1000, 10, 12, 1]);
    expect(form).toEqual({ size: [10, 12], fit: 'stretch' });
    const folder = temporaryFolder(idx([0, 1]));
    const padded = loadDataset(folder, { size: [3, 3], fit: 'pad' });
    expect(padded.train.shape).toEqual([2, 3, 3, 1]);
    expect(padded.form).toEqual({ size: [3, 3], fit: 'pad' });
    expect(loadDataset(folder).form).toEqual({ size: [2, 3], fit: 'stretch' });
  });

  test('a fit that would do nothing, and sizes that are none', () => {
    const folder = temporaryFolder(idx([0, 1]));
    expect(() => loadDataset(folder, { fit: 'crop' })).toThrow(/all have 2×3 pixels already/);
    for (const size of [[0, 3], [3], [3, 3, 3], [1.5, 2], '3x3', 3, [1e5, 1e5]]) {
      expect(() => loadDataset(folder, { size: size as never })).toThrow(/size .*\[height, width\]/);
    }
    expect(() => loadDataset(folder, { fit: 'cut' as never })).toThrow(/'stretch', 'pad', 'crop'/);
  });
});
