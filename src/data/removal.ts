/** Removal of pixels at random, as NaN: for measuring what a network makes of missing data, and for training it to bear them. */

import { OptionError } from '../errors.ts';
import { describeValue, requireKnownOptions, requireNumber, requireOneOf } from '../options.ts';
import { fullBrightness, type ImageDataset, imageLength, requireDataset } from './dataset.ts';
import { RandomGenerator } from './random-generator.ts';

/** What can be removed of a picture. */
export const removableParts = ['pixels', 'rows', 'columns', 'block'] as const;

/** What is removed of each picture, and how much. */
export interface Removal {
  /**
   * Single pixels (all channels of them), whole rows, whole columns, or a block: a rectangle with the proportions of the picture,
   * anywhere in it.
   */
  readonly what: (typeof removableParts)[number];
  /**
   * The share of the picture that is removed, from 0 to 1: as many rows, columns or pixels of each picture, rounded. Two numbers:
   * each picture draws its own share, between them.
   */
  readonly rate: number | readonly [least: number, most: number];
}

/** What `removePixels` takes. */
export interface RemovePixelsOptions extends Removal {
  /** Decides what is removed. Default 0. */
  readonly seed?: number;
}

/** @throws OptionError for a removal that is none */
export function requireRemoval(where: string, removal: Removal, others: readonly string[] = []): void {
  requireKnownOptions(where, removal, ['what', 'rate', ...others]);
  const { what, rate } = removal;
  requireOneOf(where, 'what', what, removableParts);
  if (!Array.isArray(rate)) {
    requireNumber(where, 'rate', rate as number, 'a number from 0 to 1');
    return;
  }
  for (const each of rate) requireNumber(where, 'rate', each, 'a number from 0 to 1');
  if (rate.length === 2 && rate[0] <= rate[1]) return;
  throw new OptionError({
    where,
    got: `rate ${describeValue(rate)}`,
    expected: 'a number from 0 to 1, or two: the least and the most',
    cure: 'Give a share, as 0.5, or a range, as [0, 0.75].',
  });
}

/**
 * The data set with a part of each picture missing: a new one, whose pixels are floats from 0 to 1, and NaN where nothing is left. What
 * is removed has nothing to do with what a picture shows, or with its class.
 *
 * ```ts
 * const { train, test } = loadDataset('digits');
 * const half = removePixels(test, { what: 'rows', rate: 0.5, seed: 1 });
 * const answers = await evaluate(createModel('row-lstm', { inputShape: [20, 20, 1], classes: 10 }), half, {
 *   normalization: channelStatistics(train),
 *   missing: 'mean',
 * });
 * ```
 *
 * @throws OptionError for a part, rate or seed that is none
 */
export function removePixels(dataset: ImageDataset, options: RemovePixelsOptions): ImageDataset {
  requireDataset('removePixels', dataset);
  requireRemoval('removePixels', options, ['seed']);
  const { seed = 0, what, rate } = options;
  requireNumber('removePixels', 'seed', seed, 'a whole number of at least 0');
  const full = fullBrightness(dataset.images);
  const images = Float32Array.from(dataset.images, (value) => value / full);
  const generator = new RandomGenerator(seed, REMOVAL_STREAM);
  const [, ...picture] = dataset.shape;
  const length = imageLength(dataset);
  for (let start = 0; start < images.length; start += length) {
    removeFromImage(images.subarray(start, start + length), picture, { what, rate }, generator);
  }
  return { ...dataset, images };
}

/** No other use of a seed has this stream: epochs count from 1. */
const REMOVAL_STREAM = 2 ** 32 - 1;

/** Removes a part of one picture, in place: its pixels become NaN. The option `remove` of `AugmentOptions` does so at each showing. */
export function removeFromImage(
  pixels: Float32Array,
  shape: readonly [height: number, width: number, channels: number],
  { what, rate }: Removal,
  generator: RandomGenerator,
): void {
  const [least, most] = typeof rate === 'number' ? [rate, rate] : rate;
  const share = least === most ? least : least + (most - least) * generator.uniform();
  removeOf(what, pixels, shape, share, generator);
}

function removeOf(
  what: Removal['what'],
  pixels: Float32Array,
  [height, width, channels]: readonly [number, number, number],
  share: number,
  generator: RandomGenerator,
): void {
  /** Removes a rectangle. */
  const remove = (top: number, left: number, rows: number, columns: number): void => {
    for (let y = top; y < top + rows; y++) {
      const start = (y * width + left) * channels;
      pixels.fill(Number.NaN, start, start + columns * channels);
    }
  };
  if (what === 'block') {
    const side = Math.sqrt(share);
    const [rows, columns] = [Math.round(height * side), Math.round(width * side)];
    remove(generator.nextBelow(height - rows + 1), generator.nextBelow(width - columns + 1), rows, columns);
    return;
  }
  const all = { rows: height, columns: width, pixels: height * width }[what];
  for (const at of generator.permutation(all).subarray(0, Math.round(all * share))) {
    if (what === 'rows') remove(at, 0, 1, width);
    else if (what === 'columns') remove(0, at, height, 1);
    else remove(Math.floor(at / width), at % width, 1, 1);
  }
}
