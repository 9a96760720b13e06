/** Products and running extremes, whose gradients are right beside zeros, in any order. */
import { type CumulativeAttributes, cumulative } from '../../kernels/cumulative/index.ts';
import type { Axes, ReduceOptions } from '../tensor/argument-types.ts';
import { likeFirst, type Primitive } from '../tensor/primitive.ts';
import { inScope } from '../tensor/scope.ts';
import { normalizeAxis, sizeOf } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { apply, requireTensor } from './apply.ts';
import { keepAxes, reducedAxes, reshape, withoutAxes } from './broadcast.ts';
import { full } from './creation.ts';
import {
  abs,
  add,
  divide,
  greaterEqual,
  isNaN as isNotANumber,
  less,
  logicalOr,
  multiply,
  where,
} from './elementwise.ts';
import { narrow, pad, permute } from './movement.ts';
import { any, asNumber, cumulativeSum } from './reduce.ts';

/** Below this an element is not divided by: the second derivative has its square in the denominator. */
const leastDivisor = 1e-18;

/** Running product along an axis, from its start. */
export const cumulativeProductPrimitive: Primitive<CumulativeAttributes> = {
  name: 'cumulativeProduct',
  kind: 'kernel',
  outputs: likeFirst,
  /** dX_i = Σ_{k ≥ i} dY_k · y_k / x_i; beside elements that are 0 or nearly so without the division (`besideZeros`). */
  gradient: ({ dY, inputs: [x], output: y, attributes: { axis } }) => {
    const isTiny = less(abs(x), leastDivisor);
    const hasTiny = any(isTiny, axis, { keepDims: true });
    const divided = divide(cumulativeSum(multiply(dY, y), axis, { reverse: true }), where(isTiny, 1, x));
    // Rows that are divided give the other way nothing that could overflow, and so become NaN in a second derivative.
    const exact = besideZeros(where(hasTiny, x, 1), where(hasTiny, dY, 0), axis);
    return [where(hasTiny, exact, divided)];
  },
  contract: cumulative,
};

/**
 * The gradient of a running product without a division, so that derivatives of any order are right at zeros:
 *
 *     dX_i = (Π_{j < i} x_j) · Σ_{k ≥ i} dY_k · Π_{i < j ≤ k} x_j
 *
 * The sums by doubling: after step s, sums_i has the terms k < i + 2^s, and factors_i = Π_{i < j ≤ i + 2^s} x_j.
 */
function besideZeros(x: Tensor, dY: Tensor, axis: number): Tensor {
  const length = x.shape[axis];
  if (length === 0) return dY;
  /** The elements `places` further on; at the end 0. */
  const ahead = (from: Tensor, places: number): Tensor =>
    padAlong(narrow(from, axis, places, length), axis, [0, places], 0);
  let sums = dY;
  let factors = ahead(x, 1);
  for (let reach = 1; reach < length; reach *= 2) {
    sums = add(sums, multiply(factors, ahead(sums, reach)));
    factors = multiply(factors, ahead(factors, reach));
  }
  const before = padAlong(narrow(cumulativeProduct(x, axis), axis, 0, length - 1), axis, [1, 0], 1);
  return multiply(before, sums);
}

function padAlong(x: Tensor, axis: number, width: readonly [number, number], value: number): Tensor {
  const widths = x.shape.map((_, k) => (k === axis ? width : ([0, 0] as const)));
  return pad(x, widths, value);
}

/**
 * Product over axes (default: all). int32 stays int32 and wraps, bool becomes it; the product of nothing is 1.
 *
 * @throws OptionError for axes that x does not have, and for an unknown option
 */
export function prod(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor {
  const reduced = reducedAxes('prod', x, axes, options);
  const kept = x.shape.flatMap((_, axis) => (reduced.includes(axis) ? [] : [axis]));
  const shape = withoutAxes(x.shape, reduced);
  const count = sizeOf(reduced.map((axis) => x.shape[axis]));
  // [kept, reduced]: the factors of one product beside each other. The last running product is the product.
  const factors = reshape(permute(asNumber(x), [...kept, ...reduced]), [sizeOf(shape), count]);
  const result =
    count === 0
      ? full(shape, 1, { dtype: factors.dtype })
      : reshape(narrow(cumulativeProduct(factors), 1, count - 1, count), shape);
  return options.keepDims ? keepAxes(result, x.shape, reduced) : result;
}

/**
 * Running product along `axis` (default: the last), including the element itself, in float64 (on a GPU in float32, where
 * products of many large and small factors may overflow on the way). int32 stays int32 and wraps, bool becomes it.
 *
 * @throws OptionError for an axis that x does not have
 */
export function cumulativeProduct(x: Tensor, axis = -1): Tensor {
  const { rank } = requireTensor('cumulativeProduct', x);
  const target = normalizeAxis(inScope('cumulativeProduct'), axis, rank);
  const attributes = { operator: 'product', axis: target, reverse: false } as const;
  return apply(cumulativeProductPrimitive, [asNumber(x)], attributes);
}

/**
 * Running maximum along `axis` (default: the last), including the element itself. From the first NaN on it is NaN. Of
 * equal maxima the last one has the gradient, as in PyTorch. bool becomes int32.
 *
 * Composed by doubling (Hillis and Steele): after step s an element is the maximum of the 2^s up to itself.
 *
 * @throws OptionError for an axis that x does not have
 */
export function cumulativeMax(x: Tensor, axis = -1): Tensor {
  const { rank } = requireTensor('cumulativeMax', x);
  const target = normalizeAxis(inScope('cumulativeMax'), axis, rank);
  let result = asNumber(x);
  const length = x.shape[target];
  const least = result.dtype === 'float32' ? Number.NEGATIVE_INFINITY : -(2 ** 31);
  for (let reach = 1; reach < length; reach *= 2) {
    const before = padAlong(narrow(result, target, 0, length - reach), target, [reach, 0], least);
    const staysItself = logicalOr(isNotANumber(result), greaterEqual(result, before));
    result = where(staysItself, result, before);
  }
  return result;
}
