/** Copies on both sides of a split: found as they are, re-encoded, mirrored, brighter; and nothing else is taken for one. */
import { describe, expect, test } from 'vitest';
import { concatenate, type ImageDataset, subset } from '../../src/data/dataset.ts';
import { loadDigits } from '../../src/data/digits.ts';
import { findOverlap } from '../../src/data/overlap.ts';
import { RandomGenerator } from '../../src/data/random-generator.ts';
import { resize } from '../../src/data/resize.ts';
import { tinyDataset } from '../support/datasets.ts';

/** Pictures with something to see: forty rectangles each, of all sizes. */
function scenes(count: number, side = 48, seed = 0): ImageDataset {
  const generator = new RandomGenerator(seed);
  const images = new Uint8Array(count * side * side);
  for (let image = 0; image < count; image++) {
    for (let i = 0; i < 40; i++) {
      const [top, left] = [generator.nextBelow(side), generator.nextBelow(side)];
      const [height, width] = [1 + generator.nextBelow(side / 2), 1 + generator.nextBelow(side / 2)];
      const value = generator.nextBelow(230);
      for (let y = top; y < Math.min(top + height, side); y++) {
        const row = (image * side + y) * side;
        images.fill(value, row + left, row + Math.min(left + width, side));
      }
    }
  }
  return {
    ...tinyDataset(new Array(count).fill(0), 1),
    name: 'scenes',
    images,
    shape: [count, side, side, 1],
  };
}

const all = scenes(300);
const strangers = scenes(100, 48, 1);
const originals = Array.from({ length: 40 }, (_, index) => 7 * index);

/** The originals with each image changed, behind images that are no copies. */
function changed(change: (pixel: (y: number, x: number) => number, y: number, x: number) => number) {
  const [, side] = all.shape;
  const picked = subset(all, originals);
  const images = picked.images.map((_, place) => {
    const start = place - (place % (side * side));
    const [y, x] = [Math.floor((place - start) / side), place % side];
    return change((row, column) => picked.images[start + row * side + column]!, y, x);
  });
  return concatenate(strangers, { ...picked, images });
}

describe('copies are found, and those of them alone', () => {
  const noise = new RandomGenerator(5);
  const last = 47;
  test.each([
    ['as they are', 'none', (pixel, y, x) => pixel(y, x)],
    ['mirrored left to right', 'left-right', (pixel, y, x) => pixel(y, last - x)],
    ['mirrored top to bottom', 'top-bottom', (pixel, y, x) => pixel(last - y, x)],
    ['mirrored both ways', 'both', (pixel, y, x) => pixel(last - y, last - x)],
    ['darker', 'none', (pixel, y, x) => pixel(y, x) * 0.8],
    ['brighter', 'none', (pixel, y, x) => Math.min(pixel(y, x) + 12, 255)],
    [
      'with the noise of an encoder',
      'none',
      (pixel, y, x) => Math.max(pixel(y, x) + noise.uniform() * 12 - 6, 0),
    ],
    [
      'mirrored, brighter and noisy',
      'both',
      (pixel, y, x) => Math.max(pixel(last - y, last - x) * 0.9 + noise.uniform() * 8, 0),
    ],
  ] as const satisfies readonly (readonly [string, string, Parameters<typeof changed>[0]])[])(
    '%s',
    (name, mirrored, change) => {
      const found = findOverlap(all, changed(change));
      expect(found.map(({ second }) => second)).toEqual(originals.map((_, index) => 100 + index));
      expect(found.map(({ first }) => first)).toEqual(originals);
      for (const copy of found) expect(copy).toMatchObject({ identical: name === 'as they are', mirrored });
    },
  );

  test('of another size', () => {
    const picked = subset(all, originals);
    const images = originals.flatMap((_, index) => {
      const pixels = Float32Array.from(
        picked.images.subarray(index * 48 * 48, (index + 1) * 48 * 48),
        (v) => v / 255,
      );
      return [...resize({ width: 48, height: 48, channels: 1, bitDepth: 8, pixels }, 64, 64).pixels];
    });
    const larger: ImageDataset = { ...picked, images: Float32Array.from(images), shape: [40, 64, 64, 1] };
    expect(findOverlap(all, larger).map(({ first }) => first)).toEqual(originals);
  });

  test('not mirrored ones where they are not asked for', () => {
    const mirrored = changed((pixel, y, x) => pixel(y, 47 - x));
    expect(findOverlap(all, mirrored, { mirrored: false })).toEqual([]);
  });
});

test('images without anything to see have identical copies only, of bytes and of floats', () => {
  const plain = { ...tinyDataset([0, 0, 0], 1), shape: [3, 2, 2, 1] as const };
  const first = { ...plain, images: Uint8Array.of(0, 0, 0, 0, 100, 100, 100, 100, 9, 9, 9, 9) };
  const second = {
    ...plain,
    images: Float32Array.from([0, 0, 0, 0, 101, 101, 101, 101, 9, 9, 9, 9], (v) => v / 255),
  };
  const found = findOverlap(first, second);
  expect(found.map(({ first: original, second: copy, identical }) => [original, copy, identical])).toEqual([
    [0, 0, true],
    [2, 2, true],
  ]);
});

test('a hundred identical pairs that have one sketch are all found, each with its own original', () => {
  const count = 100;
  const labels = new Array(count).fill(0);
  const series = (pixel: (image: number, place: number) => number): ImageDataset => ({
    ...tinyDataset(labels, 1),
    shape: [count, 16, 16, 1],
    images: Uint8Array.from({ length: count * 256 }, (_, i) => pixel(Math.floor(i / 256), i % 256)),
  });
  const plain = series((image) => image);
  const exposures = series((image, place) => image + (place % 16 < 8 ? 0 : 40));
  for (const images of [plain, exposures]) {
    const found = findOverlap(images, images);
    expect(found.filter(({ identical, first, second }) => identical && first === second)).toHaveLength(count);
  }
});

test('handwritten digits are alike, and no copies', () => {
  const { train, test: held } = loadDigits();
  expect(findOverlap(train, held).length).toBeLessThan(3);
});

test('one picture a thousand times does not take long', () => {
  const one = subset(all, new Array(4000).fill(3));
  const began = performance.now();
  expect(findOverlap(one, subset(all, new Array(500).fill(3)))).toHaveLength(500);
  expect(performance.now() - began).toBeLessThan(20_000);
});
