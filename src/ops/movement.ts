/** Movement primitives: they only say where elements are found. And what is composed from them. */
import { concat as concatContract } from '../../kernels/concat/index.ts';
import { type PadAttributes, pad as padContract } from '../../kernels/pad/index.ts';
import { ShapeError } from '../errors.ts';
import { describeValue, requireList } from '../options.ts';
import type { SliceIndex } from '../tensor/argument-types.ts';
import { promote, requireElement } from '../tensor/dtype.ts';
import { likeFirst, type Primitive } from '../tensor/primitive.ts';
import { inScope } from '../tensor/scope.ts';
import {
  describeLengths,
  formatShape,
  isLength,
  normalizeAxes,
  normalizeAxis,
  type Shape,
} from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { apply, requireOption, requireTensor, requireTensors } from './apply.ts';
import { broadcastTo, reshape } from './broadcast.ts';
import { cast } from './elementwise.ts';

/** Output axis k is input axis `order[k]`. */
export const permutePrimitive: Primitive<{ readonly order: readonly number[] }> = {
  name: 'permute',
  kind: 'movement',
  outputs: ([x], { order }) => [{ shape: order.map((axis) => x.shape[axis]), dtype: x.dtype }],
  gradient: ({ dY, attributes: { order } }) => [
    permute(
      dY,
      order.map((_, axis) => order.indexOf(axis)),
    ),
  ],
};

/** Elements start, start + step, … along each axis; all non-negative, steps positive. */
export interface SliceAttributes {
  readonly start: readonly number[];
  readonly length: readonly number[];
  readonly step: readonly number[];
}
export const slicePrimitive: Primitive<SliceAttributes> = {
  name: 'slice',
  kind: 'movement',
  outputs: ([x], { length }) => [{ shape: length, dtype: x.dtype }],
  /** Zeros everywhere else: a padding that also spreads the elements `step` apart. */
  gradient: ({ dY, inputs: [x], attributes: { start, length, step } }) => [
    padWith(dY, {
      low: start,
      high: start.map((first, axis) =>
        length[axis] === 0
          ? x.shape[axis] - first
          : x.shape[axis] - first - (length[axis] - 1) * step[axis] - 1,
      ),
      interior: step.map((each) => each - 1),
      value: 0,
    }),
  ],
};

/**
 * Surrounds each axis with `low` and `high` elements of `value`, and puts `interior` of them between neighbors.
 * Without interior it is a view; with it, a kernel.
 */
export type { PadAttributes };
export const padPrimitive: Primitive<PadAttributes> = {
  name: 'pad',
  kind: 'movement',
  outputs: ([x], { low, high, interior }) => [
    {
      shape: x.shape.map(
        (length, axis) => low[axis] + high[axis] + length + Math.max(0, length - 1) * interior[axis],
      ),
      dtype: x.dtype,
    },
  ],
  gradient: ({ dY, inputs: [x], attributes: { low, interior } }) => [
    apply(slicePrimitive, [dY], { start: low, length: x.shape, step: interior.map((each) => each + 1) }),
  ],
  contract: padContract,
};

/** Reverses axes. */
export const flipPrimitive: Primitive<{ readonly axes: readonly number[] }> = {
  name: 'flip',
  kind: 'movement',
  outputs: likeFirst,
  gradient: ({ dY, attributes: { axes } }) => [flip(dY, axes)],
};

/** Joins along an axis. */
export const concatPrimitive: Primitive<{ readonly axis: number }> = {
  name: 'concat',
  kind: 'kernel',
  outputs: (inputs, { axis }) => [
    {
      shape: inputs[0].shape.map((length, k) =>
        k === axis ? inputs.reduce((total, each) => total + each.shape[axis], 0) : length,
      ),
      dtype: inputs[0].dtype,
    },
  ],
  gradient: ({ dY, inputs, attributes: { axis } }) => {
    let begin = 0;
    return inputs.map((input) => {
      const end = begin + input.shape[axis];
      const part = narrow(dY, axis, begin, end);
      begin = end;
      return part;
    });
  },
  contract: concatContract,
};

