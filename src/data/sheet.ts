/** A sheet of equal cells in one picture, cut into a data set; and pictures stacked into pixel arrays. */
import { LabelError } from '../errors.ts';
import { describeValue, requireFunction, requireKnownOptions, requireNumber } from '../options.ts';
import type { ImageDataset } from './dataset.ts';
import { validateLabels } from './dataset.ts';
import { DatasetError } from './errors.ts';
import { compositeAlpha, type Image, requireImage } from './image.ts';

/** How to cut and label a sheet. */
export interface SheetOptions {
  /** The name of the data set, also in error messages. */
  readonly name: string;
  /** Width of a cell in pixels. */
  readonly cellWidth: number;
  /** Height of a cell in pixels. */
  readonly cellHeight: number;
  /** The class of the cell with this index; cells are counted row by row from the top left. */
  readonly label: (cellIndex: number) => number;
  /** The names of the classes, by number. */
  readonly classNames: readonly string[];
}

/**
 * Cuts a sheet into its cells, row by row from the top left. Alpha is laid over black.
 *
 * @throws DatasetError when the sheet is not a whole number of cells; LabelError when `label` gives no class
 */
export function datasetFromSheet(sheet: Image, options: SheetOptions): ImageDataset {
  requireImage('datasetFromSheet', sheet);
  requireKnownOptions('datasetFromSheet', options, [
    'name',
    'cellWidth',
    'cellHeight',
    'label',
    'classNames',
  ]);
  const { name, cellWidth, cellHeight, classNames } = options;
  requireNumber('datasetFromSheet', 'cellWidth', cellWidth, 'a whole number of at least 1');
  requireNumber('datasetFromSheet', 'cellHeight', cellHeight, 'a whole number of at least 1');
  requireFunction('datasetFromSheet', 'label', options.label);
  const columns = sheet.width / cellWidth;
  const rows = sheet.height / cellHeight;
  if (![columns, rows].every((cells) => Number.isInteger(cells) && cells > 0)) {
    throw new DatasetError({
      where: name,
      got: `a sheet of ${sheet.width}×${sheet.height} pixels`,
      expected: `a whole number of ${cellWidth}×${cellHeight} cells both ways`,
      cure: 'Correct the cell size, or crop the sheet.',
    });
  }
  const { pixels, channels, bitDepth } = compositeAlpha(sheet);
  const count = columns * rows;
  const rowLength = cellWidth * channels;
  const images = allocatePixels(count * cellHeight * rowLength, bitDepth);
  for (let cell = 0; cell < count; cell++) {
    const left = (cell % columns) * cellWidth;
    const top = Math.floor(cell / columns) * cellHeight;
    for (let y = 0; y < cellHeight; y++) {
      const start = ((top + y) * sheet.width + left) * channels;
      storePixels(images, (cell * cellHeight + y) * rowLength, pixels.subarray(start, start + rowLength));
    }
  }
  const labels = Int32Array.from({ length: count }, (_, cell) =>
    requireInt32(name, cell, options.label(cell)),
  );
  const shape = [count, cellHeight, cellWidth, channels] as const;
  const dataset: ImageDataset = { name, images, shape, labels, classNames };
  validateLabels(dataset);
  return dataset;
}

/** An array of int32 would make 0 of NaN, and another number of one that is too large or no integer. */
function requireInt32(name: string, cell: number, label: number): number {
  if (typeof label === 'number' && label === (label | 0)) return label;
  throw new LabelError({
    where: `${name}, cell ${cell}`,
    got: `label ${describeValue(label)}`,
    expected: 'the number of a class',
    cure: 'Give a label for every cell, counted from 0.',
  });
}

/** Room for pixels as a data set stores them: bytes for pictures of up to 8 bits, else floats. */
export function allocatePixels(length: number, bitDepth: 8 | 16): Uint8Array | Float32Array {
  return bitDepth === 8 ? new Uint8Array(length) : new Float32Array(length);
}

/** Writes pixel values in [0, 1] into a data set's pixels from `offset` on; bytes are rounded. */
export function storePixels(target: Uint8Array | Float32Array, offset: number, pixels: Float32Array): void {
  if (target instanceof Float32Array) {
    target.set(pixels, offset);
    return;
  }
  for (let i = 0; i < pixels.length; i++) target[offset + i] = Math.round(pixels[i] * 255);
}
