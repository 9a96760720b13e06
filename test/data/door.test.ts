/** What is handed to the functions of data sets is checked once, by the part that is wrong. */
import { describe, expect, test } from 'vitest';
import { augmentBatch } from '../../src/data/augment/augment.ts';
import { batchIndices, gatherBatch } from '../../src/data/batches.ts';
import {
  classCounts,
  concatenate,
  type ImageDataset,
  shuffledIndices,
  stratifiedSplit,
  stridedSplit,
  subset,
  validateLabels,
} from '../../src/data/dataset.ts';
import { DatasetError } from '../../src/data/errors.ts';
import {
  applyNormalization,
  channelStatistics,
  requireNormalization,
  requireUsablePixels,
} from '../../src/data/normalize.ts';
import { RandomGenerator } from '../../src/data/random-generator.ts';
import { LabelError, OptionError } from '../../src/errors.ts';

const good: ImageDataset = {
  name: 'good',
  images: Uint8Array.from({ length: 4 * 6 }, (_, i) => i * 10),
  shape: [4, 2, 3, 1],
  labels: Int32Array.of(0, 1, 0, 1),
  classNames: ['a', 'b'],
};
const generator = new RandomGenerator(0);

const functions: Record<string, (dataset: ImageDataset) => unknown> = {
  validateLabels: (dataset) => validateLabels(dataset),
  subset: (dataset) => subset(dataset, [0, 3]),
  'concatenate, first': (dataset) => concatenate(dataset, good),
  'concatenate, second': (dataset) => concatenate(good, dataset),
  classCounts,
  stratifiedSplit: (dataset) => stratifiedSplit(dataset, 0.5, generator),
  stridedSplit: (dataset) => stridedSplit(dataset, 2),
  gatherBatch: (dataset) => gatherBatch(dataset, [0, 3]),
  channelStatistics,
};

