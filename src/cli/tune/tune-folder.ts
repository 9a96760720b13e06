/** The folder of a search: what is searched and how, the results so far, and in the end the best settings. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder, readFile, readFolder } from '../../data/files.ts';
import { CLAIM_FILE } from '../../data/run-folders.ts';
import { describeValue, isRecord } from '../../options.ts';
import { messageOf } from '../../text.ts';
import { RunError } from '../run-error.ts';
import { type RunFolder, reopenRunFolder } from '../run-folder.ts';
import { configText } from '../settings/config-file.ts';
import type { Settings } from '../settings/setting-values.ts';
import type { Halving } from './halving.ts';
import { type Drawing, storedSpace } from './search-space.ts';
import type { TrialResult } from './trial-result.ts';

/** What a search is: recorded, so that it can be gone on with. */
const TUNE_FILE = 'tune.json';
/** A line of JSON for each training. */
export const TRIALS_FILE = 'trials.jsonl';
/** The settings of the best trial, for `weft train --config`. */
export const BEST_FILE = 'best.json';
/** The page. */
export const TUNE_PAGE = 'tune.html';

/** What decides what the trials of a search are. */
export interface SearchPlan extends Drawing {
  readonly halving: Halving | undefined;
}

/** What tune.json holds. */
function planText({ space, search, seed, given, halving }: SearchPlan): string {
  const plan = {
    space: storedSpace(space),
    search,
    seed,
    halving: halving ?? null,
    settings: JSON.parse(configText(given)),
  };
  return `${JSON.stringify(plan, null, 2)}\n`;
}

/**
 * Opens the folder of a search, new or begun.
 *
 * @throws RunError when it holds something else, or a search for something else
 */
export async function openTuneFolder(path: string, plan: SearchPlan): Promise<RunFolder> {
  const wanted = { error: RunError, expected: 'a folder that can be written to' };
  const file = join(path, TUNE_FILE);
  makeFolder(path);
  if (existsSync(file)) requireSamePlan(path, file, plan);
  else {
    const [entry] = readFolder(path, wanted).filter(({ name }) => name !== CLAIM_FILE);
    if (entry !== undefined) {
      throw new RunError({
        where: path,
        got: `a folder with ${entry.name} in it and without ${TUNE_FILE}`,
        expected: 'a new or empty folder, or one of a search to go on with',
        cure: 'Give another folder with --out, or remove this one.',
      });
    }
  }
  const folder = await reopenRunFolder(path, 0);
  await folder.write(TUNE_FILE, planText(plan));
  return folder;
}

function requireSamePlan(path: string, file: string, plan: SearchPlan): void {
  const text = new TextDecoder().decode(
    readFile(file, { error: RunError, expected: 'the plan of a search' }),
  );
  let stored: unknown;
  try {
    stored = JSON.parse(text);
  } catch (cause) {
    const got = `something that is not JSON (${messageOf(cause)})`;
    throw new RunError(
      { where: file, got, expected: 'the plan of a search', cure: 'Give another folder with --out.' },
      { cause },
    );
  }
  const asked: Record<string, unknown> = JSON.parse(planText(plan));
  const given = isRecord(stored) ? stored : {};
  const other = Object.keys(asked).find((key) => JSON.stringify(asked[key]) !== JSON.stringify(given[key]));
  if (other === undefined) return;
  throw new RunError({
    where: path,
    got: `a search with ${other} ${JSON.stringify(given[other])}`,
    expected: `${other} ${JSON.stringify(asked[other])}, as it is asked for now`,
    cure: 'Repeat the command that began it, with more --trials if more are wanted; or give another folder with --out.',
  });
}

/** Writes the results, in the order of their rungs and numbers. */
export async function keepTrials(folder: RunFolder, results: readonly TrialResult[]): Promise<void> {
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

/** Writes the settings that the best trial was trained with; `epochs` are those of the highest rung. */
export async function keepBestSettings(folder: RunFolder, settings: Settings): Promise<string> {
  return folder.write(BEST_FILE, configText(settings));
}

/** @throws RunError for a count of trials that no search can have */
export function requireTrials(trials: number): void {
  if (trials <= MOST_TRIALS) return;
  throw new RunError({
    where: '--trials',
    got: describeValue(trials),
    expected: `${MOST_TRIALS} at most`,
    cure: 'Search in a smaller space, or in steps.',
  });
}

const MOST_TRIALS = 10_000;
