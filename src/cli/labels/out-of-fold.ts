/** What models answer to images that they were not trained on: each image is in one fold, and the model of that fold has not seen it. */
import { imageCount, subset } from '../../data/dataset.ts';
import { foldOf } from '../../data/split.ts';
import { isStreamed, type PictureDataset, streamedSubset } from '../../data/stream/streamed-dataset.ts';
import { answersAsTrained } from '../asked-model.ts';
import type { JobRunner, TrainingJob } from '../jobs/training-job.ts';
import { readRun } from '../run-reading.ts';
import type { Settings } from '../settings/setting-values.ts';
import { splitSeedOf } from '../training-data.ts';

/** Answers to the images of a data set that some model has not seen. */
export interface OutOfFoldAnswers {
  /** The images with an answer: all but the only ones of their class. */
  readonly images: PictureDataset;
  /** `[N, classes]` */
  readonly probabilities: Float32Array;
}

/** The training of each fold. */
export function foldJobs(settings: Settings, folds: number): TrainingJob[] {
  return Array.from({ length: folds }, (_, place) => ({
    name: `fold-${place + 1}`,
    settings: { ...settings, splitSeed: splitSeedOf(settings), fold: [place + 1, folds] },
  }));
}

/**
 * Trains a model for each fold, and asks it for the images of the fold.
 *
 * @param whole the images that the folds are parts of
 * @param onFold is told the validation accuracy of each model
 */
export async function outOfFoldAnswers(
  runner: JobRunner,
  { settings, folds, whole }: { settings: Settings; folds: number; whole: PictureDataset },
  onFold: (name: string, accuracy: number) => void,
): Promise<OutOfFoldAnswers> {
  const runs = await Promise.all(foldJobs(settings, folds).map((job) => runner.run(job)));
  const classes = whole.classNames.length;
  const all = new Float32Array(imageCount(whole) * classes).fill(Number.NaN);
  for (const [place, { name, folder, metrics }] of runs.entries()) {
    const isHeldOut = foldOf(whole, [place + 1, folds], splitSeedOf(settings));
    const places = [...isHeldOut.keys()].filter((index) => isHeldOut[index] === 1);
    const { saved } = await readRun(folder);
    const answers = await answersAsTrained(folder, saved, partOf(whole, places), metrics);
    onFold(name, answers.accuracy);
    places.forEach((index, row) => {
      all.set(answers.probabilities.subarray(row * classes, (row + 1) * classes), index * classes);
    });
  }
  const answered = Array.from({ length: imageCount(whole) }, (_, index) => index).filter(
    (index) => !Number.isNaN(all[index * classes]),
  );
  const probabilities = new Float32Array(answered.length * classes);
  answered.forEach((index, row) => {
    probabilities.set(all.subarray(index * classes, (index + 1) * classes), row * classes);
  });
  return { images: partOf(whole, answered), probabilities };
}

function partOf(whole: PictureDataset, places: readonly number[]): PictureDataset {
  return isStreamed(whole) ? streamedSubset(whole, places) : subset(whole, places);
}
