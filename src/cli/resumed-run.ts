/** A run that was begun, and what `weft train --resume` goes on with. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { readFile } from '../data/files.ts';
import { METRICS_FILE } from '../data/run-folders.ts';
import { loadTraining, type TrainingState } from '../train/index.ts';
import type { PreparedDataset } from './holdout.ts';
import { commandLine } from './invocation.ts';
import { RunError } from './run-error.ts';
import { CHECKPOINTS_FOLDER } from './run-files.ts';
import { readMetrics } from './run-record.ts';
import { CONFIG_FILE, readConfig } from './settings/config-file.ts';
import { settingNames, settings } from './settings/setting-table.ts';
import type { Settings } from './settings/setting-values.ts';
import { SPLIT_FILE, splitText } from './split-file.ts';

/** What another process left of a training. */
export interface BegunRun {
  readonly path: string;
  /** Those of the run, with the learning rate that was asked for now. */
  readonly settings: Settings;
  /** Undefined where there is no checkpoint yet: the training begins anew. */
  readonly state: TrainingState | undefined;
  /** How long it has trained so far. */
  readonly seconds: number;
}

/**
 * Reads a run that is to go on.
 *
 * @param given what was asked for besides
 * @throws InvalidArgumentError for settings that would make it another run
 * @throws RunError when it is no run of `weft train`, or one that is finished; CheckpointError when it has checkpoints, and
 *   none that is whole
 */
export async function readBegunRun(path: string, given: Settings): Promise<BegunRun> {
  const other = settingNames.find((name) => name !== 'learningRate' && given[name] !== undefined);
  if (other !== undefined) {
    const [flag] = settings[other].flag.split(' ');
    throw new InvalidArgumentError(
      `--resume goes on with the settings of the run: leave ${flag} out. Only --lr may be another, after a NaN.`,
    );
  }
  const own = readConfig(join(path, CONFIG_FILE));
  const record = existsSync(join(path, METRICS_FILE)) ? readMetrics(path) : undefined;
  if (record?.status === 'finished') {
    throw new RunError({
      where: path,
      got: 'a run that is finished',
      expected: 'one that was interrupted or killed, or failed',
      cure: `To train for longer, begin another one: ${commandLine(['train', '--config', join(path, CONFIG_FILE), '--epochs', `${2 * record.epochs}`])}`,
    });
  }
  const folder = join(path, CHECKPOINTS_FOLDER);
  const hasAny = existsSync(folder) && readdirSync(folder).some((name) => name.endsWith('.safetensors'));
  const state = hasAny ? await loadTraining(folder) : undefined;
  return {
    path,
    settings: { ...own, ...given },
    state: state && given.learningRate !== undefined ? withoutWatching(state) : state,
    seconds: record?.trainSeconds ?? 0,
  };
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
