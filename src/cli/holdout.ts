/** Which images watch over training. The test images are never among them: they are looked at once, at the end. */
import { type ImageDataset, imageCount, stratifiedSplit } from '../data/dataset.ts';
import type { LoadedDataset } from '../data/load.ts';
import { RandomGenerator } from '../data/random-generator.ts';
import { counted } from './terminal.ts';

/** The part of the training images held out for validation where the data set has no validation images itself. */
const VALIDATION_SHARE = 0.05;
/** Keeps the choice apart from other uses of the seed. */
const STREAM = 0x76616c;

/** A data set with validation images. */
export interface PreparedDataset extends LoadedDataset {
  readonly validation: ImageDataset;
}

/** The data set with its own validation images, or else with some of every class held out from the training images. */
export function withValidation(loaded: LoadedDataset, seed: number): PreparedDataset {
  if (loaded.validation !== undefined) return { ...loaded, validation: loaded.validation };
  const [train, heldOut] = stratifiedSplit(loaded.train, VALIDATION_SHARE, new RandomGenerator(seed, STREAM));
  if (imageCount(heldOut) === 0) {
    // One image per class: nothing can be held out, and then the training images are all there is to watch.
    const note = 'Too few images to hold any out: validation uses the training images.';
    return { ...loaded, validation: loaded.train, notes: [...loaded.notes, note] };
  }
  const note =
    `For validation, ${counted(imageCount(heldOut), 'training image')} ` +
    `(${VALIDATION_SHARE * 100} % of each class, seed ${seed}) are held out.`;
  const validation = { ...heldOut, name: `${loaded.name} validation` };
  return { ...loaded, train, validation, notes: [...loaded.notes, note] };
}
