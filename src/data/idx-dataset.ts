/** The arrays of one split, images and labels, from IDX files or from elsewhere, as a data set. */
import { classesOf, type LabelMeaning } from './class-names.ts';
import { node } from './code-files.ts';
import { type ImageDataset, validateLabels } from './dataset.ts';
import { DatasetError } from './errors.ts';
import { type IdxArray, readIdx } from './idx.ts';
import type { IdxSplitFiles } from './idx-files.ts';

/** An array, and the file that it is in, for error messages. */
export interface FiledArray {
  readonly array: IdxArray;
  readonly where: string;
}

/** The arrays of a split. */
export interface SplitArrays {
  readonly images: FiledArray;
  readonly labels: FiledArray;
}

/**
 * Reads the IDX files of one split.
 *
 * @throws DatasetError when one is missing; IdxError when one is broken
 */
export function readIdxSplit(folder: string, files: IdxSplitFiles): SplitArrays {
  if (files.images === undefined || files.labels === undefined) {
    throw new DatasetError({
      where: folder,
      got: `${files.images ?? files.labels} without its ${files.images === undefined ? 'images' : 'labels'}`,
      expected: 'an images file and a labels file',
      cure: 'Add the missing file.',
    });
  }
  const read = (file: string): FiledArray => {
    const where = node.path.join(folder, file);
    return { where, array: readIdx(where) };
  };
  return { images: read(files.images), labels: read(files.labels) };
}

/**
 * The data set of one split: images of type uint8 `[N, H, W]` or `[N, H, W, C]` with 1 to 4 channels, or float32/float64 with
 * values in [0, 1]; labels of any integer type, `[N]` or `[N, 1]`.
 *
 * @param meaning of the labels; default the numbers up to the largest label, at least two; no more than 256, or than there
 *   are images
 * @param transposed whether rows and columns are to be swapped
 * @returns the data set, and what its labels mean
 * @throws DatasetError when a file holds something else; LabelError when a label is out of range
 */
export function datasetFromArrays(
  { images: pictures, labels: stored }: SplitArrays,
  name: string,
  meaning: LabelMeaning | undefined,
  transposed: boolean,
): { readonly dataset: ImageDataset; readonly meaning: LabelMeaning } {
  const { labels, classNames, first } = classesOf(labelsOf(stored), meaning, stored.where);
  const images = pixelsOf(pictures);
  const shape = imageShape(pictures);
  const dataset: ImageDataset = { name, images, shape, labels, classNames };
  validateLabels(dataset, stored.where);
  return {
    dataset: transposed ? upright(dataset) : dataset,
    meaning: { classNames, first },
  };
}

/** The images with rows and columns swapped. */
function upright(dataset: ImageDataset): ImageDataset {
  const [count, height, width, channels] = dataset.shape;
  const images = dataset.images.slice();
  let place = 0;
  for (let image = 0; image < count; image++) {
    const start = image * height * width * channels;
    for (let column = 0; column < width; column++) {
      for (let row = 0; row < height; row++) {
        for (let channel = 0; channel < channels; channel++) {
          images[place++] = dataset.images[start + (row * width + column) * channels + channel];
        }
      }
    }
  }
  return { ...dataset, images, shape: [count, width, height, channels] };
}

function imageShape({ array: { shape }, where }: FiledArray): [number, number, number, number] {
  const [count, height, width, channels = 1] = shape;
  if (shape.length >= 3 && height > 0 && width > 0 && channels >= 1 && channels <= 4) {
    return [count, height, width, channels];
  }
  throw new DatasetError({
    where,
    got: `shape [${shape.join(', ')}]`,
    expected: '[images, height, width] or [images, height, width, 1 to 4 channels]',
    cure: 'Write the images in this order of axes.',
  });
}

function pixelsOf({ array: { data }, where }: FiledArray): Uint8Array | Float32Array {
  if (data instanceof Uint8Array) return data;
  if (data instanceof Float32Array || data instanceof Float64Array) {
    const odd = data.findIndex((value) => !(value >= 0 && value <= 1));
    if (odd < 0) return data instanceof Float32Array ? data : Float32Array.from(data);
    throw new DatasetError({
      where,
      got: `the value ${data[odd]} at position ${odd}`,
      expected: 'pixels from 0 to 1 in a floating-point file',
      cure: 'Scale the pixels, or store them as unsigned bytes.',
    });
  }
  throw new DatasetError({
    where,
    got: `pixels in a ${data.constructor.name}`,
    expected: 'unsigned bytes, or floats from 0 to 1',
    cure: 'Convert the pixels to unsigned bytes.',
  });
}

function labelsOf({ array: { data, shape }, where }: FiledArray): Int32Array {
  const integers = !(data instanceof Float32Array || data instanceof Float64Array);
  const isList = shape.length === 1 || (shape.length === 2 && shape[1] === 1);
  if (integers && isList) return Int32Array.from(data);
  throw new DatasetError({
    where,
    got: `shape [${shape.join(', ')}] in a ${data.constructor.name}`,
    expected: 'one integer label for each image, shape [images]',
    cure: 'Check that these are the labels. Where an image has several, choose one of them.',
  });
}