/**
 * Reorders axes: output axis k is input axis `order[k]`.
 *
 * @throws OptionError unless each axis is listed once
 */
export function permute(x: Tensor, order: readonly number[]): Tensor {
  const { rank } = requireTensor('permute', x);
  const list = requireList(inScope('permute'), 'order', order);
  const axes = [...list].map((axis) => normalizeAxis(inScope('permute'), axis, rank));
  requireOption(
    axes.length === x.rank && new Set(axes).size === x.rank,
    'permute',
    `order ${describeLengths(order)} for ${formatShape(x.shape)}`,
    'each axis once',
    'List every axis of the tensor exactly once.',
  );
  return axes.every((axis, k) => axis === k) ? x.snapshot() : apply(permutePrimitive, [x], { order: axes });
}

/**
 * Swaps two axes (default: the last two).
 *
 * @throws OptionError for axes that x does not have
 */
export function transpose(x: Tensor, first = -2, second = -1): Tensor {
  requireTensor('transpose', x);
  const a = normalizeAxis(inScope('transpose'), first, x.rank);
  const b = normalizeAxis(inScope('transpose'), second, x.rank);
  return permute(
    x,
    x.shape.map((_, axis) => (axis === a ? b : axis === b ? a : axis)),
  );
}

/**
 * Python's slicing: `slice(x, 0, [1, -1], [null, null, -1])` is `x[0, 1:-1, ::-1]`. Axes not named are kept whole;
 * ranges are clipped to the axis, as in Python.
 *
 * @throws OptionError for an index out of range, a step of 0, or more indices than axes.
 */
export function slice(x: Tensor, ...indices: SliceIndex[]): Tensor {
  requireTensor('slice', x);
  requireOption(
    indices.length <= x.rank,
    'slice',
    `${indices.length} indices for ${formatShape(x.shape)}`,
    `at most ${x.rank}`,
    'Give one index per axis.',
  );
  const ranges = x.shape.map((length, axis) => sliceRange(indices[axis], length, axis));
  const part = apply(slicePrimitive, [x], {
    start: ranges.map(({ start }) => start),
    length: ranges.map(({ count }) => count),
    step: ranges.map(({ step }) => step),
  });
  const reversed = ranges.flatMap(({ reverse }, axis) => (reverse ? [axis] : []));
  const flipped = reversed.length > 0 ? flip(part, reversed) : part;
  return reshape(
    flipped,
    flipped.shape.filter((_, axis) => typeof indices[axis] !== 'number'),
  );
}

/** A Python range along an axis as a forward range plus a flag that says it is read backwards. */
function sliceRange(index: SliceIndex | undefined, length: number, axis: number) {
  if (typeof index === 'number') {
    const start = index < 0 ? index + length : index;
    requireOption(
      Number.isInteger(index) && start >= 0 && start < length,
      'slice',
      `index ${index} on axis ${axis} of length ${length}`,
      `an index from ${-length} to ${length - 1}`,
      'Use a range [start, stop] if an empty result is meant.',
    );
    return { start, count: 1, step: 1, reverse: false };
  }
  const range: unknown = index ?? [];
  requireOption(
    Array.isArray(range) && range.length <= 3,
    'slice',
    `${describeValue(index)} for axis ${axis}`,
    'an index, null for all of it, or a range [start, stop, step]',
    'Give one of them for each axis, from the first on.',
  );
  const [from, to, step = 1] = index ?? [];
  const shown = (end: unknown) => (end == null ? '' : describeValue(end));
  requireOption(
    Number.isInteger(step) && step !== 0 && [from, to].every((end) => end == null || Number.isInteger(end)),
    'slice',
    `range [${[from, to, step].map(shown).join(':')}] on axis ${axis}`,
    'whole numbers, and a step other than 0',
    'Use a negative step to read backwards.',
  );
  const lowest = step > 0 ? 0 : -1;
  const highest = step > 0 ? length : length - 1;
  const clip = (value: number | null | undefined, otherwise: number) =>
    value == null ? otherwise : Math.min(highest, Math.max(lowest, value < 0 ? value + length : value));
  const start = clip(from, step > 0 ? lowest : highest);
  const stop = clip(to, step > 0 ? highest : lowest);
  const count = Math.max(0, Math.ceil((stop - start) / step));
  // One element, or none: a step that leads nowhere may be of any size.
  if (count <= 1) return { start: count === 0 ? 0 : start, count, step: 1, reverse: false };
  if (step > 0) return { start, count, step, reverse: false };
  return { start: start + (count - 1) * step, count, step: -step, reverse: true };
}

