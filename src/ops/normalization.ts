/** Normalizations of activations, composed from mean, variance and mean square. */
import { describeValue, requireKnownOptions, requireNumber } from '../options.ts';
import { inScope } from '../tensor/scope.ts';
import { formatShape, normalizeAxes, sizeOf } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { requireOption, requireTensor } from './apply.ts';
import { reshape } from './broadcast.ts';
import { add, multiply, rsqrt, square, subtract } from './elementwise.ts';
import { mean, variance } from './reduce.ts';

/** Options of `layerNorm`, `batchNorm`, `groupNorm` and `instanceNorm`. */
export interface NormOptions {
  /** Multiplied after normalizing; broadcasts. */
  readonly scale?: Tensor;
  /** Added after scaling; broadcasts. */
  readonly shift?: Tensor;
  /** Added to the variance. Default 1e-5. */
  readonly epsilon?: number;
}

const normOptions = ['scale', 'shift', 'epsilon'] as const;

/** Looks at what a normalization is called with. */
function requireNormOptions(
  operation: string,
  x: Tensor,
  options: NormOptions,
  known: readonly string[] = normOptions,
): void {
  requireTensor(operation, x);
  requireKnownOptions(inScope(operation), options, known);
  const { scale, shift, epsilon = 1e-5 } = options;
  if (scale !== undefined) requireTensor(`${operation} scale`, scale);
  if (shift !== undefined) requireTensor(`${operation} shift`, shift);
  requireNumber(inScope(operation), 'epsilon', epsilon, 'a number of at least 0');
}

/**
 * (x - center) / √(spread + ε) · scale + shift, all broadcast.
 *
 * Values up to 1e19 in size are normalized. Beyond that their variance is infinite in float32, and the result is 0 before
 * scaling, as in PyTorch; where their sum is infinite too (3.4e38), it is NaN.
 */
export function normalizeWith(x: Tensor, center: Tensor, spread: Tensor, options: NormOptions = {}): Tensor {
  const { epsilon = 1e-5 } = options;
  return scaledAndShifted(multiply(subtract(x, center), rsqrt(add(spread, epsilon))), options);
}

function scaledAndShifted(normal: Tensor, { scale, shift }: NormOptions): Tensor {
  const scaled = scale ? multiply(normal, scale) : normal;
  return shift ? add(scaled, shift) : scaled;
}

/**
 * Normalizes each sample over `axes` (default: the last) to mean 0 and variance 1 (Ba et al. 2016).
 *
 * @throws OptionError for options out of range, and axes that x does not have
 */
export function layerNorm(
  x: Tensor,
  options: NormOptions & { readonly axes?: number | readonly number[] } = {},
): Tensor {
  requireNormOptions('layerNorm', x, options, [...normOptions, 'axes']);
  const axes = normalizeAxes(inScope('layerNorm'), options.axes ?? -1, x.rank);
  return normalizeWith(x, mean(x, axes, { keepDims: true }), variance(x, axes, { keepDims: true }), options);
}

/**
 * Normalizes each channel (the last axis) over all other axes with the batch's own mean and variance.
 *
 * @throws OptionError for options out of range
 */
export function batchNorm(x: Tensor, options: NormOptions = {}): Tensor {
  requireNormOptions('batchNorm', x, options);
  const axes = x.shape.slice(0, -1).map((_, axis) => axis);
  return normalizeWith(x, mean(x, axes), variance(x, axes), options);
}

/**
 * Normalizes each sample over blocks of channels and all positions: x [N, …, C], C in `groups` (Wu & He 2018).
 *
 * @throws OptionError unless `groups` divides the channels, and for options out of range
 */
export function groupNorm(x: Tensor, groups: number, options: NormOptions = {}): Tensor {
  requireNormOptions('groupNorm', x, options);
  const channels = x.shape.at(-1) ?? 0;
  requireOption(
    x.rank >= 2 && Number.isSafeInteger(groups) && groups >= 1 && channels % groups === 0,
    'groupNorm',
    `${describeValue(groups)} groups for ${formatShape(x.shape)}`,
    'a number of groups that divides the channels (the last axis)',
    'Choose a divisor of the channel count.',
  );
  const [n, ...places] = x.shape.slice(0, -1) as [number, ...number[]];
  // Counted, and not left to reshape as -1, which a batch of none leaves open.
  const grouped = reshape(x, [n, sizeOf(places), groups, channels / groups]);
  const center = mean(grouped, [1, 3], { keepDims: true });
  const spread = variance(grouped, [1, 3], { keepDims: true });
  const normal = normalizeWith(grouped, center, spread, { epsilon: options.epsilon ?? 1e-5 });
  // Scale and shift are of the channels, which lie apart until here.
  return scaledAndShifted(reshape(normal, x.shape), options);
}

/**
 * Normalizes each channel of each sample over all positions: x [N, …, C] (Ulyanov et al. 2016).
 *
 * @throws OptionError for fewer than three axes, and for options out of range
 */
export function instanceNorm(x: Tensor, options: NormOptions = {}): Tensor {
  requireNormOptions('instanceNorm', x, options);
  requireOption(
    x.rank >= 3,
    'instanceNorm',
    formatShape(x.shape),
    'a batch, positions and channels: [N, …, C]',
    'Without positions there is one value a channel: use layerNorm.',
  );
  return layerNorm(x, { ...options, axes: x.shape.slice(1, -1).map((_, place) => place + 1) });
}

/** Options of `rmsNorm`. */
export interface RmsNormOptions extends Omit<NormOptions, 'shift'> {
  /** Over which the mean is taken. Default: the last. */
  readonly axes?: number | readonly number[];
}

/**
 * x / √(mean(x²) + ε) · scale, the mean over `axes` (default: the last) of each sample (Zhang & Sennrich 2019). Values up to
 * 1e19 in size are normalized.
 *
 * @throws OptionError for options out of range, and axes that x does not have
 */
export function rmsNorm(x: Tensor, options: RmsNormOptions = {}): Tensor {
  requireNormOptions('rmsNorm', x, options, ['scale', 'epsilon', 'axes']);
  const { axes = -1, epsilon = 1e-5, scale } = options;
  const normalized = normalizeAxes(inScope('rmsNorm'), axes, x.rank);
  const meanSquare = mean(square(x), normalized, { keepDims: true });
  return scaledAndShifted(multiply(x, rsqrt(add(meanSquare, epsilon))), { ...(scale && { scale }) });
}
