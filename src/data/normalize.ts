/** Mean and standard deviation of the training pixels, and their removal from a batch. */
import { NonFiniteError, OptionError } from '../errors.ts';
import { describeValue, requireKnownOptions, requireOneOf } from '../options.ts';
import { fullBrightness, type ImageDataset, imageCount, requireDataset } from './dataset.ts';
import { DatasetError } from './errors.ts';
import { type MissingPixels, missingChoices } from './missing.ts';

/** What to subtract from and divide by, for each channel, of pixels in [0, 1]. */
export interface Normalization {
  /** One per channel, to subtract. */
  readonly mean: readonly number[];
  /** One per channel, to divide by. */
  readonly std: readonly number[];
}

/** Options of `channelStatistics`. */
export interface StatisticsOptions {
  /** What is done with pixels that are NaN: refused (`'error'`, the default), or, whatever else is said, left out. */
  readonly missing?: MissingPixels | undefined;
}

/**
 * The mean and the (population) standard deviation of each channel over all pixels, in [0, 1]. Take them from the
 * training set only. A channel that is the same everywhere gets standard deviation 1, so that dividing is harmless.
 *
 * @throws DatasetError when there are no images; NonFiniteError when a pixel is infinite, or NaN where nothing else is said of
 *   missing ones, or all of a channel are missing
 */
export function channelStatistics(dataset: ImageDataset, options: StatisticsOptions = {}): Normalization {
  requireDataset('channelStatistics', dataset);
  requireKnownOptions('channelStatistics', options, ['missing']);
  const { missing = 'error' } = options;
  requireOneOf('channelStatistics', 'missing', missing, missingChoices);
  const skips = missing !== 'error';
  const { images } = dataset;
  const channels = dataset.shape[3];
  if (imageCount(dataset) === 0) {
    throw new DatasetError({
      where: dataset.name,
      got: 'no images',
      expected: 'at least one image',
      cure: 'Take the statistics of the training set.',
    });
  }
  const full = fullBrightness(images);
  const mean: number[] = [];
  const std: number[] = [];
  for (let channel = 0; channel < channels; channel++) {
    let sum = 0;
    let count = 0;
    for (let i = channel; i < images.length; i += channels) {
      if (skips && Number.isNaN(images[i])) continue;
      sum += images[i];
      count++;
    }
    const center = sum / count;
    if (!Number.isFinite(center)) throw notFinite(dataset.name, channel);
    // A second pass: the shortcut E[x²] − E[x]² loses digits when the deviation is small beside the mean.
    let squares = 0;
    for (let i = channel; i < images.length; i += channels) {
      if (!skips || !Number.isNaN(images[i])) squares += (images[i] - center) ** 2;
    }
    const deviation = Math.sqrt(squares / count) / full;
    mean.push(center / full);
    // Rounding of the mean leaves a constant channel of floats a deviation near 1e-9, not exactly 0.
    std.push(deviation > 1e-7 ? deviation : 1);
  }
  return { mean, std };
}

/**
 * Checks that a normalization fits images of as many channels, and that it leaves pixels that can be computed with.
 *
 * @throws OptionError naming what is wrong
 */
export function requireNormalization(where: string, normalization: Normalization, channels: number): void {
  requireKnownOptions(where, normalization, ['mean', 'std']);
  const { mean, std } = normalization;
  if (!Array.isArray(mean) || !Array.isArray(std) || mean.length !== channels || std.length !== channels) {
    const count = (values: unknown) => (Array.isArray(values) ? values.length : 0);
    throw new OptionError({
      where,
      got: `a normalization of ${count(mean)} means and ${count(std)} deviations`,
      expected: `an array of each, with one for every channel of the images (C=${channels})`,
      cure: 'Use the statistics of a data set with the same number of channels.',
    });
  }
  if (Array.from(mean).every((center, channel) => isUsable(center, std[channel]))) return;
  const listed = (values: readonly number[]) => Array.from(values, describeValue).join(', ');
  throw new OptionError({
    where,
    got: `a normalization with means ${listed(mean)} and deviations ${listed(std)}`,
    expected:
      'finite means, and deviations above 0, that keep black and white (0 and 1) apart and their squares within float32',
    cure: 'Take it from the training set with channelStatistics.',
  });
}

/**
 * Throws unless a model can take the pixels: OptionError for a normalization that does not fit them; without one,
 * DatasetError for floats that are not scaled to [0, 1].
 */
export function requireUsablePixels(
  where: string,
  pixels: Pick<ImageDataset, 'name' | 'images'>,
  channels: number,
  normalization: Normalization | undefined,
): void {
  if (normalization === undefined) requireScaledPixels(pixels);
  else requireNormalization(where, normalization, channels);
}

/** Pixels from 0 to 1 stay far below this, and so do standardized ones, few of which are beyond 5. */
const BRIGHTEST = 10;

/**
 * Checks that pixels are scaled where nothing else will scale them: floats up to 255 are a mistake, standardized ones
 * (around 0) are not.
 *
 * @throws DatasetError naming the largest pixel
 */
function requireScaledPixels({ name, images }: Pick<ImageDataset, 'name' | 'images'>): void {
  if (!(images instanceof Float32Array)) return;
  let largest = 0;
  for (const value of images) {
    if (value < 0) return;
    if (value > largest) largest = value;
  }
  if (largest <= BRIGHTEST) return;
  throw new DatasetError({
    where: name,
    got: `pixels from 0 to ${largest} in a Float32Array`,
    expected: 'pixels from 0 to 1',
    cure: 'Divide them by the largest value that a pixel can have, keep bytes in a Uint8Array, or give normalization: channelStatistics(train).',
  });
}

/** Whether normalized pixels stay apart, and so small that losses and gradients, which square them, do not overflow. */
function isUsable(mean: unknown, std: unknown): boolean {
  if (typeof mean !== 'number' || typeof std !== 'number' || !(std > 0)) return false;
  const [black, white] = [0, 1].map((value) => Math.fround((value - mean) / std));
  return (
    black !== white && Number.isFinite(Math.fround(black ** 2)) && Number.isFinite(Math.fround(white ** 2))
  );
}

/**
 * Subtracts the mean and divides by the standard deviation, in place.
 *
 * @param values pixels in [0, 1] with channels last, `[…, C]`
 * @throws OptionError when the number of values is no multiple of the channels of the normalization, or it leaves no
 *   pixels that can be computed with
 */
export function applyNormalization(values: Float32Array, normalization: Normalization): void {
  const channels = normalization?.mean?.length ?? 1;
  requireNormalization('applyNormalization', normalization, channels);
  if (!(values instanceof Float32Array) || channels === 0 || values.length % channels !== 0) {
    throw new OptionError({
      where: 'applyNormalization',
      got: `${describeValue(values)} for ${channels} channels`,
      expected: 'a Float32Array with as many values for each channel',
      cure: 'Use the statistics of a data set with the same number of channels.',
    });
  }
  const { mean, std } = normalization;
  for (let channel = 0; channel < channels; channel++) {
    for (let i = channel; i < values.length; i += channels)
      values[i] = (values[i] - mean[channel]) / std[channel];
  }
}

function notFinite(name: string, channel: number): NonFiniteError {
  return new NonFiniteError({
    where: name,
    got: `a NaN or infinite pixel in channel ${channel}`,
    expected: 'pixels from 0 to 1, and some in each channel',
    cure: "Remove or repair the pictures that hold such values. Where NaN stands for what is missing, say so: missing: 'mask', 'mean' or 'last'.",
  });
}
