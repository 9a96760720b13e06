/** What mattered in a search: how much of the difference between trials each parameter explains by itself. */
import { RandomGenerator } from '../../data/random-generator.ts';
import type { ConfigValue } from '../settings/config-file.ts';
import type { SettingName } from '../settings/setting-values.ts';
import type { ParameterRange, SearchSpace, TrialValues } from './search-space.ts';

/** A trial as it is looked at here. */
export interface JudgedTrial {
  readonly values: TrialValues;
  /** Larger is better. Undefined where it failed, which is worse than all others. */
  readonly goodness: number | undefined;
}

/** Trials whose values of a parameter are alike. */
export interface ValueGroup {
  /** `0.001 to 0.003`, `adamw`. */
  readonly label: string;
  readonly trials: number;
  /** From 0, of the worst trial, to 1, of the best: the mean of the group. */
  readonly meanRank: number;
}

/** How much a parameter explains. */
export interface MainEffect {
  readonly name: SettingName;
  /** The part of the variance of the ranks that is between the groups, less what chance would put there: ε², at least 0. */
  readonly share: number;
  /** How often groups that are made by chance explain as much: a p-value. */
  readonly chance: number;
  readonly groups: readonly ValueGroup[];
}

/** How often trials are mixed to see what chance explains. */
const MIXINGS = 999;
/** Trials of a group of numbers, about. */
const GROUP_SIZE = 5;
const MOST_GROUPS = 5;

/**
 * How much each parameter explains by itself, the one that explains most first. Trials are put in groups by their values of it (choices by
 * value, numbers in up to five groups of as many trials), and what counts is the rank of a trial, so that one that went all wrong counts no
 * more than another that is last. The share is ε² of T. L. Kelley (1935), which is 0 in the mean where a parameter does nothing; the sum of
 * all is less than 1 by what parameters do together and by what is random in a training.
 *
 * The first order of what F. Hutter, H. Hoos and K. Leyton-Brown call functional ANOVA ("An efficient approach for assessing
 * hyperparameter importance", ICML 2014), from the trials as they are and without a model of them.
 */
export function mainEffects(space: SearchSpace, trials: readonly JudgedTrial[]): MainEffect[] {
  const ranks = ranksOf(trials.map(({ goodness }) => goodness ?? Number.NEGATIVE_INFINITY));
  const effects = space.map(({ name, range }, at): MainEffect => {
    const grouped = groupsOf(
      range,
      trials.map(({ values }) => values[name]),
    );
    const share = explained(ranks, grouped.of, grouped.labels.length);
    const random = new RandomGenerator(0, at);
    let asMuch = 0;
    for (let mixing = 0; mixing < MIXINGS; mixing++) {
      const order = random.permutation(ranks.length);
      const mixed = explained(
        Array.from(order, (from) => ranks[from]!),
        grouped.of,
        grouped.labels.length,
      );
      if (mixed >= share - 1e-12) asMuch++;
    }
    return {
      name,
      share: Math.max(share, 0),
      chance: (asMuch + 1) / (MIXINGS + 1),
      groups: grouped.labels.map((label, group) => {
        const own = ranks.filter((_, trial) => grouped.of[trial] === group);
        return { label, trials: own.length, meanRank: own.reduce((sum, rank) => sum + rank, 0) / own.length };
      }),
    };
  });
  return effects.sort((a, b) => b.share - a.share);
}

/** From 0 for the smallest to 1 for the largest; equal values share the mean of their ranks. */
function ranksOf(values: readonly number[]): number[] {
  const most = Math.max(values.length - 1, 1);
  return values.map((value) => {
    const below = values.filter((other) => other < value).length;
    const equal = values.filter((other) => other === value).length;
    return (below + (equal - 1) / 2) / most;
  });
}

/** ε²: the variance between groups, less what falls there by chance, over all. 0 where there is one group, or all ranks are equal. */
function explained(ranks: readonly number[], groupOf: readonly number[], groups: number): number {
  const count = ranks.length;
  const mean = ranks.reduce((sum, rank) => sum + rank, 0) / count;
  const total = ranks.reduce((sum, rank) => sum + (rank - mean) ** 2, 0);
  if (groups < 2 || count <= groups || total === 0) return 0;
  const sums = new Float64Array(groups);
  const counts = new Float64Array(groups);
  ranks.forEach((rank, trial) => {
    sums[groupOf[trial]!]! += rank;
    counts[groupOf[trial]!]! += 1;
  });
  const between = sums.reduce(
    (sum, each, group) => sum + counts[group]! * (each / counts[group]! - mean) ** 2,
    0,
  );
  const within = (total - between) / (count - groups);
  return (between - (groups - 1) * within) / total;
}

/** The group of each trial, and what the groups are called. */
interface Grouping {
  readonly of: readonly number[];
  readonly labels: readonly string[];
}

const NOT_USED = 'not used';

function groupsOf(range: ParameterRange, values: readonly (ConfigValue | undefined)[]): Grouping {
  const texts =
    range.kind === 'choices'
      ? values.map((value) => (value === undefined ? NOT_USED : `${value}`))
      : binsOf(values);
  const order =
    range.kind === 'choices'
      ? [...range.values.map(String), NOT_USED]
      : [...new Set(sortedBy(values, texts))];
  const labels = order.filter((label) => texts.includes(label));
  return { of: texts.map((text) => labels.indexOf(text)), labels };
}

function sortedBy(values: readonly (ConfigValue | undefined)[], texts: readonly string[]): string[] {
  const keyOf = (at: number): number => Number(values[at] ?? Number.POSITIVE_INFINITY);
  return texts
    .map((_, at) => at)
    .sort((a, b) => keyOf(a) - keyOf(b))
    .map((at) => texts[at]!);
}

/** What the group of each number is called; equal numbers are in one. */
function binsOf(values: readonly (ConfigValue | undefined)[]): string[] {
  const numbers = values
    .filter((value) => value !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
  const bins = Math.min(Math.max(Math.floor(numbers.length / GROUP_SIZE), 1), MOST_GROUPS);
  const binOf = (value: number): number => Math.floor((numbers.indexOf(value) * bins) / numbers.length);
  const labels = Array.from({ length: bins }, (_, bin) => {
    const own = numbers.filter((value) => binOf(value) === bin);
    return own.length === 0 || own[0] === own.at(-1) ? `${own[0]}` : `${own[0]} to ${own.at(-1)}`;
  });
  return values.map((value) => (value === undefined ? NOT_USED : labels[binOf(Number(value))]!));
}
