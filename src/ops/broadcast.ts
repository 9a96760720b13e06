/** Reshape, broadcast and sum: the three primitives whose gradients are each other. */
import { ShapeError } from '../errors.ts';
import { requireBoolean, requireKnownOptions, requireList } from '../options.ts';
import type { Axes, ReduceOptions } from '../tensor/argument-types.ts';
import type { Primitive } from '../tensor/primitive.ts';
import { inScope } from '../tensor/scope.ts';
import {
  broadcastShapes,
  describeLengths,
  formatShape,
  isLength,
  normalizeAxes,
  requireShape,
  type Shape,
  sameShape,
  sizeOf,
} from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { apply, requireTensor } from './apply.ts';

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
  requireTensor('reshape', x);
  requireList(inScope('reshape'), 'shape', shape);
  if (sameShape(shape, x.shape)) return x.snapshot();
  const lengths = [...shape];
  const holes = lengths.filter((length) => length === -1).length;
  const valid = holes <= 1 && lengths.every((length) => length === -1 || isLength(length));
  const known = valid ? sizeOf(lengths.filter((length) => length !== -1)) : 0;
  const inferred = lengths.map((length) => (length === -1 ? x.size / known : length));
  if (!valid || !inferred.every(isLength) || sizeOf(inferred) !== x.size) {
    throw new ShapeError({
      where: inScope('reshape'),
      got: `${formatShape(x.shape)} (${x.size} elements) to ${describeLengths(shape)}`,
      expected: holes > 1 ? 'at most one -1' : 'whole numbers, for the same number of elements',
      cure: 'Use -1 for the one length that should follow from the others.',
    });
  }
  return apply(reshapePrimitive, [x], { shape: inferred });
}

/**
 * Repeats `x` to `shape` by NumPy's rule.
 *
 * @throws ShapeError when an axis is neither 1 nor the wanted length.
 */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  return spread(requireTensor('broadcastTo', x), requireShape('broadcastTo', shape));
}

/** `broadcastTo` for a shape that is one. */
function spread(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x.snapshot();
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
  return tensors.map((each) => spread(each, shape));
}

const reduceOptions = ['keepDims'] as const;

/**
 * The axes that a reduction takes away: the arguments of every reduction are looked at here. `known` are its options.
 *
 * @throws DTypeError unless x is a tensor; OptionError for axes that it does not have, and for an unknown option
 */
export function reducedAxes(
  operation: string,
  x: Tensor,
  axes: Axes | undefined,
  options: ReduceOptions,
  known: readonly string[] = reduceOptions,
): readonly number[] {
  requireTensor(operation, x);
  const where = inScope(operation);
  requireKnownOptions(where, options, known);
  requireBoolean(where, 'keepDims', options.keepDims ?? false);
  return normalizeAxes(where, axes, x.rank);
}

/**
 * Sum over `axes` (default: all). `keepDims` leaves reduced axes with length 1.
 * float32 accumulates in float64 on the `cpu` device; bool and int32 give int32.
 *
 * @throws OptionError for axes that x does not have, and for an unknown option
 */
export function sum(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor {
  const reduced = reducedAxes('sum', x, axes, options);
  const result =
    reduced.length === 0 && x.dtype !== 'bool' ? x.snapshot() : apply(sumPrimitive, [x], { axes: reduced });
  return options.keepDims ? keepAxes(result, x.shape, reduced) : result;
}
