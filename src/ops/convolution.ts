/** 2-D convolution and its two gradients (each bilinear, so the three are closed under differentiation). */
import {
  type Conv2dAttributes,
  conv2d as conv2dContract,
  convolvedLength,
  conv2dInputGradient as inputGradientContract,
  conv2dWeightGradient as weightGradientContract,
} from '../../kernels/conv2d/index.ts';
import { OptionError, ShapeError } from '../errors.ts';
import { describeValue, requireKnownOptions, requireNumber } from '../options.ts';
import type { Primitive } from '../tensor/primitive.ts';
import { inScope } from '../tensor/scope.ts';
import { checkSize, formatShape, type Shape, sameShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { apply, requireDType, requireOption, requireTensor } from './apply.ts';
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

/** Options of `conv2d`. */
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

/** Whole numbers as kernels count in: a size, a step or a padding of more is none of an image. */
function isWhole(value: unknown, least: number): boolean {
  return Number.isInteger(value) && Number(value) >= least && Number(value) < 2 ** 31;
}

/** Throws OptionError unless `pair` is one or two whole numbers of at least `least`; returns it as two. */
export function requirePair(
  where: string,
  name: string,
  pair: Pair,
  least: number,
): readonly [number, number] {
  const both = typeof pair === 'number' ? [pair, pair] : pair;
  if (Array.isArray(both) && both.length === 2 && both.every((each) => isWhole(each, least))) {
    return [both[0], both[1]];
  }
  throw new OptionError({
    where,
    got: `${name} ${describeValue(pair)}`,
    expected: `a whole number of at least ${least} and below 2^31, or two of them: [height, width]`,
    cure: `Correct ${name}.`,
  });
}

/** Throws OptionError unless `padding` is one of the forms that `Padding` lists. */
export function requirePadding(where: string, padding: Padding): void {
  if (padding === 'same' || padding === 'valid' || isWhole(padding, 0)) return;
  const sides: readonly unknown[] = Array.isArray(padding) ? padding : [];
  const onBothSides = (each: unknown) =>
    Array.isArray(each) ? each.length === 2 && each.every((side) => isWhole(side, 0)) : isWhole(each, 0);
  if (sides.length === 2 && sides.every(onBothSides)) return;
  throw new OptionError({
    where,
    got: `padding ${describeValue(padding)}`,
    expected:
      "'same', 'valid', or whole numbers of at least 0: p, [vertical, horizontal] or [[top, bottom], [left, right]]",
    cure: 'Correct padding, or leave it out.',
  });
}

/**
 * 2-D convolution (cross-correlation, as in every deep-learning library): x [N, H, W, C] with weight
 * [KH, KW, C/groups, O] gives [N, OH, OW, O].
 *
 * @throws ShapeError for a wrong rank or channel count, or a kernel larger than the padded image.
 */
export function conv2d(x: Tensor, weight: Tensor, options: Conv2dOptions = {}): Tensor {
  return convolve('conv2d', ['H', 'W'], x, weight, options);
}

/** `conv2d`, with the name of the operation and of the axes the kernel slides along for messages. */
function convolve(
  operation: string,
  axes: readonly string[],
  x: Tensor,
  weight: Tensor,
  options: Conv2dOptions,
): Tensor {
  requireDType(operation, x, 'float32');
  requireDType(`${operation} weight`, weight, 'float32');
  requireKnownOptions(inScope(operation), options, convolutionOptions);
  const { groups = 1, bias } = options;
  const stride = requirePair(inScope(operation), 'stride', options.stride ?? 1, 1);
  const dilation = requirePair(inScope(operation), 'dilation', options.dilation ?? 1, 1);
  requireNumber(inScope(operation), 'groups', groups, 'a whole number of at least 1');
  requirePadding(inScope(operation), options.padding ?? 'valid');
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
      where: inScope(operation),
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
  checkSize(`${operation}, padded`, [height + padding[0] + padding[1]]);
  checkSize(`${operation}, padded`, [width + padding[2] + padding[3]]);
  const covered = [(kernelHeight - 1) * dilation[0] + 1, (kernelWidth - 1) * dilation[1] + 1] as const;
  if (covered[0] > height + padding[0] + padding[1] || covered[1] > width + padding[2] + padding[3]) {
    const named = (lengths: Shape) => formatShape(lengths.slice(-axes.length), axes);
    throw new ShapeError({
      where: inScope(operation),
      got: `a kernel that covers ${named(covered)} of an input of ${named([height, width])}`,
      expected: 'a kernel no larger than the padded input',
      cure: "Use padding 'same', a smaller kernel, or fewer pooling layers before.",
    });
  }
  const y = apply(conv2dPrimitive, [x, weight], { stride, padding, dilation, groups });
  return withBias(operation, y, bias);
}

const convolutionOptions = ['stride', 'padding', 'dilation', 'groups', 'bias'] as const;

/** y + bias, for a bias of one number for each channel. */
function withBias(operation: string, y: Tensor, bias: Tensor | undefined): Tensor {
  if (bias === undefined) return y;
  requireDType(`${operation} bias`, bias, 'float32');
  const channels = y.shape[3];
  if (sameShape(bias.shape, [channels])) return add(y, bias);
  throw new ShapeError({
    where: inScope(`${operation} bias`),
    got: formatShape(bias.shape),
    expected: `[O=${channels}]`,
    cure: 'Give one number for each channel of the output.',
  });
}

/** Throws ShapeError, naming the axes, unless x has as many axes as there are names. */
export function requireRank(operation: string, x: Tensor, axes: readonly string[]): void {
  if (requireTensor(operation, x).rank === axes.length) return;
  throw new ShapeError({
    where: inScope(operation),
    got: `${formatShape(x.shape)} (rank ${x.rank})`,
    expected: `[${axes.join(', ')}] (rank ${axes.length})`,
    cure: 'Reshape the tensor, or add the missing axis with expandDims.',
  });
}

/**
 * Of a sequence. `'valid'`: none. `'same'`: as much as keeps ceil(T / stride). A number: on both sides. A pair:
 * `[before, after]`.
 */
export type StepPadding = 'same' | 'valid' | number | readonly [before: number, after: number];

/** Options of `conv1d`. */
export interface Conv1dOptions {
  /** Default 1. */
  readonly stride?: number;
  /** Default `'valid'`. */
  readonly padding?: StepPadding;
  /** Distance between kernel elements. Default 1. */
  readonly dilation?: number;
  /** Blocks of channels that do not mix. Default 1. */
  readonly groups?: number;
  /** [O], added to every position. Default: none. */
  readonly bias?: Tensor;
}

/** Throws OptionError unless `padding` is one that a sequence can have: it has two ends. */
export function requireSteps(where: string, padding: StepPadding): void {
  requirePadding(where, padding);
  if (!Array.isArray(padding) || padding.every((side) => typeof side === 'number')) return;
  throw new OptionError({
    where,
    got: `padding ${describeValue(padding)}`,
    expected: "'same', 'valid', or whole numbers of at least 0: p or [before, after]",
    cure: 'Correct padding, or leave it out.',
  });
}

/** The padding of a sequence [N, T, F] as that of images [N, 1, T, F]. */
export function besideSteps(where: string, padding: StepPadding): Padding {
  requireSteps(where, padding);
  if (typeof padding === 'string') return padding;
  return [[0, 0], typeof padding === 'number' ? [padding, padding] : padding];
}

/** 1-D convolution: x [N, T, C] with weight [K, C/groups, O] gives [N, OT, O]. Runs as a convolution of height 1. */
export function conv1d(x: Tensor, weight: Tensor, options: Conv1dOptions = {}): Tensor {
  requireRank('conv1d', x, ['N', 'T', 'C']);
  requireRank('conv1d weight', weight, ['K', 'C/groups', 'O']);
  const where = inScope('conv1d');
  requireKnownOptions(where, options, convolutionOptions);
  const { stride = 1, dilation = 1, groups = 1, padding = 'valid', bias } = options;
  requireNumber(where, 'stride', stride, 'a whole number of at least 1');
  requireNumber(where, 'dilation', dilation, 'a whole number of at least 1');
  const around = besideSteps(where, padding);
  const [n, length, channels] = x.shape as [number, number, number];
  const image = reshape(x, [n, 1, length, channels]);
  const y = convolve('conv1d', ['T'], image, reshape(weight, [1, ...weight.shape]), {
    stride: [1, stride],
    dilation: [1, dilation],
    groups,
    padding: around,
    ...(bias && { bias }),
  });
  return reshape(y, [n, y.shape[2], y.shape[3]]);
}

/** Options of `convTranspose2d`: those of the convolution it is the transpose of. */
export interface ConvTranspose2dOptions {
  /** Default 1. */
  readonly stride?: Pair;
  /** Padding of the convolution this is the transpose of: it cuts the output. Default 0. */
  readonly padding?: 'valid' | Pair;
  /** Extra rows and columns at the end, to choose between output sizes that a stride maps to one. Default 0. */
  readonly outputPadding?: Pair;
  /** Distance between kernel elements. Default 1. */
  readonly dilation?: Pair;
  /** Blocks of channels that do not mix. Default 1. */
  readonly groups?: number;
  /** [O], added to every position. Default: none. */
  readonly bias?: Tensor;
}

/**
 * Transposed 2-D convolution: the input gradient of `conv2d`. x [N, H, W, I] with weight [KH, KW, O/groups, I] (the
 * weight of the convolution from O to I channels) gives [N, OH, OW, O], OH = (H-1)·stride - 2·padding +
 * dilation·(KH-1) + outputPadding + 1.
 */
export function convTranspose2d(x: Tensor, weight: Tensor, options: ConvTranspose2dOptions = {}): Tensor {
  requireDType('convTranspose2d', x, 'float32');
  requireDType('convTranspose2d weight', weight, 'float32');
  requireRank('convTranspose2d', x, ['N', 'H', 'W', 'I']);
  requireRank('convTranspose2d weight', weight, ['KH', 'KW', 'O/groups', 'I']);
  const where = inScope('convTranspose2d');
  requireKnownOptions(where, options, [...convolutionOptions, 'outputPadding']);
  const stride = requirePair(where, 'stride', options.stride ?? 1, 1);
  const dilation = requirePair(where, 'dilation', options.dilation ?? 1, 1);
  const extra = requirePair(where, 'outputPadding', options.outputPadding ?? 0, 0);
  const { groups = 1, padding = 0, bias } = options;
  const [vertical, horizontal] = requirePair(where, 'padding', padding === 'valid' ? 0 : padding, 0);
  requireNumber(where, 'groups', groups, 'a whole number of at least 1');
  const [n, height, width, channels] = x.shape as [number, number, number, number];
  const [kernelHeight, kernelWidth, groupOutputs, weightInputs] = weight.shape as [
    number,
    number,
    number,
    number,
  ];
  if (weightInputs !== channels || channels % groups !== 0) {
    throw new ShapeError({
      where,
      got: `x ${formatShape(x.shape, ['N', 'H', 'W', 'I'])}, weight ${formatShape(weight.shape, ['KH', 'KW', 'O/groups', 'I'])}`,
      expected: `I = ${weightInputs}, divisible by groups (${groups})`,
      cure: 'The weight is that of the convolution this transposes: its last axis is the channels of x.',
    });
  }
  const grown = (length: number, axis: 0 | 1, kernel: number, sides: number) =>
    (length - 1) * stride[axis] - 2 * sides + dilation[axis] * (kernel - 1) + extra[axis] + 1;
  requireOption(
    extra.every((each, axis) => each < Math.max(stride[axis], dilation[axis])),
    'convTranspose2d',
    `outputPadding [${extra.join(', ')}] with stride [${stride.join(', ')}] and dilation [${dilation.join(', ')}]`,
    'outputPadding below the stride or the dilation',
    'outputPadding chooses between the sizes that a stride maps to one: lower it, or raise the stride.',
  );
  const size = [grown(height, 0, kernelHeight, vertical), grown(width, 1, kernelWidth, horizontal)] as const;
  if (size[0] < 1 || size[1] < 1) {
    throw new ShapeError({
      where,
      got: `padding [${vertical}, ${horizontal}] for an input [H=${height}, W=${width}]: a result [OH=${size[0]}, OW=${size[1]}]`,
      expected: 'a result of at least 1×1',
      cure: 'Lower the padding: here it cuts the output.',
    });
  }
  const y = apply(conv2dInputGradientPrimitive, [x, weight], {
    stride,
    dilation,
    groups,
    padding: [vertical, vertical, horizontal, horizontal],
    shape: [n, ...size, groupOutputs * groups],
  });
  return withBias('convTranspose2d', y, bias);
}
