/** What a comparison shows and does not show, in words that follow from its numbers. */
import { formatInteger } from '../../text.ts';
import { counted, percent } from '../terminal.ts';
import type { DatasetStatistics, PairStatistics, RankStatistics } from './statistics.ts';

/** Below this a p-value counts. */
export const SIGNIFICANCE = 0.05;

/** Of fewer seeds an interval says little of others. */
const FEW_SEEDS = 5;

/** A difference of accuracies in points of 100: `1.3`, or of many images `0.14`. */
export function points(difference: number, images: number): string {
  const text = (100 * Math.abs(difference)).toFixed(digitsFor(images));
  return difference < 0 && Number(text) !== 0 ? `−${text}` : text;
}

/** Digits of a percent that the number of images allows to be told apart. */
export function digitsFor(images: number): number {
  return images > 2000 ? 2 : 1;
}

/** A p-value: `0.004`, `< 0.001`. */
export function pText(p: number): string {
  return p < 0.001 ? '< 0.001' : p.toFixed(p < 0.1 ? 3 : 2);
}

/** Whether a pair differs: by the interval of two models alone, by the corrected p-value of several. */
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

function pointsOf(difference: number, images: number): string {
  const text = points(difference, images);
  return `${text} ${Number(text) === 1 ? 'point' : 'points'}`;
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
    return `${aim}, more test images alone would not do, since the seeds differ as much; about ${counted(rounded(needed.seeds), 'seed')} of each would be needed.`;
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
  const { models, pairs, images, data } = statistics;
  const best = pairs[0]!.first;
  const ofBest = pairs.filter(({ first }) => first === best);
  const better = ofBest.filter(isShown);
  const unclear = ofBest.filter((pair) => !isShown(pair));
  const { label, accuracy } = models[best]!;
  const by = ({ second, difference: { estimate, low, high } }: PairStatistics): string =>
    `${models[second]!.label} by ${pointsOf(estimate, images)} (${points(low, images)} to ${points(high, images)})`;
  const apart = ({ second, difference: { estimate, low, high } }: PairStatistics): string =>
    `${models[second]!.label} (${pointsOf(estimate, images)}, ${points(low, images)} to ${points(high, images)})`;
  const sentences = [
    `Of ${models.length} models, ${label} is right most often: ${percent(accuracy.estimate, digitsFor(images))} of ` +
      `${counted(images, 'test image')} of ${data}${seedsText(statistics)}.`,
    ...(better.length === 0 ? [] : [`It is right more often than ${listedAll(better.map(by))}.`]),
    ...(unclear.length === 0
      ? []
      : [
          `The data does not show a difference between it and ${listedAll(unclear.map(apart))}${better.length === 0 ? ': it does not show which is best' : ''}.`,
        ]),
  ];
  const others = pairs.filter(({ first }) => first !== best);
  const shown = others.filter(isShown).length;
  sentences.push(
    `Of the ${counted(others.length, 'pair')} of the others, ${shown === 0 ? 'none is' : shown === others.length ? (shown === 1 ? 'it is' : 'all are') : `${formatInteger(shown)} ${shown === 1 ? 'is' : 'are'}`} shown to differ.`,
    `In parentheses are 95 % intervals of each difference alone; what counts as shown allows for ${counted(pairs.length, 'comparison')} (Holm).`,
  );
  return sentences.join(' ');
}

/** `a`, `a and b`, `a, b and c`. */
export function listedAll(texts: readonly string[]): string {
  if (texts.length < 2) return texts.join('');
  return `${texts.slice(0, -1).join(', ')} and ${texts.at(-1)}`;
}

/** What cross-validation says of the ways of training. */
function describeHalves({ models, pairs }: DatasetStatistics): string[] {
  const tested = pairs.filter(({ halves }) => halves !== undefined);
  if (tested.length === 0) return [];
  const names = ({ first, second }: PairStatistics): string =>
    `${models[first]!.label} and ${models[second]!.label}`;
  const shown = tested.filter(({ halves }) => halves!.holm < SIGNIFICANCE);
  if (shown.length === 0) {
    const [one] = tested;
    return [
      `Cross-validation of the training images, five times on halves, does not show a difference either way${tested.length === 1 ? ` (p ${pText(one!.halves!.p)})` : ''}; each was trained on half of the images only.`,
    ];
  }
  return [
    `Cross-validation of the training images, five times on halves, shows a difference between ${listedAll(shown.map((pair) => `${names(pair)} (p ${pText(pair.halves!.holm)})`))}.`,
  ];
}

/** How far that reaches. */
function describeReach({ models }: DatasetStatistics): string {
  const fewest = Math.min(...models.map(({ accuracies }) => accuracies.length));
  if (fewest === 1) {
    return 'With one seed this is about these trained networks, and other images of this kind. Trained again with another seed, either may come out better.';
  }
  const reach = 'The intervals allow for other images of this kind and for other seeds.';
  if (fewest >= FEW_SEEDS) return reach;
  const narrow = Math.round(100 * (1 - Math.sqrt((fewest - 1) / fewest)));
  return `${reach} ${counted(fewest, 'seed')} say little about others, though: the part of the intervals that seeds are cause of is about ${narrow} % too narrow.`;
}

/** Several data sets together. */
export function describeRanks(
  labels: readonly string[],
  { count, friedman, nemenyi }: RankStatistics,
): string {
  const { p } = friedman.imanDavenport;
  const order = [...labels.keys()].sort(
    (one, other) => friedman.meanRanks[one]! - friedman.meanRanks[other]!,
  );
  const ranks = order.map((model) => `${labels[model]} ${Number(friedman.meanRanks[model]!.toFixed(2))}`);
  const few =
    count < 10
      ? ` ${formatInteger(count)} data sets are few: only large differences of ranks are found in them.`
      : '';
  if (p >= SIGNIFICANCE) {
    return `Over ${formatInteger(count)} data sets the ranks do not show that the models differ (mean ranks: ${ranks.join(', ')}; Friedman, Iman and Davenport: p ${pText(p)}).${few}`;
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
  return `Over ${formatInteger(count)} data sets the models differ (mean ranks: ${ranks.join(', ')}; Friedman, Iman and Davenport: p ${pText(p)}). ${pairs}${few}`;
}
