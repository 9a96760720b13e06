/** 2-D convolution and its two gradients (each bilinear, so the three are closed under differentiation). */
import {
  type Conv2dAttributes,
  conv2d as conv2dContract,
  convolvedLength,
  conv2dInputGradient as inputGradientContract,
  conv2dWeightGradient as weightGradientContract,
} from '../../kernels/conv2d/index.ts';
import { ShapeError } from '../errors.ts';
import type { Primitive } from '../tensor/primitive.ts';
import { inScope } from '../tensor/scope.ts';
import { formatShape, type Shape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { apply, requireDType, requireOption } from './apply.ts';
import { reshape } from './broadcast.ts';
import { add } from './elementwise.ts';

/** x [N, H, W, C], weight [KH, KW, C/groups, O] → [N, OH, OW, O]. */
export const conv2dPrimitive: Primitive<Conv2dAttributes> = {
  name: 'conv2d',
  kind: 'kernel',
  outputs: ([x, weight], { stride, padding, dilation }) => {
    const [n, h, w] = x.shape as [number, number, number];
    const [kh, kw, , out] = weight.shape as [number, number, number, number];
    const [top, bottom, left, right] = padding;
    const rows = convolvedLength(h, kh, stride[0], top, bottom, dilation[0]);
    const columns = convolvedLength(w, kw, stride[1], left, right, dilation[1]);
    return [{ shape: [n, rows, columns, out], dtype: 'float32' }];
  },
  gradient: ({ dY, inputs: [x, weight], attributes }) => [
    apply(conv2dInputGradientPrimitive, [dY, weight], { ...attributes, shape: x.shape }),
    apply(conv2dWeightGradientPrimitive, [x, dY], { ...attributes, shape: weight.shape }),
  ],
  contract: conv2dContract,
};

type WithShape = Conv2dAttributes & { readonly shape: Shape };

function strides({ stride, padding, dilation, groups }: WithShape): Conv2dAttributes {
  return { stride, padding, dilation, groups };
}

/** dY [N, OH, OW, O], weight → dX of `shape`. */
export const conv2dInputGradientPrimitive: Primitive<WithShape> = {
  name: 'conv2dInputGradient',
  kind: 'kernel',
  outputs: (_, { shape }) => [{ shape, dtype: 'float32' }],
  gradient: ({ dY: dDX, inputs: [dY, weight], attributes }) => [
    apply(conv2dPrimitive, [dDX, weight], strides(attributes)),
    apply(conv2dWeightGradientPrimitive, [dDX, dY], { ...attributes, shape: weight.shape }),
  ],
  contract: inputGradientContract,
};

/** x, dY → dWeight of `shape`. */
export const conv2dWeightGradientPrimitive: Primitive<WithShape> = {
  name: 'conv2dWeightGradient',
  kind: 'kernel',
  outputs: (_, { shape }) => [{ shape, dtype: 'float32' }],
  gradient: ({ dY: dDW, inputs: [x, dY], attributes }) => [
    apply(conv2dInputGradientPrimitive, [dY, dDW], { ...attributes, shape: x.shape }),
    apply(conv2dPrimitive, [x, dDW], strides(attributes)),
  ],
  contract: weightGradientContract,
};

/** A number for both axes, or `[height, width]`. */
export type Pair = number | readonly [height: number, width: number];

/**
 * `'valid'`: none. `'same'`: as much as keeps ceil(length / stride), the odd element at the end (TensorFlow's rule).
 * A number or pair: on both sides. Two pairs: `[[top, bottom], [left, right]]`.
 */
export type Padding =
  | 'same'
  | 'valid'
  | Pair
  | readonly [readonly [number, number], readonly [number, number]];

export interface Conv2dOptions {
  /** Default 1. */
  readonly stride?: Pair;
  /** Default `'valid'`. */
  readonly padding?: Padding;
  /** Distance between kernel elements. Default 1. */
  readonly dilation?: Pair;
  /** Blocks of channels that do not mix; `groups = C` is the depthwise convolution. Default 1. */
  readonly groups?: number;
  /** [O], added to every position. */
  readonly bias?: Tensor;
}

export function asPair(pair: Pair): readonly [number, number] {
  return typeof pair === 'number' ? [pair, pair] : pair;
}

/** Padding as [top, bottom, left, right], for a window of the given size over `[height, width]`. */
export function resolvePadding(
  padding: Padding,
  size: readonly [number, number],
  window: readonly [number, number],
  stride: readonly [number, number],
  dilation: readonly [number, number] = [1, 1],
): readonly [number, number, number, number] {
  if (padding === 'valid') return [0, 0, 0, 0];
  if (padding === 'same') {
    const around = (axis: 0 | 1): readonly [number, number] => {
      const covered = (window[axis] - 1) * dilation[axis] + 1;
      const missing = (Math.ceil(size[axis] / stride[axis]) - 1) * stride[axis] + covered - size[axis];
      const before = Math.floor(Math.max(0, missing) / 2);
      return [before, Math.max(0, missing) - before];
    };
    return [...around(0), ...around(1)];
  }
  const [vertical, horizontal] = typeof padding === 'number' ? [padding, padding] : padding;
  const side = (each: number | readonly [number, number]): readonly [number, number] =>
    typeof each === 'number' ? [each, each] : each;
  return [...side(vertical), ...side(horizontal)];
}

function wholeNumbers(values: readonly number[], least: number): boolean {
  return values.every((value) => Number.isInteger(value) && value >= least);
}

/**
 * 2-D convolution (cross-correlation, as in every deep-learning library): x [N, H, W, C] with weight
 * [KH, KW, C/groups, O] gives [N, OH, OW, O].
 *
 * @throws ShapeError for a wrong rank or channel count, or a kernel larger than the padded image.
 */
export function conv2d(x: Tensor, weight: Tensor, options: Conv2dOptions = {}): Tensor {
  requireDType('conv2d', x.dtype, 'float32');
  requireDType('conv2d weight', weight.dtype, 'float32');
  const { groups = 1, bias } = options;
  const stride = asPair(options.stride ?? 1);
  const dilation = asPair(options.dilation ?? 1);
  requireRank('conv2d', x, ['N', 'H', 'W', 'C']);
  requireRank('conv2d weight', weight, ['KH', 'KW', 'C/groups', 'O']);
  const [, height, width, channels] = x.shape as [number, number, number, number];
  const [kernelHeight, kernelWidth, groupChannels, outputs] = weight.shape as [
    number,
    number,
    number,
    number,
  ];
  if (groupChannels * groups !== channels || outputs % groups !== 0) {
    throw new ShapeError({
      where: inScope('conv2d'),
      got: `x ${formatShape(x.shape, ['N', 'H', 'W', 'C'])}, weight ${formatShape(weight.shape, ['KH', 'KW', 'C/groups', 'O'])}, groups ${groups}`,
      expected: `C = ${groupChannels * groups}, and O divisible by groups`,
      cure: 'Images are N,H,W,C: transpose channels-first images, or fix the input channels of the layer.',
    });
  }
  const padding = resolvePadding(
    options.padding ?? 'valid',
    [height, width],
    [kernelHeight, kernelWidth],
    stride,
    dilation,
  );
  requireOption(
    wholeNumbers([...stride, ...dilation, groups], 1) && wholeNumbers(padding, 0),
    'conv2d',
    `stride [${stride.join(', ')}], dilation [${dilation.join(', ')}], padding [${padding.join(', ')}], groups ${groups}`,
    'whole numbers: stride, dilation and groups ≥ 1, padding ≥ 0',
    'Correct the option.',
  );
  const covered = [(kernelHeight - 1) * dilation[0] + 1, (kernelWidth - 1) * dilation[1] + 1] as const;
  if (covered[0] > height + padding[0] + padding[1] || covered[1] > width + padding[2] + padding[3]) {
    throw new ShapeError({
      where: inScope('conv2d'),
      got: `a kernel that covers ${covered[0]}×${covered[1]} of an image of ${height}×${width}`,
      expected: 'a kernel no larger than the padded image',
      cure: "Use padding 'same', a smaller kernel, or fewer pooling layers before.",
    });
  }
  const y = apply(conv2dPrimitive, [x, weight], { stride, padding, dilation, groups });
  return bias ? add(y, bias) : y;
}

/** Throws ShapeError, naming the axes, unless x has as many axes as there are names. */
export function requireRank(operation: string, x: Tensor, axes: readonly string[]): void {
  if (x.rank === axes.length) return;
  throw new ShapeError({
    where: inScope(operation),
    got: `${formatShape(x.shape)} (rank ${x.rank})`,
    expected: `[${axes.join(', ')}] (rank ${axes.length})`,
    cure: 'Reshape the tensor, or add the missing axis with expandDims.',
  });
}

export interface Conv1dOptions {
  readonly stride?: number;
  readonly padding?: 'same' | 'valid' | number | readonly [number, number];
  readonly dilation?: number;
  readonly groups?: number;
  readonly bias?: Tensor;
}

/** 1-D convolution: x [N, T, C] with weight [K, C/groups, O] gives [N, OT, O]. Runs as a convolution of height 1. */
export function conv1d(x: Tensor, weight: Tensor, options: Conv1dOptions = {}): Tensor {
  requireRank('conv1d', x, ['N', 'T', 'C']);
  requireRank('conv1d weight', weight, ['K', 'C/groups', 'O']);
  const { stride = 1, dilation = 1, groups = 1, padding = 'valid', bias } = options;
  const sides = typeof padding === 'number' ? ([padding, padding] as const) : padding;
  const [n, length, channels] = x.shape as [number, number, number];
  const y = conv2d(reshape(x, [n, 1, length, channels]), reshape(weight, [1, ...weight.shape]), {
    stride: [1, stride],
    dilation: [1, dilation],
    groups,
    padding: typeof sides === 'string' ? sides : [[0, 0], sides],
    ...(bias && { bias }),
  });
  return reshape(y, [n, y.shape[2], y.shape[3]]);
}

export interface ConvTranspose2dOptions {
  readonly stride?: Pair;
  /** Padding of the convolution this is the transpose of: it cuts the output. Default 0. */
  readonly padding?: 'valid' | Pair;
  /** Extra rows and columns at the end, to choose between output sizes that a stride maps to one. Default 0. */
  readonly outputPadding?: Pair;
  readonly dilation?: Pair;
  readonly groups?: number;
  readonly bias?: Tensor;
}

/**
 * Transposed 2-D convolution: the input gradient of `conv2d`. x [N, H, W, I] with weight [KH, KW, O/groups, I] (the
 * weight of the convolution from O to I channels) gives [N, OH, OW, O], OH = (H-1)·stride - 2·padding +
 * dilation·(KH-1) + outputPadding + 1.
 */
export function convTranspose2d(x: Tensor, weight: Tensor, options: ConvTranspose2dOptions = {}): Tensor {
  requireDType('convTranspose2d', x.dtype, 'float32');
  requireRank('convTranspose2d', x, ['N', 'H', 'W', 'I']);
  requireRank('convTranspose2d weight', weight, ['KH', 'KW', 'O/groups', 'I']);
  const stride = asPair(options.stride ?? 1);
  const dilation = asPair(options.dilation ?? 1);
  const extra = asPair(options.outputPadding ?? 0);
  const { groups = 1, padding = 0, bias } = options;
  const [vertical, horizontal] = asPair(padding === 'valid' ? 0 : padding);
  const [n, height, width, channels] = x.shape as [number, number, number, number];
  const [kernelHeight, kernelWidth, groupOutputs, weightInputs] = weight.shape as [
    number,
    number,
    number,
    number,
  ];
  if (weightInputs !== channels || channels % groups !== 0) {
    throw new ShapeError({
      where: inScope('convTranspose2d'),
      got: `x ${formatShape(x.shape, ['N', 'H', 'W', 'I'])}, weight ${formatShape(weight.shape, ['KH', 'KW', 'O/groups', 'I'])}`,
      expected: `I = ${weightInputs}, divisible by groups (${groups})`,
      cure: 'The weight is that of the convolution this transposes: its last axis is the channels of x.',
    });
  }
  const grown = (length: number, axis: 0 | 1, kernel: number, sides: number) =>
    (length - 1) * stride[axis] - 2 * sides + dilation[axis] * (kernel - 1) + extra[axis] + 1;
  requireOption(
    wholeNumbers([...stride, ...dilation, groups], 1) &&
      wholeNumbers([vertical, horizontal, ...extra], 0) &&
      extra.every((each, axis) => each < Math.max(stride[axis], dilation[axis])),
    'convTranspose2d',
    `stride [${stride.join(', ')}], padding [${vertical}, ${horizontal}], outputPadding [${extra.join(', ')}]`,
    'whole numbers, with outputPadding below stride or dilation',
    'Correct the option.',
  );
  const y = apply(conv2dInputGradientPrimitive, [x, weight], {
    stride,
    dilation,
    groups,
    padding: [vertical, vertical, horizontal, horizontal],
    shape: [
      n,
      grown(height, 0, kernelHeight, vertical),
      grown(width, 1, kernelWidth, horizontal),
      groupOutputs * groups,
    ],
  });
  return bias ? add(y, bias) : y;
}
