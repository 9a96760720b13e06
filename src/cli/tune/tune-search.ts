/** The trainings of a search: which are begun, and what is done with their results. */
import { join } from 'node:path';
import type { JobRunner } from '../jobs/training-job.ts';
import { type Compare, type Halving, wantedTrials } from './halving.ts';
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
  /** Is told of each result when it is there, which is in no order that matters. */
  readonly onResult: (result: TrialResult, all: readonly TrialResult[]) => Promise<void>;
}

/** The folder, in that of the search, of the run folders. */
export const TRIALS_FOLDER = 'trials';

/** The name of a training: `007`, or `007-rung-2` where there are several of a trial. */
export function trialName(
  { number }: Pick<SearchTrial, 'number'>,
  rung: number,
  { halving, trials }: Pick<TuneSearch, 'halving' | 'trials'>,
): string {
  const digits = Math.max(String(trials.length).length, 3);
  const name = String(number).padStart(digits, '0');
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
  const scores = halving.rungs.map(() => new Map<number, TrialScores | null>());
  const results: TrialResult[] = [];
  const begun = new Set<string>();
  const running = new Set<Promise<void>>();
  const run = async (trial: SearchTrial, rung: number): Promise<void> => {
    const result = await resultOf(search, runner, trial, rung);
    scores[rung]!.set(trial.number, result.scores ?? null);
    results.push(result);
    await search.onResult(result, results);
  };
  for (;;) {
    for (const { trial, rung } of wantedTrials(trials.length, halving, scores, compare)) {
      const key = `${trial} ${rung}`;
      if (begun.has(key) || running.size >= runner.slots) continue;
      begun.add(key);
      const ended = run(trials[trial - 1]!, rung).finally(() => running.delete(ended));
      // Whoever waits for the first of them learns of the error; those that fail meanwhile are told by nobody else.
      ended.catch(() => undefined);
      running.add(ended);
    }
    if (running.size === 0) return results;
    await Promise.race(running);
  }
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
