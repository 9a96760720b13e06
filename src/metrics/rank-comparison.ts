/**
 * Tests of several classifiers on several data sets, by their ranks on each: Friedman's test, Nemenyi's test of all pairs, and Holm's
 * correction of several p-values (Demšar, 2006, "Statistical comparisons of classifiers over multiple data sets", JMLR 7).
 */
import { OptionError } from '../errors.ts';
import { describeValue, requireKnownOptions, requireList, requireNumber } from '../options.ts';
import { chiSquareAbove, fAbove, rangeAbove, rangeOf } from './distributions.ts';
import { rankSumsAbove } from './rank-permutations.ts';

/** The number that a test computes, and how likely as large a one is by chance. */
export interface TestStatistic {
  readonly statistic: number;
  readonly p: number;
}

/** What `friedmanTest` finds. */
export interface FriedmanResult {
  /** By classifier: its mean rank over the data sets; 1 is best. */
  readonly meanRanks: readonly number[];
  /** How likely ranks as different are if classifiers do not differ: the p to go by. */
  readonly p: number;
  /** Where `p` is from: exact, counted over all orders of the ranks; or the approximation by F, where they are too many to be counted. */
  readonly method: 'exact' | 'f';
  /** Friedman's own statistic, which is chi-square distributed with k − 1 degrees of freedom when data sets are many. */
  readonly chiSquare: TestStatistic;
  /**
   * Iman and Davenport's, which is nearly F distributed with k − 1 and (k − 1)(N − 1) degrees of freedom when data sets are many. Of few
   * its p is far too small: 0 where all agree, were there two data sets only.
   */
  readonly imanDavenport: TestStatistic;
}

/**
 * Friedman's test of k classifiers on N data sets: whether they differ at all (Friedman, 1937, "The use of ranks to avoid the assumption of
 * normality implicit in the analysis of variance"). On each data set classifiers have ranks,
 * equal scores the mean of theirs. With mean ranks R̄ⱼ, chi-square is 12 N / (k (k + 1)) · Σ (R̄ⱼ − (k + 1)/2)², divided by what ties leave of
 * it, 1 − Σ (t³ − t) / (N k (k² − 1)) over groups of t equal scores; F is (N − 1) χ² / (N (k − 1) − χ²) (Iman and Davenport, 1980).
 * Where all scores of each data set are equal both are 0; where all data sets agree in all ranks, F is infinite.
 *
 * If classifiers do not differ, the ranks of each data set may as well stand in any other order. `p` is the part of all such
 * tables, (k!)ᴺ without ties, whose chi-square is as large, as in Friedman's own tables: counted for up to 90 data sets
 * of 3 classifiers, 22 of 4, 8 of 5, 3 of 6. Of more it is that of F, and at least (k!)¹⁻ᴺ, which no exact p is below. There F calls 5 to 6 %
 * of equal classifiers different at 5 % (simulated, up to 12 classifiers).
 *
 * ```ts
 * const scores = [[0.9, 0.8, 0.7], [0.8, 0.7, 0.6], [0.7, 0.9, 0.6], [0.6, 0.5, 0.4]];
 * const { meanRanks, chiSquare, p, method } = friedmanTest(scores);
 * await [meanRanks, chiSquare.statistic, p.toFixed(4), method]; // [[1.25, 1.75, 3], 6.5, "0.0417", "exact"]
 * ```
 *
 * @param scores by data set, of each classifier: `[N][k]`, higher is better, N ≥ 2, k ≥ 2
 * @throws OptionError unless they are rows of equal length of finite numbers
 */
export function friedmanTest(scores: readonly (readonly number[])[]): FriedmanResult {
  const { ranks, meanRanks, ties } = ranksOf('friedmanTest', scores);
  const [sets, models] = [scores.length, meanRanks.length];
  const middle = (models + 1) / 2;
  const spread = meanRanks.reduce((sum, rank) => sum + (rank - middle) ** 2, 0);
  const untied = 1 - ties / (sets * models * (models ** 2 - 1));
  const most = sets * (models - 1);
  const found = spread === 0 ? 0 : (12 * sets * spread) / (models * (models + 1)) / untied;
  // Where all agree it is `most`, up to rounding.
  const chiSquare = found > most * (1 - 1e-12) ? most : found;
  const f = ((sets - 1) * chiSquare) / (most - chiSquare);
  const imanDavenport = { statistic: f, p: fAbove(f, models - 1, (models - 1) * (sets - 1)) };
  const exact = rankSumsAbove(ranks);
  return {
    meanRanks,
    p: exact ?? Math.max(imanDavenport.p, leastFriedmanP(models, sets)),
    method: exact === undefined ? 'f' : 'exact',
    chiSquare: { statistic: chiSquare, p: chiSquareAbove(chiSquare, models - 1) },
    imanDavenport,
  };
}

/** The least p that Friedman's test can have: that of data sets that all agree, which as many tables do as there are orders of k. */
export function leastFriedmanP(models: number, sets: number): number {
  let orders = 1;
  for (let each = 2; each <= models; each++) orders *= each;
  return orders ** (1 - sets);
}

