/** The training of `weft train`: with progress, and so that nothing that was learned is lost. */
import { join } from 'node:path';
import { NonFiniteError } from '../index.ts';
import { fit, type TrainingState } from '../train/index.ts';
import { checkpointPaths } from '../train/training-files.ts';
import { showProgress } from './progress.ts';
import { CHECKPOINTS_FOLDER, type OngoingRun } from './run-files.ts';
import { RunKeeper } from './run-keeper.ts';
import { isTold, openLog } from './run-log.ts';
import type { FixedRecord, RunRecord } from './run-record.ts';
import type { Terminal } from './terminal.ts';
import { afterRemoval, fitOptionsOf } from './train-settings.ts';
import { describeFailure } from './train-texts.ts';

/** How a training goes on, and how it can be ended. */
export interface LoopOptions {
  readonly signal: AbortSignal | undefined;
  /** Where another process stopped. Default: from the beginning. */
  readonly resume: TrainingState | undefined;
  /** Between checkpoints within an epoch. */
  readonly checkpointMinutes: number | undefined;
  /** Whether there are event files for TensorBoard as well. */
  readonly tensorboard: boolean;
}

/**
 * Trains the model of a run. Afterwards `run.best` is as the model was after its best epoch.
 *
 * What the steps come to is in its logs while they are made. The best model, a checkpoint and the record are written after each epoch, or
 * about once a second where epochs are shorter, every few minutes within longer ones, and when a signal ends training. When an error does,
 * those before it stay.
 *
 * @returns undefined when a signal came before the first step: then there is nothing to keep
 */
export async function trainLoop(
  run: OngoingRun,
  fixed: FixedRecord,
  terminal: Terminal,
  { signal, resume, checkpointMinutes, tensorboard }: LoopOptions,
): Promise<RunRecord | undefined> {
  const { model, data, normalization, optimizer } = run;
  const progress = await showProgress(terminal, fixed.epochs);
  const say = (text: string): void => {
    progress.stop();
    terminal.say(text);
  };
  const logs = [openLog(run.folder, fixed, resume)];
  if (tensorboard) logs.push((await import('./event-file.ts')).openEvents(run.folder, resume));
  const keeper = new RunKeeper(run, fixed, logs, say, resume);
  let begun = resume !== undefined;
  let isStepping = false;
  try {
    if (!begun) await keeper.plan();
    const { aborted } = await fit(model, data.train, {
      ...fitOptionsOf(fixed, data.train),
      optimizer,
      teacher: run.teacher,
      validation: afterRemoval(data.validation, fixed),
      normalization,
      signal,
      checkpoint: { save: (state) => keeper.save(state), everyMinutes: checkpointMinutes },
      resume,
      onStep: async (report) => {
        if (!begun) keeper.begin();
        begun = true;
        isStepping = true;
        progress.step(report);
        if (isTold(report)) for (const log of logs) await log.step(report);
      },
      onEpoch: async (report) => {
        progress.epoch(report);
        for (const log of logs) await log.epoch(report);
        const cycle = (report.epoch * (fixed.snapshots ?? 0)) / fixed.epochs;
        if (cycle > 0 && Number.isInteger(cycle)) await keeper.snapshot(cycle, signal);
      },
    });
    if (!begun) return undefined;
    return await keeper.end(aborted ? 'interrupted' : 'training', signal);
  } catch (error) {
    progress.stop();
    // What fails before the first step of a run that goes on does so again: the command that goes on is no help.
    if (isStepping || (begun && error instanceof NonFiniteError)) {
      const record = await keeper.fail(error);
      const checkpoints = await checkpointPaths(join(run.folder.path, CHECKPOINTS_FOLDER)).catch(() => []);
      terminal.say(describeFailure(record, error, run.folder, checkpoints.length > 0));
    }
    throw error;
  } finally {
    progress.stop();
    if (!begun) await keeper.withdraw();
  }
}
