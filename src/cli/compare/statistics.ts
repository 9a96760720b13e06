/** What the answers of several models say about which is better: means with intervals, tests of all pairs, ranks. Pure functions of numbers. */
import {
  accuracyIntervalOverSeeds,
  accuracyOf,
  type DifferenceVariances,
  type FriedmanResult,
  fiveByTwoTest,
  friedmanTest,
  holmCorrection,
  mcNemarTest,
  type NemenyiResult,
  nemenyiTest,
  type PairedBootstrapResult,
  pairedBootstrapTest,
  pairedTestOverSeeds,
} from '../../metrics/index.ts';
import { meanOf, standardDeviationOf } from './moments.ts';

/** What a model answered to the test images. */
export interface ModelAnswers {
  readonly label: string;
  /** Of each seed the class that each image was taken for, `[N]`. */
  readonly predictions: readonly ArrayLike<number>[];
  /** Of each seed the probabilities, `[N, classes]`. */
  readonly probabilities: readonly ArrayLike<number>[];
  /** Of 5×2-fold cross-validation: the validation accuracy of the last epoch, by halving and half. */
  readonly halves?: readonly (readonly [number, number])[] | undefined;
}

/** An estimate with its 95 % interval. */
export interface EstimateInterval {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

/** A model in numbers. */
export interface ModelStatistics {
  readonly label: string;
  /** Of each seed. */
  readonly accuracies: readonly number[];
  /** The mean over seeds, with its interval over images and seeds. */
  readonly accuracy: EstimateInterval;
  /** Of the accuracy over seeds; undefined of one. */
  readonly standardDeviation: number | undefined;
}

/** A p-value, and what it is when all pairs are tested (Holm). */
export interface Significance {
  readonly p: number;
  readonly holm: number;
}

/** Two models compared. The first is the one that is right more often. */
export interface PairStatistics {
  readonly first: number;
  readonly second: number;
  /** Of the mean accuracies: the paired test over images and seeds. */
  readonly difference: EstimateInterval &
    Significance & { readonly standardError: number; readonly degreesOfFreedom: number };
  /** McNemar's exact test of the answers by the mean of the probabilities of all seeds. */
  readonly together: Significance & {
    readonly onlyFirst: number;
    readonly onlySecond: number;
    /** The difference of the accuracies of these answers, by the paired bootstrap over images. */
    readonly bootstrap: PairedBootstrapResult;
  };
  /** McNemar's exact test of the runs of each seed. */
  readonly bySeed: readonly { readonly p: number; readonly onlyFirst: number; readonly onlySecond: number }[];
  /** Dietterich's 5×2-fold test of the ways of training. */
  readonly halves?: Significance & { readonly t: number; readonly difference: number };
  /** What it would take to show a difference as large as this one. */
  readonly needed: NeededToShow;
}

/** What a difference as large as the one found would be shown by, in four comparisons of five. */
export interface NeededToShow {
  /** Test images, with as many seeds; undefined where no number of them would do. */
  readonly images: number | undefined;
  /** Seeds of each, with as many images; undefined where no number of them would do, or nothing is known of other seeds. */
  readonly seeds: number | undefined;
}

/** Ranks over blocks. */
export interface RankStatistics {
  readonly blocks: 'data sets' | 'seeds';
  readonly count: number;
  readonly friedman: FriedmanResult;
  readonly nemenyi: NemenyiResult;
}

/** Models compared on one data set. */
export interface DatasetStatistics {
  /** How the data set is called. */
  readonly data: string;
  readonly images: number;
  readonly models: readonly ModelStatistics[];
  readonly pairs: readonly PairStatistics[];
  /** With three models or more, over seeds. */
  readonly ranks?: RankStatistics;
}

/**
 * Compares models on the images of one data set.
 *
 * @param labels the class of each image, `[N]`
 */
export function compareModels(
  data: string,
  labels: ArrayLike<number>,
  models: readonly ModelAnswers[],
): DatasetStatistics {
  const images = labels.length;
  const statistics = models.map(({ label, predictions }): ModelStatistics => {
    const accuracies = predictions.map((seed) => accuracyOf(seed, labels));
    const { accuracy: estimate, low, high } = accuracyIntervalOverSeeds(predictions, labels);
    return {
      ...{ label, accuracies, accuracy: { estimate, low, high } },
      standardDeviation: accuracies.length < 2 ? undefined : standardDeviationOf(accuracies),
    };
  });
  const together = models.map(({ probabilities }) => meanAnswers(probabilities, images));
  const places = [...models.keys()].sort(
    (one, other) => statistics[other]!.accuracy.estimate - statistics[one]!.accuracy.estimate || one - other,
  );
  const found = places.flatMap((first, rank) =>
    places.slice(rank + 1).map((second) => {
      const [one, other] = [models[first]!, models[second]!];
      const test = pairedTestOverSeeds(one.predictions, other.predictions, labels);
      const { difference: estimate, low, high, p, standardError, degreesOfFreedom, variances } = test;
      const seeds = [one.predictions.length, other.predictions.length] as const;
      return {
        ...{ first, second, difference: { estimate, low, high, standardError, degreesOfFreedom, p } },
        together: {
          ...mcNemarTest(together[first]!, together[second]!, labels),
          bootstrap: pairedBootstrapTest(together[first]!, together[second]!, labels),
        },
        bySeed: one.predictions
          .slice(0, other.predictions.length)
          .map((predictions, seed) => mcNemarTest(predictions, other.predictions[seed]!, labels)),
        halves: halvesTest(one, other),
        needed: neededToShow(estimate, variances, { images, seeds }),
      };
    }),
  );
  return {
    ...{ data, images, models: statistics, pairs: corrected(found) },
    ...ranksOfSeeds(statistics),
  };
}

/** The class of the highest mean probability over several models, of each image: of equal ones the first. */
export function meanAnswers(probabilities: readonly ArrayLike<number>[], images: number): Int32Array {
  const mean = meanProbabilities(probabilities);
  const classes = mean.length / images;
  return Int32Array.from({ length: images }, (_, image) => {
    const row = mean.subarray(image * classes, (image + 1) * classes);
    return row.indexOf(Math.max(...row));
  });
}

/** The mean of the probabilities of several models, `[N, classes]`. */
export function meanProbabilities(probabilities: readonly ArrayLike<number>[]): Float64Array {
  const [first] = probabilities as readonly [ArrayLike<number>, ...ArrayLike<number>[]];
  return Float64Array.from(
    { length: first.length },
    (_, index) => probabilities.reduce((sum, each) => sum + each[index]!, 0) / probabilities.length,
  );
}

/** Two models compared, before p-values are corrected. */
interface FoundPair {
  readonly first: number;
  readonly second: number;
  readonly difference: Omit<PairStatistics['difference'], 'holm'>;
  readonly together: Omit<PairStatistics['together'], 'holm'>;
  readonly bySeed: PairStatistics['bySeed'];
  readonly halves: { readonly p: number; readonly t: number; readonly difference: number } | undefined;
  readonly needed: NeededToShow;
}

function corrected(found: readonly FoundPair[]): PairStatistics[] {
  const differences = holmCorrection(found.map(({ difference }) => difference.p));
  const together = holmCorrection(found.map((pair) => pair.together.p));
  const halves = holmCorrection(found.flatMap((pair) => (pair.halves === undefined ? [] : [pair.halves.p])));
  return found.map(({ halves: half, ...pair }, place) => ({
    ...pair,
    difference: { ...pair.difference, holm: differences[place]! },
    together: { ...pair.together, holm: together[place]! },
    ...(half && { halves: { ...half, holm: halves[place]! } }),
  }));
}

/** Dietterich's test of two ways of training, with the mean difference. */
function halvesTest({ halves: one }: ModelAnswers, { halves: other }: ModelAnswers): FoundPair['halves'] {
  if (one === undefined || other === undefined) return undefined;
  const differences = one.map(([a, b], halving) => [a - other[halving]![0], b - other[halving]![1]] as const);
  return { ...fiveByTwoTest(differences), difference: meanOf(differences.flat()) };
}

/** A difference of so many standard errors is found at 5 % significance in four comparisons of five: 1.96 + 0.84. */
const SHOWN = 1.959964 + 0.841621;

/** What a difference was found with. */
export interface ComparedAmounts {
  readonly images: number;
  /** Of either model. */
  readonly seeds: readonly [first: number, second: number];
}

/**
 * About how many images, or seeds, would show a difference: those with which it is 2.8 of its standard errors. Their square is that of the
 * images over their number, that of the seeds over theirs, and that of both together over the product: more images shrink the last part,
 * too, and what they do to the accuracy of a seed is no part of the second.
 */
export function neededToShow(
  difference: number,
  { images: ofImages, seeds: ofSeeds, interaction }: DifferenceVariances,
  { images, seeds }: ComparedAmounts,
): NeededToShow {
  const square = (difference / SHOWN) ** 2;
  const meanPart = ([first, second]: readonly [number, number]): number =>
    // Of a single seed nothing is known, and what there is of both together is in that of images.
    (first || 0) / seeds[0] + (second || 0) / seeds[1];
  // Both models together, not each, is held above 0: what is too much of one makes up for what is too little of the other.
  const leftForImages = square - Math.max(meanPart(ofSeeds), 0);
  const leftForSeeds = square - Math.max(ofImages, 0) / images;
  const perSeed = ofSeeds[0] + ofSeeds[1] + (interaction[0] + interaction[1]) / images;
  return {
    images: leftForImages > 0 ? Math.ceil((ofImages + meanPart(interaction)) / leftForImages) : undefined,
    seeds:
      !Number.isNaN(perSeed) && leftForSeeds > 0 ? Math.max(Math.ceil(perSeed / leftForSeeds), 1) : undefined,
  };
}

/** Ranks of three models or more, where all have two seeds or more, as many of each. */
function ranksOfSeeds(models: readonly ModelStatistics[]): { readonly ranks?: RankStatistics } {
  const [{ accuracies }] = models as readonly [ModelStatistics, ...ModelStatistics[]];
  const isEven = models.every((model) => model.accuracies.length === accuracies.length);
  if (models.length < 3 || accuracies.length < 2 || !isEven) return {};
  const scores = accuracies.map((_, seed) => models.map((model) => model.accuracies[seed]!));
  return { ranks: ranksOver('seeds', scores) };
}

/** Ranks over several data sets, of the mean accuracies; undefined for less than two models or data sets. */
export function ranksOfDatasets(datasets: readonly DatasetStatistics[]): RankStatistics | undefined {
  const scores = datasets.map(({ models }) => models.map(({ accuracy }) => accuracy.estimate));
  return datasets.length < 2 || scores[0]!.length < 2 ? undefined : ranksOver('data sets', scores);
}

function ranksOver(blocks: RankStatistics['blocks'], scores: readonly (readonly number[])[]): RankStatistics {
  return { blocks, count: scores.length, friedman: friedmanTest(scores), nemenyi: nemenyiTest(scores) };
}