/** Elements [begin, end) of one axis, which stays. */
export function narrow(x: Tensor, axis: number, begin: number, end: number): Tensor {
  const target = normalizeAxis(inScope('narrow'), axis, x.rank);
  return slice(x, ...x.shape.slice(0, target).map(() => null), [begin, end]);
}

/** As `pad`, with room between elements. */
export function padWith(x: Tensor, attributes: PadAttributes): Tensor {
  const { low, high, interior } = attributes;
  const nothing = [...low, ...high, ...interior].every((each) => each === 0);
  return nothing ? x.snapshot() : apply(padPrimitive, [x], attributes);
}

/**
 * Adds `[before, after]` elements of `value` (default 0) along each axis.
 *
 * @throws OptionError unless there are two whole numbers ≥ 0 for each axis; DTypeError for a value that x's dtype cannot
 * hold
 */
export function pad(
  x: Tensor,
  widths: readonly (readonly [before: number, after: number])[],
  value = 0,
): Tensor {
  const { rank, dtype } = requireTensor('pad', x);
  requireOption(
    Array.isArray(widths) && widths.length === rank && [...widths].every(isPair),
    'pad',
    `widths ${describeValue(widths)} for ${formatShape(x.shape)}`,
    'one [before, after] per axis, whole numbers ≥ 0',
    'Use slice to cut instead of negative widths.',
  );
  return padWith(x, {
    low: widths.map(([before]) => before),
    high: widths.map(([, after]) => after),
    interior: widths.map(() => 0),
    value: requireElement(inScope('pad'), 'value', value, dtype),
  });
}

/** Two lengths. */
function isPair(width: readonly number[]): boolean {
  return Array.isArray(width) && width.length === 2 && width.every(isLength);
}

/** Puts `interior` zeros between neighbors along each axis: the dilation of transposed convolutions. */
export function dilate(x: Tensor, interior: readonly number[]): Tensor {
  const none = x.shape.map(() => 0);
  return padWith(x, { low: none, high: none, interior, value: 0 });
}

/**
 * Reverses the given axes (default: all).
 *
 * @throws OptionError for axes that x does not have
 */
export function flip(x: Tensor, axes?: number | readonly number[]): Tensor {
  requireTensor('flip', x);
  const reversed = normalizeAxes(inScope('flip'), axes, x.rank);
  return reversed.length === 0 ? x.snapshot() : apply(flipPrimitive, [x], { axes: reversed });
}

/**
 * Joins tensors along an existing axis. All other axes must agree; dtypes promote.
 *
 * @throws ShapeError when the other axes differ; DTypeError for what is no tensor.
 */
export function concat(tensors: readonly Tensor[], axis = 0): Tensor {
  requireTensors('concat', tensors);
  requireOption(tensors.length > 0, 'concat', 'no tensors', 'at least one', 'Give a non-empty list.');
  const first = tensors[0];
  const joined = normalizeAxis(inScope('concat'), axis, first.rank);
  for (const [position, each] of tensors.entries()) {
    const agrees =
      each.rank === first.rank && each.shape.every((length, k) => k === joined || length === first.shape[k]);
    if (!agrees) {
      throw new ShapeError({
        where: inScope('concat'),
        got: `${formatShape(each.shape)} at position ${position} beside ${formatShape(first.shape)}`,
        expected: `the same lengths on every axis but ${joined}`,
        cure: 'Reshape or slice the tensors so that they agree.',
      });
    }
  }
  const dtype = tensors.map((each) => each.dtype).reduce(promote);
  const same = tensors.map((each) => cast(each, dtype));
  return same.length === 1 ? same[0] : apply(concatPrimitive, same, { axis: joined });
}

