/** The form of pictures: which size is chosen for several, and what stretching, padding and cropping make of them. */
import { describe, expect, test } from 'vitest';
import { chooseSize } from '../../src/data/form.ts';
import type { Image } from '../../src/data/image.ts';
import { loadDataset } from '../../src/data/load.ts';
import { fitTo } from '../../src/data/resize.ts';
import { plainPng, temporaryFolder } from '../support/datasets.ts';
import { jpegFile, withOrientation } from '../support/jpeg-files.ts';

const sized = (count: number, height: number, width: number) =>
  Array.from({ length: count }, () => ({ height, width }));

describe('the size that is chosen', () => {
  test.each([
    ['all the same', sized(3, 28, 30), [28, 30]],
    ['the commonest', [...sized(3, 28, 28), ...sized(2, 20, 20), ...sized(2, 30, 20)], [28, 28]],
    ['all the same, and large', sized(3, 256, 200), [256, 200]],
    ['photographs', sized(3, 3000, 4000), [64, 64]],
    [
      'too few of the commonest',
      [...sized(2, 30, 30), ...Array.from({ length: 7 }, (_, i) => sized(1, 40 + i, 50)).flat()],
      [42, 42],
    ],
    [
      'all different and small',
      [
        ...sized(1, 10, 20),
        ...sized(1, 12, 9),
        ...sized(1, 14, 14),
        ...sized(1, 40, 13),
        ...sized(1, 11, 12),
      ],
      [11, 11],
    ],
    ['none', [], [1, 1]],
  ])('%s', (_name, sizes, expected) => {
    expect(chooseSize(sizes)).toEqual(expected);
  });

  test('in a folder: that of the training pictures, said once with what changes it', () => {
    const folder = temporaryFolder({
      'train/a/1.png': plainPng(1, 4, 6),
      'train/a/2.png': plainPng(2, 4, 6),
      'train/b/1.png': plainPng(3, 8, 8),
      'test/a/1.png': plainPng(4, 9, 9),
      'val/b/1.png': plainPng(5, 2, 2),
    });
    const { train, test: held, validation, form, notes } = loadDataset(folder);
    expect([train, held, validation!].map(({ shape }) => shape)).toEqual([
      [3, 6, 4, 1],
      [1, 6, 4, 1],
      [1, 6, 4, 1],
    ]);
    expect(form).toEqual({ size: [6, 4], fit: 'stretch' });
    expect([...train.images].filter((_, i) => i % 24 === 0)).toEqual([1, 2, 3]);
    expect(notes).toEqual([
      expect.stringMatching(
        /train: 1 of 3 pictures is brought to 6×4 pixels \(height × width\), stretched\. Another size: --size HxW/,
      ),
    ]);
    const given = loadDataset(folder, { size: [5, 5], fit: 'crop' });
    expect(given.test.shape).toEqual([1, 5, 5, 1]);
    expect(given.notes).toEqual([]);
  });

  test('a picture that EXIF turns counts as it is seen', () => {
    const folder = temporaryFolder({
      'train/a/1.jpg': withOrientation(jpegFile('baseline'), 6),
      'train/b/1.jpg': withOrientation(jpegFile('baseline'), 8),
      'test/a/1.jpg': jpegFile('baseline'),
    });
    expect(loadDataset(folder).train.shape).toEqual([2, 24, 16, 3]);
  });

  test('an EXIF segment longer than what is read for the size', () => {
    const file = jpegFile('baseline');
    const large = new Uint8Array(2 + 2 * 65_537 + file.length - 2);
    large.set([0xff, 0xd8]);
    for (const start of [2, 2 + 65_537]) large.set([0xff, 0xe2, 0xff, 0xff], start);
    large.set(file.subarray(2), 2 + 2 * 65_537);
    const folder = temporaryFolder({ 'train/a/1.jpg': large, 'train/b/1.jpg': file, 'test/a/1.jpg': file });
    expect(loadDataset(folder).train.shape).toEqual([2, 16, 24, 3]);
  });
});

describe('fitTo', () => {
  /** Two rows of four pixels: 0 to 0.7. */
  const wide: Image = {
    width: 4,
    height: 2,
    channels: 1,
    bitDepth: 8,
    pixels: Float32Array.from({ length: 8 }, (_, i) => i / 10),
  };
  const rounded = ({ pixels }: Image): number[] =>
    [...pixels].map((value) => Math.round(value * 1000) / 1000);

  test('stretch: each pixel is the mean of what it covers', () => {
    expect(rounded(fitTo(wide, [1, 2], 'stretch'))).toEqual([0.25, 0.45]);
    expect(rounded(fitTo(wide, [2, 1], 'stretch'))).toEqual([0.15, 0.55]);
  });

  test('crop: the middle', () => {
    expect(rounded(fitTo(wide, [2, 2], 'crop'))).toEqual([0.1, 0.2, 0.5, 0.6]);
    expect(rounded(fitTo(wide, [1, 1], 'crop'))).toEqual([0.35]);
  });

  test('pad: all of it, on the mean color of its border', () => {
    const padded = fitTo(wide, [4, 4], 'pad');
    expect(rounded(padded)).toEqual([
      0.35, 0.35, 0.35, 0.35, 0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.35, 0.35, 0.35, 0.35,
    ]);
    expect(fitTo(wide, [2, 4], 'pad')).toBe(wide);
  });

  test('pictures of one pixel, and very long ones', () => {
    const one: Image = {
      width: 1,
      height: 1,
      channels: 3,
      bitDepth: 8,
      pixels: Float32Array.of(0.1, 0.5, 0.9),
    };
    const line: Image = {
      width: 500,
      height: 1,
      channels: 1,
      bitDepth: 8,
      pixels: new Float32Array(500).fill(0.5),
    };
    for (const fit of ['stretch', 'pad', 'crop'] as const) {
      const large = fitTo(one, [3, 5], fit);
      expect([large.height, large.width, large.channels]).toEqual([3, 5, 3]);
      expect(rounded(large)).toEqual(new Array(15).fill([0.1, 0.5, 0.9]).flat());
      const short = fitTo(line, [8, 8], fit);
      expect(rounded(short)).toEqual(new Array(64).fill(0.5));
    }
  });

  test('wrong arguments', () => {
    expect(() => fitTo(wide, [0, 1], 'pad')).toThrow(/size \[0,1\]/);
    expect(() => fitTo(wide, [1, 1], 'cut' as never)).toThrow(/fit "cut"/);
  });
});
