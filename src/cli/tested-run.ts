/** What the model of a run answers to the images that it is tested on. */
import type { PictureDataset } from '../data/stream/streamed-dataset.ts';
import type { Evaluation } from '../train/index.ts';
import { answersTo } from './asked-model.ts';
import { type PictureClassifier, readRun, requireClasses } from './run-reading.ts';
import type { RunRecord } from './run-record.ts';
import { seenNotes } from './seen-before.ts';
import { type Tested, testImages, withClassesOf } from './tested-images.ts';
import { type RemovalOptions, removalOf, type TestedRemoval } from './tested-removal.ts';
import { afterRemoval } from './train-settings.ts';

/** What is asked for where a run is not tested on its own images, or not as it was trained. */
export interface TestOptions extends RemovalOptions {
  readonly data?: string | undefined;
  readonly labels?: string | undefined;
  readonly views?: string | undefined;
}

/** A run that was tested. */
export interface TestedRun {
  readonly record: RunRecord | undefined;
  readonly saved: PictureClassifier;
  readonly tested: Tested;
  /** The images, of which nothing is removed, with the classes of the model. */
  readonly dataset: PictureDataset;
  readonly removal: TestedRemoval;
  readonly views: string | undefined;
  readonly answers: Evaluation;
  /** What is to be known of the model and the images. */
  readonly notes: readonly string[];
}

/**
 * Tests a run.
 *
 * @throws RunError for what is no run of a classifier, and what `testImages` and `removalOf` throw
 */
export async function testRun(run: string, options: TestOptions = {}): Promise<TestedRun> {
  const { record, saved: model, notes } = await readRun(run);
  const saved = requireClasses(run, model);
  const tested = testImages(run, record, options, saved);
  const dataset = withClassesOf(saved, tested.images);
  const removal = removalOf(run, record, options);
  const views = options.views ?? record?.views;
  const given = afterRemoval(dataset, removal);
  const asked = { missing: removal.missing, views, workers: record?.workers };
  const answers = await answersTo(run, saved, given, asked);
  const seen = record === undefined || options.data !== undefined ? [] : seenNotes(record.data);
  return {
    ...{ record, saved, tested, dataset, removal, views, answers },
    notes: [...notes, ...tested.notes, ...seen],
  };
}
