/**
 * Products and running extremes, composed by halving and doubling: log₂ n products of whole arrays, whose gradients never
 * divide by an element, and so are right beside zeros, in any order.
 */
import type { Axes, ReduceOptions } from '../tensor/argument-types.ts';
import { inScope } from '../tensor/scope.ts';
import { normalizeAxis, sizeOf } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { requireTensor } from './apply.ts';
import { keepAxes, reducedAxes, reshape, withoutAxes } from './broadcast.ts';
import { greaterEqual, isNaN as isNotANumber, logicalOr, multiply, where } from './elementwise.ts';
import { narrow, pad, permute } from './movement.ts';
import { asNumber } from './reduce.ts';

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
  // [kept, reduced]: the factors of one product beside each other.
  let factors = reshape(permute(asNumber(x), [...kept, ...reduced]), [sizeOf(shape), count]);
  while (factors.shape[1] !== 1) {
    const half = Math.max(1, Math.ceil(factors.shape[1] / 2));
    const even = pad(
      factors,
      [
        [0, 0],
        [0, 2 * half - factors.shape[1]],
      ],
      1,
    );
    factors = multiply(narrow(even, 1, 0, half), narrow(even, 1, half, 2 * half));
  }
  const result = reshape(factors, shape);
  return options.keepDims ? keepAxes(result, x.shape, reduced) : result;
}

/**
 * What `join` makes of all elements up to each one along an axis. After step s an element stands for the 2^s up to itself
 * (Hillis and Steele); `neutral` stands for those before the first.
 */
function running(
  x: Tensor,
  axis: number,
  neutral: number,
  join: (own: Tensor, before: Tensor) => Tensor,
): Tensor {
  const length = x.shape[axis];
  let result = x;
  for (let reach = 1; reach < length; reach *= 2) {
    const widths = x.shape.map((_, k): [number, number] => [k === axis ? reach : 0, 0]);
    result = join(result, pad(narrow(result, axis, 0, length - reach), widths, neutral));
  }
  return result;
}

/**
 * Running product along `axis` (default: the last), including the element itself. int32 stays int32 and wraps, bool
 * becomes it.
 *
 * @throws OptionError for an axis that x does not have
 */
export function cumulativeProduct(x: Tensor, axis = -1): Tensor {
  const { rank } = requireTensor('cumulativeProduct', x);
  return running(asNumber(x), normalizeAxis(inScope('cumulativeProduct'), axis, rank), 1, multiply);
}

/**
 * Running maximum along `axis` (default: the last), including the element itself. From the first NaN on it is NaN. Of
 * equal maxima the last one has the gradient, as in PyTorch. bool becomes int32.
 *
 * @throws OptionError for an axis that x does not have
 */
export function cumulativeMax(x: Tensor, axis = -1): Tensor {
  const { rank } = requireTensor('cumulativeMax', x);
  const target = normalizeAxis(inScope('cumulativeMax'), axis, rank);
  const input = asNumber(x);
  const least = input.dtype === 'float32' ? Number.NEGATIVE_INFINITY : -(2 ** 31);
  return running(input, target, least, (own, before) => {
    return where(logicalOr(isNotANumber(own), greaterEqual(own, before)), own, before);
  });
}
