/** What is taken away of the images that a model is tested on, and what becomes of it. */
import type { MissingPixels } from '../data/missing.ts';
import type { Removal } from '../data/removal.ts';
import type { MissingTreatment } from '../models/index.ts';
import { describeRemoval, formatRemoval, removeSpec } from './remove-spec.ts';
import { RunError } from './run-error.ts';
import type { RunRecord } from './run-record.ts';
import { treatmentOf } from './train-settings.ts';
import { splitSeedOf } from './training-data.ts';

/** What can stand in the place of missing pixels before a model gets them. */
export const fills = ['mean', 'last'] as const;

/** What stands in the place of missing pixels, by what the model of the run makes of them. */
const treated: Readonly<Record<Exclude<MissingTreatment, 'error'>, string>> = {
  mask: 'the model leaves out what is missing',
  mean: 'the model puts the mean of each pixel in training in its place',
  last: 'the model puts the pixel seen last above in its place',
  learned: 'the model puts learned values in its place',
  indicators: 'the model is told what is missing, and how long ago it was seen',
  seen: 'the model is told what is missing, and nothing else',
  decay: 'what was seen last fades in its place',
};

/** What stands there before a model gets the images. */
const filled: Readonly<Record<(typeof fills)[number], string>> = {
  mean: 'the mean of all pixels in training stands in its place',
  last: 'the pixel seen last above stands in its place, and the mean where there is none',
};

/** What is asked to be taken away. */
export interface RemovalOptions {
  readonly remove?: Removal | 'none' | undefined;
  readonly fill?: (typeof fills)[number] | undefined;
}

/** What is taken away of the test images, and what becomes of it. */
export interface TestedRemoval {
  readonly remove: string | undefined;
  readonly seed: number;
  /** What the model makes of it, as far as that is known. */
  readonly treatment: MissingTreatment | undefined;
  /** What the model is given. */
  readonly missing: MissingPixels;
  readonly notes: readonly string[];
}

/** What is asked for; where nothing is, what the run was trained with. */
export function removalOf(
  run: string,
  record: RunRecord | undefined,
  { remove: asked, fill }: RemovalOptions,
): TestedRemoval {
  const treatment = record && treatmentOf(record);
  const removal =
    asked === 'none'
      ? undefined
      : (asked ?? (record?.remove === undefined ? undefined : removeSpec(record.remove)));
  const missing = fill ?? (treatment === 'error' ? 'error' : 'mask');
  const seed = record === undefined ? 0 : splitSeedOf(record);
  if (removal === undefined) {
    if (fill === undefined) return { remove: undefined, seed, treatment, missing, notes: [] };
    throw new RunError({
      where: run,
      got: `--fill ${fill} of images of which nothing is removed`,
      expected: 'something to fill',
      cure: 'Leave it out, or say with --remove what is taken away.',
    });
  }
  if (missing === 'error') {
    throw new RunError({
      where: run,
      got: `--remove ${formatRemoval(removal)} for a model that takes no missing pixels`,
      expected: 'something in their place',
      cure: 'Fill them with --fill mean or last, or train a model with --missing, which says what it makes of them.',
    });
  }
  const place =
    fill !== undefined
      ? filled[fill]
      : treatment === undefined || treatment === 'error'
        ? 'what the model makes of it was not recorded'
        : treated[treatment];
  const notes = [`Each image loses ${describeRemoval(removal)} (seed ${seed}); ${place}.`];
  return { remove: formatRemoval(removal), seed, treatment, missing, notes };
}
