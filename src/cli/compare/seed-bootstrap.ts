/**
 * How far accuracies and their differences vary with other images and other seeds: one bootstrap for all models together. Each sample
 * draws images, the same for all models, and of each model as many seeds as it has (crossed factors: Owen, 2007, "The pigeonhole bootstrap").
 */
import { RandomGenerator } from '../../data/random-generator.ts';
import { quantile } from '../../metrics/bootstrap.ts';

/** Right answers of a model: of each seed, 1 for each image that it is right on, else 0. */
export type RightAnswers = readonly Uint8Array[];

/** An estimate with its 95 % interval. */
export interface EstimateInterval {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

/** A difference of two mean accuracies. */
export interface Difference extends EstimateInterval {
  /** Two-sided: how often samples lie on the other side of 0, or on it; at least 2 / (samples + 1). */
  readonly p: number;
}

/** No other use of a seed has this stream. */
const STREAM = 2 ** 32 - 5;
/** Enough that p of many pairs can be told apart. */
const SAMPLES = 10_000;
/** Products of samples, images and what is done with each, above which fewer samples are drawn: some seconds. */
const MOST_WORK = 1e9;
/** To draw an image takes as long as to count so many runs on it. */
const DRAWING = 10;
const FEWEST_SAMPLES = 2000;
const CONFIDENCE = 0.95;

/** Samples of the mean accuracies of several models on the same images. */
export class SeedBootstrap {
  readonly samples: number;
  readonly #means: readonly number[];
  /** Of each model. */
  readonly #drawn: readonly Float64Array[];

  /** @param models the right answers of each, on the same images */
  constructor(models: readonly RightAnswers[]) {
    const images = models[0]![0]!.length;
    const runs = models.reduce((sum, seeds) => sum + seeds.length, 0);
    this.samples = Math.max(
      Math.min(SAMPLES, Math.floor(MOST_WORK / ((runs + DRAWING) * images))),
      FEWEST_SAMPLES,
    );
    const once = new Uint16Array(images).fill(1);
    const meanOfCounts = (counts: readonly number[]): number =>
      // Whole numbers until here: equal answers are equal, in whatever order seeds are drawn.
      counts.reduce((sum, count) => sum + count, 0) / (counts.length * images);
    this.#means = models.map((seeds) => meanOfCounts(seeds.map((right) => countOf(right, once))));
    this.#drawn = models.map(() => new Float64Array(this.samples));
    const generator = new RandomGenerator(0, STREAM);
    const times = new Uint16Array(images);
    for (let sample = 0; sample < this.samples; sample++) {
      times.fill(0);
      for (let count = 0; count < images; count++) times[generator.nextBelow(images)]! += 1;
      models.forEach((seeds, model) => {
        const counts = seeds.map((right) => countOf(right, times));
        const drawn = seeds.map(() => counts[generator.nextBelow(seeds.length)]!);
        this.#drawn[model]![sample] = meanOfCounts(drawn);
      });
    }
  }

  /** The mean accuracy of a model over its seeds. */
  mean(model: number): EstimateInterval {
    return { estimate: this.#means[model]!, ...ends(this.#drawn[model]!.slice().sort()) };
  }

  /** The mean accuracy of one model less that of another. */
  difference(first: number, second: number): Difference {
    const [one, two] = [this.#drawn[first]!, this.#drawn[second]!];
    const sorted = one.map((value, sample) => value - two[sample]!).sort();
    const notAbove = sorted.filter((each) => each <= 0).length;
    const notBelow = sorted.filter((each) => each >= 0).length;
    return {
      estimate: this.#means[first]! - this.#means[second]!,
      ...ends(sorted),
      p: Math.min((2 * (Math.min(notAbove, notBelow) + 1)) / (this.samples + 1), 1),
    };
  }
}

function ends(sorted: Float64Array): { readonly low: number; readonly high: number } {
  const outside = (1 - CONFIDENCE) / 2;
  return { low: quantile(sorted, outside), high: quantile(sorted, 1 - outside) };
}

/** How many are right, where each image counts as often as it was drawn. */
function countOf(right: Uint8Array, times: Uint16Array): number {
  let count = 0;
  for (let image = 0; image < right.length; image++) count += right[image]! * times[image]!;
  return count;
}

/** The mean of numbers. */
export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
