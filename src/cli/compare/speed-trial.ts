/** How fast models train on this machine: tried for some seconds each, one at a time, and kept, so that going on does not measure again. */
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { imageCount } from '../../data/dataset.ts';
import { isStreamed } from '../../data/stream/streamed-dataset.ts';
import { setDevice } from '../../index.ts';
import { isRecord } from '../../options.ts';
import { writeWhole } from '../../train/atomic.ts';
import { fit } from '../../train/index.ts';
import type { PreparedDataset } from '../holdout.ts';
import { fitOptionsOf } from '../train-settings.ts';
import { normalizationOf, type Recipe } from './recipe.ts';

/** Its name in the folder of a comparison. */
export const SPEEDS_FILE = 'speeds.json';

/** The first steps compile and warm up; then so many at least are timed, for so many milliseconds at least. */
const WARM_UP = 3;
const TIMED_STEPS = 10;
const TIMED_MILLISECONDS = 4000;

/** What an image of validation takes of the time of one of training: a forward pass is about a third of a step. */
const VALIDATION_SHARE = 1 / 3;

/** What was measured, by what: a change of it is measured anew. */
type Speeds = Readonly<Record<string, number>>;

/** Measures speeds, and keeps them in a folder. */
export class SpeedTrials {
  readonly #path: string;
  /** How many trainings run at once: each has its part of the processors, in the trial too. */
  readonly #slots: number;
  #speeds: Speeds;

  constructor(folder: string, slots: number) {
    this.#path = join(folder, SPEEDS_FILE);
    this.#slots = slots;
    this.#speeds = readSpeeds(this.#path);
  }

  /**
   * The seconds of an epoch, validation included.
   *
   * @param key says what is measured
   * @param onMeasure is called where it is not known yet
   */
  async secondsOfEpoch(
    key: string,
    recipe: Recipe,
    data: PreparedDataset,
    onMeasure: () => void,
  ): Promise<number> {
    const place = `${key}, ${this.#slots} at once`;
    let seconds = this.#speeds[place];
    if (seconds === undefined) {
      onMeasure();
      seconds = await measured(recipe, data, Math.max(Math.floor(availableParallelism() / this.#slots), 1));
      this.#speeds = { ...this.#speeds, [place]: seconds };
      await writeWhole(this.#path, `${JSON.stringify(this.#speeds, null, 2)}\n`);
    }
    const images = imageCount(data.train) + VALIDATION_SHARE * imageCount(data.validation);
    return seconds * images;
  }
}

/** Of each image, by what was tried. */
function readSpeeds(path: string): Speeds {
  if (!existsSync(path)) return {};
  const stored: unknown = JSON.parse(readFileSync(path, 'utf8'));
  if (!isRecord(stored)) return {};
  return Object.fromEntries(
    Object.entries(stored).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
}

/** The seconds that training takes for each image, by some steps of it. */
async function measured(
  { model, optimizer, recorded, planned }: Recipe,
  data: PreparedDataset,
  threads: number,
): Promise<number> {
  const isThreaded = planned.device === 'wasm' && process.env['WEFT_THREADS'] === undefined;
  if (isThreaded) await setDevice('wasm', { threads });
  const ends: number[] = [];
  const trial = new AbortController();
  const { epochs: _, ...options } = fitOptionsOf(recorded, data.train);
  const average = options.average?.kind === 'swa' ? undefined : options.average;
  await fit(model, data.train, {
    ...options,
    average,
    // The signal ends it.
    epochs: 1000,
    optimizer,
    normalization: normalizationOf(data),
    signal: trial.signal,
    ...(isStreamed(data.train) && { workers: recorded.workers }),
    onStep: () => {
      ends.push(performance.now());
      const timed = ends.length - 1 - WARM_UP;
      const since = performance.now() - (ends[WARM_UP] ?? performance.now());
      if (timed >= TIMED_STEPS && since >= TIMED_MILLISECONDS) trial.abort();
    },
  });
  if (isThreaded) await setDevice(planned.device);
  const steps = ends.length - 1 - WARM_UP;
  const batch = Math.min(planned.batchSize * (planned.accumulate ?? 1), imageCount(data.train));
  return (ends.at(-1)! - ends[WARM_UP]!) / 1000 / (steps * batch);
}
