/** Batches: which images go together, and their pixels as floats. */
import { OptionError } from '../errors.ts';
import { describeValue, requireBoolean, requireKnownOptions } from '../options.ts';
import {
  fullBrightness,
  type ImageDataset,
  imageLength,
  requireDataset,
  requireIndex,
  requireIndices,
} from './dataset.ts';
import { applyNormalization, type Normalization, requireNormalization } from './normalize.ts';
import { type RandomGenerator, requireCount, requireGenerator } from './random-generator.ts';

/** Options of `batchIndices`. */
export interface BatchOptions {
  /** Draws a new order from this generator; default the order of the data set. */
  readonly shuffle?: RandomGenerator;
  /** As many numbers, which need not be different, in place of all in their order. */
  readonly order?: Int32Array;
  /** Leaves out a last batch smaller than the others; default false. */
  readonly dropLast?: boolean;
}

/** The images and labels of a batch. */
export interface ImageBatch {
  /** `[batch, H, W, C]`: normalized, or in [0, 1] without a normalization. */
  readonly images: Float32Array;
  /** `[batch]` */
  readonly labels: Int32Array;
}

/**
 * The numbers 0 to count − 1 in batches, one epoch long.
 *
 * @throws OptionError at the first batch when `batchSize` is not a positive integer, or `dropLast` would leave nothing
 */
export function* batchIndices(
  count: number,
  batchSize: number,
  options: BatchOptions = {},
): Generator<Int32Array> {
  requireKnownOptions('batchIndices', options, ['shuffle', 'order', 'dropLast']);
  requireCount('batchIndices', count);
  requireBoolean('batchIndices', 'dropLast', options.dropLast ?? false);
  if (options.shuffle !== undefined) requireGenerator('batchIndices, shuffle', options.shuffle);
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new OptionError({
      where: 'batchIndices',
      got: `batch size ${describeValue(batchSize)}`,
      expected: 'a positive integer',
      cure: 'Give the number of images in a batch.',
    });
  }
  if (options.dropLast && batchSize > count) {
    throw new OptionError({
      where: 'batchIndices',
      got: `batch size ${batchSize} with dropLast for ${count} images`,
      expected: `at most ${count}: nothing would be left`,
      cure: 'Make the batch smaller or do not drop the last one.',
    });
  }
  requireOrder(count, options);
  const order = options.order ?? options.shuffle?.permutation(count);
  const end = options.dropLast ? count - (count % batchSize) : count;
  for (let start = 0; start < end; start += batchSize) {
    const next = Math.min(start + batchSize, end);
    yield order?.slice(start, next) ?? Int32Array.from({ length: next - start }, (_, index) => start + index);
  }
}

function requireOrder(count: number, { order, shuffle }: BatchOptions): void {
  if (order === undefined) return;
  const numbers = order instanceof Int32Array && order.length === count;
  if (numbers && shuffle === undefined && order.every((index) => index >= 0 && index < count)) return;
  throw new OptionError({
    where: 'batchIndices',
    got: numbers && shuffle !== undefined ? 'order and shuffle' : `order ${describeValue(order)}`,
    expected: `one of them: ${count} numbers from 0 to ${count - 1} in an Int32Array, or a generator that draws their order`,
    cure: 'Correct the order, or leave it out.',
  });
}

/**
 * The images at the given places as floats, in new arrays.
 *
 * @param normalization applied to each channel; without it pixels are in [0, 1]
 * @throws OptionError when an index is not in `[0, N)`, or the normalization has another number of channels
 */
export function gatherBatch(
  dataset: ImageDataset,
  indices: ArrayLike<number>,
  normalization?: Normalization,
): ImageBatch {
  requireDataset('gatherBatch', dataset);
  requireIndices('gatherBatch', indices);
  const { images: pixels } = dataset;
  const channels = dataset.shape[3];
  if (normalization !== undefined) {
    requireNormalization(`gatherBatch of ${dataset.name}`, normalization, channels);
  }
  const length = imageLength(dataset);
  const images = new Float32Array(indices.length * length);
  const labels = new Int32Array(indices.length);
  // A byte has 256 values: the table holds what each becomes, so a batch costs one look-up per pixel.
  const table = fullBrightness(pixels) === 255 ? byteTable(channels, normalization) : undefined;
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i];
    requireIndex(dataset, index);
    labels[i] = dataset.labels[index];
    const source = index * length;
    const target = i * length;
    if (table === undefined) {
      images.set(pixels.subarray(source, source + length), target);
      continue;
    }
    for (let channel = 0; channel < channels; channel++) {
      for (let j = channel; j < length; j += channels) {
        images[target + j] = table[pixels[source + j] * channels + channel];
      }
    }
  }
  if (table === undefined && normalization !== undefined) applyNormalization(images, normalization);
  return { images, labels };
}

/** `[256, channels]`: the float that each byte stands for. Built by the same code that normalizes floats. */
function byteTable(channels: number, normalization: Normalization | undefined): Float32Array {
  const table = Float32Array.from({ length: 256 * channels }, (_, i) => Math.floor(i / channels) / 255);
  if (normalization !== undefined) applyNormalization(table, normalization);
  return table;
}
