/** Labels of IDX files: a number in the file does not decide how many classes there are names made for. */
import { expect, test } from 'vitest';
import { encodeIdx, type IdxData } from '../../src/data/idx.ts';
import { loadDataset } from '../../src/data/load.ts';
import { LabelError } from '../../src/errors.ts';
import { temporaryFolder } from '../support/datasets.ts';

/** The classes of a folder with so many images of one pixel. */
function classesOf(labels: IdxData): readonly string[] {
  const count = labels.length;
  const folder = temporaryFolder({
    'train-images-idx3-ubyte': encodeIdx({ shape: [count, 1, 1], data: new Uint8Array(count) }),
    'train-labels-idx1-ubyte': encodeIdx({ shape: [count], data: labels }),
  });
  return loadDataset(folder).train.classNames;
}

test.each([1e7, 2e9, 2 ** 31 - 1, 256, -1])('twelve images, one of class %d', (label) => {
  const labels = Int32Array.from({ length: 12 }, (_, i) => (i === 3 ? label : 0));
  expect(() => classesOf(labels)).toThrow(LabelError);
  expect(() => classesOf(labels)).toThrow(/item 3: got label .* 12 images cannot .* Correct the label/);
});

test('labels written little-endian are told from wrong ones', () => {
  const labels = Int32Array.from({ length: 12 }, (_, i) => (i % 10) << 24);
  expect(() => classesOf(labels)).toThrow(/item 1: got label 16777216.*little-endian/);
});

test('a byte is always a class, and there may be as many classes as images', () => {
  expect(classesOf(Uint8Array.of(0, 0, 255, 255))).toHaveLength(256);
  expect(classesOf(Int32Array.from({ length: 600 }, (_, i) => i % 300))).toHaveLength(300);
  expect(classesOf(new Int16Array(4))).toEqual(['0', '1']);
});
