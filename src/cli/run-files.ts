/**
 * What a run leaves behind: its best model, checkpoints and its record while it trains; in the end its last model, the report and
 * a picture to try it on.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { imageName } from '../data/dataset.ts';
import type { Normalization } from '../data/normalize.ts';
import { METRICS_FILE } from '../data/run-folders.ts';
import { WeftError } from '../errors.ts';
import type { Module } from '../nn/index.ts';
import type { Optimizer } from '../optim/index.ts';
import { printable } from '../text.ts';
import { type Evaluation, saveModel } from '../train/index.ts';
import type { TeacherOptions } from '../train/teacher.ts';
import type { PreparedDataset } from './holdout.ts';
import { commandLine } from './invocation.ts';
import { findMistakes } from './mistakes.ts';
import { PREDICTIONS_FILE, predictionsCsv } from './predictions-file.ts';
import type { RunFolder } from './run-folder.ts';
import { LOG_FILE } from './run-log.ts';
import { type Metrics, type RunRecord, recordText } from './run-record.ts';
import { CONFIG_FILE } from './settings/config-file.ts';
import { imagePng, sampleIndex } from './shown-images.ts';
import { SPLIT_FILE, splitText } from './split-file.ts';
import { counted, type Terminal } from './terminal.ts';

/** The folder, in that of the run, of the last model and the state of its optimizer. */
export const LAST_FOLDER = 'last';
/** The folder, in that of the run, of the models at the ends of cycles, by their numbers. */
export const SNAPSHOTS_FOLDER = 'snapshots';
/** The folder of what `--resume` goes on from, until the run is finished. */
export const CHECKPOINTS_FOLDER = 'checkpoints';
const REPORT_FILE = 'report.html';
const SAMPLE_FILE = 'sample.png';

/** A run while it trains. */
export interface OngoingRun {
  readonly folder: RunFolder;
  /** The model that is trained. */
  readonly model: Module;
  /** The model as it was after its best epoch. */
  readonly best: Module;
  readonly optimizer: Optimizer;
  readonly normalization: Normalization;
  /** Whose answers it learns besides the labels. */
  readonly teacher: TeacherOptions | undefined;
  /** The table of layers. */
  readonly summary: string;
  /** What config.json holds. */
  readonly config: string;
  readonly data: PreparedDataset;
  /** How long earlier processes have trained it, in seconds. */
  readonly secondsBefore: number;
}

/** Writes the best model. */
export async function keepBest(
  { folder, best, normalization }: OngoingRun,
  record: RunRecord,
): Promise<void> {
  await saveModel(folder.path, { ...descriptionOf(record), model: best, normalization });
}

/** Writes the model as it is at the end of a cycle, by its number from 1. */
export async function keepSnapshot(
  { folder, model, normalization }: OngoingRun,
  record: RunRecord,
  cycle: number,
): Promise<void> {
  const place = join(await folder.subfolder(SNAPSHOTS_FOLDER), `${cycle}`);
  await saveModel(place, { ...descriptionOf(record), model, normalization });
}

/** Writes the model as it is after training, with the state of its optimizer. */
export async function keepLast(run: OngoingRun, record: RunRecord): Promise<void> {
  const { folder, model, optimizer, normalization } = run;
  await saveModel(await folder.subfolder(LAST_FOLDER), {
    ...descriptionOf(record),
    model,
    optimizer,
    normalization,
  });
}

function descriptionOf({ model: name, data: { classNames, image: inputShape } }: RunRecord) {
  return { name, classNames, inputShape };
}

/** Writes what the run is made of: its settings, and which images it is trained, validated and tested on. */
export async function keepPlan({ folder, config, data }: OngoingRun): Promise<void> {
  await Promise.all([folder.write(CONFIG_FILE, config), folder.write(SPLIT_FILE, splitText(data))]);
}

