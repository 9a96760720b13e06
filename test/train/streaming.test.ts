/** Training on pictures that are read while they are shown, and with workers: the same to the last bit as in memory without any. */
import { existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { ImageDataset } from '../../src/data/dataset.ts';
import { JpegError, PngError } from '../../src/data/errors.ts';
import { loadDataset } from '../../src/data/load.ts';
import { channelStatistics } from '../../src/data/normalize.ts';
import { encodePng } from '../../src/data/png.ts';
import { openDataset } from '../../src/data/stream/open-dataset.ts';
import { openPool } from '../../src/data/stream/picture-pool.ts';
import type { StreamedDataset } from '../../src/data/stream/streamed-dataset.ts';
import { OptionError, WeftError } from '../../src/errors.ts';
import { Adam, evaluate, type FitOptions, fit, seed } from '../../src/index.ts';
import { plainPng, temporaryFolder } from '../support/datasets.ts';
import { denseModel, stripes } from './support.ts';

beforeAll(() => {
  // Threads run what was built: npm test builds it.
  expect(existsSync(resolve(import.meta.dirname, '../../dist/src/data-worker.js'))).toBe(true);
});

const augmentation = { shift: 2, flip: true };

/** The pictures of `stripes` as files. */
function stripesFolder(count: number): string {
  const { images, labels, classNames } = stripes(count);
  const files = [...labels].map((label, index): [string, Uint8Array] => {
    const pixels = Float32Array.from(images.subarray(index * 36, (index + 1) * 36), (value) => value / 255);
    const png = encodePng({ width: 6, height: 6, channels: 1, bitDepth: 8, pixels });
    return [`${classNames[label]}/${index}.png`, png];
  });
  return temporaryFolder(Object.fromEntries(files));
}

/** The weights after a short training. */
async function trained(
  data: ImageDataset | StreamedDataset,
  more: Partial<FitOptions>,
): Promise<Float32Array[]> {
  seed(1);
  const model = denseModel();
  const optimizer = new Adam(model.parameters(), { learningRate: 0.01 });
  const options = { epochs: 2, batchSize: 8, optimizer, augmentation, seed: 5, progress: false };
  await fit(model, data, { ...options, ...more });
  return Promise.all(model.parameters().map(async (parameter) => Float32Array.from(await parameter.data())));
}

test('pictures in memory, with any number of workers', async () => {
  const data = stripes(30);
  const normalization = channelStatistics(data);
  const alone = await trained(data, { workers: 0, normalization });
  expect(await trained(data, { normalization })).toEqual(alone);
  expect(await trained(data, { workers: 1, normalization })).toEqual(alone);
  expect(await trained(data, { workers: 3, normalization })).toEqual(alone);
  expect(await trained(data, { workers: 0, normalization, seed: 6 })).not.toEqual(alone);
});

test('pictures in files, with and without workers and a cache, are those in memory', async () => {
  const folder = stripesFolder(45);
  const loaded = loadDataset(folder);
  const normalization = channelStatistics(loaded.train);
  const expected = await trained(loaded.train, { normalization, validation: loaded.test });
  const { train, test: validation } = openDataset(folder);
  expect(await trained(train, { normalization, validation, workers: 0 })).toEqual(expected);
  expect(await trained(train, { normalization, validation })).toEqual(expected);
  const cached = openDataset(folder, { cache: join(folder, '../cache-of-stripes') });
  expect(await trained(cached.train, { normalization, validation: cached.test, workers: 2 })).toEqual(
    expected,
  );
  const model = denseModel();
  const { predictions, loss } = await evaluate(model, loaded.test, { normalization });
  for (const workers of [0, 2]) {
    const streamed = await evaluate(model, cached.test, { normalization, workers, batchSize: 4 });
    expect(streamed.predictions).toEqual(predictions);
    expect(streamed.loss).toBeCloseTo(loss, 5);
  }
});

test.each([0, 2])('a broken picture is told with its class and its file: %i workers', async (workers) => {
  const folder = stripesFolder(12);
  const { train } = openDataset(folder);
  writeFileSync(train.pictures.paths[3], Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 1));
  const failed = trained(train, { workers }).catch((error) => error);
  expect(await failed).toBeInstanceOf(JpegError);
  expect((await failed).where).toBe(train.pictures.paths[3]);
  writeFileSync(train.pictures.paths[3], plainPng(1).subarray(0, 40));
  await expect(trained(train, { workers })).rejects.toThrow(PngError);
});

test('a thread that is gone ends the waiting', async () => {
  const dataset = stripes(4);
  const setup = { dataset, augmentation, normalization: undefined, seed: 0 };
  const pool = openPool({ ...setup, dataset: { ...dataset, shape: undefined } } as never, 1);
  const job = { indices: Int32Array.of(0), first: 0, epoch: 1 };
  await expect(pool.prepare(job)).rejects.toThrow(WeftError);
  pool.close();
  const other = openPool(setup, 2);
  expect(await other.prepare(job)).toHaveLength(36);
  other.close();
});

test('what workers are refused for', async () => {
  await expect(trained(stripes(6), { workers: 2, augmentation: undefined })).rejects.toThrow(OptionError);
  await expect(trained(stripes(6), { workers: -1 })).rejects.toThrow(OptionError);
  await expect(evaluate(denseModel(), stripes(6), { workers: 1 })).rejects.toThrow(/nothing for them to do/);
});
