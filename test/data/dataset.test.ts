/** Picking, splitting, batching and normalizing data sets. */
import { describe, expect, test } from 'vitest';
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
import { applyNormalization, channelStatistics } from '../../src/data/normalize.ts';
import { RandomGenerator } from '../../src/data/random-generator.ts';
import { datasetFromSheet } from '../../src/data/sheet.ts';
import { LabelError, OptionError, WeftError } from '../../src/errors.ts';
import { tinyDataset } from '../support/datasets.ts';

const color: ImageDataset = {
  name: 'color',
  images: Uint8Array.from({ length: 2 * 2 * 2 * 3 }, (_, i) => i * 7),
  shape: [2, 2, 2, 3],
  labels: Int32Array.of(1, 0),
  classNames: ['a', 'b'],
};

describe('picking and splitting', () => {
  test('subset copies images and labels in the given order', () => {
    const picked = subset(color, [1, 0, 1], 'picked');
    expect(picked.shape).toEqual([3, 2, 2, 3]);
    expect([...picked.labels]).toEqual([0, 1, 0]);
    expect(picked.images.subarray(0, 12)).toEqual(color.images.subarray(12));
    for (const index of [-1, 2, 0.5]) expect(() => subset(color, [index])).toThrow(OptionError);
  });

  test('concatenate joins, and turns bytes into floats beside floats', () => {
    const both = concatenate(color, color);
    expect(both.images).toEqual(Uint8Array.from([...color.images, ...color.images]));
    expect([...both.labels]).toEqual([1, 0, 1, 0]);
    const floats = { ...color, images: Float32Array.from(color.images, (value) => value / 255) };
    const mixed = concatenate(color, floats);
    expect(mixed.images).toEqual(Float32Array.from([...floats.images, ...floats.images]));
    expect(() => concatenate(color, tinyDataset([0], 2))).toThrow(/1×1×1/);
    expect(() => concatenate(color, { ...color, classNames: ['a', 'c'] })).toThrow(DatasetError);
  });

  test('a stratified split keeps the share of each class', () => {
    const labels = Array.from({ length: 130 }, (_, i) => (i < 100 ? 0 : i < 120 ? 1 : i < 129 ? 2 : 3));
    const dataset = tinyDataset(labels, 5);
    const [rest, heldOut] = stratifiedSplit(dataset, 0.2, new RandomGenerator(0));
    expect([...classCounts(heldOut)]).toEqual([20, 4, 2, 0, 0]);
    expect([...classCounts(rest)]).toEqual([80, 16, 7, 1, 0]);
    const all = [...rest.images, ...heldOut.images].sort((a, b) => a - b);
    expect(all).toEqual([...dataset.images]);
    const again = stratifiedSplit(dataset, 0.2, new RandomGenerator(0));
    expect(again[1].images).toEqual(heldOut.images);
    const other = stratifiedSplit(dataset, 0.2, new RandomGenerator(1));
    expect(other[1].images).not.toEqual(heldOut.images);
    for (const fraction of [0, 1, -0.1, Number.NaN]) {
      expect(() => stratifiedSplit(dataset, fraction, new RandomGenerator(0))).toThrow(OptionError);
    }
  });

  test('a small class keeps an image on both sides', () => {
    const dataset = tinyDataset([0, 0, 1, 1], 2);
    for (const fraction of [0.01, 0.99]) {
      const [rest, heldOut] = stratifiedSplit(dataset, fraction, new RandomGenerator(3));
      expect([...classCounts(rest)]).toEqual([1, 1]);
      expect([...classCounts(heldOut)]).toEqual([1, 1]);
    }
  });

  test('a strided split holds out every fifth image', () => {
    const [rest, heldOut] = stridedSplit(tinyDataset(new Array(11).fill(0), 1), 5);
    expect([...heldOut.images]).toEqual([0, 5, 10]);
    expect([...rest.images]).toEqual([1, 2, 3, 4, 6, 7, 8, 9]);
    expect(() => stridedSplit(color, 1)).toThrow(OptionError);
  });

  test('labels are checked and named', () => {
    expect(() => validateLabels(tinyDataset([0, 1, 2], 2), 'labels.gz')).toThrow(
      /^labels\.gz, item 2: got label 2, expected 0 to 1, as there are 2 classes/,
    );
    expect(() => validateLabels(tinyDataset([-1], 2))).toThrow(LabelError);
    expect(() => validateLabels(tinyDataset([], 2))).toThrow(/no images/);
    expect(() => validateLabels({ ...color, labels: Int32Array.of(0) })).toThrow(
      /1 labels, expected one for each/,
    );
    expect(() => validateLabels({ ...color, images: new Uint8Array(5) })).toThrow(/5 pixel values/);
  });
});