/** No data set, part by part, as JavaScript would pass it. */
const wrong: [what: string, dataset: unknown, message: RegExp][] = [
  ['nothing', undefined, /no data set: undefined/],
  ['null', null, /no data set: null/],
  ['a path', 'digits', /no data set: "digits"/],
  ['no name', { ...good, name: undefined }, /no data set/],
  ['no labels', { ...good, labels: undefined }, /no data set/],
  ['images in an array', { ...good, images: [...good.images] }, /images as \[0,10,.*Uint8Array/],
  [
    'images of 16 bits',
    { ...good, images: Uint16Array.from(good.images) },
    /images as a Uint16Array of 24.*65535/,
  ],
  [
    'images in doubles',
    { ...good, images: Float64Array.from(good.images) },
    /images as a Float64Array of 24/,
  ],
  ['too few images', { ...good, images: good.images.subarray(1) }, /23 pixel values, expected 24/],
  ['labels in an array', { ...good, labels: [...good.labels] }, /labels as \[0,1,0,1\].*Int32Array\.from/],
  ['labels in floats', { ...good, labels: Float32Array.from(good.labels) }, /labels as a Float32Array of 4/],
  ['labels of 64 bits', { ...good, labels: new BigInt64Array(4) }, /labels as a BigInt64Array of 4/],
  [
    'too few labels',
    { ...good, labels: good.labels.subarray(1) },
    /3 labels, expected one for each of the 4/,
  ],
  ['a shape without channels', { ...good, shape: [4, 2, 3] }, /shape \[4,2,3\]/],
  ['a shape of halves', { ...good, shape: [4, 2, 1.5, 2] }, /shape \[4,2,1.5,2\]/],
  [
    'a shape without height',
    { ...good, shape: [4, 0, 3, 1], images: new Uint8Array(0) },
    /shape \[4,0,3,1\]/,
  ],
  ['no class names', { ...good, classNames: [] }, /0 class names/],
  ['numbers as class names', { ...good, classNames: [0, 1] }, /class names: \[0,1\]/],
  ['a number of classes', { ...good, classNames: 2 }, /classNames 2/],
];

describe.each(Object.entries(functions))('%s', (_name, call) => {
  test.each(wrong)('%s', (_what, dataset, message) => {
    expect(() => call(dataset as ImageDataset)).toThrow(DatasetError);
    expect(() => call(dataset as ImageDataset)).toThrow(message);
  });
});

test('labels that are no class are named where they are looked at', () => {
  for (const label of [2, -1, 2 ** 31 - 1]) {
    const dataset = { ...good, labels: Int32Array.of(0, 1, label, 1) };
    for (const call of [classCounts, validateLabels, functions.stratifiedSplit]) {
      expect(() => call(dataset)).toThrow(LabelError);
      expect(() => call(dataset)).toThrow(/item 2: got label/);
    }
  }
});

test('labels in any array of integers', () => {
  expect([...subset({ ...good, labels: Uint8Array.from(good.labels) as never }, [3]).labels]).toEqual([1]);
});

test('the pixels of a canvas are bytes', () => {
  const clamped = { ...good, images: Uint8ClampedArray.from(good.images) };
  const normalization = channelStatistics(good);
  expect(channelStatistics(clamped)).toEqual(normalization);
  expect(gatherBatch(clamped, [2, 0])).toEqual(gatherBatch(good, [2, 0]));
  expect(gatherBatch(clamped, [2, 0], normalization)).toEqual(gatherBatch(good, [2, 0], normalization));
  expect(subset(clamped, [1])).toEqual(subset(good, [1]));
  expect(concatenate(clamped, good)).toEqual(concatenate(good, good));
  const floats = { ...good, images: Float32Array.from(good.images, (value) => value / 255) };
  expect(concatenate(clamped, floats).images).toEqual(concatenate(floats, floats).images);
});

test('floats that nothing has scaled are told from standardized ones', () => {
  const of = (scale: number, shift = 0) => ({
    ...good,
    images: Float32Array.from(good.images, (value) => value * scale + shift),
  });
  const check = (dataset: ImageDataset) => requireUsablePixels('test', dataset, 1, undefined);
  for (const dataset of [good, of(1 / 255), of(1 / 120), of(3, -100), of(0)]) check(dataset);
  for (const dataset of [of(1), of(257), of(16 / 230)]) {
    expect(() => check(dataset)).toThrow(DatasetError);
    expect(() => check(dataset)).toThrow(/pixels from 0 to \d+ in a Float32Array/);
  }
});

test('indices, generators and options of the wrong kind', () => {
  for (const indices of [undefined, 3, new Set([1]), '12', new DataView(new ArrayBuffer(4))]) {
    expect(() => subset(good, indices as never)).toThrow(/indices .*expected an array of image indices/);
    expect(() => gatherBatch(good, indices as never)).toThrow(OptionError);
  }
  expect(() => subset(good, ['1'] as never)).toThrow(/image index "1"/);
  for (const random of [undefined, 7, Math.random]) {
    expect(() => stratifiedSplit(good, 0.5, random as never)).toThrow(/expected a RandomGenerator/);
    expect(() => shuffledIndices(3, random as never)).toThrow(/expected a RandomGenerator/);
  }
  expect(() => [...batchIndices(4, 2, { shuffle: true as never })]).toThrow(/expected a RandomGenerator/);
  expect(() => [...batchIndices(4, 2, { dropLast: 1 as never })]).toThrow(/dropLast 1/);
  expect(() => [...batchIndices('4' as never, 2)]).toThrow(/count "4"/);
  expect(() => stratifiedSplit(good, '0.5' as never, generator)).toThrow(/fraction "0.5"/);
});

test('what augmentBatch is given', () => {
  const images = new Float32Array(6);
  augmentBatch(images, [1, 2, 3, 1], { shift: 1 }, generator);
  const wrong: unknown[][] = [
    [new Uint8Array(6), [1, 2, 3, 1], {}, generator],
    [images, [1, 2, 3], {}, generator],
    [images, [2, 2, 3, 1], {}, generator],
    [images, [1, 2, 3, 1], { shift: '1' }, generator],
    [images, [1, 2, 3, 1], undefined, generator],
    [images, [1, 2, 3, 1], {}, undefined],
    [images, 6, {}, generator],
  ];
  for (const given of wrong) {
    expect(() => augmentBatch(...(given as Parameters<typeof augmentBatch>))).toThrow(OptionError);
  }
});

describe('normalizations', () => {
  const usable: [number, number][] = [
    [0.13, 0.31],
    [0, 1],
    [0, 2e-7],
    [127.5, 127.5],
    [-3, 1e6],
  ];
  test.each(usable)('a mean of %d and a deviation of %d', (mean, std) => {
    requireNormalization('test', { mean: [mean], std: [std] }, 1);
    const values = Float32Array.of(0, 1);
    applyNormalization(values, { mean: [mean], std: [std] });
    expect(values).toEqual(Float32Array.of((0 - mean) / std, (1 - mean) / std));
  });

  test.each([
    [0, 1e-320],
    [1e308, 1],
    [-1e308, 1],
    [1e20, 1],
    [0.5, 1e-20],
    [0.5, 1e300],
    [1e30, 1e30],
    [0, 0],
    [0, -1],
    [Number.NaN, 1],
    [0, Number.POSITIVE_INFINITY],
  ])('a mean of %d and a deviation of %d leave nothing to compute with', (mean, std) => {
    const normalization = { mean: [0, mean], std: [1, std] };
    expect(() => requireNormalization('test', normalization, 2)).toThrow(OptionError);
    expect(() => requireNormalization('test', normalization, 2)).toThrow(/within float32/);
    expect(() => applyNormalization(new Float32Array(2), normalization)).toThrow(OptionError);
  });

  test('numbers in arrays, and nothing else', () => {
    const circular: unknown[] = [0];
    circular.push(circular);
    for (const normalization of [
      undefined,
      [],
      { mean: 0, std: 1 },
      { mean: ['0'], std: [1] },
      { mean: new Array(1), std: [1] },
    ]) {
      expect(() => requireNormalization('test', normalization as never, 1)).toThrow(OptionError);
      expect(() => applyNormalization(new Float32Array(1), normalization as never)).toThrow(OptionError);
    }
    expect(() => requireNormalization('test', { mean: circular as never, std: [1, 1] }, 2)).toThrow(
      OptionError,
    );
    expect(() => applyNormalization([0.5] as never, { mean: [0], std: [1] })).toThrow(/Float32Array/);
  });
});
