/** Convolution layers: one- and two-dimensional, and the transposed one. */
import { OptionError } from '../errors.ts';
import {
  type Conv1dOptions as Conv1dOperation,
  type Conv2dOptions as Conv2dOperation,
  type ConvTranspose2dOptions as ConvTranspose2dOperation,
  conv1d,
  conv2d,
  convTranspose2d,
  type Pair,
  requirePadding,
  requirePair,
  requireSteps,
} from '../ops/convolution.ts';
import { requireBoolean, requireKnownOptions, requireNumber } from '../options.ts';
import type { Shape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Parameter } from '../tensor/variable.ts';
import { type Cure, drawWeight, requireAxes, sequenceCure } from './checks.ts';
import { fansOf, type Initializer, pytorchDefault } from './initializers.ts';
import { type JsonValue, Layer } from './layer.ts';

/** What all convolution layers take besides their geometry. */
export interface WeightOptions {
  /** Whether a bias per output channel is added. Default true. */
  readonly bias?: boolean;
  /** Of the weight. Default `pytorchDefault`: uniform in ±1/√(window size · input channels / groups). */
  readonly weightInitializer?: Initializer;
  /** Of the bias. Default `pytorchDefault`, with the weight's fans. */
  readonly biasInitializer?: Initializer;
}

/** Options of `Conv1d`. */
export interface Conv1dLayerOptions extends Omit<Conv1dOperation, 'bias'>, WeightOptions {}
/** Options of `Conv2d`. */
export interface Conv2dLayerOptions extends Omit<Conv2dOperation, 'bias'>, WeightOptions {}
/** Options of `ConvTranspose2d`. */
export interface ConvTranspose2dLayerOptions extends Omit<ConvTranspose2dOperation, 'bias'>, WeightOptions {}

const weightOptions = ['bias', 'weightInitializer', 'biasInitializer'] as const;
const geometry = ['stride', 'padding', 'dilation', 'groups'] as const;

function requireChannels(where: string, inputs: number, outputs: number, groups: number): void {
  requireNumber(where, 'input channels', inputs, 'a whole number of at least 1');
  requireNumber(where, 'output channels', outputs, 'a whole number of at least 1');
  requireNumber(where, 'groups', groups, 'a whole number of at least 1');
  if (inputs % groups === 0 && outputs % groups === 0) return;
  throw new OptionError({
    where,
    got: `groups ${groups} for ${inputs} input and ${outputs} output channels`,
    expected: 'a number that divides both',
    cure: 'Choose a common divisor of the two channel counts.',
  });
}

function makeWeights(
  where: string,
  shape: Shape,
  outputs: number,
  options: WeightOptions,
): { weight: Parameter; bias: Parameter | undefined } {
  const { bias = true, weightInitializer = pytorchDefault, biasInitializer = pytorchDefault } = options;
  requireBoolean(where, 'bias', bias);
  const weight = drawWeight(where, 'weightInitializer', weightInitializer, shape);
  const drawBias = () => drawWeight(where, 'biasInitializer', biasInitializer, [outputs], fansOf(shape));
  return {
    weight: new Parameter(weight, 'weight'),
    bias: bias ? new Parameter(drawBias(), 'bias') : undefined,
  };
}

function channelCure(layer: string, order: string): Cure {
  const channelsOf = (shape: Shape) => shape[order.split(',').length - 1] ?? 'channels';
  return (shape) =>
    `The layout is ${order}, channels last: transpose channels-first data, or build the layer as ${layer}(${channelsOf(shape)}, …).`;
}

/**
 * 2-D convolution: x [N, H, W, inputChannels] → [N, OH, OW, outputChannels]. Parameters: `weight`
 * [KH, KW, inputChannels/groups, outputChannels], `bias` [outputChannels]. Defaults as in PyTorch: stride 1, no
 * padding, dilation 1, one group, bias.
 *
 * @throws OptionError for sizes or options out of range; ShapeError for another rank or channel count, or an image
 * smaller than the kernel.
 */
export class Conv2d extends Layer {
  static readonly ofLibrary = true;