/** Options of `nemenyiTest`. */
export interface NemenyiOptions {
  /** How likely it may be to call any two different that are not, above 0 and below 1. Default 0.05. */
  readonly significance?: number;
}

/** What `nemenyiTest` finds. */
export interface NemenyiResult {
  /** By classifier: its mean rank over the data sets; 1 is best. */
  readonly meanRanks: readonly number[];
  /** Two classifiers differ where their mean ranks do by this or more. */
  readonly criticalDifference: number;
  /** `[k][k]`: how likely some two of k equal classifiers differ as much as these two do; 1 on the diagonal. */
  readonly p: readonly (readonly number[])[];
}

/**
 * Nemenyi's test of all pairs of k classifiers on N data sets, after Friedman's has said that they differ (Nemenyi, 1963). Mean ranks are
 * compared with the studentized range of k groups and infinite degrees of freedom: p is how likely it is |R̄ᵢ − R̄ⱼ| √2 / √(k (k + 1) / 6N)
 * or more, and the critical difference is q √(k (k + 1) / 6N), where √2 q is the range that is exceeded as rarely as `significance` says.
 *
 * ```ts
 * const scores = [[0.9, 0.8, 0.7], [0.8, 0.7, 0.6], [0.7, 0.9, 0.6], [0.6, 0.5, 0.4]];
 * const { criticalDifference, p } = nemenyiTest(scores);
 * await [criticalDifference.toFixed(4), p[0][2].toFixed(4)]; // ["1.6572", "0.0356"]
 * ```
 *
 * @param scores by data set, of each classifier: `[N][k]`, higher is better, N ≥ 2, k ≥ 2
 * @throws OptionError unless they are rows of equal length of finite numbers, or for options that are unknown or out of range
 */
export function nemenyiTest(
  scores: readonly (readonly number[])[],
  options: NemenyiOptions = {},
): NemenyiResult {
  const { meanRanks } = ranksOf('nemenyiTest', scores);
  requireKnownOptions('nemenyiTest', options, ['significance']);
  const { significance = 0.05 } = options;
  requireNumber('nemenyiTest', 'significance', significance, 'a number above 0 and below 1');
  const models = meanRanks.length;
  const unit = Math.sqrt((models * (models + 1)) / (6 * scores.length));
  return {
    meanRanks,
    criticalDifference: (rangeOf(significance, models) / Math.SQRT2) * unit,
    p: meanRanks.map((one) =>
      meanRanks.map((other) => rangeAbove((Math.abs(one - other) * Math.SQRT2) / unit, models)),
    ),
  };
}

/**
 * Holm's correction: p-values of several tests, adjusted so that whoever calls those below α significant is wrong about any of them with
 * probability α at most (Holm, 1979, "A simple sequentially rejective multiple test procedure"). In ascending order of m, the i-th is
 * max over j ≤ i of (m − j + 1) pⱼ, at most 1.
 *
 * ```ts
 * await holmCorrection([0.5, 0.125, 0.375]); // [0.75, 0.375, 0.75]
 * ```
 *
 * @param pValues 0 to 1 each
 * @returns the adjusted ones, in the order of those given
 * @throws OptionError for what is no probability
 */
export function holmCorrection(pValues: readonly number[]): number[] {
  requireList('holmCorrection', 'pValues', pValues);
  for (const p of pValues) requireNumber('holmCorrection', 'each p-value', p, 'a number from 0 to 1');
  const adjusted = new Array<number>(pValues.length);
  let most = 0;
  [...pValues.keys()]
    .sort((first, second) => pValues[first] - pValues[second])
    .forEach((place, before) => {
      most = Math.max(most, Math.min((pValues.length - before) * pValues[place], 1));
      adjusted[place] = most;
    });
  return adjusted;
}

/** Ranks by data set, their means by classifier, and Σ (t³ − t) over all groups of t equal scores. */
function ranksOf(
  where: string,
  scores: readonly (readonly number[])[],
): {
  readonly ranks: readonly (readonly number[])[];
  readonly meanRanks: readonly number[];
  readonly ties: number;
} {
  requireScoreTable(where, scores);
  let ties = 0;
  const ranks = scores.map((row) =>
    row.map((score) => {
      const above = row.filter((other) => other > score).length;
      const equal = row.filter((other) => other === score).length;
      // t² − 1 for each of a group of t: t³ − t together.
      ties += equal ** 2 - 1;
      return above + (equal + 1) / 2;
    }),
  );
  const meanRanks = ranks[0].map(
    (_, model) => ranks.reduce((sum, row) => sum + row[model], 0) / ranks.length,
  );
  return { ranks, meanRanks, ties };
}

function requireScoreTable(where: string, scores: unknown): void {
  const fits =
    Array.isArray(scores) &&
    scores.length >= 2 &&
    Array.isArray(scores[0]) &&
    scores[0].length >= 2 &&
    [...scores].every(
      (row) => Array.isArray(row) && row.length === scores[0].length && [...row].every(Number.isFinite),
    );
  if (fits) return;
  throw new OptionError({
    where,
    got: describeValue(scores),
    expected: 'a row for each data set, two at least, with a finite score of each classifier, two at least',
    cure: 'Leave out data sets that not all classifiers were tested on.',
  });
}
