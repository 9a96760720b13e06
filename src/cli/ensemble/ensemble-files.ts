/** The run folder of an ensemble: opened, or opened again by the same command, and written. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { METRICS_FILE } from '../../data/run-folders.ts';
import type { Combination } from '../../nn/combinations.ts';
import { type Evaluation, saveModel } from '../../train/index.ts';
import type { AskedModel } from '../asked-model.ts';
import type { PreparedDataset } from '../holdout.ts';
import { openPlannedFolder } from '../planned-folder.ts';
import { RunError } from '../run-error.ts';
import { keepRecord, sayWritten, writeResults } from '../run-files.ts';
import type { RunFolder } from '../run-folder.ts';
import type { Metrics } from '../run-record.ts';
import { CONFIG_FILE } from '../settings/config-file.ts';
import { SPLIT_FILE, splitText } from '../split-file.ts';
import type { Terminal } from '../terminal.ts';

/** Room for what is not weights, in bytes. */
const ROOM = 2 ** 20;

/** What an ensemble is made of, as config.json says it. */
export interface EnsemblePlan {
  /** Full paths. */
  readonly runs: readonly string[];
  readonly combine: Combination;
  readonly seeds?: number | undefined;
  readonly folds?: number | undefined;
  readonly snapshots?: number | undefined;
}

/**
 * Opens the folder of an ensemble. One in which the same command was begun, and did not come to its end, is gone on with.
 *
 * @throws RunError when the folder has something else in it, or a run that is finished
 */
export async function openEnsembleFolder(path: string | undefined, plan: EnsemblePlan): Promise<RunFolder> {
  if (path !== undefined && existsSync(join(path, METRICS_FILE))) {
    throw new RunError({
      where: path,
      got: 'a run that is finished',
      expected: 'a new or empty folder, or an ensemble that this command began',
      cure: 'Give another folder with --out.',
    });
  }
  const planned = { what: 'an ensemble', file: CONFIG_FILE, plan: { ...plan } };
  return openPlannedFolder(path, 'ensemble', planned, ROOM);
}

/** What the files of an ensemble tell. */
export interface TestedEnsemble extends AskedModel {
  readonly metrics: Metrics;
  /** The table of layers. */
  readonly summary: string;
  readonly data: PreparedDataset;
  readonly answers: Evaluation;
}

/** Writes the files; metrics.json, which says that the ensemble is finished, comes last. */
export async function writeEnsemble(
  folder: RunFolder,
  { metrics, summary, data, answers, model, normalization }: TestedEnsemble,
  say: Terminal['say'],
): Promise<void> {
  const { model: name, data: described } = metrics;
  const { classNames, image: inputShape } = described;
  await saveModel(folder.path, { model, name, classNames, inputShape, normalization });
  await folder.write(SPLIT_FILE, splitText(data));
  const results = await writeResults({ folder, summary, data }, metrics, answers);
  await keepRecord(folder, metrics);
  sayWritten(
    folder,
    [
      ['model.json', 'layers of all members, classes and normalization'],
      ['model.safetensors', 'weights of all members'],
      [METRICS_FILE, 'all numbers of the ensemble and its members'],
      [CONFIG_FILE, 'which runs were combined, and how'],
      [SPLIT_FILE, 'which images it was trained, validated and tested on'],
      ...results,
    ],
    say,
  );
}
