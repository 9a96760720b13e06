/** The trainings of a search: which are begun, and what is done with their results. */
import { join } from 'node:path';
import type { JobRunner } from '../jobs/training-job.ts';
import { type Compare, type Halving, type RungTrial, WantedTrials } from './halving.ts';
import type { SearchTrial } from './search-space.ts';
import {
  failedResult,
  finishedResult,
  settingsIn,
  type TrialResult,
  type TrialScores,
} from './trial-result.ts';

/** A search. */
export interface TuneSearch {
  /** In their order. */
  readonly trials: readonly SearchTrial[];
  /** Undefined where all trials have as many epochs as their settings say. */
  readonly halving: Halving | undefined;
  readonly compare: Compare<TrialScores>;
  /** The folder of the search. */
  readonly folder: string;
  /** Is told of each result when it is there, which is in no order that matters. Others begin meanwhile; the last one is waited for. */
  readonly onResult: (result: TrialResult, all: readonly TrialResult[]) => Promise<void>;
}

/** The folder, in that of the search, of the run folders. */
export const TRIALS_FOLDER = 'trials';

/**
 * The name of a training: `007`, or `007-rung-2` where there are several of a trial. It does not depend on how many there are: with more of
 * them, a search goes on in the same folders.
 */
export function trialName(
  { number }: Pick<SearchTrial, 'number'>,
  rung: number,
  { halving }: Pick<TuneSearch, 'halving'>,
): string {
  const name = String(number).padStart(3, '0');
  return halving === undefined ? name : `${name}-rung-${rung + 1}`;
}

/**
 * Runs the trainings of a search, as many at once as there is room for. What is decided on the way depends on the results and not on their
 * order.
 *
 * @returns all results
 * @throws JobError when a training could not be run; trials that fail while they train are results
 */
export async function runSearch(search: TuneSearch, runner: JobRunner): Promise<TrialResult[]> {
  const { trials, compare } = search;
  const halving = search.halving ?? { factor: Number.POSITIVE_INFINITY, rungs: [0], brackets: 1 };
  const wanted = new WantedTrials<TrialScores>(trials.length, halving, compare);
  const results: TrialResult[] = [];
  let told = Promise.resolve();
  await new Promise<void>((resolve, reject) => {
    let running = 0;
    const run = async (place: RungTrial): Promise<void> => {
      const result = await resultOf(search, runner, trials[place.trial - 1]!, place.rung);
      wanted.record(place, result.scores ?? null);
      results.push(result);
      told = search.onResult(result, results);
      told.catch(reject);
    };
    const begin = (): void => {
      while (running < runner.slots) {
        const next = wanted.next();
        if (next === undefined) break;
        running += 1;
        run(next)
          .then(() => {
            running -= 1;
            begin();
          })
          .catch(reject);
      }
      if (running === 0) resolve();
    };
    begin();
  }).finally(() => told);
  return results;
}

async function resultOf(
  search: TuneSearch,
  runner: JobRunner,
  trial: SearchTrial,
  rung: number,
): Promise<TrialResult> {
  const name = trialName(trial, rung, search);
  const epochs = search.halving?.rungs[rung];
  const settings = settingsIn(trial, epochs);
  const place = { trial, rung, epochs: epochs ?? settings.epochs ?? 0, folder: join(TRIALS_FOLDER, name) };
  try {
    const job = await runner.run({ name, settings });
    return { ...finishedResult(place, job), epochs: job.metrics.epochs };
  } catch (error) {
    const failed = failedResult(place, search.folder, error);
    if (failed === undefined) throw error;
    return failed;
  }
}
