/**
 * Successive halving: many trials begin with few epochs, and the best of them go on to more.
 *
 * It is the asynchronous one of L. Li et al., "A system for massively parallel hyperparameter tuning" (MLSys 2020, arXiv 1810.05934), but that
 * no decision depends on which training is done first: a rung has an order, and each time that the next η trials of this order are done, the
 * best of all up to there that is not promoted yet goes up. So any number of machines makes the same trials.
 *
 * With brackets it is Hyperband (L. Li et al., "Hyperband: a novel bandit-based approach to hyperparameter optimization", JMLR 18, 2018): each
 * bracket is a halving by itself, and begins a rung higher than the one before, so that trials that are slow at first are not all lost.
 */

/** What a trial came to in a rung: less than 0 where the first is the better one. */
export type Compare<Result> = (first: Result, second: Result) => number;

/** How a search halves. */
export interface Halving {
  /** Of so many trials of a rung one is promoted: η. */
  readonly factor: number;
  /** The epochs of each rung, the fewest first. */
  readonly rungs: readonly number[];
  /** At most as many as there are rungs. Bracket b, from 0, begins in rung b. */
  readonly brackets: number;
}

/** The fewest epochs of a rung, where nobody says how many rungs there are. */
const FEWEST_EPOCHS = 2;
const MOST_RUNGS = 4;

/**
 * The rungs of trainings whose longest has `most` epochs: each has η times the epochs of the one before.
 *
 * @param count how many; default: as many as leave 2 epochs to the first, 4 at most
 * @returns undefined where there would be rungs of the same length
 */
export function rungsOf(most: number, factor: number, count?: number): readonly number[] | undefined {
  const epochsAt = (below: number): number => Math.round(most / factor ** below);
  const fits = (rungs: number): boolean => epochsAt(rungs - 1) >= FEWEST_EPOCHS;
  const usual = [...Array(MOST_RUNGS).keys()].map((at) => at + 1).findLast(fits) ?? 1;
  const rungs = count ?? usual;
  const all = Array.from({ length: rungs }, (_, at) => epochsAt(rungs - 1 - at));
  const rises = all.every((epochs, at) => epochs >= 1 && (at === 0 || epochs > all[at - 1]!));
  return rises ? all : undefined;
}

/**
 * Which trials of a rung go up to the next, in the order in which it is decided. It only grows with the trials that are done.
 *
 * @param order the trials of the rung
 * @param results of those that are done; null of one that failed, which is never promoted
 */
export function promotions<Result>(
  order: readonly number[],
  results: ReadonlyMap<number, Result | null>,
  factor: number,
  compare: Compare<Result>,
): number[] {
  const done = order.findIndex((trial) => !results.has(trial));
  const known = done < 0 ? order.length : done;
  const promoted: number[] = [];
  for (let seen = factor; seen <= known; seen += factor) {
    const candidates = order.slice(0, seen).filter((trial) => !promoted.includes(trial));
    const best = bestOf(candidates, results, compare);
    if (best !== undefined) promoted.push(best);
  }
  return promoted;
}

/** The best of some trials, of equal ones the first; undefined where all have failed. */
function bestOf<Result>(
  trials: readonly number[],
  results: ReadonlyMap<number, Result | null>,
  compare: Compare<Result>,
): number | undefined {
  let best: { readonly trial: number; readonly result: Result } | undefined;
  for (const trial of trials) {
    const result = results.get(trial) ?? null;
    if (result !== null && (best === undefined || compare(result, best.result) < 0)) best = { trial, result };
  }
  return best?.trial;
}

/**
 * The bracket of each of so many trials, from 0. Brackets have trials in the proportions of a round of Hyperband, of S + 1 rungs
 * ⌈(S + 1) / (s + 1) · ηˢ⌉ in the one that halves s times, in which all brackets train for about as long. Each trial goes to the bracket that is
 * farthest behind its proportion, so that more trials change nothing about those that there are.
 */
export function bracketsOf(trials: number, { factor, rungs, brackets }: Halving): number[] {
  const shares = Array.from({ length: brackets }, (_, bracket) => {
    const halvings = rungs.length - 1 - bracket;
    return Math.ceil((rungs.length / (halvings + 1)) * factor ** halvings);
  });
  const inRound = shares.reduce((sum, share) => sum + share, 0);
  const counts = shares.map(() => 0);
  return Array.from({ length: trials }, (_, at) => {
    const behind = shares.map((share, bracket) => share * (at + 1) - counts[bracket]! * inRound);
    const bracket = behind.indexOf(Math.max(...behind));
    counts[bracket]!++;
    return bracket;
  });
}

/** A training of a search: a trial, in a rung. */
export interface RungTrial {
  readonly trial: number;
  /** From 0. */
  readonly rung: number;
}

/**
 * The trainings that are known to be wanted, those of the highest rung first: in the rung that a bracket begins in all of its trials, and in
 * each higher one those that were promoted to it.
 *
 * @param results what is done, by rung and trial
 */
export function wantedTrials<Result>(
  trials: number,
  halving: Halving,
  results: readonly ReadonlyMap<number, Result | null>[],
  compare: Compare<Result>,
): RungTrial[] {
  const { factor, rungs, brackets } = halving;
  const bracketOf = bracketsOf(trials, halving);
  const wanted: RungTrial[][] = rungs.map(() => []);
  for (let bracket = 0; bracket < brackets; bracket++) {
    let order = bracketOf.flatMap((its, at) => (its === bracket ? [at + 1] : []));
    for (let rung = bracket; rung < rungs.length; rung++) {
      wanted[rung]!.push(...order.map((trial) => ({ trial, rung })));
      // Of another bracket the same rung has other trials, of which each has to be among the best of its own.
      order = promotions(order, results[rung]!, factor, compare);
    }
  }
  return wanted.reverse().flat();
}
