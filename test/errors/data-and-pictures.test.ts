/** Bad input to data sets and pictures: folders, PNG files, labels and options. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  DatasetError,
  datasetFromFolder,
  decodePng,
  encodePng,
  LabelError,
  loadDataset,
  OptionError,
  PngError,
  RandomGenerator,
  stratifiedSplit,
  validateLabels,
} from '../../src/index.ts';
import { plainPng, temporaryFolder } from '../support/datasets.ts';
import { refuses, toy, untyped } from './support.ts';

describe('pictures and data sets', () => {
  test('an empty class folder', async () => {
    const folder = temporaryFolder({ 'a/1.png': plainPng(5) });
    mkdirSync(join(folder, 'b'));
    for (const read of [datasetFromFolder, loadDataset]) {
      await refuses(
        () => read(folder),
        DatasetError,
        join(folder, 'b'),
        'an empty class folder',
        'Add pictures',
      );
    }
  });
  test('pictures that cannot be read', async () => {
    const folder = temporaryFolder({ 'a/1.png': 'GIF89a', 'a/2.jpg': '', 'a/3.png': plainPng(5) });
    await refuses(
      () => loadDataset(folder),
      DatasetError,
      '2 pictures that cannot be read: a/1.png: a GIF picture; a/2.jpg: an empty file',
    );
  });
  test('a JPEG picture where a PNG is read', async () => {
    await refuses(() => decodePng(Uint8Array.of(255, 216, 255, 224)), PngError, 'readPicture', 'decodeJpeg');
  });
  test('a truncated PNG', async () => {
    const folder = temporaryFolder({ 'a/1.png': plainPng(5).subarray(0, 50) });
    await refuses(() => loadDataset(folder), PngError, '1.png: got a file of 50 bytes', 'IDAT', 'truncated');
  });
  test('a header that claims 100,000×100,000 pixels', async () => {
    const bytes = Buffer.from(plainPng(5));
    bytes.writeUInt32BE(100_000, 16);
    bytes.writeUInt32BE(100_000, 20);
    const before = process.memoryUsage().arrayBuffers;
    await refuses(
      () => decodePng(bytes, { name: 'huge.png' }),
      PngError,
      'huge.png: got a size of 100000×100000',
    );
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e6);
  });
  test('folders and options', async () => {
    await refuses(() => loadDataset('/no/such'), DatasetError, '"/no/such"', "'digits'");
    await refuses(
      () => datasetFromFolder('/no/such'),
      DatasetError,
      '/no/such: got no file or folder',
      'a readable folder',
    );
    await refuses(() => loadDataset('digits', untyped({ sede: 1 })), OptionError, 'unknown option "sede"');
    const folder = temporaryFolder({ 'a/1.png': plainPng(5) });
    await refuses(
      () => datasetFromFolder(folder, untyped({ chanels: 3 })),
      OptionError,
      '"chanels"',
      'channels',
    );
    await refuses(
      () => datasetFromFolder(folder, untyped({ channels: 2 })),
      OptionError,
      'channels 2',
      '1 or 3',
    );
    await refuses(
      () => decodePng(plainPng(5), untyped({ maxPixel: 5 })),
      OptionError,
      '"maxPixel"',
      'maxPixels',
    );
    await refuses(() => stratifiedSplit(toy(), 2, new RandomGenerator(0)), OptionError, 'fraction 2');
    const pixels = new Float32Array(3);
    const image = { width: 2, height: 2, channels: 1, bitDepth: 8, pixels } as const;
    await refuses(() => encodePng(image), OptionError, '3 values for 2×2 pixels');
    await refuses(
      () => validateLabels(toy({ labels: Int32Array.of(9, 0, 0, 0, 0, 0) })),
      LabelError,
      'item 0',
    );
  });
});
