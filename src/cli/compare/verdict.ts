/** What a comparison shows and does not show, in words that follow from its numbers. */
import { leastFriedmanP } from '../../metrics/rank-comparison.ts';
import { formatInteger } from '../../text.ts';
import { digitsFor, points, pointsOf, pText } from '../figures.ts';
import { counted, percent } from '../terminal.ts';
import type { DatasetStatistics, PairStatistics, RankStatistics } from './statistics.ts';

/** Below this a p-value counts. */
export const SIGNIFICANCE = 0.05;

/** Of fewer seeds an interval says little of others. */
const FEW_SEEDS = 5;

/** Whether a pair differs: by the p-value of two models alone, by the corrected one of several. */
export function isShown({ difference }: PairStatistics): boolean {
  return difference.estimate !== 0 && difference.holm < SIGNIFICANCE;
}

/** The paragraphs about one data set. */
export function describeDifferences(statistics: DatasetStatistics): string[] {
  const { models, pairs } = statistics;
  if (models.length === 1) return [aloneText(statistics)];
  const main = models.length === 2 ? describePair(statistics, pairs[0]!) : describeSeveral(statistics);
  return [main, ...describeHalves(statistics), describeReach(statistics)];
}

function aloneText({ models: [model], images }: DatasetStatistics): string {
  const { label, accuracy } = model!;
  const digits = digitsFor(images);
  return `${label} is right on ${percent(accuracy.estimate, digits)} of ${counted(images, 'test image')} (95 % interval ${percent(accuracy.low, digits)} to ${percent(accuracy.high, digits)}).`;
}

function describePair(statistics: DatasetStatistics, pair: PairStatistics): string {
  const { models, images } = statistics;
  const [first, second] = [models[pair.first]!, models[pair.second]!];
  const { estimate, low, high } = pair.difference;
  const interval = `95 % interval ${points(low, images)} to ${points(high, images)}`;
  const digits = digitsFor(images);
  const both = `${percent(first.accuracy.estimate, digits)} against ${percent(second.accuracy.estimate, digits)}`;
  if (isShown(pair)) {
    return (
      `${first.label} is right more often than ${second.label} by ${pointsOf(estimate, images)} (${interval}): ${both} of ` +
      `${counted(images, 'test image')} of ${statistics.data}${seedsText(statistics)}.`
    );
  }
  const most = Math.max(Math.abs(low), Math.abs(high));
  return (
    `The data does not show a difference between ${first.label} and ${second.label}: ${both} of ${counted(images, 'test image')} of ` +
    `${statistics.data}${seedsText(statistics)}, ${pointsOf(estimate, images)} apart (${interval}). That is not to say that they are equal: ` +
    `they may differ by up to ${pointsOf(most, images)}. ${neededText(pair, images)}`
  );
}

/** What a difference of the size that was found would take. */
function neededText({ difference, needed }: PairStatistics, images: number): string {
  if (difference.estimate === 0) return 'They are right equally often.';
  const aim = `To show a difference as small as the ${pointsOf(difference.estimate, images)} found`;
  if (needed.images !== undefined && needed.images > images) {
    return `${aim}, about ${formatInteger(rounded(needed.images))} test images would be needed.`;
  }
  if (needed.images !== undefined) return `${aim}, as many images can suffice: with others it may come out.`;
  if (needed.seeds !== undefined) {
    return `${aim}, more test images alone would not do, since seeds differ as much; about ${counted(rounded(needed.seeds), 'seed')} of each would be needed.`;
  }
  return `${aim}, more test images and more seeds would be needed.`;
}

/** Two digits that matter. */
function rounded(count: number): number {
  return Number(count.toPrecision(2));
}

function seedsText({ models }: DatasetStatistics): string {
  const counts = new Set(models.map(({ accuracies }) => accuracies.length));
  const [count] = counts;
  if (counts.size > 1) return ', as means over their seeds';
  return count === 1 ? ', of one seed each' : `, as means over ${counted(count!, 'seed')} each`;
}

function describeSeveral(statistics: DatasetStatistics): string {
  const { models, pairs } = statistics;
  const most = models[pairs[0]!.first]!.accuracy.estimate;
  const leaders = [...models.keys()].filter((model) => models[model]!.accuracy.estimate === most);
  const isLeader = (model: number): boolean => leaders.includes(model);
  const ofLeaders = pairs.filter(({ first, second }) => isLeader(first) && !isLeader(second));
  const others = pairs.filter(({ first }) => !isLeader(first));
  return [
    leadText(statistics, leaders),
    ...leaders.map((leader) =>
      describeLead(
        statistics,
        leaders.length === 1 ? 'it' : models[leader]!.label,
        ofLeaders.filter(({ first }) => first === leader),
      ),
    ),
    ...(leaders.length > 1 || ofLeaders.some(isShown) ? [] : ['Which is best is not shown.']),
    ...(others.length === 0 ? [] : [othersText(others)]),
    `In parentheses are 95 % intervals of each difference alone; what counts as shown allows for ${counted(pairs.length, 'comparison')} (Holm).`,
  ]
    .filter((text) => text !== '')
    .join(' ');
}

/** Which model is right most often, or which ones are equally. */
function leadText(statistics: DatasetStatistics, leaders: readonly number[]): string {
  const { models, images, data } = statistics;
  const { label, accuracy } = models[leaders[0]!]!;
  const share = percent(accuracy.estimate, digitsFor(images));
  const of = `of ${counted(images, 'test image')} of ${data}${seedsText(statistics)}`;
  if (leaders.length === 1)
    return `Of ${models.length} models, ${label} is right most often: ${share} ${of}.`;
  const names = listedAll(leaders.map((leader) => models[leader]!.label));
  return `Of ${models.length} models, none is right most often: ${names} are equally, ${share} each ${of}.`;
}

