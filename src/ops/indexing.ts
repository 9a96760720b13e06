/** Reading and adding at computed positions: gather and scatterAdd, each the other's gradient. */
import { gather as gatherContract, scatterAdd as scatterAddContract } from '../../kernels/gather/index.ts';
import { LabelError, ShapeError } from '../errors.ts';
import { describeValue, requireNumber } from '../options.ts';
import { type DType, type DTypeOptions, dtypeFrom } from '../tensor/dtype.ts';
import { fromData, iotaPrimitive } from '../tensor/leaves.ts';
import type { Primitive } from '../tensor/primitive.ts';
import { inScope } from '../tensor/scope.ts';
import { formatShape, normalizeAxis, type Shape, sameShape, sizeOf } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { apply, requireDType, requireTensor } from './apply.ts';
import { reshape } from './broadcast.ts';
import { add, cast, equal, greaterEqual, less, logicalOr, multiply, where } from './elementwise.ts';
import { expandDims } from './movement.ts';

/** What a gather is, besides its inputs. */
interface GatherRowAttributes {
  readonly axis: number;
  /** Whether the indices [L] are those of the axis in another order, each once. Default false. */
  readonly reorders?: true;
}

/** Whole slices of x along an axis, in the order of the indices (NumPy's `take`). */
export const gatherPrimitive: Primitive<GatherRowAttributes> = {
  name: 'gather',
  kind: 'kernel',
  outputs: ([x, indices], { axis }) => [
    { shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)], dtype: x.dtype },
  ],
  /** Slices that only changed places are read from where they went: nothing is added up. */
  gradient: ({ dY, inputs: [x, indices], attributes }) => {
    const { axis, reorders } = attributes;
    const length = x.shape[axis];
    if (!reorders) return [apply(scatterAddPrimitive, [dY, indices], { axis, length }), undefined];
    const inverse = apply(scatterAddPrimitive, [iota(length), indices], { axis: 0, length });
    return [apply(gatherPrimitive, [dY, inverse], attributes), undefined];
  },
  contract: gatherContract,
};

/** Zeros of `length` along the axis, plus each slice of the updates added at its index. */
export const scatterAddPrimitive: Primitive<{ readonly axis: number; readonly length: number }> = {
  name: 'scatterAdd',
  kind: 'kernel',
  outputs: ([updates, indices], { axis, length }) => [
    {
      shape: [...updates.shape.slice(0, axis), length, ...updates.shape.slice(axis + indices.shape.length)],
      dtype: updates.dtype,
    },
  ],
  gradient: ({ dY, inputs: [, indices], attributes: { axis } }) => [
    apply(gatherPrimitive, [dY, indices], { axis }),
    undefined,
  ],
  contract: scatterAddContract,
};

/** 0, 1, … length-1. */
export function iota(length: number, dtype: DType = 'int32'): Tensor {
  return apply(iotaPrimitive, [], { start: 0, step: 1, length, dtype });
}

/**
 * Whole slices of `x` along `axis` at int32 `indices` of any shape (NumPy's `take`): for x [V, F] and indices [N, T]
 * the result is [N, T, F]. Indices must lie in [0, length); awaiting the result throws otherwise.
 *
 * @throws DTypeError unless the indices are int32; OptionError for an axis that x does not have
 */
export function gather(x: Tensor, indices: Tensor, axis = 0): Tensor {
  requireTensor('gather', x);
  requireDType('gather indices', indices, 'int32');
  return apply(gatherPrimitive, [x, indices], { axis: normalizeAxis(inScope('gather'), axis, x.rank) });
}

/** The slices of `x` along `axis` in another order: `order` lists the indices of the axis, each once. */
export function reorder(x: Tensor, order: Int32Array, axis: number): Tensor {
  const indices = fromData(order, [order.length], 'int32');
  return apply(gatherPrimitive, [x, indices], { axis, reorders: true });
}

/**
 * Adds slices of `updates` into zeros of `length` along `axis`, at int32 `indices`; repeated indices accumulate in
 * order. The transpose of `gather`: `updates` has the shape that gather would give.
 *
 * @throws DTypeError unless the indices are int32; ShapeError for updates that do not fit them; OptionError for a
 * length that is no whole number ≥ 0
 */
