/** Reductions: max, argMax and the cumulative sum as primitives; mean, variance, norm and the like composed. */
import { type CumulativeAttributes, cumulative } from '../../kernels/cumulative/index.ts';
import { describeValue, requireBoolean, requireKnownOptions, requireNumber } from '../options.ts';
import type { Axes, ReduceOptions } from '../tensor/argument-types.ts';
import { likeFirst, type Primitive } from '../tensor/primitive.ts';
import { inScope } from '../tensor/scope.ts';
import { formatShape, normalizeAxis, sizeOf } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { apply, requireOption, requireTensor } from './apply.ts';
import { keepAxes, reducedAxes, reshape, sum, withoutAxes } from './broadcast.ts';
import {
  abs,
  add,
  cast,
  divide,
  equal,
  exp,
  log,
  logicalNot,
  multiply,
  negate,
  sqrt,
  square,
  stopGradient,
  subtract,
  where,
} from './elementwise.ts';
import { flatAtZero } from './flat-at-zero.ts';

/** Maximum over axes, which disappear. Equal maxima share the gradient. */
export const maxPrimitive: Primitive<{ readonly axes: readonly number[] }> = {
  name: 'max',
  kind: 'reduce',
  outputs: ([x], { axes }) => [{ shape: withoutAxes(x.shape, axes), dtype: x.dtype }],
  gradient: ({ dY, inputs: [x], output: y, attributes: { axes } }) => {
    const winner = cast(equal(x, keepAxes(y, x.shape, axes)), 'float32');
    const winners = sum(winner, axes, { keepDims: true });
    return [multiply(winner, divide(keepAxes(dY, x.shape, axes), winners))];
  },
};

/** Position of the first maximum along one axis, which disappears; int32. */
export const argMaxPrimitive: Primitive<{ readonly axes: readonly number[] }> = {
  name: 'argMax',
  kind: 'reduce',
  outputs: ([x], { axes }) => [{ shape: withoutAxes(x.shape, axes), dtype: 'int32' }],
  gradient: () => [undefined],
};

/** Running sum along an axis, from its start or (reverse) from its end. */
export const cumulativeSumPrimitive: Primitive<CumulativeAttributes> = {
  name: 'cumulativeSum',
  kind: 'kernel',
  outputs: likeFirst,
  gradient: ({ dY, attributes: { axis, reverse } }) => [cumulativeSum(dY, axis, { reverse: !reverse })],
  contract: cumulative,
};

/** bool as int32: what has an order, or is summed, is a number. */
export function asNumber(x: Tensor): Tensor {
  return x.dtype === 'bool' ? cast(x, 'int32') : x;
}

/**
 * Maximum over axes. NaN wins. The maximum of nothing is -Infinity.
 *
 * @throws OptionError for axes that x does not have, and for an unknown option
 */
