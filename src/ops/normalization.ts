/** Normalisations of activations, composed from mean and variance. */

import { inScope } from '../tensor/scope.ts';
import { formatShape, normalizeAxes } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { requireOption } from './apply.ts';
import { reshape } from './broadcast.ts';
import { add, multiply, rsqrt, subtract } from './elementwise.ts';
import { mean, variance } from './reduce.ts';

/** Options of `layerNorm`, `batchNorm` and `groupNorm`. */
export interface NormOptions {
  /** Multiplied after normalising; broadcasts. */
  readonly scale?: Tensor;
  /** Added after scaling; broadcasts. */
  readonly shift?: Tensor;
  /** Added to the variance. Default 1e-5. */
  readonly epsilon?: number;
}

/**
 * (x - centre) / √(spread + ε) · scale + shift, all broadcast.
 *
 * Values up to 1e19 in size are normalised. Beyond that their variance is infinite in float32, and the result is 0 before
 * scaling, as in PyTorch; where their sum is infinite too (3.4e38), it is NaN.
 */
export function normalizeWith(x: Tensor, centre: Tensor, spread: Tensor, options: NormOptions = {}): Tensor {
  const { scale, shift, epsilon = 1e-5 } = options;
  const normal = multiply(subtract(x, centre), rsqrt(add(spread, epsilon)));
  const scaled = scale ? multiply(normal, scale) : normal;
  return shift ? add(scaled, shift) : scaled;
}

/** Normalises each sample over `axes` (default: the last) to mean 0 and variance 1 (Ba et al. 2016). */
export function layerNorm(
  x: Tensor,
  options: NormOptions & { readonly axes?: number | readonly number[] } = {},
): Tensor {
  const axes = normalizeAxes(inScope('layerNorm'), options.axes ?? -1, x.rank);
  return normalizeWith(x, mean(x, axes, { keepDims: true }), variance(x, axes, { keepDims: true }), options);
}

/** Normalises each channel (the last axis) over all other axes with the batch's own mean and variance. */
export function batchNorm(x: Tensor, options: NormOptions = {}): Tensor {
  const axes = x.shape.slice(0, -1).map((_, axis) => axis);
  return normalizeWith(x, mean(x, axes), variance(x, axes), options);
}

/** Normalises each sample over blocks of channels and all positions: x [N, …, C], C in `groups` (Wu & He 2018). */
export function groupNorm(x: Tensor, groups: number, options: NormOptions = {}): Tensor {
  const channels = x.shape.at(-1) ?? 0;
  requireOption(
    x.rank >= 2 && groups >= 1 && channels % groups === 0,
    'groupNorm',
    `${groups} groups for ${formatShape(x.shape)}`,
    'a number of groups that divides the channels (the last axis)',
    'Choose a divisor of the channel count.',
  );
  const [n] = x.shape as [number];
  const grouped = reshape(x, [n, -1, groups, channels / groups]);
  const centre = mean(grouped, [1, 3], { keepDims: true });
  const spread = variance(grouped, [1, 3], { keepDims: true });
  const normal = reshape(
    normalizeWith(grouped, centre, spread, { epsilon: options.epsilon ?? 1e-5 }),
    x.shape,
  );
  const scaled = options.scale ? multiply(normal, options.scale) : normal;
  return options.shift ? add(scaled, options.shift) : scaled;
}
