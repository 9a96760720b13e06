/** Shapes: their text, NumPy's broadcasting rule, and axis numbers counted from the end. */
import { sizeOf } from '../../kernels/support/contract.ts';
import { OptionError, ShapeError } from '../errors.ts';
import { describeValue } from '../options.ts';
import { inScope } from './scope.ts';

/** Axis lengths, outermost first. `[]` is a scalar. */
export type Shape = readonly number[];

export { sizeOf };

/** Elements are counted in 32 bits, on every device and also where a value takes no memory. */
const mostElements = 2 ** 31 - 1;
/** As NumPy and PyTorch have it. */
export const mostAxes = 64;

/**
 * A shape as text: `[2, 3]`, or `[N=2, T=3]` with axis names.
 * A shape of another rank than the names is printed without them.
 */
export function formatShape(shape: Shape, axes?: readonly string[]): string {
  const named = axes?.length === shape.length ? axes : undefined;
  return `[${(named ? shape.map((length, axis) => `${named[axis]}=${length}`) : shape).join(', ')}]`;
}

/** Whether two shapes have the same lengths. */
export function sameShape(a: Shape, b: Shape): boolean {
  if (a.length !== b.length) return false;
  for (let axis = 0; axis < a.length; axis++) if (a[axis] !== b[axis]) return false;
  return true;
}

/** A length that an axis can have. */
export function isLength(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** What somebody gave as a list of lengths, for a message: it may be long, and hold anything. */
export function describeLengths(lengths: readonly unknown[]): string {
  const shown = Array.from(lengths.slice(0, 8), describeValue);
  return `[${shown.join(', ')}${lengths.length > shown.length ? ', …' : ''}]`;
}

/**
 * The shape that somebody gave, as a copy.
 *
 * @throws ShapeError unless it is an array of whole numbers of at least 0 that can be the shape of a tensor
 */
export function requireShape(operation: string, shape: Shape): Shape {
  if (!Array.isArray(shape)) {
    throw new ShapeError({
      where: inScope(operation),
      got: `shape ${describeValue(shape)}`,
      expected: 'an array of lengths, such as [2, 3]; [] is a scalar',
      cure: 'Put the lengths of all axes into one array.',
    });
  }
  // A copy, so that nobody changes it later; holes become undefined and are refused.
  const lengths: Shape = [...shape];
  if (!lengths.every(isLength)) {
    throw new ShapeError({
      where: inScope(operation),
      got: `shape ${describeLengths(lengths)}`,
      expected: 'whole numbers ≥ 0',
      cure: 'Check the arithmetic that produced the shape.',
    });
  }
  checkSize(operation, lengths);
  return lengths;
}

/**
 * Throws ShapeError if no tensor can have this shape. Every operation asks for each of its results, so that sizes need
 * not be looked at anywhere else.
 */
export function checkSize(operation: string, shape: Shape): void {
  // The lengths of an empty tensor count as well: strides are products of them.
  let size = 1;
  for (const length of shape) size *= length > 1 ? length : 1;
  if (size <= mostElements && shape.length <= mostAxes) return;
  const tooLarge = size > mostElements;
  throw new ShapeError({
    where: inScope(operation),
    got: `a tensor of shape ${describeLengths(shape)}`,
    expected: tooLarge ? 'at most 2^31 - 1 elements' : `at most ${mostAxes} axes`,
    cure: tooLarge
      ? 'Compute it in parts, and reduce each before the next.'
      : 'Flatten axes that belong together with reshape.',
  });
}

/**
 * Axis counted from the start, for an axis that may count from the end (-1 is the last).
 *
 * @throws OptionError for what is no axis of a tensor of that rank
 */
export function normalizeAxis(where: string, axis: number, rank: number): number {
  if (Number.isInteger(axis)) {
    const fromStart = axis < 0 ? axis + rank : axis;
    if (fromStart >= 0 && fromStart < rank) return fromStart;
  }
  throw new OptionError({
    where,
    got: `axis ${describeValue(axis)} of a tensor of rank ${rank}`,
    expected: rank === 0 ? 'no axis: a scalar has none' : `an axis from ${-rank} to ${rank - 1}`,
    cure: 'Name an axis the tensor has; negative ones count from the end.',
  });
}

/**
 * Distinct ascending axes from the start; `undefined` means all of them.
 *
 * @throws OptionError for what is no axis, and for an axis that is named twice
 */
export function normalizeAxes(
  where: string,
  axes: number | readonly number[] | undefined,
  rank: number,
): readonly number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, axis) => axis);
  if (typeof axes === 'number') return [normalizeAxis(where, axes, rank)];
  if (!Array.isArray(axes)) {
    throw new OptionError({
      where,
      got: `axes ${describeValue(axes)}`,
      expected: 'a number, or an array of numbers',
      cure: 'The axes come first, then options as { name: value }; undefined means all axes.',
    });
  }
  const list = [...axes].map((axis) => normalizeAxis(where, axis, rank));
  const distinct = [...new Set(list)].sort((a, b) => a - b);
  if (distinct.length === list.length) return distinct;
  throw new OptionError({
    where,
    got: `axes ${list.join(', ')}`,
    expected: 'each axis once',
    cure: 'Drop the repeated axis; mind that -1 names the last one.',
  });
}

/** The shape that two or more shapes broadcast to (NumPy's rule: align at the end; equal, or one of them 1). */
export function broadcastShapes(where: string, ...shapes: Shape[]): Shape {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  const result = new Array<number>(rank).fill(1);
  for (const shape of shapes) {
    for (let axis = 0; axis < shape.length; axis++) {
      const target = axis + rank - shape.length;
      const length = shape[axis];
      if (length === 1 || length === result[target]) continue;
      if (result[target] !== 1) {
        throw new ShapeError({
          where,
          got: shapes.map((each) => formatShape(each)).join(' and '),
          expected: `shapes that broadcast, but axis ${target - rank} is ${result[target]} and ${length}`,
          cure: 'Make the lengths equal, or one of them 1 (expandDims, reshape).',
        });
      }
      result[target] = length;
    }
  }
  return result;
}