/** What one of those that are right most often is shown to be better than, and what not. */
function describeLead(
  { models, images }: DatasetStatistics,
  name: string,
  ofLeader: readonly PairStatistics[],
): string {
  const interval = ({ difference: { low, high } }: PairStatistics): string =>
    `${points(low, images)} to ${points(high, images)}`;
  const by = (pair: PairStatistics): string =>
    `${models[pair.second]!.label} by ${pointsOf(pair.difference.estimate, images)} (${interval(pair)})`;
  const apart = (pair: PairStatistics): string =>
    `${models[pair.second]!.label} (${pointsOf(pair.difference.estimate, images)}, ${interval(pair)})`;
  const better = ofLeader.filter(isShown);
  const unclear = ofLeader.filter((pair) => !isShown(pair));
  return [
    ...(better.length === 0
      ? []
      : [`${name === 'it' ? 'It' : name} is right more often than ${listedAll(better.map(by))}.`]),
    ...(unclear.length === 0
      ? []
      : [`The data does not show a difference between ${name} and ${listedAll(unclear.map(apart))}.`]),
  ].join(' ');
}

function othersText(others: readonly PairStatistics[]): string {
  const shown = others.filter(isShown).length;
  if (others.length === 1) return `The others are ${shown === 1 ? '' : 'not '}shown to differ.`;
  const many =
    shown === 0
      ? 'none is'
      : shown === others.length
        ? 'all are'
        : `${formatInteger(shown)} ${shown === 1 ? 'is' : 'are'}`;
  return `Of the ${counted(others.length, 'pair')} of the others, ${many} shown to differ.`;
}

/** `a`, `a and b`, `a, b and c`. */
export function listedAll(texts: readonly string[]): string {
  if (texts.length < 2) return texts.join('');
  return `${texts.slice(0, -1).join(', ')} and ${texts.at(-1)}`;
}

/** What cross-validation says of the ways of training. */
function describeHalves({ models, pairs, images }: DatasetStatistics): string[] {
  const tested = pairs.flatMap(({ halves, ...pair }) => (halves === undefined ? [] : [{ ...pair, halves }]));
  if (tested.length === 0) return [];
  const shown = tested.filter(({ halves }) => halves.holm < SIGNIFICANCE);
  if (shown.length === 0) {
    const [one] = tested;
    return [
      `Cross-validation of the training images, five times on halves, does not show a difference either way${tested.length === 1 ? ` (p ${pText(one!.halves.p)})` : ''}; each was trained on half of the images only.`,
    ];
  }
  const found = shown.map(({ first, second, halves: { difference, holm } }) => {
    // Which is the better one with half of the images need not be which is with all of them.
    const [better, other] = difference < 0 ? [second, first] : [first, second];
    return `${models[better]!.label} is right more often than ${models[other]!.label}, by ${pointsOf(Math.abs(difference), images)} on average (p ${pText(holm)})`;
  });
  return [
    `Cross-validation of the training images, five times on halves, shows a difference: ${found.join('; ')}.`,
  ];
}

/** How far that reaches. */
function describeReach({ models }: DatasetStatistics): string {
  const counts = models.map(({ accuracies }) => accuracies.length);
  const fewest = Math.min(...counts);
  if (fewest === 1 && Math.max(...counts) > 1) {
    const alone = models.filter(({ accuracies }) => accuracies.length === 1).map(({ label }) => label);
    return `There is but one seed of ${listedAll(alone)}: another one may come out better or worse. For the others the intervals allow for other seeds, and for all for other images of this kind.`;
  }
  if (fewest === 1) {
    return 'With one seed this is about these trained networks, and other images of this kind. Trained again with another seed, either may come out better.';
  }
  const reach = 'The intervals allow for other images of this kind and for other seeds.';
  if (fewest >= FEW_SEEDS) return reach;
  return `${reach} ${counted(fewest, 'seed')} say little about others, though: where seeds differ, the intervals are wide for it.`;
}

/** Several data sets together. */
export function describeRanks(
  labels: readonly string[],
  { count, friedman, nemenyi }: RankStatistics,
): string {
  const order = [...labels.keys()].sort(
    (one, other) => friedman.meanRanks[one]! - friedman.meanRanks[other]!,
  );
  const ranks = order.map((model) => `${labels[model]} ${Number(friedman.meanRanks[model]!.toFixed(2))}`);
  const test = friedman.method === 'exact' ? 'Friedman’s exact test' : 'Friedman, Iman and Davenport';
  const found = `(mean ranks: ${ranks.join(', ')}; ${test}: p ${pText(friedman.p)})`;
  const sets = `${formatInteger(count)} data sets`;
  if (leastFriedmanP(labels.length, count) >= SIGNIFICANCE) {
    return `Over ${sets} the ranks cannot show that the models differ, whatever they are ${found}: of ${labels.length} models so few are too few.`;
  }
  const few = count < 10 ? ` ${sets} are few: only large differences of ranks are found in them.` : '';
  if (friedman.p >= SIGNIFICANCE) {
    return `Over ${sets} the ranks do not show that the models differ ${found}.${few}`;
  }
  const apart = order.flatMap((one, place) =>
    order
      .slice(place + 1)
      .filter((other) => nemenyi.p[one]![other]! < SIGNIFICANCE)
      .map((other) => `${labels[one]} from ${labels[other]}`),
  );
  const pairs =
    apart.length === 0
      ? 'Nemenyi’s test does not say which.'
      : `Nemenyi’s test tells apart: ${apart.join(', ')}.`;
  return `Over ${sets} the models differ ${found}. ${pairs}${few}`;
}
