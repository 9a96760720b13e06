/** The checks that layers share: the shapes of inputs and of initial weights. */
import { DTypeError, OptionError, ShapeError } from '../errors.ts';
import { requireFunction, requireList, requireNumber } from '../options.ts';
import type { DType } from '../tensor/dtype.ts';
import { formatShape, type Shape, sameShape } from '../tensor/shape.ts';
import { notATensor, Tensor } from '../tensor/tensor.ts';
import { type Fan, fansOf, type Initializer } from './initializers.ts';

/** What an error can name: a layer. */
interface Named {
  describe(): string;
}

/** An axis of any length, or of one length. */
export type NamedAxis = string | readonly [name: string, length: number];

function axisName(axis: NamedAxis): string {
  return typeof axis === 'string' ? axis : axis[0];
}

/** Throws DTypeError, in the layer's name, unless x is a tensor; returns it. */
export function requireTensorFor(layer: Named, x: Tensor): Tensor {
  if (x instanceof Tensor) return x;
  throw notATensor(layer.describe(), x);
}

/** The advice of a message, or what makes it from the shape that was got. */
export type Cure = string | ((shape: Shape) => string);

function cureFor(cure: Cure, shape: Shape): string {
  return typeof cure === 'string' ? cure : cure(shape);
}

/** The advice of a layer that takes images. */
export const imageCure = 'Give images as N,H,W,C; a single gray picture [H, W] is reshape(1, H, W, 1).';

/** The advice of a layer that reads sequences, also for what a recurrent layer gives of its last step alone, [N, F]. */
export function sequenceCure(otherwise: Cure): Cure {
  return (shape) =>
    shape.length === 2
      ? "A recurrent layer before this one gives every step with output: 'sequence'. A single sequence gets its batch axis from expandDims(x, 0)."
      : cureFor(otherwise, shape);
}

/** Throws in the layer's name: DTypeError unless x is a tensor, ShapeError unless it has these axes. */
export function requireAxes(layer: Named, x: Tensor, axes: readonly NamedAxis[], cure: Cure): void {
  const { shape } = requireTensorFor(layer, x);
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
    cure: cureFor(cure, shape),
  });
}

/** Throws DTypeError, naming the layer and what it was given, unless the tensor is of this type. */
export function requireDTypeFor(
  layer: Named,
  name: string,
  tensor: Tensor,
  dtype: DType,
  meaning = '',
): void {
  if (tensor.dtype === dtype) return;
  throw new DTypeError({
    where: `${layer.describe()} ${name}`,
    got: tensor.dtype,
    expected: dtype,
    cure: `Convert it: ${name}.cast('${dtype}')${meaning}.`,
  });
}

/** Throws ShapeError, in the layer's name, for a sequence [N, T, F] without steps. */
export function requireSteps(layer: Named, { shape: [n, steps, features] }: Tensor): void {
  if (steps !== 0) return;
  throw new ShapeError({
    where: layer.describe(),
    got: `[N=${n}, T=0, F=${features}]`,
    expected: 'at least one step (T ≥ 1)',
    cure: 'Drop empty sequences, or pad them to one step and mask it.',
  });
}

/** Throws, naming the layer and the mask: DTypeError unless it is a bool tensor, ShapeError unless it has these axes. */
export function requireMask(
  layer: Named,
  name: string,
  mask: Tensor,
  axes: readonly NamedAxis[],
  cure: string,
): Tensor {
  const named = { describe: () => `${layer.describe()} ${name}` };
  requireTensorFor(named, mask);
  requireDTypeFor(layer, name, mask, 'bool', ', true at what is real');
  requireAxes(named, mask, axes, cure);
  return mask;
}

/** Axis names of tensors whose last axis is features, as far as there is a custom. */
const customaryAxes = [[], ['F'], ['N', 'F'], ['N', 'T', 'F'], ['N', 'H', 'W', 'C']];

/** A shape with its customary axis names. */
export function describeShape(shape: Shape): string {
  return formatShape(shape, customaryAxes[shape.length]);
}

/** The lengths of the last axes, given as one or several. */
export function requireLengths(where: string, shape: number | Shape): Shape {
  const lengths = typeof shape === 'number' ? [shape] : [...requireList(where, 'shape', shape)];
  requireNumber(where, 'number of axes', lengths.length, 'a whole number of at least 1');
  for (const length of lengths) requireNumber(where, 'shape', length, 'a whole number of at least 1');
  return lengths;
}

/**
 * Throws in the layer's name: DTypeError unless x is a tensor, ShapeError unless its last axes have these lengths and it
 * has the rank.
 */
export function requireLastAxes(
  layer: Named,
  x: Tensor,
  lengths: Shape,
  cure: Cure,
  leastRank = lengths.length,
): void {
  requireTensorFor(layer, x);
  const last = x.shape.slice(Math.max(0, x.rank - lengths.length));
  if (x.rank >= leastRank && lengths.every((length, axis) => last[axis] === length)) return;
  const wanted = lengths.length === 1 ? `last axis ${lengths[0]}` : `last axes ${lengths.join(', ')}`;
  throw new ShapeError({
    where: layer.describe(),
    got: `${describeShape(x.shape)}${x.rank < leastRank ? ` (rank ${x.rank})` : ''}`,
    expected: `${wanted}${x.rank < leastRank ? ` and rank ${leastRank} or more` : ''}`,
    cure: cureFor(cure, x.shape),
  });
}

/**
 * What an initializer of a layer gives for a weight of a shape.
 *
 * @throws OptionError unless it is a function that gives a float32 tensor of that shape
 */
export function drawWeight(
  where: string,
  name: string,
  initializer: Initializer,
  shape: Shape,
  fan: Fan = fansOf(shape),
): Tensor {
  requireFunction(where, name, initializer);
  const weight = initializer(shape, fan);
  if (weight instanceof Tensor && weight.dtype === 'float32' && sameShape(weight.shape, shape)) return weight;
  throw new OptionError({
    where,
    got:
      weight instanceof Tensor
        ? `${weight.dtype}${formatShape(weight.shape)} from ${name}`
        : `no tensor from ${name}`,
    expected: `float32${formatShape(shape)}`,
    cure: 'An initializer gets the shape of the weight and returns a tensor of it.',
  });
}