describe('sheets', () => {
  const sheet = {
    width: 4,
    height: 2,
    channels: 1,
    bitDepth: 8,
    pixels: Float32Array.from([0, 1, 2, 3, 4, 5, 6, 7], (value) => value / 255),
  } as const;
  const options = { name: 'sheet', cellWidth: 2, cellHeight: 1, label: (cell: number) => cell % 2 };

  test('cells are read row by row', () => {
    const dataset = datasetFromSheet(sheet, { ...options, classNames: ['left', 'right'] });
    expect(dataset.shape).toEqual([4, 1, 2, 1]);
    expect(dataset.images).toEqual(Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7));
    expect([...dataset.labels]).toEqual([0, 1, 0, 1]);
    const tall = datasetFromSheet(sheet, { ...options, cellWidth: 2, cellHeight: 2, classNames: ['l', 'r'] });
    expect(tall.images).toEqual(Uint8Array.of(0, 1, 4, 5, 2, 3, 6, 7));
  });

  test('16-bit sheets keep their precision', () => {
    const dataset = datasetFromSheet({ ...sheet, bitDepth: 16 }, { ...options, classNames: ['l', 'r'] });
    expect(dataset.images).toEqual(sheet.pixels);
  });

  test('part of a cell, or a label without a class', () => {
    expect(() => datasetFromSheet(sheet, { ...options, cellWidth: 3, classNames: ['l', 'r'] })).toThrow(
      /4×2 pixels, expected a whole number of 3×1 cells/,
    );
    expect(() => datasetFromSheet(sheet, { ...options, classNames: ['l'] })).toThrow(LabelError);
    for (const label of [0.5, Number.NaN, 2 ** 32, '0', undefined]) {
      const labeled = { ...options, label: () => label as number, classNames: ['l', 'r'] };
      expect(() => datasetFromSheet(sheet, labeled)).toThrow(/sheet, cell 0: got label/);
    }
    for (const change of [
      { cellWidth: 0 },
      { cellHeight: 1.5 },
      { label: [0] },
      { classNames: undefined },
      { rows: 2 },
    ]) {
      const wrong = { ...options, classNames: ['l', 'r'], ...change } as never;
      expect(() => datasetFromSheet(sheet, wrong)).toThrow(WeftError);
    }
  });
});

describe('batches', () => {
  test('in order, with and without the last one', () => {
    expect([...batchIndices(5, 2)].map((batch) => [...batch])).toEqual([[0, 1], [2, 3], [4]]);
    expect([...batchIndices(5, 2, { dropLast: true })].map((batch) => [...batch])).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect([...batchIndices(0, 2)]).toEqual([]);
  });

  test('shuffled: every index once, the same for the same seed, another order each epoch', () => {
    const generator = new RandomGenerator(0);
    const epochs = [0, 1].map(() =>
      [...batchIndices(100, 7, { shuffle: generator })].flatMap((batch) => [...batch]),
    );
    const ordered = Array.from({ length: 100 }, (_, i) => i);
    expect(epochs[0].toSorted((a, b) => a - b)).toEqual(ordered);
    expect(epochs[0]).not.toEqual(ordered);
    expect(epochs[1]).not.toEqual(epochs[0]);
    expect(epochs[0]).toEqual([...shuffledIndices(100, new RandomGenerator(0))]);
  });

  test('bad sizes', () => {
    for (const size of [0, -1, 1.5]) expect(() => [...batchIndices(5, size)]).toThrow(OptionError);
    expect(() => [...batchIndices(5, 6, { dropLast: true })]).toThrow(OptionError);
  });

  test('gathering gives floats in [0, 1], or normalized ones, the same for bytes and floats', () => {
    const raw = gatherBatch(color, [1]);
    expect(raw.images).toEqual(Float32Array.from(color.images.subarray(12), (value) => value / 255));
    expect([...raw.labels]).toEqual([0]);

    const normalization = channelStatistics(color);
    const floats = { ...color, images: Float32Array.from(color.images, (value) => value / 255) };
    const indices = Int32Array.of(1, 0, 1);
    const expected = gatherBatch(floats, indices).images;
    applyNormalization(expected, normalization);
    expect(gatherBatch(floats, indices, normalization).images).toEqual(expected);
    expect(gatherBatch(color, indices, normalization).images).toEqual(expected);
  });

  test('bad indices and statistics of other channels', () => {
    expect(() => gatherBatch(color, [2])).toThrow(OptionError);
    expect(() => gatherBatch(color, [0], { mean: [0], std: [1] })).toThrow(/normalization of 1 means/);
  });
});

describe('statistics', () => {
  test('mean and deviation of each channel', () => {
    const { mean, std } = channelStatistics({
      ...color,
      images: Uint8Array.from({ length: 24 }, (_, i) => [i < 12 ? 0 : 255, 51, i < 12 ? 102 : 204][i % 3]),
    });
    [0.5, 0.2, 0.6].forEach((value, channel) => {
      expect(mean[channel]).toBeCloseTo(value, 12);
    });
    [0.5, 1, 0.2].forEach((value, channel) => {
      expect(std[channel]).toBeCloseTo(value, 12);
    });
  });

  test('a constant channel of floats gets deviation 1', () => {
    const images = new Float32Array(24).fill(0.1);
    expect(channelStatistics({ ...color, images }).std).toEqual([1, 1, 1]);
  });

  test('normalized data have mean 0 and deviation 1', () => {
    const { images } = gatherBatch(color, [0, 1], channelStatistics(color));
    for (let channel = 0; channel < 3; channel++) {
      const values = images.filter((_, i) => i % 3 === channel);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
      expect(mean).toBeCloseTo(0, 6);
      expect(variance).toBeCloseTo(1, 5);
    }
  });

  test('no images, or channels that do not fit', () => {
    expect(() => channelStatistics(tinyDataset([], 1))).toThrow(DatasetError);
    expect(() => applyNormalization(new Float32Array(4), { mean: [0, 0, 0], std: [1, 1, 1] })).toThrow(
      OptionError,
    );
  });
});
