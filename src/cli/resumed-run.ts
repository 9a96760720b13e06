/** A run that was begun, and what `weft train --resume` goes on with. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { findEntry, readFile } from '../data/files.ts';
import { METRICS_FILE } from '../data/run-folders.ts';
import { WeftError } from '../errors.ts';
import { loadTraining, type TrainingState } from '../train/index.ts';
import { checkpointPaths } from '../train/training-files.ts';
import type { PreparedDataset } from './holdout.ts';
import { commandLine } from './invocation.ts';
import { RunError } from './run-error.ts';
import { CHECKPOINTS_FOLDER } from './run-files.ts';
import { type RunRecord, readMetrics } from './run-record.ts';
import { CONFIG_FILE, readConfig } from './settings/config-file.ts';
import { settingNames, settings } from './settings/setting-table.ts';
import type { Settings } from './settings/setting-values.ts';
import { SPLIT_FILE, splitText } from './split-file.ts';
import { counted } from './terminal.ts';

/** What another process left of a training. */
export interface BegunRun {
  readonly path: string;
  /** Those of the run, with the learning rate that was asked for now. */
  readonly settings: Settings;
  /** Undefined where there is no checkpoint yet: the training begins anew. */
  readonly state: TrainingState | undefined;
  /** How long it has trained so far. */
  readonly seconds: number;
  /** What is to be known of the checkpoint: that a younger one was damaged. */
  readonly notes: readonly string[];
}

/**
 * Reads a run that is to go on.
 *
 * @param given what was asked for besides
 * @throws InvalidArgumentError for settings that would make it another run
 * @throws RunError when it is no run of `weft train`, one that is finished, or one that has trained and has no checkpoint that is
 *   whole
 */
export async function readBegunRun(path: string, given: Settings): Promise<BegunRun> {
  const other = settingNames.find((name) => name !== 'learningRate' && given[name] !== undefined);
  if (other !== undefined) {
    const { flag, opposite = [] } = settings[other];
    const flags = [flag, ...opposite.slice(0, 1)].map((each) => each.split(' ')[0]).join(' or ');
    throw new InvalidArgumentError(
      `--resume goes on with the settings of the run: leave ${flags} out. Only --lr may be another, after a NaN.`,
    );
  }
  const config = join(path, CONFIG_FILE);
  if (findEntry(config, aRun) === undefined) {
    throw new RunError({
      where: path,
      got: existsSync(path) ? `a folder without ${CONFIG_FILE}` : 'nothing of that name',
      ...aRun,
      cure: 'Check the path. A run of an earlier version, or one that was killed before it had read its data, is begun anew: repeat the command.',
    });
  }
  const own = readConfig(config);
  const checkpoints = await checkpointPaths(join(path, CHECKPOINTS_FOLDER));
  const record = readRecord(path, checkpoints.length > 0);
  if (record?.status === 'finished') {
    throw new RunError({
      where: path,
      got: 'a run that is finished',
      expected: 'one that was interrupted or killed, or failed',
      cure: `To train for longer, begin another one: ${commandLine(['train', '--config', config, '--epochs', `${2 * record.epochs}`])}`,
    });
  }
  const state = checkpoints.length > 0 ? await readState(path) : undefined;
  const epochs = record?.history.length ?? 0;
  if (state === undefined && epochs > 0) {
    throw new RunError({
      where: path,
      got: `no checkpoint of a run that has trained ${counted(epochs, 'epoch')}`,
      expected: `the checkpoints that were in ${join(path, CHECKPOINTS_FOLDER)}`,
      cure: anew(path),
    });
  }
  return {
    path,
    settings: { ...own, ...given },
    state: state && given.learningRate !== undefined ? withoutWatching(state) : state,
    seconds: record?.trainSeconds ?? 0,
    notes: state === undefined ? [] : damageNotes(checkpoints, state),
  };
}

const aRun = { error: RunError, expected: 'a run of weft train' };

/** What to do where there is nothing to go on from. */
function anew(path: string): string {
  const again = ['train', '--config', join(path, CONFIG_FILE)];
  return `Begin another run, from its best model on: ${commandLine([...again, '--from', path])}; or from the beginning: ${commandLine(again)}`;
}

/** The record; undefined where there is none, or where it is damaged and checkpoints say as much. */
function readRecord(path: string, hasCheckpoints: boolean): RunRecord | undefined {
  if (!existsSync(join(path, METRICS_FILE))) return undefined;
  try {
    return readMetrics(path);
  } catch (error) {
    if (hasCheckpoints && error instanceof WeftError) return undefined;
    throw error;
  }
}

async function readState(path: string): Promise<TrainingState> {
  try {
    return await loadTraining(join(path, CHECKPOINTS_FOLDER));
  } catch (cause) {
    if (!(cause instanceof WeftError)) throw cause;
    const { where, got, expected } = cause;
    throw new RunError({ where, got, expected, cure: anew(path) }, { cause });
  }
}

/** Which checkpoints, of those from the youngest on, were passed over for the one that was read, and what is made again. */
function damageNotes(checkpoints: readonly string[], { epoch, step }: TrainingState): string[] {
  const placeOf = (path: string): number[] => (path.match(/\d+/g) ?? []).slice(-2).map(Number);
  const isRead = (path: string): boolean => placeOf(path).join() === `${epoch},${step}`;
  return checkpoints.slice(0, checkpoints.findIndex(isRead)).map((path) => {
    const more = (placeOf(path)[0] ?? epoch) - epoch;
    const again = more > 0 ? counted(more, 'epoch') : 'a part of an epoch';
    return `${path} is damaged: the one before holds, and ${again} ${more > 1 ? 'are' : 'is'} made again.`;
  });
}

/** A schedule that watches has come to a rate of its own, which would hold in place of the one that is asked for. */
function withoutWatching(state: TrainingState): TrainingState {
  const { groups = [], ...optimizer } = state.optimizer;
  return { ...state, optimizer: { ...optimizer, groups: groups.map(({ watch: _, ...group }) => group) } };
}

/** @throws RunError when the images are not those that the run was begun with: its batches would be others */
export function requireSameImages(path: string, data: PreparedDataset): void {
  const file = join(path, SPLIT_FILE);
  if (!existsSync(file)) return;
  const wanted = { error: RunError, expected: 'the split of the run' };
  if (new TextDecoder().decode(readFile(file, wanted)) === splitText(data)) return;
  throw new RunError({
    where: path,
    got: `other images in ${data.name} than it was begun with`,
    expected: `those that ${SPLIT_FILE} lists`,
    cure: 'Bring the images back as they were, or begin another run.',
  });
}
