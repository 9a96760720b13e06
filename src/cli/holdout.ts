/** Which images watch over training. The test images are never among them: they are looked at once, at the end. */
import { balanceNotes } from '../data/balance.ts';
import { concatenate, type ImageDataset, imageCount, imageName } from '../data/dataset.ts';
import type { LoadedDataset } from '../data/load.ts';
import { findOverlap } from '../data/overlap.ts';
import {
  type DataFold,
  drawnFold,
  drawnSplit,
  drawnStream,
  foldOfStream,
  formatFold,
  heldOutShares,
} from '../data/split.ts';
import { samplePictures } from '../data/stream/open-dataset.ts';
import { isStreamed, type PictureDataset } from '../data/stream/streamed-dataset.ts';
import { OptionError } from '../errors.ts';
import { formatInteger } from '../text.ts';
import { copiesNotes, findCopies, type SplitCopies } from './copies.ts';
import { counted } from './terminal.ts';

/** The part of the training images held out for validation where the data set has no validation images itself. */
const VALIDATION_SHARE = 0.05;

/** A data set with validation images, looked at for what makes its accuracy say little. */
export interface PreparedDataset extends LoadedDataset<PictureDataset> {
  readonly validation: PictureDataset;
  /** The training images, or, where they are in files, some of them. */
  readonly sample: ImageDataset;
  /** Images of which there is a copy among the training images. Undefined where nobody has looked for them: pictures in files. */
  readonly copies: SplitCopies | undefined;
}

/** What is held out of the training images: a share of them, by default 0.05, or one of equal parts. */
export interface HeldOut {
  readonly share?: number | undefined;
  readonly fold?: DataFold | undefined;
}

/**
 * The data set with its own validation images, or else with some of every class held out from the training images. Of a data set with
 * validation images, a fold is drawn from both together.
 *
 * @throws OptionError when a share is given, or a fold of pictures in files, and the data set has validation images itself
 */
export function withValidation(
  loaded: LoadedDataset<PictureDataset>,
  seed: number,
  { share, fold }: HeldOut = {},
): PreparedDataset {
  if (fold !== undefined) return withFold(loaded, seed, fold);
  if (loaded.validation !== undefined) {
    if (share === undefined) return lookedAt(loaded, seed, loaded.train, loaded.validation);
    throw new OptionError({
      where: loaded.name,
      got: `a share of ${share} to hold out for validation`,
      expected: `none, as it has ${counted(imageCount(loaded.validation), 'validation image')} itself`,
      cure: 'Leave out --val-split, or the validation images.',
    });
  }
  const [train, heldOut] = draw(loaded.train, share ?? VALIDATION_SHARE, seed);
  if (imageCount(heldOut) === 0) {
    // One image per class: nothing can be held out, and then the training images are all there is to watch.
    const note = 'Too few images to hold any out: validation uses the training images.';
    return lookedAt(loaded, seed, loaded.train, loaded.train, note);
  }
  const note =
    `For validation, ${counted(imageCount(heldOut), 'training image')} ` +
    `(${heldOutShares(loaded.train, heldOut)}, seed ${seed}) are held out${share === undefined ? '; --val-split changes how many' : ''}.`;
  const validation = { ...heldOut, name: `${loaded.name} validation` };
  return lookedAt(loaded, seed, train, validation, note);
}

function withFold(loaded: LoadedDataset<PictureDataset>, seed: number, fold: DataFold): PreparedDataset {
  const whole = trainingImages(loaded, fold);
  const [part, parts, division = seed] = fold;
  const [train, heldOut] = isStreamed(whole) ? foldOfStream(whole, fold, seed) : drawnFold(whole, fold, seed);
  if (imageCount(heldOut) === 0) {
    throw new OptionError({
      where: loaded.name,
      got: `fold ${formatFold(fold)} of ${counted(imageCount(whole), 'training image')}, which is empty`,
      expected: 'as many images of some class as there are parts',
      cure: 'Give fewer parts with --fold.',
    });
  }
  const note =
    `For validation, part ${part} of ${parts} of the training images is held out: ` +
    `${counted(imageCount(heldOut), 'image')} (seed ${division}).`;
  return lookedAt(loaded, seed, train, { ...heldOut, name: `${loaded.name} validation` }, note);
}

/**
 * All images that are not for the test.
 *
 * @throws OptionError for pictures in files that have validation images of their own
 */
export function trainingImages(
  { name, train, validation }: LoadedDataset<PictureDataset>,
  fold: DataFold,
): PictureDataset {
  if (validation === undefined) return train;
  if (!isStreamed(train) && !isStreamed(validation)) return concatenate(train, validation);
  throw new OptionError({
    where: name,
    got: `fold ${formatFold(fold)} of pictures in files, with validation images of their own`,
    expected: 'images in memory, or pictures without validation images',
    cure: 'Give --no-stream besides, or leave out --fold.',
  });
}

function draw(train: PictureDataset, share: number, seed: number): [PictureDataset, PictureDataset] {
  return isStreamed(train)
    ? drawnStream(train, share, seed, 'validation')
    : drawnSplit(train, share, seed, 'validation');
}

function lookedAt(
  loaded: LoadedDataset<PictureDataset>,
  seed: number,
  train: PictureDataset,
  validation: PictureDataset,
  ...others: readonly string[]
): PreparedDataset {
  const { test } = loaded;
  const parts = { train, validation, test };
  const notes = [...loaded.notes, ...others, ...balanceNotes(parts)];
  if (isStreamed(train) || isStreamed(validation) || isStreamed(test)) {
    const sample = isStreamed(train) ? samplePictures(train, seed) : train;
    return { ...loaded, ...parts, sample, copies: undefined, notes };
  }
  const inMemory = { train, validation, test };
  const copies = findCopies(inMemory);
  notes.push(...copiesNotes(inMemory, copies));
  if (validation !== train) notes.push(...chosenNotes(validation, test));
  return { ...loaded, ...parts, sample: train, copies, notes };
}

/** What it means that test images have copies in validation: the best epoch was chosen by them. */
function chosenNotes(validation: ImageDataset, test: ImageDataset): string[] {
  const found = findOverlap(validation, test);
  if (found.length === 0) return [];
  const [{ first, second, identical }] = found;
  const pair = `${imageName(test, second)} ${identical ? '=' : '≈'} ${imageName(validation, first)}`;
  return [
    `${formatInteger(found.length)} of ${counted(imageCount(test), 'test image')} ${found.length === 1 ? 'has' : 'have'} a copy in ` +
      `validation, which chooses the best epoch: the test accuracy flatters (${pair}${found.length === 1 ? '' : ', …'}).`,
  ];
}
