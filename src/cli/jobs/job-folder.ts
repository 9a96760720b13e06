/** The run folder of a job: what is there of it, whether it is that of the job, and what came of it. */
import { join } from 'node:path';
import { findEntry } from '../../data/files.ts';
import { METRICS_FILE } from '../../data/run-folders.ts';
import { RunError } from '../run-error.ts';
import { type Metrics, type RunRecord, readMetrics } from '../run-record.ts';
import { CONFIG_FILE, readConfig } from '../settings/config-file.ts';
import { writtenSetting } from '../settings/setting-options.ts';
import { settingNames } from '../settings/setting-table.ts';
import type { Settings } from '../settings/setting-values.ts';
import { type FinishedJob, JobError, type TrainingJob } from './training-job.ts';

/** The record of the run; undefined where there is none yet. */
export function recordOf(folder: string): RunRecord | undefined {
  const wanted = { error: RunError, expected: 'the record of a run' };
  return findEntry(join(folder, METRICS_FILE), wanted) === undefined ? undefined : readMetrics(folder);
}

/** @throws JobError unless the run came to its end */
export function finished({ name }: TrainingJob, folder: string): FinishedJob {
  const metrics = readMetrics(folder);
  if (isFinished(metrics)) return { name, folder, metrics };
  throw new JobError({
    where: folder,
    got: `a run that is ${metrics.status}`,
    expected: 'one that is finished',
    cure: 'The same command goes on.',
  });
}

/** Whether a run came to its end. */
export function isFinished(record: RunRecord): record is Metrics {
  return record.status === 'finished';
}

/** @throws JobError unless the run in the folder was asked for the same */
export function requireSame(folder: string, { name, settings }: TrainingJob): void {
  const stored: Settings = readConfig(join(folder, CONFIG_FILE));
  const other = settingNames.find(
    (each) => settings[each] !== undefined && writtenSetting(settings, each) !== writtenSetting(stored, each),
  );
  if (other === undefined) return;
  throw new JobError({
    where: folder,
    got: `a run with ${other} ${writtenSetting(stored, other) ?? 'of its own'}`,
    expected: `the training ${name}, with ${other} ${writtenSetting(settings, other)}`,
    cure: 'Give another folder with --out.',
  });
}
