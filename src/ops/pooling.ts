/** Max, average and global pooling over images [N, H, W, C] and sequences [N, T, F]. */
import {
  maxPool2d as maxPoolContract,
  maxPool2dInputGradient as maxPoolGradientContract,
  type Pool2dAttributes,
  sumPool2d as sumPoolContract,
  sumPool2dInputGradient as sumPoolGradientContract,
} from '../../kernels/pool2d/index.ts';
import { ShapeError } from '../errors.ts';
import { requireBoolean, requireKnownOptions, requireNumber } from '../options.ts';
import { fill } from '../tensor/leaves.ts';
import type { Primitive } from '../tensor/primitive.ts';
import { inScope } from '../tensor/scope.ts';
import { formatShape, type Shape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { apply, requireDType, requireOption } from './apply.ts';
import { reshape } from './broadcast.ts';
import {
  besideSteps,
  type Padding,
  type Pair,
  requirePadding,
  requirePair,
  requireRank,
  resolvePadding,
  type StepPadding,
} from './convolution.ts';
import { divide } from './elementwise.ts';
import { gather } from './indexing.ts';
import { max, mean } from './reduce.ts';

function pooledShape(shape: Shape, { window, stride, padding }: Pool2dAttributes): Shape {
  const [n, height, width, channels] = shape as [number, number, number, number];
  const [top, bottom, left, right] = padding;
  return [
    n,
    Math.floor((height + top + bottom - window[0]) / stride[0]) + 1,
    Math.floor((width + left + right - window[1]) / stride[1]) + 1,
    channels,
  ];
}

/** x → the maxima, and the flat position of each in x (int32), which is where the gradient goes. */
export const maxPool2dPrimitive: Primitive<Pool2dAttributes> = {
  name: 'maxPool2d',
  kind: 'kernel',
  outputs: ([x], attributes) => {
    const shape = pooledShape(x.shape, attributes);
    return [
      { shape, dtype: 'float32' },
      { shape, dtype: 'int32' },
    ];
  },
  gradient: ({ dY, inputs: [x], outputs: [, index], attributes }) => [
    apply(maxPool2dInputGradientPrimitive, [dY, index], { ...attributes, shape: x.shape }),
  ],
  contract: maxPoolContract,
};

/** Each element of dY added where the maximum of its window was. */
export const maxPool2dInputGradientPrimitive: Primitive<Pool2dAttributes & { readonly shape: Shape }> = {
  name: 'maxPool2dInputGradient',
  kind: 'kernel',
  outputs: (_, { shape }) => [{ shape, dtype: 'float32' }],
  gradient: ({ dY: dDX, inputs: [dY, index] }) => [
    reshape(gather(reshape(dDX, [-1]), reshape(index, [-1])), dY.shape),
    undefined,
  ],
  contract: maxPoolGradientContract,
};

/** The sum of each window; padding counts as 0. */
export const sumPool2dPrimitive: Primitive<Pool2dAttributes> = {
  name: 'sumPool2d',
  kind: 'kernel',
  outputs: ([x], attributes) => [{ shape: pooledShape(x.shape, attributes), dtype: 'float32' }],
  gradient: ({ dY, inputs: [x], attributes }) => [
    apply(sumPool2dInputGradientPrimitive, [dY], { ...attributes, shape: x.shape }),
  ],
  contract: sumPoolContract,
};

/** Each element of dY added to every place of its window. */
export const sumPool2dInputGradientPrimitive: Primitive<Pool2dAttributes & { readonly shape: Shape }> = {
  name: 'sumPool2dInputGradient',
  kind: 'kernel',
  outputs: (_, { shape }) => [{ shape, dtype: 'float32' }],
  gradient: ({ dY: dDX, attributes: { window, stride, padding } }) => [
    apply(sumPool2dPrimitive, [dDX], { window, stride, padding }),
  ],
  contract: sumPoolGradientContract,
};

/** Options of `maxPool2d` and `avgPool2d`. */
export interface Pool2dOptions {
  /** Default: the window, so that windows do not overlap. */
  readonly stride?: Pair;
  /** Default `'valid'`. */
  readonly padding?: Padding;
}

/** Options of `maxPool1d` and `avgPool1d`. */
export interface Pool1dOptions {
  /** Default: the window, so that windows do not overlap. */
  readonly stride?: number;
  /** Default `'valid'`. */
  readonly padding?: StepPadding;
}

const maxOptions = ['stride', 'padding'] as const;
const avgOptions = ['stride', 'padding', 'countPadding'] as const;
const imageAxes = ['N', 'H', 'W', 'C'] as const;
const sequenceAxes = ['N', 'T', 'F'] as const;

/** The attributes of a window over images, looked at. `axes`: those it moves along, for messages. */
function poolAttributes(
  operation: string,
  x: Tensor,
  window: Pair,
  options: Pool2dOptions,
  axes: readonly string[] = ['H', 'W'],
): Pool2dAttributes {
  const where = inScope(operation);
  const size = requirePair(where, 'window', window, 1);
  const stride = requirePair(where, 'stride', options.stride ?? window, 1);
  requirePadding(where, options.padding ?? 'valid');
  const image = [x.shape[1], x.shape[2]] as const;
  const padding = resolvePadding(options.padding ?? 'valid', image, size, stride);
  const sides = [padding.slice(0, 2), padding.slice(2)];
  const ofAxes = <Each>(pair: readonly Each[]): readonly Each[] => pair.slice(-axes.length);
  const windowText = `a window of ${ofAxes(size).join('×')}`;
  requireOption(
    sides.every((side, axis) => Math.max(...side) < size[axis]),
    operation,
    `padding [${ofAxes(sides)
      .map((side) => `[${side.join(', ')}]`)
      .join(', ')}] with ${windowText}`,
    'padding below the size of the window',
    'Lower the padding: a window that lies in it alone would have nothing to pool.',
  );
  if (sides.some(([before, after], axis) => size[axis] > image[axis] + before + after)) {
    const input = axes.length === 1 ? 'sequence' : 'image';
    throw new ShapeError({
      where,
      got: `${windowText} over a${input === 'image' ? 'n' : ''} ${input} ${formatShape(ofAxes(image), axes)}`,
      expected: `a window no larger than the padded ${input}`,
      cure: "Use a smaller window, padding 'same', or fewer pooling layers before.",
    });
  }
  return { window: size, stride, padding };
}

/** Throws unless x are float32 images, and the options known. */
function requireImages(operation: string, x: Tensor, options: object, known: readonly string[]): void {
  requireDType(operation, x, 'float32');
  requireRank(operation, x, imageAxes);
  requireKnownOptions(inScope(operation), options, known);
}

/** Sequences [N, T, F] as images [N, 1, T, F], and the attributes of a window over those. */
function overSteps(
  operation: string,
  x: Tensor,
  window: number,
  options: Pool1dOptions,
  known: readonly string[],
): readonly [images: Tensor, attributes: Pool2dAttributes] {
  const where = inScope(operation);
  requireDType(operation, x, 'float32');
  requireRank(operation, x, sequenceAxes);
  requireKnownOptions(where, options, known);
  const { stride = window, padding = 'valid' } = options;
  for (const [name, value] of Object.entries({ window, stride })) {
    requireNumber(where, name, value, 'a whole number of at least 1');
  }
  const [n, steps, features] = x.shape;
  const images = reshape(x, [n, 1, steps, features]);
  const beside = { stride: [1, stride], padding: besideSteps(where, padding) } as const;
  return [images, poolAttributes(operation, images, [1, window], beside, ['T'])];
}

/** Images of height 1 as the sequences that they were. */
function asSequences(images: Tensor): Tensor {
  const [n, , steps, features] = images.shape;
  return reshape(images, [n, steps, features]);
}

/**
 * Maximum of each window: x [N, H, W, C] → [N, OH, OW, C]. Padding never wins. NaN wins.
 *
 * @throws ShapeError for another rank, or an image smaller than the window; OptionError for options out of range
 */
export function maxPool2d(x: Tensor, window: Pair, options: Pool2dOptions = {}): Tensor {
  requireImages('maxPool2d', x, options, maxOptions);
  return apply(maxPool2dPrimitive, [x], poolAttributes('maxPool2d', x, window, options));
}

/**
 * Maximum of each window of steps: x [N, T, F] → [N, OT, F]. Padding never wins. NaN wins.
 *
 * @throws ShapeError for another rank, or a sequence shorter than the window; OptionError for options out of range
 */
export function maxPool1d(x: Tensor, window: number, options: Pool1dOptions = {}): Tensor {
  const [images, attributes] = overSteps('maxPool1d', x, window, options, maxOptions);
  return asSequences(apply(maxPool2dPrimitive, [images], attributes));
}

/**
 * Mean of each window: x [N, H, W, C] → [N, OH, OW, C]. `countPadding` (default true, as in PyTorch) divides by the
 * whole window at the border; false by the elements that are there.
 *
 * @throws ShapeError for another rank, or an image smaller than the window; OptionError for options out of range
 */
export function avgPool2d(
  x: Tensor,
  window: Pair,
  options: Pool2dOptions & { readonly countPadding?: boolean } = {},
): Tensor {
  requireImages('avgPool2d', x, options, avgOptions);
  return averages('avgPool2d', x, poolAttributes('avgPool2d', x, window, options), options.countPadding);
}

/**
 * Mean of each window of steps: x [N, T, F] → [N, OT, F]. `countPadding` as in `avgPool2d`.
 *
 * @throws ShapeError for another rank, or a sequence shorter than the window; OptionError for options out of range
 */
export function avgPool1d(
  x: Tensor,
  window: number,
  options: Pool1dOptions & { readonly countPadding?: boolean } = {},
): Tensor {
  const [images, attributes] = overSteps('avgPool1d', x, window, options, avgOptions);
  return asSequences(averages('avgPool1d', images, attributes, options.countPadding));
}

function averages(
  operation: string,
  x: Tensor,
  attributes: Pool2dAttributes,
  countPadding: boolean | undefined = true,
): Tensor {
  requireBoolean(inScope(operation), 'countPadding', countPadding);
  const total = apply(sumPool2dPrimitive, [x], attributes);
  const padded = attributes.padding.some((each) => each > 0);
  if (countPadding || !padded) return divide(total, attributes.window[0] * attributes.window[1]);
  const ones = fill(1, [1, x.shape[1], x.shape[2], 1]);
  return divide(total, apply(sumPool2dPrimitive, [ones], attributes));
}

/** Throws unless x is float32 and has these axes, none but the batch and the channels of length 0. */
function requirePlaces(operation: string, x: Tensor, axes: readonly string[]): void {
  requireDType(operation, x, 'float32');
  requireRank(operation, x, axes);
  if (x.shape.slice(1, -1).every((length) => length > 0)) return;
  throw new ShapeError({
    where: inScope(operation),
    got: formatShape(x.shape, axes),
    expected: axes === imageAxes ? 'images of at least one pixel' : 'sequences of at least one step',
    cure: 'Use larger ones, or fewer pooling layers before.',
  });
}

/** Maximum over height and width: [N, H, W, C] → [N, C]. */
export function globalMaxPool2d(x: Tensor): Tensor {
  requirePlaces('globalMaxPool2d', x, imageAxes);
  return max(x, [1, 2]);
}

/** Mean over height and width: [N, H, W, C] → [N, C]. */
export function globalAvgPool2d(x: Tensor): Tensor {
  requirePlaces('globalAvgPool2d', x, imageAxes);
  return mean(x, [1, 2]);
}

/** Maximum over all steps: [N, T, F] → [N, F]. */
export function globalMaxPool1d(x: Tensor): Tensor {
  requirePlaces('globalMaxPool1d', x, sequenceAxes);
  return max(x, 1);
}

/** Mean over all steps: [N, T, F] → [N, F]. */
export function globalAvgPool1d(x: Tensor): Tensor {
  requirePlaces('globalAvgPool1d', x, sequenceAxes);
  return mean(x, 1);
}
