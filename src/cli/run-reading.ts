/** A trained run, read back: its record and its model; or a model alone, as the library saves it. */
import { join } from 'node:path';
import { findEntry } from '../data/files.ts';
import { METRICS_FILE } from '../data/run-folders.ts';
import { loadModel, type SavedModel } from '../train/index.ts';
import { commandLine } from './invocation.ts';
import { RunError } from './run-error.ts';
import { type RunRecord, readMetrics } from './run-record.ts';
import { counted } from './terminal.ts';

/** A model of pictures: what the command uses. */
export interface PictureModel extends SavedModel {
  /** `[H, W, C]` */
  readonly inputShape: readonly [number, number, number];
}

/** One that tells classes of pictures apart: what the command trains. */
export interface PictureClassifier extends PictureModel {
  readonly classNames: readonly string[];
}

/** What a run folder holds for later use. */
export interface TrainedRun {
  /** Undefined for a model that the library saved, not `weft train`. */
  readonly record: RunRecord | undefined;
  readonly saved: PictureModel;
  /** What is to be known of the model: that its training did not end well. */
  readonly notes: readonly string[];
}

const aModel = { error: RunError, expected: 'a run folder, or what saveModel wrote' };
const modelFiles = ['model.json', 'model.safetensors'];

/**
 * Reads a run folder, or a model that the library saved: its folder, or the file of its weights.
 *
 * @throws RunError when it is none, or the run failed before it had a model; CheckpointError when the model is damaged
 */
export async function readRun(run: string): Promise<TrainedRun> {
  const kind = findEntry(run, aModel);
  const holds = (name: string): boolean => findEntry(join(run, name), aModel) !== undefined;
  const isModel = kind === 'file' || (kind === 'folder' && !holds(METRICS_FILE) && modelFiles.some(holds));
  if (isModel) {
    return { record: undefined, saved: requirePictures(run, await loadModel(run)), notes: [] };
  }
  const record = readMetrics(run);
  const { status, failure, history } = record;
  if (!modelFiles.some(holds)) {
    const failed = status === 'failed';
    throw new RunError({
      where: run,
      got: failed
        ? `a run that failed${failure === undefined ? '' : `: ${failure}`}`
        : 'a run that ended in its first epoch, or is still in it',
      expected: 'a run with a trained model',
      cure: failed ? 'Train again.' : `Go on with it: ${commandLine(['train', '--resume', run])}`,
    });
  }
  const ends = {
    training: 'did not end',
    interrupted: 'was interrupted',
    failed: 'failed',
    finished: undefined,
  };
  const end = ends[status];
  const { bestEpoch } = record;
  const model =
    bestEpoch === undefined ? `after ${counted(history.length, 'epoch')}` : `of epoch ${bestEpoch}, the best`;
  return {
    record,
    saved: requirePictures(run, await loadModel(run)),
    notes: end === undefined ? [] : [`The training of ${run} ${end}: its model is that ${model}.`],
  };
}

/** @throws RunError unless the model takes pictures */
function requirePictures(run: string, saved: SavedModel): PictureModel {
  const { inputShape } = saved;
  if (Array.isArray(inputShape) && inputShape.every((length) => typeof length === 'number')) {
    const [height, width, channels] = inputShape;
    if (inputShape.length === 3 && channels <= 4) return { ...saved, inputShape: [height, width, channels] };
  }
  throw new RunError({
    where: run,
    got: `a model that takes inputs of the form ${JSON.stringify(inputShape)}`,
    expected: 'one that takes pictures: [height, width, channels], with 1 to 4 channels',
    cure: 'Use it in a program: loadModel gives the model, and its call takes tensors.',
  });
}

/** @throws RunError unless the model tells classes apart */
export function requireClasses(run: string, saved: PictureModel): PictureClassifier {
  const { classNames } = saved;
  if (classNames !== undefined) return { ...saved, classNames };
  throw new RunError({
    where: run,
    got: 'a model without classes, which gives numbers',
    expected: 'one that tells classes apart',
    cure: 'Use it in a program, with evaluate and a loss; weft predict writes its numbers.',
  });
}

/**
 * Throws unless all numbers that a model gave are finite.
 *
 * @throws RunError
 */
export function requireFiniteAnswers(run: string, values: ArrayLike<number>): void {
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) continue;
    throw new RunError({
      where: run,
      got: `a model that answers ${values[i]}`,
      expected: 'finite probabilities',
      cure: 'Its weights are of no use: train again, with a lower learning rate (--lr).',
    });
  }
}
