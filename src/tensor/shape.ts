/** Shapes: their text, NumPy's broadcasting rule, and axis numbers counted from the end. */
import { OptionError, ShapeError } from '../errors.ts';

/** Axis lengths, outermost first. `[]` is a scalar. */
export type Shape = readonly number[];

export { sizeOf } from '../../kernels/support/contract.ts';

/**
 * A shape as text: `[2, 3]`, or `[N=2, T=3]` with axis names.
 * A shape of another rank than the names is printed without them.
 */
export function formatShape(shape: Shape, axes?: readonly string[]): string {
  const named = axes?.length === shape.length ? axes : undefined;
  return `[${shape.map((length, axis) => (named ? `${named[axis]}=${length}` : `${length}`)).join(', ')}]`;
}

/** Whether two shapes have the same lengths. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((length, axis) => length === b[axis]);
}

/** Throws unless every length is a whole number of at least 0. */
export function checkShape(where: string, shape: Shape): void {
  if (shape.every((length) => Number.isSafeInteger(length) && length >= 0)) return;
  throw new ShapeError({
    where,
    got: `shape [${shape.join(', ')}]`,
    expected: 'whole numbers ≥ 0',
    cure: 'Check the arithmetic that produced the shape.',
  });
}

/** Axis counted from the start, for an axis that may count from the end (-1 is the last). */
export function normalizeAxis(where: string, axis: number, rank: number): number {
  const fromStart = axis < 0 ? axis + rank : axis;
  if (Number.isInteger(axis) && fromStart >= 0 && fromStart < rank) return fromStart;
  throw new OptionError({
    where,
    got: `axis ${axis} of a tensor of rank ${rank}`,
    expected: rank === 0 ? 'no axis: a scalar has none' : `an axis from ${-rank} to ${rank - 1}`,
    cure: 'Name an axis the tensor has; negative ones count from the end.',
  });
}

/** Distinct ascending axes from the start; `undefined` means all of them. */
export function normalizeAxes(
  where: string,
  axes: number | readonly number[] | undefined,
  rank: number,
): readonly number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, axis) => axis);
  const list = (typeof axes === 'number' ? [axes] : axes).map((axis) => normalizeAxis(where, axis, rank));
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
