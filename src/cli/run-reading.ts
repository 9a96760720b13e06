/** A trained run, read back: its record and its model. */
import { join } from 'node:path';
import { findEntry } from '../data/files.ts';
import { loadModel, type SavedModel } from '../train/index.ts';
import { RunError } from './run-error.ts';
import { type RunRecord, readMetrics } from './run-record.ts';
import { counted } from './terminal.ts';

/** What a run folder holds for later use. */
export interface TrainedRun {
  readonly record: RunRecord;
  readonly saved: SavedModel;
  /** What is to be known of the model: that its training did not end well. */
  readonly notes: readonly string[];
}

/**
 * Reads a run folder.
 *
 * @throws RunError when it is none, or the run failed before it had a model; CheckpointError when the model is damaged
 */
export async function readRun(run: string): Promise<TrainedRun> {
  const record = readMetrics(run);
  const { status, failure, history } = record;
  if (
    status === 'failed' &&
    findEntry(join(run, 'model.json'), { error: RunError, expected: 'a model' }) === undefined
  ) {
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
  const after = counted(history.length, 'epoch');
  return {
    record,
    saved: await loadModel(run),
    notes: end === undefined ? [] : [`The training of ${run} ${end}: its model is that after ${after}.`],
  };
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
