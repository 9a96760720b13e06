/** A data set of pictures that stay in their files until they are shown: what is held of it are names and labels. */
import { OptionError } from '../../errors.ts';
import { describeValue } from '../../options.ts';
import {
  type ImageDataset,
  type LabeledImages,
  requireIndex,
  requireLabeled,
  requireLabels,
} from '../dataset.ts';
import { DatasetError } from '../errors.ts';
import type { PictureFit } from '../resize.ts';

/** Where pictures are read from, and how they come to the shape of their data set. */
export interface StoredPictures {
  /** The file of each picture, `[N]`. */
  readonly paths: readonly string[];
  /** How pictures of other proportions are brought to the size of the data set. */
  readonly fit: PictureFit;
  /** The folder in which decoded pixels are kept. Undefined: a picture is decoded whenever it is shown. */
  readonly cache: string | undefined;
}

/** Labeled pictures of one size, read from their files when they are shown. What `openDataset` gives. */
export interface StreamedDataset extends LabeledImages {
  /** The file of each picture, `[N]`: its path within the data set. */
  readonly files: readonly string[];
  /** Where they are read from. */
  readonly pictures: StoredPictures;
}

/** Labeled pictures of one size, in memory or in their files. */
export type PictureDataset = ImageDataset | StreamedDataset;

/** Whether a data set is read while it is shown. */
export function isStreamed(dataset: unknown): dataset is StreamedDataset {
  return typeof dataset === 'object' && dataset !== null && 'pictures' in dataset;
}

/** @throws DatasetError or LabelError when the data set does not agree with itself */
export function requireStreamed(where: string, dataset: StreamedDataset): void {
  requireLabeled(where, dataset);
  const { name, shape, files, pictures } = dataset;
  const lengths = [shape[0], files?.length, pictures?.paths?.length];
  if (shape[0] > 0 && new Set(lengths).size === 1) {
    requireLabels(dataset);
    return;
  }
  throw new DatasetError({
    where: name,
    got: `${lengths.join(', ')} pictures, files and paths`,
    expected: 'at least one picture, and one of each for every picture',
    cure: 'Give what openDataset returns: its train, test or validation.',
  });
}

/**
 * The pictures at the given places, in the given order.
 *
 * @throws OptionError when an index is not in `[0, N)`
 */
export function streamedSubset(
  dataset: StreamedDataset,
  indices: readonly number[],
  name = dataset.name,
): StreamedDataset {
  for (const index of indices) requireIndex(dataset, index);
  const { pictures, files, labels, groups, shape } = dataset;
  const grouped = groups && { groups: indices.map((index) => groups[index]) };
  return {
    ...dataset,
    name,
    shape: [indices.length, shape[1], shape[2], shape[3]],
    files: indices.map((index) => files[index]),
    labels: Int32Array.from(indices, (index) => labels[index]),
    pictures: { ...pictures, paths: indices.map((index) => pictures.paths[index]) },
    ...grouped,
  };
}

/** Throws OptionError unless `cache` can be the path of a folder. */
export function requireCache(where: string, cache: string | undefined): void {
  if (cache === undefined || (typeof cache === 'string' && cache !== '')) return;
  throw new OptionError({
    where,
    got: `cache ${describeValue(cache)}`,
    expected: 'the path of a folder',
    cure: 'Give a folder for decoded pixels, or leave cache out.',
  });
}
