/** The training of `weft train`: with progress, and so that nothing that was learned is lost. */
import { fit } from '../train/index.ts';
import { showProgress } from './progress.ts';
import type { OngoingRun } from './run-files.ts';
import { type FixedRecord, RunKeeper } from './run-keeper.ts';
import type { RunRecord } from './run-record.ts';
import type { Terminal } from './terminal.ts';
import { afterRemoval, fitOptionsOf } from './train-settings.ts';
import { describeFailure } from './train-texts.ts';

/**
 * Trains the model of a run. Afterwards `run.best` is as the model was after its best epoch.
 *
 * The best and the last model and the record are written after each epoch, or about once a second where epochs are shorter;
 * and when a signal ends training. When an error does, the best before it stays.
 *
 * @returns undefined when a signal came before the first step: then there is nothing to keep
 */
export async function trainLoop(
  run: OngoingRun,
  fixed: FixedRecord,
  terminal: Terminal,
  signal: AbortSignal | undefined,
): Promise<RunRecord | undefined> {
  const { model, data, normalization, optimizer } = run;
  const progress = await showProgress(terminal, fixed.epochs);
  const keeper = new RunKeeper(run, fixed);
  let stepped = false;
  try {
    const { aborted } = await fit(model, data.train, {
      ...fitOptionsOf(fixed, data.train),
      optimizer,
      validation: afterRemoval(data.validation, fixed),
      normalization,
      signal,
      onStep: (report) => {
        stepped = true;
        progress.step(report);
      },
      onEpoch: async ({ valLoss, valAccuracy, ...report }) => {
        // Both are there because a validation set is given.
        const record = { ...report, valLoss: valLoss!, valAccuracy: valAccuracy! };
        progress.epoch(record, keeper.add(record));
        await keeper.keep();
      },
    });
    if (!stepped) return undefined;
    return await keeper.end(aborted ? 'interrupted' : 'training');
  } catch (error) {
    progress.stop();
    if (stepped) {
      const left = describeFailure(await keeper.fail(error), run.folder);
      if (left !== undefined) terminal.say(left);
    }
    throw error;
  } finally {
    progress.stop();
  }
}