export function scatter(updates: Tensor, indices: Tensor, length: number, axis = 0): Tensor {
  requireTensor('scatter', updates);
  requireDType('scatter indices', indices, 'int32');
  requireNumber(inScope('scatter'), 'length', length, 'a whole number of at least 0');
  const rank = updates.rank - indices.rank + 1;
  const target = rank > 0 ? normalizeAxis(inScope('scatter'), axis, rank) : 0;
  if (!sameShape(updates.shape.slice(target, target + indices.rank), indices.shape)) {
    throw new ShapeError({
      where: inScope('scatter'),
      got: `updates ${formatShape(updates.shape)} for indices ${formatShape(indices.shape)} at axis ${target}`,
      expected: `updates whose axes from ${target} on begin with the shape of the indices`,
      cure: 'Give one slice of updates per index.',
    });
  }
  return apply(scatterAddPrimitive, [updates, indices], { axis: target, length });
}

/**
 * One element of `x` along `axis` per index (PyTorch's `gather`): `indices` has x's rank, and x's lengths on all other
 * axes. Indices must lie in [0, length); awaiting the result throws otherwise.
 *
 * @throws DTypeError unless the indices are int32; ShapeError for indices of another shape; OptionError for an axis that
 * x does not have
 */
export function takeAlongAxis(x: Tensor, indices: Tensor, axis = -1): Tensor {
  requireTensor('takeAlongAxis', x);
  requireDType('takeAlongAxis indices', indices, 'int32');
  const target = normalizeAxis(inScope('takeAlongAxis'), axis, x.rank);
  const fits =
    indices.rank === x.rank && indices.shape.every((length, k) => k === target || length === x.shape[k]);
  if (!fits) {
    throw new ShapeError({
      where: inScope('takeAlongAxis'),
      got: `indices ${formatShape(indices.shape)} for ${formatShape(x.shape)}`,
      expected: `the same lengths on every axis but ${target}`,
      cure: 'Use expandDims to give the indices the rank of the tensor, or gather for whole slices.',
    });
  }
  // Outside the axis a flat position would hit another row: such an index becomes -1, which gather refuses.
  const outside = logicalOr(less(indices, 0), greaterEqual(indices, x.shape[target]));
  const positions = where(outside, -1, flatPositions(x.shape, indices, target));
  return gather(reshape(x, [x.size]), positions, 0);
}

/** Flat positions in a dense array of `shape` for indices along one axis. */
function flatPositions(shape: Shape, indices: Tensor, axis: number): Tensor {
  let positions = multiply(indices, sizeOf(shape.slice(axis + 1)));
  for (let other = 0; other < shape.length; other++) {
    if (other === axis) continue;
    const along = shape.map((_, k) => (k === other ? shape[other] : 1));
    positions = add(positions, reshape(multiply(iota(shape[other]), sizeOf(shape.slice(other + 1))), along));
  }
  return positions;
}

/**
 * 1 at each index and 0 elsewhere along a new last axis of length `classes`, by default float32. An index outside
 * [0, classes) gives a row of zeros.
 *
 * @throws DTypeError unless the indices are int32, and for an unknown dtype; OptionError for a count of classes that is no
 * whole number > 0
 */
export function oneHot(indices: Tensor, classes: number, options: DType | DTypeOptions = {}): Tensor {
  requireDType('oneHot indices', indices, 'int32');
  requireNumber(inScope('oneHot'), 'classes', classes, 'a whole number of at least 1');
  const dtype = dtypeFrom(inScope('oneHot'), options, 'float32');
  return cast(equal(expandDims(indices, -1), iota(classes)), dtype);
}

/** Throws LabelError if host labels leave [0, classes), naming the first one and where it stands. */
export function checkLabels(
  where: string,
  labels: ArrayLike<number>,
  classes: number,
  ignored?: number,
): void {
  for (let index = 0; index < labels.length; index++) {
    const label = labels[index];
    if (label === ignored || (Number.isInteger(label) && label >= 0 && label < classes)) continue;
    throw new LabelError({
      where,
      got: `label ${describeValue(label)} at index ${index}`,
      expected: `whole numbers from 0 to ${classes - 1} (${classes} classes)`,
      cure: 'Count classes from 0, or give the model as many outputs as there are classes.',
    });
  }
}

/**
 * Rows of an embedding table: for table [V, F] and int32 indices […] the result is […, F].
 *
 * @throws DTypeError unless the indices are int32
 */
export function embedding(table: Tensor, indices: Tensor): Tensor {
  requireTensor('embedding table', table);
  requireDType('embedding indices', indices, 'int32');
  return gather(table, indices, 0);
}
