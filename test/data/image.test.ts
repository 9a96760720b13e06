/** Conversions between kinds of picture, checked against values worked out by hand. */
import { expect, test } from 'vitest';
import { compositeAlpha, type Image, invert, resize, toGrey, toRgb } from '../../src/data/image.ts';
import { OptionError } from '../../src/errors.ts';

function image(channels: Image['channels'], width: number, values: readonly number[]): Image {
  const height = values.length / width / channels;
  return { width, height, channels, bitDepth: 8, pixels: Float32Array.from(values) };
}

function expectPixels(result: Image, values: readonly number[]): void {
  expect(result.pixels.length).toBe(values.length);
  values.forEach((value, i) => {
    expect(result.pixels[i], `value ${i}`).toBeCloseTo(value, 6);
  });
}

test('alpha over black, over white, and pictures without alpha', () => {
  const grey = image(2, 2, [1, 0.5, 0.2, 1]);
  expectPixels(compositeAlpha(grey), [0.5, 0.2]);
  expectPixels(compositeAlpha(grey, 1), [1, 0.2]);
  expectPixels(compositeAlpha(image(4, 1, [1, 0.5, 0, 0.25]), 1), [1, 0.875, 0.75]);
  const opaque = image(3, 1, [1, 0.5, 0]);
  expect(compositeAlpha(opaque)).toBe(opaque);
});

test('grey takes the weights of BT.601', () => {
  expectPixels(toGrey(image(3, 4, [1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1])), [0.299, 0.587, 0.114, 1]);
  expectPixels(toGrey(image(4, 1, [1, 1, 1, 0.5])), [0.5]);
});

test('RGB repeats grey', () => {
  expect(toRgb(image(1, 2, [0.25, 0.5]))).toEqual(image(3, 2, [0.25, 0.25, 0.25, 0.5, 0.5, 0.5]));
});

test('invert leaves alpha alone', () => {
  expectPixels(invert(image(2, 1, [0.25, 0.75])), [0.75, 0.75]);
  expectPixels(invert(image(4, 1, [0, 0.5, 1, 0.25])), [1, 0.5, 0, 0.25]);
  expectPixels(invert(image(1, 1, [0.25])), [0.75]);
});

test('shrinking takes the mean of the covered area', () => {
  expectPixels(resize(image(1, 4, [0, 1, 0.5, 0.5, 1, 0, 0.5, 0.5]), 1, 2), [0.5, 0.5]);
  // Three pixels to two: each covers one and a half.
  expectPixels(resize(image(1, 3, [0, 0.3, 0.9]), 1, 2), [0.1, 0.7]);
});

test('growing interpolates between pixel centres', () => {
  expectPixels(resize(image(1, 2, [0, 1]), 1, 4), [0, 0.25, 0.75, 1]);
  expectPixels(resize(image(1, 1, [0.5, 0.7]), 4, 1), [0.5, 0.55, 0.65, 0.7]);
});

test('a plain picture stays plain at any size, in every channel', () => {
  const plain = toRgb({ ...image(1, 5, new Array(35).fill(0.25)) });
  for (const [height, width] of [
    [3, 9],
    [28, 28],
    [1, 1],
    [7, 5],
  ]) {
    const result = resize(plain, height, width);
    expect([result.height, result.width, result.channels]).toEqual([height, width, 3]);
    expectPixels(result, new Array(height * width * 3).fill(0.25));
  }
});

test('sizes must be positive integers', () => {
  for (const side of [0, -1, 1.5, Number.NaN]) {
    expect(() => resize(image(1, 1, [0]), side, 1)).toThrow(OptionError);
    expect(() => resize(image(1, 1, [0]), 1, side)).toThrow(OptionError);
  }
});
