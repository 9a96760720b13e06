/** Mean and standard deviation of the training pixels, and their removal from a batch. */
import { NonFiniteError, OptionError } from '../errors.ts';
import { requireKnownOptions } from '../options.ts';
import { type ImageDataset, imageCount } from './dataset.ts';
import { DatasetError } from './errors.ts';

/** What to subtract from and divide by, for each channel, of pixels in [0, 1]. */
export interface Normalisation {
  /** One per channel, to subtract. */
  readonly mean: readonly number[];
  /** One per channel, to divide by. */
  readonly std: readonly number[];
}

/**
 * The mean and the (population) standard deviation of each channel over all pixels, in [0, 1]. Take them from the
 * training set only. A channel that is the same everywhere gets standard deviation 1, so that dividing is harmless.
 *
 * @throws DatasetError when there are no images, NonFiniteError when a pixel is NaN or infinite
 */
export function channelStatistics(dataset: ImageDataset): Normalisation {
  const { images } = dataset;
  const channels = dataset.shape[3];
  const count = images.length / channels;
  if (imageCount(dataset) === 0) {
    throw new DatasetError({
      where: dataset.name,
      got: 'no images',
      expected: 'at least one image',
      cure: 'Take the statistics of the training set.',
    });
  }
  const full = images instanceof Uint8Array ? 255 : 1;
  const mean: number[] = [];
  const std: number[] = [];
  for (let channel = 0; channel < channels; channel++) {
    let sum = 0;
    for (let i = channel; i < images.length; i += channels) sum += images[i];
    const centre = sum / count;
    if (!Number.isFinite(centre)) throw notFinite(dataset.name, channel);
    // A second pass: the shortcut E[x²] − E[x]² loses digits when the deviation is small beside the mean.
    let squares = 0;
    for (let i = channel; i < images.length; i += channels) squares += (images[i] - centre) ** 2;
    const deviation = Math.sqrt(squares / count) / full;
    mean.push(centre / full);
    // Rounding of the mean leaves a constant channel of floats a deviation near 1e-9, not exactly 0.
    std.push(deviation > 1e-7 ? deviation : 1);
  }
  return { mean, std };
}

/**
 * Checks that a normalisation fits images of as many channels, and that dividing by it gives numbers.
 *
 * @throws OptionError naming what is wrong
 */
export function requireNormalisation(where: string, normalisation: Normalisation, channels: number): void {
  requireKnownOptions(where, normalisation, ['mean', 'std']);
  const { mean, std } = normalisation;
  if (!Array.isArray(mean) || !Array.isArray(std) || mean.length !== channels || std.length !== channels) {
    const count = (values: unknown) => (Array.isArray(values) ? values.length : 0);
    throw new OptionError({
      where,
      got: `a normalisation of ${count(mean)} means and ${count(std)} deviations`,
      expected: `one of each for every channel of the images (C=${channels})`,
      cure: 'Use the statistics of a data set with the same number of channels.',
    });
  }
  if (mean.every(Number.isFinite) && std.every((value) => Number.isFinite(value) && value > 0)) return;
  throw new OptionError({
    where,
    got: `a normalisation with means ${mean.join(', ')} and deviations ${std.join(', ')}`,
    expected: 'finite means, and deviations above 0',
    cure: 'Take it from the training set with channelStatistics.',
  });
}

/**
 * Subtracts the mean and divides by the standard deviation, in place.
 *
 * @param values pixels in [0, 1] with channels last, `[…, C]`
 * @throws OptionError when the number of values is no multiple of the channels of the normalisation
 */
export function applyNormalisation(values: Float32Array, { mean, std }: Normalisation): void {
  const channels = mean.length;
  if (std.length !== channels || channels === 0 || values.length % channels !== 0) {
    throw new OptionError({
      where: 'applyNormalisation',
      got: `${values.length} values, ${channels} means and ${std.length} deviations`,
      expected: 'a mean and a deviation for each channel',
      cure: 'Use the statistics of a data set with the same number of channels.',
    });
  }
  for (let channel = 0; channel < channels; channel++) {
    for (let i = channel; i < values.length; i += channels)
      values[i] = (values[i] - mean[channel]) / std[channel];
  }
}

function notFinite(name: string, channel: number): NonFiniteError {
  return new NonFiniteError({
    where: name,
    got: `a NaN or infinite pixel in channel ${channel}`,
    expected: 'pixels from 0 to 1',
    cure: 'Remove or repair the pictures that hold such values.',
  });
}
