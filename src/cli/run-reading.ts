/** A trained run, read back: its record and its model; or a model alone, as the library saves it. */
import { join } from 'node:path';
import { findEntry } from '../data/files.ts';
import { loadModel, type SavedModel } from '../train/index.ts';
import { RunError } from './run-error.ts';
import { METRICS_FILE, type RunRecord, readMetrics } from './run-record.ts';
import { counted } from './terminal.ts';

/** A model that tells classes of pictures apart: what the command trains and uses. */
export interface PictureModel extends SavedModel {
  readonly classNames: readonly string[];
  /** `[H, W, C]` */
  readonly inputShape: readonly [number, number, number];
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
    return { record: undefined, saved: requirePictureModel(run, await loadModel(run)), notes: [] };
  }
  const record = readMetrics(run);
  const { status, failure, history } = record;
  if (status === 'failed' && !holds('model.json')) {
    throw new RunError({
      where: run,
      got: `a run that failed${failure === undefined ? '' : `: ${failure}`}`,
      expected: 'a run with a trained model',
      cure: 'Train again.',
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
    saved: requirePictureModel(run, await loadModel(run)),
    notes: end === undefined ? [] : [`The training of ${run} ${end}: its model is that ${model}.`],
  };
}

/**
 * The model, if it is one for pictures.
 *
 * @throws RunError when it is another
 */
export function requirePictureModel(run: string, saved: SavedModel): PictureModel {
  const { inputShape, classNames } = saved;
  if (Array.isArray(inputShape) && inputShape.length === 3 && classNames !== undefined) {
    const [height, width, channels] = inputShape;
    return { ...saved, inputShape: [height, width, channels], classNames };
  }
  throw new RunError({
    where: run,
    got: `a model of inputs ${JSON.stringify(inputShape)}${classNames === undefined ? ' without classes' : ''}`,
    expected: 'a model of pictures, [height, width, channels], with classes',
    cure: 'Use it in a program: loadModel gives it.',
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
