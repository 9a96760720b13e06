/** The cache of decoded pixels: several writers, writers that are killed, damage, and a full disk. */
import { appendFileSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { PixelCache } from '../../../src/data/stream/pixel-cache.ts';
import { temporaryFolder } from '../../support/datasets.ts';

const bytes = (start: number): Uint8Array => Uint8Array.from({ length: 12 }, (_, index) => start + index);
const key = (name: string): string => PixelCache.keyOf(new TextEncoder().encode(name), 'so');

function opened(folder: string): PixelCache {
  const cache = new PixelCache(folder, 12);
  onTestFinished(() => cache.close());
  return cache;
}

test('what one keeps, others find while it goes on, and later', () => {
  const folder = join(temporaryFolder(), 'not/yet/there');
  const [first, second] = [opened(folder), opened(folder)];
  first.store(key('a'), bytes(1));
  expect(second.find(key('a'))).toEqual(bytes(1));
  second.store(key('b'), bytes(2));
  first.store(key('c'), bytes(3));
  for (const cache of [first, second, opened(folder)]) {
    expect(['a', 'b', 'c', 'd'].map((name) => cache.find(key(name))?.[0])).toEqual([1, 2, 3, undefined]);
  }
  // A pair of files for each writer, none for who only reads.
  expect(readdirSync(folder)).toHaveLength(4);
  expect(PixelCache.keyOf(bytes(0), 'so')).not.toBe(PixelCache.keyOf(bytes(0), 'otherwise'));
});

test('a writer that was killed leaves nothing that is taken for pixels', () => {
  const folder = temporaryFolder();
  const writer = opened(folder);
  for (const name of ['a', 'b', 'c']) writer.store(key(name), bytes(name.charCodeAt(0)));
  const [index, pixels] = ['.index', '.pixels'].map((ending) =>
    join(folder, readdirSync(folder).find((name) => name.endsWith(ending))!),
  );
  const found = () => ['a', 'b', 'c'].map((name) => opened(folder).find(key(name)) !== undefined);
  // Between the record and its entry, and in the middle of either.
  appendFileSync(pixels, bytes(0).subarray(0, 5));
  appendFileSync(index, bytes(0).subarray(0, 7));
  expect(found()).toEqual([true, true, true]);
  truncateSync(index, 45);
  expect(found()).toEqual([true, true, false]);
  truncateSync(pixels, 20);
  expect(found()).toEqual([true, false, false]);
  const damaged = readFileSync(pixels);
  damaged[3] ^= 1;
  writeFileSync(pixels, damaged);
  expect(found()).toEqual([false, false, false]);
});

test('a folder that is deleted, and what cannot be a folder', () => {
  const folder = join(temporaryFolder({ file: 'x' }), 'cache');
  const cache = opened(folder);
  cache.store(key('a'), bytes(1));
  rmSync(folder, { recursive: true });
  expect(cache.find(key('a'))).toEqual(bytes(1));
  expect(cache.find(key('b'))).toBeUndefined();
  expect(() => opened(join(folder, '../file'))).toThrow(/a folder for decoded pixels/);
});

test('where nothing can be written, that is said once and no more is tried', () => {
  const folder = temporaryFolder();
  const cache = opened(folder);
  rmSync(folder, { recursive: true });
  cache.store(key('a'), bytes(1));
  expect(cache.takeTrouble()).toMatch(/no more decoded pixels are kept in/);
  expect(cache.takeTrouble()).toBeUndefined();
  cache.store(key('a'), bytes(1));
  expect(cache.find(key('a'))).toBeUndefined();
  expect(cache.takeTrouble()).toBeUndefined();
});
