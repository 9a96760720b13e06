/** Reductions: max, argMax and the cumulative sum as primitives; mean, variance, norm and the like composed. */
import { cumulativeSum as cumulativeSumContract } from '../../kernels/cumulative/index.ts';
import type { Axes, ReduceOptions } from '../tensor/methods.ts';
import { likeFirst, type Primitive } from '../tensor/primitive.ts';
import { inScope } from '../tensor/scope.ts';
import { formatShape, normalizeAxes, normalizeAxis, sizeOf } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { apply, requireOption } from './apply.ts';
import { keepAxes, reshape, sum, withoutAxes } from './broadcast.ts';
import {
  abs,
  add,
  cast,
  divide,
  equal,
  exp,
  flatAtZero,
  log,
  multiply,
  negate,
  sqrt,
  square,
  stopGradient,
  subtract,
  where,
} from './elementwise.ts';

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
export const cumulativeSumPrimitive: Primitive<{ readonly axis: number; readonly reverse: boolean }> = {
  name: 'cumulativeSum',
  kind: 'kernel',
  outputs: likeFirst,
  gradient: ({ dY, attributes: { axis, reverse } }) => [cumulativeSum(dY, axis, { reverse: !reverse })],
  contract: cumulativeSumContract,
};

/** Maximum over axes. NaN wins. The maximum of nothing is -Infinity. */
export function max(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor {
  const reduced = normalizeAxes(inScope('max'), axes, x.rank);
  const input = x.dtype === 'bool' ? cast(x, 'int32') : x;
  const result = reduced.length === 0 ? input.snapshot() : apply(maxPrimitive, [input], { axes: reduced });
  return options.keepDims ? keepAxes(result, x.shape, reduced) : result;
}

/** Minimum over axes. NaN wins. */
export function min(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor {
  return mirrored(max(mirrored(x), axes, options));
}

/** Turns the order round: -x, and for integers -1 - x, which cannot overflow. */
function mirrored(x: Tensor): Tensor {
  return x.dtype === 'float32' ? negate(x) : subtract(-1, x);
}

/** Position of the first maximum along `axis` (default: the last); int32. */
export function argMax(x: Tensor, axis = -1): Tensor {
  const target = normalizeAxis(inScope('argMax'), axis, x.rank);
  requireOption(
    x.shape[target] > 0,
    'argMax',
    `${formatShape(x.shape)}, empty along axis ${target}`,
    'at least one element to choose from',
    'Check that the batch or the classes are not empty.',
  );
  return apply(argMaxPrimitive, [x.dtype === 'bool' ? cast(x, 'int32') : x], { axes: [target] });
}

/** Position of the first minimum along `axis` (default: the last); int32. */
export function argMin(x: Tensor, axis = -1): Tensor {
  return argMax(mirrored(x), axis);
}

/** Running sum along `axis`, including the element itself; `reverse` runs from the end. */
export function cumulativeSum(x: Tensor, axis = -1, options: { reverse?: boolean } = {}): Tensor {
  const target = normalizeAxis(inScope('cumulativeSum'), axis, x.rank);
  const input = x.dtype === 'bool' ? cast(x, 'int32') : x;
  return apply(cumulativeSumPrimitive, [input], { axis: target, reverse: options.reverse ?? false });
}

/** Arithmetic mean over axes, float32. The mean of nothing is NaN. */
export function mean(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor {
  const reduced = normalizeAxes(inScope('mean'), axes, x.rank);
  const count = sizeOf(reduced.map((axis) => x.shape[axis]));
  return divide(sum(cast(x, 'float32'), reduced, options), count);
}

/**
 * Variance over axes: the mean squared distance from the mean (two passes, so large means do no harm).
 * `correction` is taken from the count: 0 (default) for the population, 1 for the unbiased sample variance.
 */
export function variance(
  x: Tensor,
  axes?: Axes,
  options: ReduceOptions & { correction?: number } = {},
): Tensor {
  const reduced = normalizeAxes(inScope('variance'), axes, x.rank);
  const count = sizeOf(reduced.map((axis) => x.shape[axis])) - (options.correction ?? 0);
  const centred = subtract(x, mean(x, reduced, { keepDims: true }));
  return divide(sum(square(centred), reduced, options), count);
}

/** The square root of `variance`; its derivative is 0 where all values are equal. */
export function standardDeviation(
  x: Tensor,
  axes?: Axes,
  options: ReduceOptions & { correction?: number } = {},
): Tensor {
  return flatAtZero(variance(x, axes, options), sqrt, 0);
}

/** Vector norm over axes: order 2 (default), 1, or Infinity. Its derivative at 0 is 0. */
export function norm(
  x: Tensor,
  axes?: Axes,
  options: ReduceOptions & { order?: 1 | 2 | number } = {},
): Tensor {
  const { order = 2 } = options;
  if (order === 1) return sum(abs(x), axes, options);
  if (order === Number.POSITIVE_INFINITY) return max(abs(x), axes, options);
  requireOption(
    order === 2,
    'norm',
    `order ${order}`,
    '1, 2 or Infinity',
    'Compose other norms from power and sum.',
  );
  return flatAtZero(sum(square(x), axes, options), sqrt, 0);
}

/** log Σ exp(x) over axes, without overflow: the maximum is taken out first. */
export function logSumExp(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor {
  const reduced = normalizeAxes(inScope('logSumExp'), axes, x.rank);
  const largest = stopGradient(max(x, reduced, { keepDims: true }));
  // An all -Infinity slice would give -Infinity - -Infinity = NaN; its sum is 0, and its derivative too.
  const shift = where(equal(abs(largest), Number.POSITIVE_INFINITY), 0, largest);
  const total = sum(exp(subtract(x, shift)), reduced, { keepDims: true });
  const result = add(flatAtZero(total, log, Number.NEGATIVE_INFINITY), shift);
  return options.keepDims ? result : reshape(result, withoutAxes(x.shape, reduced));
}
