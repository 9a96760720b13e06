/** The images that a trained model is tested on: those held out when it was trained, or all of other data. */
import { DatasetError } from '../data/errors.ts';
import { loadDataset } from '../data/load.ts';
import {
  loadAllImages,
  loadRecordedTest,
  type RecordedCopy,
  type RecordedPart,
  seenInTraining,
  type TestImages,
} from '../data/recorded-images.ts';
import { openRecordedTest } from '../data/stream/recorded-stream.ts';
import type { PictureDataset } from '../data/stream/streamed-dataset.ts';
import { RunError } from './run-error.ts';
import type { PictureClassifier } from './run-reading.ts';
import type { RunRecord } from './run-record.ts';
import { readSplit } from './split-file.ts';

/** The library does not record what a model was trained on. */
function withoutData(run: string): never {
  throw new RunError({
    where: run,
    got: 'a model without the record of a run',
    expected: 'the data to test it on',
    cure: 'Give them with --data.',
  });
}

/** The run's own pictures have the labels that it was trained with. */
function labelsAlone(run: string, labels: string): RunError {
  return new RunError({
    where: run,
    got: `--labels ${labels} without --data`,
    expected: 'the folder of the pictures that it labels',
    cure: 'Give it with --data, or leave out --labels: the labels of a run are known.',
  });
}

/** What a model is tested on. */
export interface Tested extends Omit<TestImages, 'images'> {
  readonly images: PictureDataset;
  /** Of other data than the run's: which images the model was trained or validated on, as far as that is known. */
  readonly seen?: readonly boolean[] | undefined;
  /** Of the run's own data: the images that are copies of training images. */
  readonly copies?: readonly RecordedCopy[] | undefined;
  readonly train?: RecordedPart | undefined;
}

/** Without `--data` the images that were held out when the run was trained; else all images of those data. */
export function testImages(
  run: string,
  record: RunRecord | undefined,
  { data, labels }: { readonly data?: string | undefined; readonly labels?: string | undefined },
  { inputShape, classNames }: PictureClassifier,
): Tested {
  const [height, width, depth] = inputShape;
  const form = {
    size: [height, width],
    fit: record?.data.fit,
    channels: depth === 1 ? 1 : 3,
    classNames,
    labels: data === undefined ? record?.data.labels : labels,
  } as const;
  if (labels !== undefined && data === undefined) throw labelsAlone(run, labels);
  const split = record && readSplit(run);
  if (data !== undefined || record === undefined) {
    const all = loadAllImages(data ?? withoutData(run), form);
    return { ...all, seen: split && seenInTraining(split, all.images) };
  }
  const { source, streamed, fit } = record.data;
  if (streamed && split?.test.files !== undefined) {
    const recorded = {
      files: split.test.files,
      imageShape: inputShape,
      fit,
      classNames,
      labels: form.labels,
    };
    return openRecordedTest(source, recorded);
  }
  if (split !== undefined) return { ...loadRecordedTest(source, split, form), train: split.train };
  // Earlier versions did not record the split of the digits and of IDX files with a test set.
  const { name, test, notes } = loadDataset(source, { seed: record.seed });
  return { name, images: test, notes };
}

/**
 * The data set with the classes of the model, in its order; not all of them need to occur.
 *
 * @throws DatasetError when the image size or a class is another
 */
export function withClassesOf(
  { inputShape, classNames }: PictureClassifier,
  dataset: PictureDataset,
): PictureDataset {
  const [, ...imageShape] = dataset.shape;
  if (imageShape.join() !== inputShape.join()) {
    throw new DatasetError({
      where: dataset.name,
      got: `images of ${imageShape.join('×')} (height × width × channels)`,
      expected: `${inputShape.join('×')}, as the model was trained on`,
      cure: 'Give the data the model was made for, or train a model on this data',
    });
  }
  const places = dataset.classNames.map((name) => classNames.indexOf(name));
  const occurring = new Set(dataset.labels);
  const unknown = dataset.classNames.find((_, index) => places[index] === -1 && occurring.has(index));
  if (unknown === undefined) {
    return { ...dataset, classNames, labels: dataset.labels.map((label) => places[label]!) };
  }
  throw new DatasetError({
    where: dataset.name,
    got: `a class "${unknown}"`,
    expected: `only classes of the model: ${classNames.join(', ')}`,
    cure: 'Give the data the model was made for, or train a model on this data',
  });
}
