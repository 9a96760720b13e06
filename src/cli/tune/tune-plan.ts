/** What a search is to do, from what was asked for: the space, the rungs and the trials, of which none is refused when it begins. */
import { InvalidArgumentError } from 'commander';
import { describeValue } from '../../options.ts';
import { readSource } from '../fine-tuning.ts';
import { RunError } from '../run-error.ts';
import { requireUnseen, seenBefore } from '../seen-before.ts';
import { requireFitting } from '../settings/misfits.ts';
import type { SettingName, Settings } from '../settings/setting-values.ts';
import { counted } from '../terminal.ts';
import { trainDefaults } from '../train-defaults.ts';
import { usualSettings } from '../train-settings.ts';
import { trainingData } from '../training-data.ts';
import { bracketsOf, fewestTrials, type Halving, rungsOf } from './halving.ts';
import {
  completed,
  type Drawing,
  defaultSpace,
  readSpace,
  requireSearchable,
  type SearchKind,
  type SearchTrial,
  trialOf,
} from './search-space.ts';

/** What was asked for of a search. */
export interface SearchRequest {
  readonly settings: Settings;
  readonly trials: number;
  /** A file. */
  readonly space?: string;
  readonly search: SearchKind;
  readonly searchSeed: number;
  /** η. */
  readonly halving?: number;
  readonly rungs?: number;
  readonly brackets?: number;
}

/** What decides what the trials of a search are. */
export interface SearchPlan extends Drawing {
  readonly halving: Halving | undefined;
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

/** As many as are drawn, decided on and judged within seconds. */
const MOST_TRIALS = 10_000;

/** What is searched, and how. */
export async function planSearch(request: SearchRequest): Promise<SearchPlan> {
  const { settings: given, space: file, search, searchSeed: seed, halving: factor } = request;
  if (given.from !== undefined || given.teacher !== undefined) {
    requireUnseen(seenBefore(given, trainingData(given)));
  }
  const begun = given.from === undefined ? undefined : (await readSource(given.from, given.model)).settings;
  const space = file === undefined ? defaultSpace(given, begun?.model) : readSpace(file);
  requireSearchable(space, given, factor !== undefined, search);
  const plan = { space, search, seed, given, begun };
  if (factor !== undefined) return { ...plan, halving: halvingOf(request, factor) };
  for (const [flag, value] of Object.entries({ '--rungs': request.rungs, '--brackets': request.brackets })) {
    if (value === undefined) continue;
    throw new InvalidArgumentError(
      `${flag} ${value} does nothing without --halving: leave it out, or give --halving 3.`,
    );
  }
  return { ...plan, halving: undefined };
}

/** The model of all trials. */
export function modelOfPlan({ given, begun }: SearchPlan): string {
  return given.model ?? begun?.model ?? trainDefaults.model;
}

/** The rungs up to the epochs that were asked for, or that are usual for so many images. */
function halvingOf(
  { settings: given, trials, rungs: count, brackets = 1 }: SearchRequest,
  factor: number,
): Halving {
  const most = given.epochs ?? usualEpochs(given);
  if (count === 1) {
    throw new InvalidArgumentError(
      `--rungs 1 leaves nothing for --halving ${factor} to choose from: give --rungs 2 or more, or leave out --halving.`,
    );
  }
  const rungs = rungsOf(most, factor, count);
  if (rungs === undefined || rungs.length === 1) {
    const fewer = count !== undefined && count > 2 ? ', or fewer --rungs' : '';
    throw new InvalidArgumentError(
      `--halving ${factor} of ${counted(most, 'epoch')}${count === undefined ? '' : ` in ${counted(count, 'rung')}`} leaves nothing to the first rung: give more --epochs, or a smaller factor${fewer}.`,
    );
  }
  if (brackets > rungs.length) {
    throw new InvalidArgumentError(
      `--brackets ${brackets} of ${counted(rungs.length, 'rung')} (${rungs.join(', ')} epochs): each bracket begins a rung higher than the one before, so give ${rungs.length} at most, or more --epochs or --rungs.`,
    );
  }
  const halving = { factor, rungs, brackets };
  requireEnoughTrials(halving, trials);
  return halving;
}

/** Where no trial can come to the epochs that were asked for, the best settings would be those of a short training. */
function requireEnoughTrials(halving: Halving, trials: number): void {
  const { factor, rungs, brackets } = halving;
  const fewest = fewestTrials(halving, MOST_TRIALS);
  if (fewest !== undefined && trials >= fewest) return;
  const bracketed = fewestTrials({ ...halving, brackets: rungs.length }, trials);
  const cures = [
    ...(fewest === undefined ? [] : [`--trials ${fewest} or more`]),
    ...(rungs.length > 2 ? [`fewer --rungs than ${rungs.length}`] : []),
    ...(bracketed === undefined || brackets === rungs.length
      ? []
      : [`--brackets ${rungs.length}, with which some begin with more epochs`]),
  ];
  throw new InvalidArgumentError(
    `${counted(trials, 'trial')} with --halving ${factor} in ${counted(rungs.length, 'rung')} (${rungs.join(', ')} epochs): none would come to ${rungs.at(-1)} epochs. Give ${cures.join(', or ') || 'a smaller factor'}, or leave out --halving.`,
  );
}

function usualEpochs(given: Settings): number {
  const { train, sample } = trainingData(given);
  return usualSettings(given, train, sample).epochs;
}

/** Settings that may do nothing in a training of so many epochs. */
const ofLength: readonly SettingName[] = ['earlyStopping', 'average', 'schedule', 'snapshots'];

/**
 * The trials of a search. Each has settings that fit together, in each rung that it may come to: none is refused when others have trained.
 *
 * @param out the folder that was asked for
 * @throws InvalidArgumentError
 */
export function plannedTrials(plan: SearchPlan, count: number, out: string | undefined): SearchTrial[] {
  const { space, given, halving } = plan;
  const trials = Array.from({ length: count }, (_, at) => trialOf(plan, at + 1));
  const bracketOf = halving && bracketsOf(count, halving);
  // Only data say how long a training is that nobody says it of.
  const isByLength = space.some(({ name }) => ofLength.includes(name));
  const usual =
    halving === undefined && given.epochs === undefined && isByLength ? usualEpochs(given) : undefined;
  requireFitting(completed(trials[0]!.settings, plan), out);
  for (const { number, settings } of trials) {
    const asked = completed(settings, plan);
    if (halving === undefined) {
      requireFittingTrial(`Trial ${number}`, { ...(usual !== undefined && { epochs: usual }), ...asked });
    }
    for (const epochs of halving?.rungs.slice(bracketOf![number - 1]) ?? []) {
      requireFittingTrial(`Trial ${number}, in a rung of ${counted(epochs, 'epoch')}`, { ...asked, epochs });
    }
  }
  return trials;
}

function requireFittingTrial(where: string, settings: Settings): void {
  try {
    requireFitting(settings, undefined);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new InvalidArgumentError(`${where}: ${error.message}`);
  }
}