export function max(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor {
  const reduced = reducedAxes('max', x, axes, options);
  const input = asNumber(x);
  const result = reduced.length === 0 ? input.snapshot() : apply(maxPrimitive, [input], { axes: reduced });
  return options.keepDims ? keepAxes(result, x.shape, reduced) : result;
}

/**
 * Minimum over axes. NaN wins.
 *
 * @throws OptionError for axes that x does not have, and for an unknown option
 */
export function min(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor {
  const reduced = reducedAxes('min', x, axes, options);
  return mirrored(max(mirrored(x), reduced, options));
}

/** Turns the order round: -x, and for integers -1 - x, which cannot overflow. */
function mirrored(x: Tensor): Tensor {
  return x.dtype === 'float32' ? negate(x) : subtract(-1, x);
}

/**
 * Whether any element over axes (default: all) is true; of other dtypes, whether one is not 0 (NaN is not). bool. Of
 * nothing it is false.
 *
 * @throws OptionError for axes that x does not have, and for an unknown option
 */
export function any(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor {
  const reduced = reducedAxes('any', x, axes, options);
  return cast(sum(cast(x, 'bool'), reduced, options), 'bool');
}

/**
 * Whether all elements over axes (default: all) are true; of other dtypes, whether none is 0 (NaN is not). bool. Of nothing
 * it is true.
 *
 * @throws OptionError for axes that x does not have, and for an unknown option
 */
export function all(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor {
  const reduced = reducedAxes('all', x, axes, options);
  return logicalNot(any(equal(x, 0), reduced, options));
}

/** The axis along which `operation` looks for a position. */
function searchedAxis(operation: string, x: Tensor, axis: number): number {
  requireTensor(operation, x);
  const target = normalizeAxis(inScope(operation), axis, x.rank);
  requireOption(
    x.shape[target] > 0,
    operation,
    `${formatShape(x.shape)}, empty along axis ${target}`,
    'at least one element to choose from',
    'Check that the batch or the classes are not empty.',
  );
  return target;
}

/**
 * Position of the first maximum along `axis` (default: the last); int32.
 *
 * @throws OptionError for an axis that x does not have, or an empty one
 */
export function argMax(x: Tensor, axis = -1): Tensor {
  const target = searchedAxis('argMax', x, axis);
  return apply(argMaxPrimitive, [asNumber(x)], { axes: [target] });
}

/**
 * Position of the first minimum along `axis` (default: the last); int32.
 *
 * @throws OptionError for an axis that x does not have, or an empty one
 */
export function argMin(x: Tensor, axis = -1): Tensor {
  const target = searchedAxis('argMin', x, axis);
  return argMax(mirrored(x), target);
}

/**
 * Running sum along `axis`, including the element itself; `reverse` runs from the end.
 *
 * @throws OptionError for an axis that x does not have, and for an unknown option
 */
export function cumulativeSum(x: Tensor, axis = -1, options: { reverse?: boolean } = {}): Tensor {
  requireTensor('cumulativeSum', x);
  const where = inScope('cumulativeSum');
  requireKnownOptions(where, options, ['reverse']);
  const { reverse = false } = options;
  requireBoolean(where, 'reverse', reverse);
  const target = normalizeAxis(where, axis, x.rank);
  return apply(cumulativeSumPrimitive, [asNumber(x)], { operator: 'sum', axis: target, reverse });
}

/** How many elements are reduced to one. */
function countOf(x: Tensor, axes: readonly number[]): number {
  return sizeOf(axes.map((axis) => x.shape[axis]));
}

/**
 * Arithmetic mean over axes, float32. The mean of nothing is NaN.
 *
 * @throws OptionError for axes that x does not have, and for an unknown option
 */
export function mean(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor {
  const reduced = reducedAxes('mean', x, axes, options);
  return divide(sum(cast(x, 'float32'), reduced, options), countOf(x, reduced));
}

/** Options of `variance` and `standardDeviation`. */
export interface VarianceOptions extends ReduceOptions {
  /** Taken from the count: 0 (default) for the population, 1 for the unbiased sample variance. */
  readonly correction?: number;
}

/**
 * Variance over axes: the mean squared distance from the mean (two passes, so large means do no harm).
 *
 * @throws OptionError for axes that x does not have, and for an unknown option
 */
export function variance(x: Tensor, axes?: Axes, options: VarianceOptions = {}): Tensor {
  const reduced = reducedAxes('variance', x, axes, options, ['keepDims', 'correction']);
  const { keepDims = false, correction = 0 } = options;
  requireNumber(inScope('variance'), 'correction', correction, 'a number');
  const centered = subtract(x, mean(x, reduced, { keepDims: true }));
  return divide(sum(square(centered), reduced, { keepDims }), countOf(x, reduced) - correction);
}

/** The square root of `variance`; its derivative is 0 where all values are equal. */
export function standardDeviation(x: Tensor, axes?: Axes, options: VarianceOptions = {}): Tensor {
  return flatAtZero(variance(x, axes, options), sqrt, 0);
}

/**
 * Vector norm over axes: order 2 (default), 1, or Infinity. Its derivative at 0 is 0.
 *
 * @throws OptionError for another order, axes that x does not have, and for an unknown option
 */
export function norm(
  x: Tensor,
  axes?: Axes,
  options: ReduceOptions & { order?: 1 | 2 | number } = {},
): Tensor {
  const reduced = reducedAxes('norm', x, axes, options, ['keepDims', 'order']);
  const { keepDims = false, order = 2 } = options;
  if (order === 1) return sum(abs(x), reduced, { keepDims });
  if (order === Number.POSITIVE_INFINITY) return max(abs(x), reduced, { keepDims });
  requireOption(
    order === 2,
    'norm',
    `order ${describeValue(order)}`,
    '1, 2 or Infinity',
    'Compose other norms from power and sum.',
  );
  return flatAtZero(sum(square(x), reduced, { keepDims }), sqrt, 0);
}

/**
 * log Σ exp(x) over axes, without overflow: the maximum is taken out first.
 *
 * @throws OptionError for axes that x does not have, and for an unknown option
 */
export function logSumExp(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor {
  const reduced = reducedAxes('logSumExp', x, axes, options);
  const largest = stopGradient(max(x, reduced, { keepDims: true }));
  // An all -Infinity slice would give -Infinity - -Infinity = NaN; its sum is 0, and its derivative too.
  const shift = where(equal(abs(largest), Number.POSITIVE_INFINITY), 0, largest);
  const total = sum(exp(subtract(x, shift)), reduced, { keepDims: true });
  const result = add(flatAtZero(total, log, Number.NEGATIVE_INFINITY), shift);
  return options.keepDims ? result : reshape(result, withoutAxes(x.shape, reduced));
}
