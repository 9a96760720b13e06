/** The folder of a search: what is searched and how, the results so far, and in the end the best settings. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readFile } from '../../data/files.ts';
import { openPlannedFolder } from '../planned-folder.ts';
import { RunError } from '../run-error.ts';
import type { RunFolder } from '../run-folder.ts';
import { configText } from '../settings/config-file.ts';
import type { Settings } from '../settings/setting-values.ts';
import { storedSpace } from './search-space.ts';
import type { TrialResult } from './trial-result.ts';
import type { SearchPlan } from './tune-plan.ts';

/** What a search is: recorded, so that it can be gone on with. */
const TUNE_FILE = 'tune.json';
/** A line of JSON for each training. */
export const TRIALS_FILE = 'trials.jsonl';
/** The settings of the best trial, for `weft train --config`. */
export const BEST_FILE = 'best.json';
/** The page. */
export const TUNE_PAGE = 'tune.html';

/**
 * Opens the folder of a search, new or begun.
 *
 * @throws RunError when it holds something else, a search for something else, or one that has tried more
 */
export async function openTuneFolder(
  path: string | undefined,
  model: string,
  { space, search, seed, given, halving }: SearchPlan,
  trials: number,
): Promise<RunFolder> {
  const folder = await openPlannedFolder(path, `tune-${model}`, {
    what: 'a search',
    file: TUNE_FILE,
    plan: {
      space: storedSpace(space),
      search,
      seed,
      halving: halving ?? null,
      settings: JSON.parse(configText(given)),
    },
    mayDiffer: 'with more --trials if more are wanted',
  });
  try {
    requireNoFewer(folder, trials);
  } catch (error) {
    folder.leave();
    throw error;
  }
  return folder;
}

/** Trials that are done stand in the results: with fewer they would be lost from there. */
function requireNoFewer({ path }: RunFolder, trials: number): void {
  const file = join(path, TRIALS_FILE);
  if (!existsSync(file)) return;
  const wanted = { error: RunError, expected: 'the results of the search' };
  const text = new TextDecoder().decode(readFile(file, wanted));
  const tried = Math.max(
    0,
    ...Array.from(text.matchAll(/^{"trial":(\d+),/gm), ([, number]) => Number(number)),
  );
  if (trials >= tried) return;
  throw new RunError({
    where: path,
    got: `--trials ${trials} for a search that has tried ${tried}`,
    expected: `--trials ${tried} or more`,
    cure: `Give --trials ${tried} to have its results, or more to go on; or another folder with --out.`,
  });
}

/**
 * Writes results while they come. Nobody waits for it before the end: what comes while a writing is under way is in the next one, so that
 * thousands that are there at once, as when a search is gone on with, are not thousands of writings.
 *
 * @returns what is told of results, and done when all of them are written
 */
export function trialsKeeper(folder: RunFolder): (results: readonly TrialResult[]) => Promise<void> {
  let writing: Promise<void> | undefined;
  let hasMore = false;
  const write = async (results: readonly TrialResult[]): Promise<void> => {
    try {
      while (hasMore) {
        hasMore = false;
        await keepTrials(folder, results);
      }
    } finally {
      writing = undefined;
    }
  };
  return (results) => {
    hasMore = true;
    writing ??= write(results);
    return writing;
  };
}

/** Writes the results, in the order of their rungs and numbers. */
async function keepTrials(folder: RunFolder, results: readonly TrialResult[]): Promise<void> {
  const sorted = [...results].sort((a, b) => a.rung - b.rung || a.trial - b.trial);
  const lines = sorted.map(({ trial, rung, epochs, values, scores, failure, seconds, folder: run }) =>
    JSON.stringify({
      ...{ trial, rung: rung + 1, epochs, status: scores === undefined ? 'failed' : 'finished' },
      ...scores,
      ...(failure !== undefined && { failure }),
      ...{ seconds, folder: run, values },
    }),
  );
  await folder.write(TRIALS_FILE, lines.map((line) => `${line}\n`).join(''));
}

/** Writes the settings that the best trial was trained with, in the highest rung that it came to. */
export async function keepBestSettings(folder: RunFolder, settings: Settings): Promise<string> {
  return folder.write(BEST_FILE, configText(settings));
}