/** Writes that a run failed, if that can be written: the error itself is what is told. */
export async function keepFailure(folder: RunFolder, record: RunRecord, error: unknown): Promise<void> {
  const failure = error instanceof WeftError ? `${error.where}: got ${error.got}` : String(error);
  await keepRecord(folder, { ...record, status: 'failed', failure }).catch(() => undefined);
}

/** Writes metrics.json. */
export async function keepRecord(folder: RunFolder, record: RunRecord): Promise<void> {
  await folder.write(METRICS_FILE, `${recordText(record)}\n`);
}

/** Removes what `keepPlan` and `keepRecord` have written of a run that made no step. */
export async function removePlan({ path }: RunFolder): Promise<void> {
  for (const name of [CONFIG_FILE, SPLIT_FILE, METRICS_FILE]) await rm(join(path, name), { force: true });
}

/**
 * Writes the files of a finished run. That it is finished comes last, so that it can be gone on with until all is there; then it needs no
 * checkpoints any more.
 *
 * @returns which files a run has
 */
export async function writeRun(
  run: OngoingRun,
  metrics: Metrics,
  answers: Evaluation,
): Promise<readonly NamedFile[]> {
  const { folder } = run;
  const results = await writeResults(run, metrics, answers);
  await keepRecord(folder, metrics);
  await rm(join(folder.path, CHECKPOINTS_FOLDER), { recursive: true, force: true }).catch(() => undefined);
  return [
    ['model.json', 'layers, classes and normalization'],
    ['model.safetensors', 'weights of the best epoch'],
    [`${LAST_FOLDER}/`, 'the model after the last epoch, with the state of its optimizer'],
    ...(metrics.snapshots === undefined
      ? []
      : [[`${SNAPSHOTS_FOLDER}/`, 'the models at the ends of cycles'] as const]),
    [METRICS_FILE, 'all numbers of this run'],
    [LOG_FILE, 'how it went, a line of JSON for some steps and each epoch'],
    [CONFIG_FILE, 'its settings, for weft train --config'],
    [SPLIT_FILE, 'which images it was trained, validated and tested on'],
    ...results,
  ];
}

/** A file of a run, and what it is in words. */
export type NamedFile = readonly [name: string, contents: string];

/** Writes what tells how a tested model does: the report, its answers, and a picture to try it on. */
export async function writeResults(
  { folder, summary, data }: Pick<OngoingRun, 'folder' | 'summary' | 'data'>,
  metrics: Metrics,
  answers: Evaluation,
): Promise<readonly NamedFile[]> {
  const { test } = data;
  // The chart library is only needed here, and takes a third of a second to load.
  const { renderReport } = await import('./report/report.ts');
  await folder.write(REPORT_FILE, renderReport({ metrics, summary, data, answers }));
  const originals =
    data.copies &&
    new Map(data.copies.test.map(({ first, second }) => [second, imageName(data.train, first)]));
  await folder.write(PREDICTIONS_FILE, predictionsCsv(test, answers, originals));
  const sample = sampleIndex(answers.predictions, test.labels);
  await folder.write(SAMPLE_FILE, imagePng(test, sample));
  const mistakes = findMistakes(test, answers).length;
  const curves = metrics.history.length > 0 ? 'learning curves, ' : '';
  return [
    [REPORT_FILE, `${curves}confusion matrix and ${counted(mistakes, 'mistake')}, for a browser`],
    [PREDICTIONS_FILE, 'the answer for each test image'],
    [SAMPLE_FILE, `a test picture of class ${test.classNames[test.labels[sample]!]}`],
  ];
}

/** Says which files were written; the last line is the command that classifies the sample picture. */
export function sayWritten({ path }: RunFolder, files: readonly NamedFile[], say: Terminal['say']): void {
  const width = Math.max(...files.map(([name]) => join(path, name).length));
  say(`\nWrote`);
  for (const [name, contents] of files) {
    say(printable(`  ${join(path, name).padEnd(width)}  ${contents}`));
  }
  say(`\nTo classify a picture:\n${commandLine(['predict', path, join(path, SAMPLE_FILE)])}`);
}
