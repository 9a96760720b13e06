/** Rolling along axes: what leaves at one end comes back at the other. */
import { describeValue } from '../options.ts';
import type { Axes } from '../tensor/argument-types.ts';
import { inScope } from '../tensor/scope.ts';
import { normalizeAxis } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { requireOption, requireTensor } from './apply.ts';
import { reshape } from './broadcast.ts';
import { concat, narrow } from './movement.ts';

/**
 * Moves elements by `shifts` places towards the end of `axes`, or towards the start where a shift is negative; those that
 * leave at one end come back at the other. One shift for each axis; without axes (the default) the elements move in
 * row-major order, as if there was one axis.
 *
 * @throws OptionError for shifts that are no whole numbers, as many as there are axes, and for axes that x does not have
 */
export function roll(x: Tensor, shifts: Axes, axes?: Axes): Tensor {
  const { rank } = requireTensor('roll', x);
  const amounts = listOf(shifts);
  const places = axes === undefined ? [0] : listOf(axes);
  requireOption(
    amounts.length === places.length && amounts.every(Number.isSafeInteger),
    'roll',
    `shifts ${describeValue(shifts)}${axes === undefined ? '' : `, axes ${describeValue(axes)}`}`,
    axes === undefined ? 'one whole number' : 'one whole number for each axis',
    'Give a shift for each axis, or one shift and no axes to roll all elements.',
  );
  if (axes === undefined) return reshape(rollAxis(reshape(x, [x.size]), amounts[0], 0), x.shape);
  return places
    .map((axis) => normalizeAxis(inScope('roll'), axis, rank))
    .reduce((rolled, axis, k) => rollAxis(rolled, amounts[k], axis), x.snapshot());
}

function listOf(values: Axes): readonly number[] {
  // A copy: holes become undefined and are refused.
  return Array.isArray(values) ? [...values] : [values as number];
}

function rollAxis(x: Tensor, shift: number, axis: number): Tensor {
  const length = x.shape[axis];
  if (length === 0) return x;
  const first = ((-shift % length) + length) % length;
  if (first === 0) return x;
  return concat([narrow(x, axis, first, length), narrow(x, axis, 0, first)], axis);
}
