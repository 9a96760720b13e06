/** The images of a training: in memory, or, where there are too many, in their files until they are shown. */
import { resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { groupSource } from '../data/groups.ts';
import { type LoadedDataset, loadDataset } from '../data/load.ts';
import { isLargerThan, openDataset } from '../data/stream/open-dataset.ts';
import type { PictureDataset } from '../data/stream/streamed-dataset.ts';
import { formatInteger } from '../text.ts';
import { type PreparedDataset, withValidation } from './holdout.ts';
import type { Settings } from './settings/setting-values.ts';
import { trainDefaults } from './train-defaults.ts';

/**
 * The images that a training asks for, with those that are held out for validation.
 *
 * @throws as `loadedData` does
 */
export function trainingData(given: Settings, most?: number): PreparedDataset {
  const { fold, validationShare: share } = given;
  return withValidation(loadedData(given, most), splitSeedOf(given), { share, fold });
}

/** What decides which images are held out. */
export function splitSeedOf({
  seed = trainDefaults.seed,
  splitSeed = seed,
}: Pick<Settings, 'seed' | 'splitSeed'>): number {
  return splitSeed;
}

/**
 * The images that a training asks for, before any are held out for validation. Pictures stay in their files where `stream` is true, or
 * nothing is said of it and decoded they have more than `most` bytes.
 *
 * @throws InvalidArgumentError for `--stream` of images that are not files, and `--cache` where nothing is streamed
 */
export function loadedData(given: Settings, most = 256 * 2 ** 20): LoadedDataset<PictureDataset> {
  const { data = trainDefaults.data, size, fit, labels, classes, groups, cache, stream, remove } = given;
  const options = {
    ...{ seed: splitSeedOf(given), size, fit, labels },
    classNames: classes?.names,
    groups: groups === undefined ? undefined : groupSource(groups),
  };
  const isLarge = (bytes: number): boolean => data !== 'digits' && isLargerThan(data, bytes, options);
  if (stream === true && !isLarge(0)) {
    throw new InvalidArgumentError(
      `--stream is for pictures that are files of their own, and ${data} has none: leave it out.`,
    );
  }
  if (!(stream ?? isLarge(most))) {
    if (cache === undefined) return loadDataset(data, options);
    throw new InvalidArgumentError(
      `--cache ${cache} does nothing for images in memory: give --stream besides, or leave it out.`,
    );
  }
  const opened = openDataset(data, { ...options, cache: cache === undefined ? undefined : resolve(cache) });
  const { name } = opened;
  const notes = [
    ...opened.notes,
    ...(stream
      ? []
      : [
          `${name}: in memory its pictures would take more than ${formatInteger(most / 2 ** 20)} MB; --no-stream reads them nevertheless.`,
        ]),
    `${name}: nobody has looked for copies of training images among the others, which takes the pixels of all.`,
    ...(remove === undefined
      ? []
      : [`${name}: the images of validation and test are in memory, since something is removed of them.`]),
  ];
  return { ...opened, notes };
}
