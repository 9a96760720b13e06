/** Missing pixels, which are NaN: what a network is given in their place. */
import { OptionError } from '../errors.ts';
import { requireOneOf } from '../options.ts';
import { requireBatch } from './dataset.ts';

/** What can be done with pixels that are NaN. */
export const missingChoices = ['error', 'mask', 'mean', 'last'] as const;

/**
 * What is done with pixels that are NaN:
 *
 * - `'error'`: they are refused
 * - `'mask'`: the model gets NaN, and has a layer that knows what that is: a recurrent layer with `nanIsMissing`, `GRUD`, `FillMissing` or
 *   `MissingIndicators`
 * - `'mean'`: the mean of the channel that the normalization has, which is that of what is seen in training
 * - `'last'`: the pixel seen last above it, as for a reader who goes down the rows; where there is none, the mean
 */
export type MissingPixels = (typeof missingChoices)[number];

/** @throws OptionError for another choice, and for a filling with the mean where no normalization says it */
export function requireMissing(where: string, missing: MissingPixels, normalization: unknown): void {
  requireOneOf(where, 'missing', missing, missingChoices);
  if (normalization !== undefined || (missing !== 'mean' && missing !== 'last')) return;
  throw new OptionError({
    where,
    got: `missing '${missing}' without a normalization`,
    expected: 'a normalization, whose mean fills what is missing',
    cure: 'Give normalization: channelStatistics(train).',
  });
}

/**
 * Puts in place what stands for missing pixels.
 *
 * @param images `[N, H, W, C]`, normalized, so that their mean is 0
 */
export function fillPixels(
  images: Float32Array,
  shape: readonly [number, number, number, number],
  missing: Exclude<MissingPixels, 'error'>,
): void {
  requireBatch('fillPixels', images, shape);
  if (missing === 'mask') return;
  const row = shape[2] * shape[3];
  const image = shape[1] * row;
  for (let i = 0; i < images.length; i++) {
    if (!Number.isNaN(images[i])) continue;
    // What stands above is filled already.
    images[i] = missing === 'last' && i % image >= row ? images[i - row] : 0;
  }
}
