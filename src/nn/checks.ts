/** The checks that layers share: options when they are made, shapes when they are called. */
import { OptionError, ShapeError } from '../errors.ts';
import { formatShape, type Shape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** What an error can name: a layer. */
interface Named {
  describe(): string;
}

/** An axis of any length, or of one length. */
export type Axis = string | readonly [name: string, length: number];

function axisName(axis: Axis): string {
  return typeof axis === 'string' ? axis : axis[0];
}

/** Throws ShapeError, in the layer's name, unless x has these axes. */
export function requireAxes(layer: Named, x: Tensor, axes: readonly Axis[], cure: string): void {
  const { shape } = x;
  const fits =
    shape.length === axes.length &&
    axes.every((axis, index) => typeof axis === 'string' || shape[index] === axis[1]);
  if (fits) return;
  const wanted = axes.map((axis) => (typeof axis === 'string' ? axis : `${axis[0]}=${axis[1]}`));
  const rankOf = (rank: number) => (shape.length === axes.length ? '' : ` (rank ${rank})`);
  throw new ShapeError({
    where: layer.describe(),
    got: `${formatShape(shape, axes.map(axisName))}${rankOf(shape.length)}`,
    expected: `[${wanted.join(', ')}]${rankOf(axes.length)}`,
    cure,
  });
}

/** Axis names of tensors whose last axis is features, as far as there is a custom. */
const customaryAxes = [[], ['F'], ['N', 'F'], ['N', 'T', 'F'], ['N', 'H', 'W', 'C']];

/** A shape with its customary axis names. */
export function describeShape(shape: Shape): string {
  return formatShape(shape, customaryAxes[shape.length]);
}

/** Throws ShapeError, in the layer's name, unless the last axes of x have these lengths and x the rank. */
export function requireLastAxes(
  layer: Named,
  x: Tensor,
  lengths: Shape,
  cure: string,
  leastRank = lengths.length,
): void {
  const last = x.shape.slice(Math.max(0, x.rank - lengths.length));
  if (x.rank >= leastRank && lengths.every((length, axis) => last[axis] === length)) return;
  const wanted = lengths.length === 1 ? `last axis ${lengths[0]}` : `last axes ${lengths.join(', ')}`;
  throw new ShapeError({
    where: layer.describe(),
    got: `${describeShape(x.shape)}${x.rank < leastRank ? ` (rank ${x.rank})` : ''}`,
    expected: `${wanted}${x.rank < leastRank ? ` and rank ${leastRank} or more` : ''}`,
    cure,
  });
}

/** Throws OptionError unless `value` is a whole number of at least `least`. */
export function requireWhole(where: string, name: string, value: number, least = 1): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new OptionError({
    where,
    got: `${name} ${JSON.stringify(value)}`,
    expected: `a whole number ≥ ${least}`,
    cure: `Give ${name} as a number of that kind; the order of arguments is in the class's documentation.`,
  });
}

/** Throws OptionError unless `value` lies in [low, high]. */
export function requireWithin(where: string, name: string, value: number, low: number, high: number): void {
  if (typeof value === 'number' && value >= low && value <= high) return;
  throw new OptionError({
    where,
    got: `${name} ${JSON.stringify(value)}`,
    expected: `a number from ${low} to ${high}`,
    cure: 'Correct the option.',
  });
}

/** Throws OptionError unless `value` is one of `allowed`. */
export function requireOneOf(where: string, name: string, value: string, allowed: readonly string[]): void {
  if (allowed.includes(value)) return;
  throw new OptionError({
    where,
    got: `${name} ${JSON.stringify(value)}`,
    expected: `one of ${allowed.map((each) => `'${each}'`).join(', ')}`,
    cure: 'Correct the option.',
  });
}

/** Throws OptionError for an option that does not exist: it would be ignored, and nobody would notice. */
export function requireKnownOptions(where: string, options: object, allowed: readonly string[]): void {
  const plain = typeof options === 'object' && options !== null && !Array.isArray(options);
  const unknown = plain ? Object.keys(options).find((name) => !allowed.includes(name)) : undefined;
  if (plain && unknown === undefined) return;
  throw new OptionError({
    where,
    got: plain ? `unknown option "${unknown}"` : `${JSON.stringify(options)} for its options`,
    expected: allowed.length > 0 ? `an object with any of ${allowed.join(', ')}` : 'no options',
    cure: 'Check the spelling; options go into one object, after the sizes.',
  });
}
