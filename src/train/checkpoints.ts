/** When a training is saved while it goes on, and what happens when that fails. */
import { OptionError, WeftError } from '../errors.ts';
import { describeValue, requireFunction, requireKnownOptions, requireNumber } from '../options.ts';
import { printable } from '../text.ts';
import { requireFolder } from './checkpoint-files.ts';
import { saveTraining } from './training-files.ts';
import type { TrainingState } from './training-state.ts';

/** Where a training is saved while it goes on, and how often besides at the end of an epoch. */
export interface CheckpointOptions {
  /** A folder, which is made if it does not exist. In Node. */
  readonly folder?: string | undefined;
  /** In place of a folder, what is done with a state. The training waits for it, and ends with an error that it throws. */
  readonly save?: ((state: TrainingState) => void | Promise<void>) | undefined;
  /** Saves within an epoch as well, after so many minutes without. Default 5. */
  readonly everyMinutes?: number | undefined;
  /** How many checkpoints stay in the folder. Default 2. */
  readonly keep?: number | undefined;
}

/** Where epochs are so short that saving takes longer than this part of the time, not each of them is saved. */
const shareOfSaving = 0.05;
/** But one that ends so long after the last saving is, in milliseconds: no kill costs more training than that. */
const longestUnsaved = 1000;

const sayWhere = "Say where to: checkpoint: { folder: 'training' }.";

/** Throws OptionError unless the options say where, and only once. */
export function requireCheckpoint(options: CheckpointOptions): void {
  const where = 'checkpoint of fit';
  requireKnownOptions(where, options, ['folder', 'save', 'everyMinutes', 'keep']);
  const { folder, save, everyMinutes = 5, keep = 2 } = options;
  if ((folder === undefined) === (save === undefined) || (save !== undefined && options.keep !== undefined)) {
    throw new OptionError({
      where,
      got: describeValue(Object.keys(options)),
      expected: 'a folder, perhaps with keep; or save, a function that takes the state',
      cure: sayWhere,
    });
  }
  if (folder !== undefined) requireFolder(where, folder, sayWhere);
  if (save !== undefined) requireFunction(where, 'save', save);
  requireNumber(where, 'everyMinutes', everyMinutes, 'a number above 0');
  requireNumber(where, 'keep', keep, 'a whole number of at least 1');
}

/** Saves a training. */
export class Checkpoints {
  readonly #options: CheckpointOptions;
  #lastSaving = performance.now();
  /** From when on the end of an epoch is worth a saving. */
  #nextSaving = 0;
  /** Whether the last saving failed. */
  #failing = false;

  constructor(options: CheckpointOptions) {
    this.#options = options;
  }

  /** Whether the training is to be saved now, after a step, or at the end of an epoch. */
  isDue(after: 'step' | 'epoch'): boolean {
    const now = performance.now();
    const { everyMinutes = 5 } = this.#options;
    return now - this.#lastSaving >= everyMinutes * 60_000 || (after === 'epoch' && now >= this.#nextSaving);
  }

  /** Saves a state. That a folder cannot be written to does not end the training: it says so once, and tries again. */
  async save(state: TrainingState): Promise<void> {
    const { folder, save, keep } = this.#options;
    const begun = performance.now();
    try {
      if (folder === undefined) await save!(state);
      else await saveTraining(folder, state, keep);
      if (this.#failing) console.warn(printable(`The training is saved again, in ${folder}.`));
      this.#failing = false;
    } catch (error) {
      if (folder === undefined || !(error instanceof WeftError)) throw error;
      if (!this.#failing) {
        console.warn(printable(`The training could not be saved, and goes on: ${error.message}`));
      }
      this.#failing = true;
    }
    this.#lastSaving = performance.now();
    this.#nextSaving =
      this.#lastSaving + Math.min((this.#lastSaving - begun) / shareOfSaving, longestUnsaved);
  }
}
