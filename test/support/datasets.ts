/** Small data sets, and folders that vanish after the test, for the tests of data. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ImageDataset } from '../../src/data/dataset.ts';
import { encodePng } from '../../src/data/png.ts';

/** A temporary folder with the given files (path relative to it → contents), removed after the test. */
export function temporaryFolder(files: Readonly<Record<string, Uint8Array | string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'weft-data-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, contents] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, contents);
  }
  return folder;
}

/** A plain gray (1), RGB (3) or RGBA (4) PNG file of one brightness from 0 to 255. */
export function plainPng(value: number, width = 2, height = 2, channels: 1 | 3 | 4 = 1): Uint8Array {
  const pixels = new Float32Array(width * height * channels).fill(value / 255);
  return encodePng({ width, height, channels, bitDepth: 8, pixels });
}

/** One image of 1×1 gray for each label; the pixel is the index. */
export function tinyDataset(labels: readonly number[], classes: number): ImageDataset {
  return {
    name: 'tiny',
    images: Uint8Array.from(labels, (_, index) => index),
    shape: [labels.length, 1, 1, 1],
    labels: Int32Array.from(labels),
    classNames: Array.from({ length: classes }, (_, index) => `class ${index}`),
  };
}
