/** What `weft compare` can be asked for, and what of it does not fit together: that is refused before anything is made. */
import { resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import type { JobOptions } from '../jobs/job-options.ts';
import { wordsOf, writtenSetting } from '../settings/setting-options.ts';
import type { Settings } from '../settings/setting-values.ts';
import { trainDefaults } from '../train-defaults.ts';
import { type Budget, usualBudget, writtenBudget } from './compute-budget.ts';
import type { Contestant } from './contestants.ts';

/** What was asked for on the command line. */
export interface CompareOptions extends JobOptions {
  readonly data?: readonly string[];
  readonly seeds?: number;
  readonly budget?: Budget;
  readonly crossValidate?: true;
  readonly out?: string;
  readonly json: boolean;
  /** Settings that hold for all models. */
  readonly settings: Settings;
}

/** Data by where they are, however that is written. */
export function placeOf(source: string): string {
  return source === trainDefaults.data ? source : resolve(source);
}

/** What is written and told does something for trainings only. */
export function refuseForRuns({
  data,
  seeds,
  budget,
  crossValidate,
  jobs,
  redis,
  settings,
}: CompareOptions): void {
  const given = {
    '--data': data,
    '--seeds': seeds,
    '--budget': budget,
    '--cross-validate': crossValidate,
    '--jobs': jobs,
    '--redis': redis,
  };
  const [flag = wordsOf(settings, {})[0]] = Object.entries(given).flatMap(([name, value]) =>
    value === undefined ? [] : [name],
  );
  if (flag === undefined) return;
  throw new InvalidArgumentError(
    `${flag} does nothing for runs, which are compared as they are: leave it out, or give models.`,
  );
}

/** What does nothing, or not what it is asked for, is refused before anything is made. */
export function refuseMisfits(
  { data = [], budget = usualBudget, redis, crossValidate, settings }: CompareOptions,
  contestants: readonly Contestant[],
): void {
  refuseLength(budget, settings);
  for (const { label, settings: own } of contestants) {
    const all = { ...settings, ...own };
    refuseUncounted(budget, all, label);
    if (crossValidate) refuseWatched(all, label);
    requireSameRemoval(settings, own, label);
  }
  const places = data.map(placeOf);
  const twice = data.find((_, place) => places.indexOf(places[place]!) < place);
  if (twice !== undefined) {
    throw new InvalidArgumentError(
      `--data ${twice} stands twice: as blocks, data sets have to be different ones.`,
    );
  }
  if (budget.kind === 'minutes' && redis !== undefined) {
    throw new InvalidArgumentError(
      '--budget minutes is of this machine, and --redis trains on others: give --budget flops, or leave out --redis.',
    );
  }
}

/** What would make a training take more or less than its budget of time or arithmetic. */
function refuseUncounted({ kind }: Budget, { earlyStopping, teacher }: Settings, label: string): void {
  if (kind === 'parameters') return;
  if (earlyStopping !== undefined) {
    throw new InvalidArgumentError(
      `${label}: --early-stopping ${earlyStopping} would end trainings before the budget of ${kind} is used: leave it out, or give --budget parameters.`,
    );
  }
  if (teacher !== undefined) {
    throw new InvalidArgumentError(
      `${label}: the answers of --teacher ${teacher} take ${kind === 'flops' ? 'arithmetic' : 'time'} that a budget of ${kind} does not count: leave it out, or give --budget parameters.`,
    );
  }
}

/** In cross-validation nothing may be chosen by the half that tests. */
function refuseWatched({ earlyStopping, schedule }: Settings, label: string): void {
  const [flag] = [
    ...(earlyStopping === undefined ? [] : [`--early-stopping ${earlyStopping}`]),
    ...(schedule === 'plateau' ? ['--schedule plateau'] : []),
  ];
  if (flag === undefined) return;
  throw new InvalidArgumentError(
    `${label}: ${flag} follows the images that are held out, and with --cross-validate these are the test: leave out the one or the other.`,
  );
}

/** What is removed of training images is removed of those of the test, too, which have to be the same for all. */
function requireSameRemoval(common: Settings, own: Settings, label: string): void {
  if (own.remove === undefined) return;
  const text = writtenSetting(own, 'remove');
  if (text === writtenSetting(common, 'remove')) return;
  throw new InvalidArgumentError(
    `${label}: remove=${text} would test it on other images than the others: give --remove ${text} for all.`,
  );
}

/** Epochs that the budget says already. */
function refuseLength({ kind, amount }: Budget, { epochs }: Settings): void {
  if (kind === 'parameters') return;
  if (epochs !== undefined && (kind === 'minutes' || amount !== undefined)) {
    throw new InvalidArgumentError(
      `--epochs ${epochs} does nothing beside --budget ${writtenBudget({ kind, amount })}, which says how long training takes: leave it out.`,
    );
  }
}
