/** Conversions between kinds of picture, checked against values worked out by hand. */
import { expect, test } from 'vitest';
import { compositeAlpha, type Image, invert, toGray, toRgb } from '../../src/data/image.ts';
import { encodePng } from '../../src/data/png.ts';
import { resize } from '../../src/data/resize.ts';
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
  const gray = image(2, 2, [1, 0.5, 0.2, 1]);
  expectPixels(compositeAlpha(gray), [0.5, 0.2]);
  expectPixels(compositeAlpha(gray, 1), [1, 0.2]);
  expectPixels(compositeAlpha(image(4, 1, [1, 0.5, 0, 0.25]), 1), [1, 0.875, 0.75]);
  const opaque = image(3, 1, [1, 0.5, 0]);
  expect(compositeAlpha(opaque)).toBe(opaque);
});

test('gray takes the weights of BT.601', () => {
  expectPixels(toGray(image(3, 4, [1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1])), [0.299, 0.587, 0.114, 1]);
  expectPixels(toGray(image(4, 1, [1, 1, 1, 0.5])), [0.5]);
});

test('RGB repeats gray', () => {
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

test('growing interpolates between pixel centers', () => {
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

test('what is no picture is refused, and said in words', () => {
  const good = image(3, 2, [0, 0.5, 1, 1, 0.5, 0]);
  const canvas = { width: 1, height: 1, data: Uint8ClampedArray.of(0, 0, 0, 255) };
  const wrong: unknown[] = [undefined, null, 'seven.png', {}, canvas, { ...good, pixels: [...good.pixels] }];
  for (const change of [
    { pixels: Uint8Array.from(good.pixels) },
    { pixels: good.pixels.subarray(1) },
    { width: 1.5 },
    { height: 0 },
    { height: 1e9 },
    { channels: 5 },
    { channels: '3' },
    { bitDepth: 1 },
  ]) {
    wrong.push({ ...good, ...change });
  }
  const calls = [compositeAlpha, toGray, toRgb, invert, encodePng, (each: Image) => resize(each, 2, 2)];
  for (const each of wrong) {
    for (const call of calls) expect(() => call(each as Image)).toThrow(OptionError);
  }
  expect(() => encodePng({ ...good, pixels: Uint8Array.from(good.pixels) } as never)).toThrow(
    /2×1 pixels in a Uint8Array of 6.*value \/ 255/,
  );
  for (const background of [2, Number.NaN, '0']) {
    expect(() => toGray(image(2, 1, [1, 0]), background as never)).toThrow(/background/);
  }
});

test('a size beyond all pictures is refused before memory is asked for', () => {
  const small = image(1, 2, [0, 1, 0, 1]);
  for (const [height, width] of [
    [1e5, 1e5],
    [1, 2 ** 30],
    [2 ** 30, 1],
    [1e300, 1],
  ]) {
    expect(() => resize(small, height, width)).toThrow(/resize: got .*expected/);
  }
  const tall = image(1, 1, new Array(2 ** 14).fill(0.5));
  expect(() => resize(tall, 1, 2 ** 14)).toThrow(/also at the new width and the old height/);
  expect(resize(tall, 3, 2).pixels).toEqual(new Float32Array(6).fill(0.5));
});