/**
 * Joins tensors of one shape along a new axis.
 *
 * @throws ShapeError when the shapes differ; DTypeError for what is no tensor
 */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
  return concat(
    requireTensors('stack', tensors).map((each) => expandDims(each, axis)),
    axis,
  );
}

/**
 * Cuts an axis into `parts` equal pieces, or into pieces of the given lengths.
 *
 * @throws OptionError unless the pieces add up to the axis
 */
export function split(x: Tensor, parts: number | readonly number[], axis = 0): Tensor[] {
  requireTensor('split', x);
  const target = normalizeAxis(inScope('split'), axis, x.rank);
  const total = x.shape[target];
  // Not more pieces than there are elements to ask about: the list of lengths is made before it is looked at.
  const equal = typeof parts === 'number' && parts >= 1 && total % parts === 0 && parts <= Math.max(1, total);
  const lengths = equal
    ? new Array<number>(parts).fill(total / parts)
    : Array.isArray(parts)
      ? [...parts]
      : [];
  requireOption(
    lengths.length > 0 && lengths.every(isLength) && lengths.reduce((a, b) => a + b, 0) === total,
    'split',
    `${typeof parts === 'number' ? `${parts} equal parts` : `lengths ${describeValue(parts)}`} of axis ${target} of ${formatShape(x.shape)}`,
    `lengths that add up to ${total}`,
    'Choose a number of parts that divides the axis, or list the lengths.',
  );
  let begin = 0;
  return lengths.map((length) => {
    const piece = narrow(x, target, begin, begin + length);
    begin += length;
    return piece;
  });
}

/**
 * Inserts an axis of length 1. Negative axes count from the end of the result.
 *
 * @throws OptionError for an axis that the result would not have
 */
export function expandDims(x: Tensor, axis: number): Tensor {
  requireTensor('expandDims', x);
  const target = normalizeAxis(inScope('expandDims'), axis, x.rank + 1);
  return reshape(x, [...x.shape.slice(0, target), 1, ...x.shape.slice(target)]);
}

/**
 * Drops axes of length 1: the named ones, or all.
 *
 * @throws OptionError for axes that x does not have, or that are longer
 */
export function squeeze(x: Tensor, axes?: number | readonly number[]): Tensor {
  requireTensor('squeeze', x);
  const dropped =
    axes === undefined
      ? x.shape.flatMap((length, axis) => (length === 1 ? [axis] : []))
      : normalizeAxes(inScope('squeeze'), axes, x.rank);
  requireOption(
    dropped.every((axis) => x.shape[axis] === 1),
    'squeeze',
    `axes [${dropped.join(', ')}] of ${formatShape(x.shape)}`,
    'axes of length 1',
    'Only axes of length 1 can be dropped; use slice or a reduction for others.',
  );
  return reshape(
    x,
    x.shape.filter((_, axis) => !dropped.includes(axis)),
  );
}

/**
 * Repeats the whole tensor `repeats[k]` times along axis k.
 *
 * @throws OptionError unless there is one whole number ≥ 0 for each axis; ShapeError for a result that is too large
 */
export function tile(x: Tensor, repeats: readonly number[]): Tensor {
  requireTensor('tile', x);
  requireOption(
    Array.isArray(repeats) && repeats.length === x.rank && [...repeats].every(isLength),
    'tile',
    `repeats ${describeValue(repeats)} for ${formatShape(x.shape)}`,
    'one whole number ≥ 0 per axis',
    'Use 1 for axes that stay as they are.',
  );
  const separated: Shape = x.shape.flatMap((length) => [1, length]);
  const repeated: Shape = x.shape.flatMap((length, axis) => [repeats[axis], length]);
  return reshape(
    broadcastTo(reshape(x, separated), repeated),
    x.shape.map((length, axis) => length * repeats[axis]),
  );
}
