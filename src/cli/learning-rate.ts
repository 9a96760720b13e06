/** `weft train --find-lr`: looks for a learning rate instead of training. */
import type { Normalization } from '../data/normalize.ts';
import type { PictureDataset } from '../data/stream/streamed-dataset.ts';
import type { Module } from '../nn/index.ts';
import type { Optimizer } from '../optim/index.ts';
import { printable } from '../text.ts';
import { findLearningRate } from '../train/index.ts';
import { exitCodes, interruptedCode } from './exit-codes.ts';
import { commandLine } from './invocation.ts';
import { writeNew } from './new-file.ts';
import type { TrainSettings } from './settings/setting-values.ts';
import { counted, type Terminal } from './terminal.ts';
import { fitOptionsOf } from './train-settings.ts';

/** What is trained, for some steps. */
interface Trial {
  readonly model: Module;
  readonly optimizer: Optimizer;
  readonly normalization: Normalization;
  readonly train: PictureDataset;
  readonly settings: TrainSettings;
  /** The arguments that train so. */
  readonly command: readonly string[];
}

/** Columns of a stream that does not say how many it has. */
const USUAL_COLUMNS = 80;

/**
 * Says what becomes of the loss at growing rates, and which rate to train with.
 *
 * @param path a new file for the curve, as SVG
 * @returns the exit code
 */
export async function searchLearningRate(
  { model, optimizer, normalization, train, settings, command }: Trial,
  path: string | undefined,
  json: boolean,
  { say, result, progress }: Terminal,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { epochs, average, monitor, earlyStopping, ...steps } = fitOptionsOf(settings, train);
  const search = await findLearningRate(model, train, { ...steps, optimizer, normalization, signal });
  if (signal?.aborted) {
    say(`Interrupted after ${counted(search.rates.length, 'step')}: that is too early to tell.`);
    return interruptedCode(signal.reason);
  }
  // The chart library takes a third of a second to load.
  const { learningRateChart, learningRateLines } = await import('./report/learning-rate-chart.ts');
  say('\nlearning rate, loss');
  for (const line of learningRateLines(search, progress.columns ?? USUAL_COLUMNS)) say(line);
  if (path !== undefined) {
    await writeNew(path, learningRateChart(search));
    say(`\n${printable(`Wrote ${path}`)}`);
  }
  const { suggestion } = search;
  if (suggestion === undefined)
    say('\nThe loss hardly falls at any rate: look at the data, or try another model.');
  else say(`\nTo train with the suggested rate:\n${commandLine([...command, '--lr', `${suggestion}`])}`);
  if (json) result(JSON.stringify(search, null, 2));
  return exitCodes.done;
}
