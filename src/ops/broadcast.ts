/** Reshape, broadcast and sum: the three primitives whose gradients are each other. */
import { ShapeError } from '../errors.ts';
import type { Primitive } from '../tensor/primitive.ts';
import { inScope } from '../tensor/scope.ts';
import {
  broadcastShapes,
  checkShape,
  formatShape,
  normalizeAxes,
  type Shape,
  sameShape,
  sizeOf,
} from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { apply } from './apply.ts';

/** Same elements in row-major order, another shape. */
export const reshapePrimitive: Primitive<{ readonly shape: Shape }> = {
  name: 'reshape',
  kind: 'movement',
  outputs: ([x], { shape }) => [{ shape, dtype: x.dtype }],
  gradient: ({ dY, inputs: [x] }) => [reshape(dY, x.shape)],
};

/** Repeats along axes of length 1 (`axes`), which is where the gradient sums. Rank stays. */
export const broadcastPrimitive: Primitive<{ readonly shape: Shape; readonly axes: readonly number[] }> = {
  name: 'broadcast',
  kind: 'movement',
  outputs: ([x], { shape }) => [{ shape, dtype: x.dtype }],
  gradient: ({ dY, inputs: [x], attributes }) => [reshape(sum(dY, attributes.axes), x.shape)],
};

/** Sum over axes, which disappear. bool sums to int32. */
export const sumPrimitive: Primitive<{ readonly axes: readonly number[] }> = {
  name: 'sum',
  kind: 'reduce',
  outputs: ([x], { axes }) => [
    { shape: withoutAxes(x.shape, axes), dtype: x.dtype === 'bool' ? 'int32' : x.dtype },
  ],
  gradient: ({ dY, inputs: [x], attributes }) => [
    broadcastTo(keepAxes(dY, x.shape, attributes.axes), x.shape),
  ],
};

/** A shape without some axes (ascending). */
export function withoutAxes(shape: Shape, axes: readonly number[]): Shape {
  return shape.filter((_, axis) => !axes.includes(axis));
}

/** Puts reduced axes back with length 1, so that the result broadcasts against `shape`. */
export function keepAxes(reduced: Tensor, shape: Shape, axes: readonly number[]): Tensor {
  return reshape(
    reduced,
    shape.map((length, axis) => (axes.includes(axis) ? 1 : length)),
  );
}

/**
 * The same elements in row-major order under another shape. One length may be -1: it is worked out from the rest.
 *
 * @throws ShapeError when the number of elements differs.
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const known = sizeOf(shape.filter((length) => length !== -1));
  const inferred = shape.map((length) => (length === -1 ? x.size / known : length));
  const holes = shape.filter((length) => length === -1).length;
  const whole = inferred.every((length) => Number.isInteger(length) && length >= 0);
  if (holes > 1 || sizeOf(inferred) !== x.size || !whole) {
    throw new ShapeError({
      where: inScope('reshape'),
      got: `${formatShape(x.shape)} (${x.size} elements) to ${formatShape(shape)}`,
      expected: holes > 1 ? 'at most one -1' : 'the same number of elements',
      cure: 'Use -1 for the one length that should follow from the others.',
    });
  }
  return sameShape(inferred, x.shape) ? x.snapshot() : apply(reshapePrimitive, [x], { shape: inferred });
}

/**
 * Repeats `x` to `shape` by NumPy's rule.
 *
 * @throws ShapeError when an axis is neither 1 nor the wanted length.
 */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  checkShape('broadcastTo', shape);
  const together = broadcastShapes(inScope('broadcastTo'), x.shape, shape);
  if (!sameShape(together, shape)) {
    throw new ShapeError({
      where: inScope('broadcastTo'),
      got: formatShape(x.shape),
      expected: `a shape that broadcasts to ${formatShape(shape)}`,
      cure: 'Each axis of the tensor must be 1 or have the wanted length, aligned at the end.',
    });
  }
  const aligned = reshape(x, [...new Array<number>(shape.length - x.rank).fill(1), ...x.shape]);
  const axes = shape.flatMap((length, axis) => (aligned.shape[axis] === length ? [] : [axis]));
  return axes.length === 0 ? aligned : apply(broadcastPrimitive, [aligned], { shape, axes });
}

/** Broadcasts tensors against each other. */
export function broadcastTogether(operation: string, tensors: readonly Tensor[]): Tensor[] {
  const shape = broadcastShapes(inScope(operation), ...tensors.map((each) => each.shape));
  return tensors.map((each) => broadcastTo(each, shape));
}

/**
 * Sum over `axes` (default: all). `keepDims` leaves reduced axes with length 1.
 * float32 accumulates in float64 on the `cpu` device; bool and int32 give int32.
 */
export function sum(
  x: Tensor,
  axes?: number | readonly number[],
  options: { keepDims?: boolean } = {},
): Tensor {
  const reduced = normalizeAxes(inScope('sum'), axes, x.rank);
  const result =
    reduced.length === 0 && x.dtype !== 'bool' ? x.snapshot() : apply(sumPrimitive, [x], { axes: reduced });
  return options.keepDims ? keepAxes(result, x.shape, reduced) : result;
}
