/** Orders along an axis: argSort as a primitive; sort and topK, which take elements where it says. */
import { argSort as argSortContract, type SortAttributes } from '../../kernels/sort/index.ts';
import { describeValue, requireBoolean, requireKnownOptions } from '../options.ts';
import type { OrderOptions } from '../tensor/argument-types.ts';
import type { Primitive } from '../tensor/primitive.ts';
import { inScope } from '../tensor/scope.ts';
import { formatShape, isLength, normalizeAxis } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { apply, requireOption, requireTensor } from './apply.ts';
import { takeAlongAxis } from './indexing.ts';
import { narrow, transpose } from './movement.ts';
import { asNumber } from './reduce.ts';

/** Positions along the last axis in the order of their elements; int32. Equal elements keep their order. */
export const argSortPrimitive: Primitive<SortAttributes> = {
  name: 'argSort',
  kind: 'kernel',
  outputs: ([x]) => [{ shape: x.shape, dtype: 'int32' }],
  gradient: () => [undefined],
  contract: argSortContract,
};

/** The axis and the direction that the options of `operation` name. */
function orderOf(
  operation: string,
  x: Tensor,
  options: OrderOptions,
  otherwise: boolean,
): Required<OrderOptions> {
  const { rank } = requireTensor(operation, x);
  const where = inScope(operation);
  requireKnownOptions(where, options, ['axis', 'descending']);
  const { axis = -1, descending = otherwise } = options;
  requireBoolean(where, 'descending', descending);
  return { axis: normalizeAxis(where, axis, rank), descending };
}

function positionsInOrder(x: Tensor, { axis, descending }: Required<OrderOptions>): Tensor {
  const along = transpose(asNumber(x), axis, -1);
  return transpose(apply(argSortPrimitive, [along], { descending }), axis, -1);
}

/**
 * Positions of the elements along `axis` (default: the last) from the smallest to the largest, or from the largest on
 * (`descending`); int32, of x's shape. Equal elements keep their order either way (-0 and 0 are equal), and a NaN is
 * larger than every number, as in PyTorch.
 *
 * @throws OptionError for an axis that x does not have, and for an unknown option
 */
export function argSort(x: Tensor, options: OrderOptions = {}): Tensor {
  return positionsInOrder(x, orderOf('argSort', x, options, false));
}

/**
 * The elements along `axis` (default: the last) from the smallest to the largest, or from the largest on
 * (`descending`), of x's shape and dtype. Equal elements keep their order, a NaN is larger than every number, and
 * gradients go back to where the elements came from.
 *
 * @throws OptionError for an axis that x does not have, and for an unknown option
 */
export function sort(x: Tensor, options: OrderOptions = {}): Tensor {
  const order = orderOf('sort', x, options, false);
  return takeAlongAxis(x, positionsInOrder(x, order), order.axis);
}

/**
 * The `count` largest elements along `axis` (default: the last), the largest first, or the smallest, the smallest first
 * (`descending: false`): `values` of x's dtype, and their positions `indices`, int32, both with `count` in place of the
 * length of the axis. Of equal elements the first ones are taken. A NaN is larger than every number.
 *
 * @throws OptionError for more elements than there are, an axis that x does not have, and for an unknown option
 */
export function topK(
  x: Tensor,
  count: number,
  options: OrderOptions = {},
): { readonly values: Tensor; readonly indices: Tensor } {
  const order = orderOf('topK', x, options, true);
  const length = x.shape[order.axis];
  requireOption(
    isLength(count) && count <= length,
    'topK',
    `count ${describeValue(count)} along axis ${order.axis} of ${formatShape(x.shape)}`,
    `a whole number from 0 to ${length}`,
    'Take no more elements than the axis has.',
  );
  const indices = narrow(positionsInOrder(x, order), order.axis, 0, count);
  return { values: takeAlongAxis(x, indices, order.axis), indices };
}
