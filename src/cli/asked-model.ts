/** What a model answers to images. */
import type { MissingPixels } from '../data/missing.ts';
import type { Normalization } from '../data/normalize.ts';
import { isStreamed, type PictureDataset } from '../data/stream/streamed-dataset.ts';
import type { Module } from '../nn/index.ts';
import { type Evaluation, evaluate } from '../train/index.ts';
import { requireFiniteAnswers } from './run-reading.ts';
import type { RunRecord } from './run-record.ts';
import { afterRemoval, missingOf } from './train-settings.ts';
import { viewsOf } from './views-spec.ts';

/** A model and how its pictures are normalized. */
export interface AskedModel {
  readonly model: Module;
  readonly normalization?: Normalization | undefined;
}

/** How a model is asked. */
export interface Asking {
  readonly missing: MissingPixels;
  readonly views?: string | undefined;
  /** Threads that read the images, where they are in files. */
  readonly workers?: number | undefined;
}

/**
 * What a model answers to images.
 *
 * @param where what is named in errors: the run, mostly
 * @throws RunError where it answers what is not finite
 */
export async function answersTo(
  where: string,
  { model, normalization }: AskedModel,
  images: PictureDataset,
  { missing, views, workers }: Asking,
): Promise<Evaluation> {
  const answers = await evaluate(model, images, {
    normalization,
    missing,
    views: viewsOf(views),
    ...(isStreamed(images) && { workers }),
  });
  requireFiniteAnswers(where, answers.probabilities);
  return answers;
}

/** What a model answers when it is asked as its run was: in the same views, with the same removed of the images. */
export function answersAsTrained(
  where: string,
  asked: AskedModel,
  images: PictureDataset,
  record: Pick<RunRecord, 'model' | 'missing' | 'views' | 'workers' | 'remove' | 'seed' | 'splitSeed'>,
): Promise<Evaluation> {
  const { views, workers } = record;
  return answersTo(where, asked, afterRemoval(images, record), {
    missing: missingOf(record),
    views,
    workers,
  });
}
