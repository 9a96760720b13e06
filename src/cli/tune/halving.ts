/**
 * Successive halving: many trials begin with few epochs, and the best of them go on to more.
 *
 * It is the asynchronous one of L. Li et al., "A system for massively parallel hyperparameter tuning" (MLSys 2020, arXiv 1810.05934), but that
 * no decision depends on which training is done first: a rung has an order, and each time that the next η trials of this order are done, the
 * best of all up to there that is not promoted yet goes up. So any number of machines makes the same trials.
 */

/** What a trial came to in a rung: less than 0 where the first is the better one. */
export type Compare<Result> = (first: Result, second: Result) => number;

/** How a search halves. */
export interface Halving {
  /** Of so many trials of a rung one is promoted: η. */
  readonly factor: number;
  /** The epochs of each rung, the fewest first. */
  readonly rungs: readonly number[];
}

/** Trains all trials for as many epochs. */
export function noHalving(epochs: number): Halving {
  return { factor: 2, rungs: [epochs] };
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

/** A training of a search: a trial, in a rung. */
export interface RungTrial {
  readonly trial: number;
  /** From 0. */
  readonly rung: number;
}

/**
 * The trainings that are known to be wanted, those of the highest rung first: all trials in the lowest, and in each other those that
 * were promoted to it.
 *
 * @param results what is done, by rung and trial
 */
export function wantedTrials<Result>(
  trials: number,
  { factor, rungs }: Halving,
  results: readonly ReadonlyMap<number, Result | null>[],
  compare: Compare<Result>,
): RungTrial[] {
  const wanted: RungTrial[][] = [];
  let order = Array.from({ length: trials }, (_, at) => at + 1);
  for (let rung = 0; rung < rungs.length; rung++) {
    wanted.unshift(order.map((trial) => ({ trial, rung })));
    order = promotions(order, results[rung]!, factor, compare);
  }
  return wanted.flat();
}
