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

/**
 * The fewest trials of which one comes to the highest rung: some bracket needs as many as it leaves one of.
 *
 * @param most so many are looked at; undefined where they are too few
 */
export function fewestTrials(halving: Halving, most: number): number | undefined {
  const { factor, rungs, brackets } = halving;
  const lacking = Array.from({ length: brackets }, (_, bracket) => factor ** (rungs.length - 1 - bracket));
  for (const [at, bracket] of bracketsOf(most, halving).entries()) {
    lacking[bracket]! -= 1;
    if (lacking[bracket] === 0) return at + 1;
  }
  return undefined;
}

/** A training of a search: a trial, in a rung. */
export interface RungTrial {
  readonly trial: number;
  /** From 0. */
  readonly rung: number;
}

/** A trial that is done and may go up. */
interface PromotionCandidate<Result> {
  readonly trial: number;
  readonly result: Result;
}

/** A rung of a bracket: its trials in their order, and who of them goes up. */
class BracketRung<Result> {
  readonly #factor: number;
  readonly #compare: Compare<Result>;
  readonly #order: number[] = [];
  readonly #results = new Map<number, Result | null>();
  /** So many of the first are done. */
  #done = 0;
  /** Of those the ones that have not gone up, the best last; of equal ones the first is the better one. */
  readonly #candidates: PromotionCandidate<Result>[] = [];

  constructor(factor: number, compare: Compare<Result>) {
    this.#factor = factor;
    this.#compare = compare;
  }

  add(trial: number): void {
    this.#order.push(trial);
  }

  /** Takes what a trial came to, null of one that failed, and tells who goes up by it. */
  record(trial: number, result: Result | null): number[] {
    this.#results.set(trial, result);
    const promoted: number[] = [];
    for (;;) {
      const next = this.#order[this.#done];
      const known = next === undefined ? undefined : this.#results.get(next);
      if (next === undefined || known === undefined) return promoted;
      if (known !== null) this.#insert({ trial: next, result: known });
      this.#done += 1;
      // Where all have failed, nobody goes.
      const best = this.#done % this.#factor === 0 ? this.#candidates.pop() : undefined;
      if (best !== undefined) promoted.push(best.trial);
    }
  }

  #insert(candidate: PromotionCandidate<Result>): void {
    let [low, high] = [0, this.#candidates.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#compare(this.#candidates[middle]!.result, candidate.result) > 0) low = middle + 1;
      else high = middle;
    }
    this.#candidates.splice(low, 0, candidate);
  }
}

/**
 * The trainings of a search that are known to be wanted: in the rung that a bracket begins in all of its trials, and in each higher one those
 * that were promoted to it. They only grow with the results, and do not depend on the order of these.
 */
export class WantedTrials<Result> {
  /** By bracket and rung. Of another bracket the same rung has other trials, of which each has to be among the best of its own. */
  readonly #rungs: readonly (readonly BracketRung<Result>[])[];
  readonly #bracketOf: readonly number[];
  /** Those that nobody has taken, by rung. */
  readonly #waiting: readonly number[][];

  constructor(trials: number, halving: Halving, compare: Compare<Result>) {
    const { factor, rungs, brackets } = halving;
    this.#bracketOf = bracketsOf(trials, halving);
    this.#rungs = Array.from({ length: brackets }, () =>
      rungs.map(() => new BracketRung<Result>(factor, compare)),
    );
    this.#waiting = rungs.map(() => []);
    for (const [at, bracket] of this.#bracketOf.entries()) this.#want(at + 1, bracket);
    // The first is taken from the end.
    for (const waiting of this.#waiting) waiting.reverse();
  }

  /** Takes one that is not begun, of the highest rung that has any. */
  next(): RungTrial | undefined {
    const rung = this.#waiting.findLastIndex((waiting) => waiting.length > 0);
    const trial = this.#waiting[rung]?.pop();
    return trial === undefined ? undefined : { trial, rung };
  }

  /** Takes what a training came to; null of one that failed, which never goes up. */
  record({ trial, rung }: RungTrial, result: Result | null): void {
    const promoted = this.#rungs[this.#bracketOf[trial - 1]!]![rung]!.record(trial, result);
    if (rung + 1 < this.#waiting.length) for (const each of promoted) this.#want(each, rung + 1);
  }

  #want(trial: number, rung: number): void {
    this.#rungs[this.#bracketOf[trial - 1]!]![rung]!.add(trial);
    this.#waiting[rung]!.push(trial);
  }
}
