/** Max, average and global pooling over N,H,W,C images. */
import {
  maxPool2d as maxPoolContract,
  maxPool2dInputGradient as maxPoolGradientContract,
  type Pool2dAttributes,
  sumPool2d as sumPoolContract,
  sumPool2dInputGradient as sumPoolGradientContract,
} from '../../kernels/pool2d/index.ts';
import { ShapeError } from '../errors.ts';
import { requireBoolean, requireKnownOptions } from '../options.ts';
import { fill } from '../tensor/leaves.ts';
import type { Primitive } from '../tensor/primitive.ts';
import { inScope } from '../tensor/scope.ts';
import { formatShape, type Shape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { apply, requireDType, requireOption } from './apply.ts';
import { reshape } from './broadcast.ts';
import {
  type Padding,
  type Pair,
  requirePadding,
  requirePair,
  requireRank,
  resolvePadding,
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

const poolOptions = ['stride', 'padding'] as const;

function poolAttributes(
  operation: string,
  x: Tensor,
  window: Pair,
  options: Pool2dOptions,
  known: readonly string[] = poolOptions,
): Pool2dAttributes {
  requireDType(operation, x, 'float32');
  requireRank(operation, x, ['N', 'H', 'W', 'C']);
  requireKnownOptions(inScope(operation), options, known);
  const size = requirePair(inScope(operation), 'window', window, 1);
  const stride = requirePair(inScope(operation), 'stride', options.stride ?? window, 1);
  requirePadding(inScope(operation), options.padding ?? 'valid');
  const image = [x.shape[1], x.shape[2]] as const;
  const padding = resolvePadding(options.padding ?? 'valid', image, size, stride);
  const [top, bottom, left, right] = padding;
  requireOption(
    Math.max(top, bottom) < size[0] && Math.max(left, right) < size[1],
    operation,
    `padding [[${top}, ${bottom}], [${left}, ${right}]] with a window of ${size[0]}×${size[1]}`,
    'padding below the size of the window',
    'Lower the padding: a window that lies in it alone would have nothing to pool.',
  );
  if (size[0] > image[0] + top + bottom || size[1] > image[1] + left + right) {
    throw new ShapeError({
      where: inScope(operation),
      got: `a window of ${size[0]}×${size[1]} over an image [H=${image[0]}, W=${image[1]}]`,
      expected: 'a window no larger than the padded image',
      cure: "Use a smaller window, padding 'same', or fewer pooling layers before.",
    });
  }
  return { window: size, stride, padding };
}

/**
 * Maximum of each window: x [N, H, W, C] → [N, OH, OW, C]. Padding never wins. NaN wins.
 *
 * @throws ShapeError for another rank, or an image smaller than the window; OptionError for options out of range
 */
export function maxPool2d(x: Tensor, window: Pair, options: Pool2dOptions = {}): Tensor {
  return apply(maxPool2dPrimitive, [x], poolAttributes('maxPool2d', x, window, options));
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
  const attributes = poolAttributes('avgPool2d', x, window, options, [...poolOptions, 'countPadding']);
  const { countPadding = true } = options;
  requireBoolean(inScope('avgPool2d'), 'countPadding', countPadding);
  const total = apply(sumPool2dPrimitive, [x], attributes);
  const padded = attributes.padding.some((each) => each > 0);
  if (countPadding || !padded) return divide(total, attributes.window[0] * attributes.window[1]);
  const ones = fill(1, [1, x.shape[1], x.shape[2], 1]);
  return divide(total, apply(sumPool2dPrimitive, [ones], attributes));
}

/** Throws unless x holds float32 images of at least one pixel. */
function requirePixels(operation: string, x: Tensor): void {
  requireDType(operation, x, 'float32');
  requireRank(operation, x, ['N', 'H', 'W', 'C']);
  if (x.shape[1] > 0 && x.shape[2] > 0) return;
  throw new ShapeError({
    where: inScope(operation),
    got: formatShape(x.shape, ['N', 'H', 'W', 'C']),
    expected: 'images of at least one pixel',
    cure: 'Use larger images, or fewer pooling layers before.',
  });
}

/** Maximum over height and width: [N, H, W, C] → [N, C]. */
export function globalMaxPool2d(x: Tensor): Tensor {
  requirePixels('globalMaxPool2d', x);
  return max(x, [1, 2]);
}

/** Mean over height and width: [N, H, W, C] → [N, C]. */
export function globalAvgPool2d(x: Tensor): Tensor {
  requirePixels('globalAvgPool2d', x);
  return mean(x, [1, 2]);
}
