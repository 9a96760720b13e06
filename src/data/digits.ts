/** The embedded data set: 5,000 handwritten digits, read from assets/digits.png. */

import { fromCode, node } from './code-files.ts';
import { type ImageDataset, stridedSplit } from './dataset.ts';
import { DatasetError } from './errors.ts';
import type { Image } from './image.ts';
import { readPng } from './png.ts';
import { datasetFromSheet } from './sheet.ts';

const CELL = 20;
const IMAGES_A_CLASS = 500;
/** There is no official split; this one is part of what the name 'digits' means, so it must never change. */
const TEST_EVERY = 5;

/**
 * The embedded digits: 20×20 gray, white on black, 4,000 for training and 1,000 for testing, 400 and 100 of each of
 * the ten classes. The split is fixed: test images are those whose index in the sheet is divisible by 5.
 *
 * @throws DatasetError when assets/digits.png is not found; PngError when it is damaged
 */
export function loadDigits(): { readonly train: ImageDataset; readonly test: ImageDataset } {
  return digitsFromSheet(readPng(sheetPath()));
}

/**
 * The same digits from the decoded sheet: for pages, which have no files, but can fetch assets/digits.png and decode it.
 *
 * @throws DatasetError when the sheet has another size
 */
export function digitsFromSheet(sheet: Image): { readonly train: ImageDataset; readonly test: ImageDataset } {
  const all = datasetFromSheet(sheet, {
    name: 'digits',
    cellWidth: CELL,
    cellHeight: CELL,
    label: (cell) => Math.floor(cell / IMAGES_A_CLASS),
    classNames: Array.from({ length: 10 }, (_, digit) => String(digit)),
  });
  const [train, test] = stridedSplit(all, TEST_EVERY);
  return { train: { ...train, name: 'digits train' }, test: { ...test, name: 'digits test' } };
}

/** The sheet in the package weft-nn, however that is installed; where that is bundled, also one that lies beside the bundle. */
function sheetPath(): string {
  const { dirname, join } = node.path;
  const existing = (path: string): string => {
    node.fs.accessSync(path);
    return path;
  };
  const path =
    fromCode(({ resolve }) =>
      existing(join(dirname(resolve('weft-nn/package.json')), 'assets', 'digits.png')),
    ) ?? fromCode((_, file) => existing(join(dirname(file), 'digits.png')));
  if (path !== undefined) return path;
  throw new DatasetError({
    where: 'digits',
    got: 'no package weft-nn with assets/digits.png where the program runs',
    expected: 'the package, or the file beside the program',
    cure: 'Copy node_modules/weft-nn/assets/digits.png into the folder of the bundle, or mark weft-nn as external to it.',
  });
}