  /** Channels of the input, its last axis. */
  readonly inputChannels: number;
  /** Channels of the output, its last axis. */
  readonly outputChannels: number;
  /** [height, width] */
  readonly kernelSize: readonly [number, number];
  /** [KH, KW, inputChannels/groups, outputChannels] */
  readonly weight: Parameter;
  /** [outputChannels]; undefined with `bias: false`. */
  readonly bias: Parameter | undefined;
  readonly #options: Required<Omit<Conv2dOperation, 'bias'>>;

  /**
   * 2-D convolution, x [N, H, W, inputChannels] → [N, OH, OW, outputChannels]; `kernelSize` is a number for both axes, or
   * [height, width]. Defaults: stride 1, no padding, dilation 1, one group, bias.
   *
   * @throws OptionError for sizes or options out of range
   */
  constructor(
    inputChannels: number,
    outputChannels: number,
    kernelSize: Pair,
    options: Conv2dLayerOptions = {},
  ) {
    super();
    requireKnownOptions('Conv2d', options, [...geometry, ...weightOptions]);
    const { stride = 1, padding = 'valid', dilation = 1, groups = 1 } = options;
    requireChannels('Conv2d', inputChannels, outputChannels, groups);
    this.inputChannels = inputChannels;
    this.outputChannels = outputChannels;
    this.kernelSize = requirePair('Conv2d', 'kernel size', kernelSize, 1);
    requirePair('Conv2d', 'stride', stride, 1);
    requirePair('Conv2d', 'dilation', dilation, 1);
    requirePadding('Conv2d', padding);
    this.#options = { stride, padding, dilation, groups };
    const shape = [...this.kernelSize, inputChannels / groups, outputChannels];
    ({ weight: this.weight, bias: this.bias } = makeWeights('Conv2d', shape, outputChannels, options));
  }

  override get kind(): string {
    return 'conv2d';
  }

  config(): readonly JsonValue[] {
    const options = { ...this.#options, bias: this.bias !== undefined };
    return [this.inputChannels, this.outputChannels, this.kernelSize, options];
  }

  forward(x: Tensor): Tensor {
    const cure = channelCure('Conv2d', 'N,H,W,C');
    requireAxes(this, x, ['N', 'H', 'W', ['C', this.inputChannels]], cure);
    return conv2d(x, this.weight, { ...this.#options, ...(this.bias && { bias: this.bias }) });
  }
}

/**
 * 1-D convolution: x [N, T, inputChannels] → [N, OT, outputChannels]. Parameters: `weight`
 * [K, inputChannels/groups, outputChannels], `bias` [outputChannels]. Defaults as in PyTorch.
 *
 * @throws as `Conv2d`.
 */
export class Conv1d extends Layer {
  static readonly ofLibrary = true;

  /** Channels of the input, its last axis. */
  readonly inputChannels: number;
  /** Channels of the output, its last axis. */
  readonly outputChannels: number;
  /** Steps under the kernel. */
  readonly kernelSize: number;
  /** [K, inputChannels/groups, outputChannels] */
  readonly weight: Parameter;
  /** [outputChannels]; undefined with `bias: false`. */
  readonly bias: Parameter | undefined;
  readonly #options: Required<Omit<Conv1dOperation, 'bias'>>;

  /**
   * 1-D convolution, x [N, T, inputChannels] → [N, OT, outputChannels]; `kernelSize` is a length in steps. Defaults: stride 1,
   * no padding, dilation 1, one group, bias.
   *
   * @throws OptionError for sizes or options out of range
   */
  constructor(
    inputChannels: number,
    outputChannels: number,
    kernelSize: number,
    options: Conv1dLayerOptions = {},
  ) {
    super();
    requireKnownOptions('Conv1d', options, [...geometry, ...weightOptions]);
    const { stride = 1, padding = 'valid', dilation = 1, groups = 1 } = options;
    requireChannels('Conv1d', inputChannels, outputChannels, groups);
    for (const [name, value] of Object.entries({ 'kernel size': kernelSize, stride, dilation })) {
      requireNumber('Conv1d', name, value, 'a whole number of at least 1');
    }
    requireSteps('Conv1d', padding);
    this.inputChannels = inputChannels;
    this.outputChannels = outputChannels;
    this.kernelSize = kernelSize;
    this.#options = { stride, padding, dilation, groups };
    const shape = [kernelSize, inputChannels / groups, outputChannels];
    ({ weight: this.weight, bias: this.bias } = makeWeights('Conv1d', shape, outputChannels, options));
  }

  override get kind(): string {
    return 'conv1d';
  }

  config(): readonly JsonValue[] {
    const options = { ...this.#options, bias: this.bias !== undefined };
    return [this.inputChannels, this.outputChannels, this.kernelSize, options];
  }

  forward(x: Tensor): Tensor {
    const cure = sequenceCure(channelCure('Conv1d', 'N,T,C'));
    requireAxes(this, x, ['N', 'T', ['C', this.inputChannels]], cure);
    return conv1d(x, this.weight, { ...this.#options, ...(this.bias && { bias: this.bias }) });
  }
}

/**
 * Transposed 2-D convolution, which enlarges images: x [N, H, W, inputChannels] → [N, OH, OW, outputChannels],
 * OH = (H-1)·stride - 2·padding + dilation·(KH-1) + outputPadding + 1. Parameters: `weight`
 * [KH, KW, outputChannels/groups, inputChannels], `bias` [outputChannels]. Defaults as in PyTorch, whose initial bound
 * takes the fan from the output channels here.
 *
 * @throws as `Conv2d`.
 */
export class ConvTranspose2d extends Layer {
  static readonly ofLibrary = true;

  /** Channels of the input, its last axis. */
  readonly inputChannels: number;
  /** Channels of the output, its last axis. */
  readonly outputChannels: number;
  /** [height, width] */
  readonly kernelSize: readonly [number, number];
  /** [KH, KW, outputChannels/groups, inputChannels] */
  readonly weight: Parameter;
  /** [outputChannels]; undefined with `bias: false`. */
  readonly bias: Parameter | undefined;
  readonly #options: Required<Omit<ConvTranspose2dOperation, 'bias'>>;

  /**
   * Transposed 2-D convolution, x [N, H, W, inputChannels] → [N, OH, OW, outputChannels]; `kernelSize` is a number for both
   * axes, or [height, width]. Defaults: stride 1, padding 0, outputPadding 0, dilation 1, one group, bias.
   *
   * @throws OptionError for sizes or options out of range
   */
  constructor(
    inputChannels: number,
    outputChannels: number,
    kernelSize: Pair,
    options: ConvTranspose2dLayerOptions = {},
  ) {
    super();
    requireKnownOptions('ConvTranspose2d', options, [...geometry, 'outputPadding', ...weightOptions]);
    const { stride = 1, padding = 0, outputPadding = 0, dilation = 1, groups = 1 } = options;
    requireChannels('ConvTranspose2d', inputChannels, outputChannels, groups);
    this.inputChannels = inputChannels;
    this.outputChannels = outputChannels;
    this.kernelSize = requirePair('ConvTranspose2d', 'kernel size', kernelSize, 1);
    requirePair('ConvTranspose2d', 'stride', stride, 1);
    requirePair('ConvTranspose2d', 'dilation', dilation, 1);
    requirePair('ConvTranspose2d', 'outputPadding', outputPadding, 0);
    if (padding !== 'valid') requirePair('ConvTranspose2d', 'padding', padding, 0);
    this.#options = { stride, padding, outputPadding, dilation, groups };
    const shape = [...this.kernelSize, outputChannels / groups, inputChannels];
    ({ weight: this.weight, bias: this.bias } = makeWeights(
      'ConvTranspose2d',
      shape,
      outputChannels,
      options,
    ));
  }

  override get kind(): string {
    return 'convTranspose2d';
  }

  config(): readonly JsonValue[] {
    const options = { ...this.#options, bias: this.bias !== undefined };
    return [this.inputChannels, this.outputChannels, this.kernelSize, options];
  }

  forward(x: Tensor): Tensor {
    const cure = channelCure('ConvTranspose2d', 'N,H,W,C');
    requireAxes(this, x, ['N', 'H', 'W', ['C', this.inputChannels]], cure);
    return convTranspose2d(x, this.weight, { ...this.#options, ...(this.bias && { bias: this.bias }) });
  }
}
