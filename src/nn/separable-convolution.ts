/** The separable convolution: places and channels one after the other. */
import { requireKnownOptions, requireNumber } from '../options.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Conv2d, type Conv2dLayerOptions } from './convolution.ts';
import { type JsonValue, Layer } from './layer.ts';

/** Options of `SeparableConv2d`. The initializer of the weight is that of both. */
export interface SeparableConv2dOptions extends Omit<Conv2dLayerOptions, 'groups'> {
  /** How many channels the first convolution makes of each. Default 1. */
  readonly depthMultiplier?: number;
}

const optionNames = ['stride', 'padding', 'dilation', 'bias', 'weightInitializer', 'biasInitializer'];

/**
 * Separable 2-D convolution (Sifre 2014, Chollet 2017): x [N, H, W, inputChannels] → [N, OH, OW, outputChannels], first each
 * channel by itself (`depthwise`, which has the stride, padding and dilation), then each pixel by itself (`pointwise`, which
 * has the bias). As Keras's, with the defaults of `Conv2d`.
 *
 * Parameters: `depthwise.weight` [KH, KW, 1, inputChannels·depthMultiplier] (Keras's [KH, KW, C, multiplier], the same
 * elements), `pointwise.weight` [1, 1, inputChannels·depthMultiplier, outputChannels], `pointwise.bias` [outputChannels].
 *
 * @throws as `Conv2d`.
 */
export class SeparableConv2d extends Layer {
  static readonly ofLibrary = true;

  /** Convolves each channel by itself. */
  readonly depthwise: Conv2d;
  /** Mixes the channels of each pixel. */
  readonly pointwise: Conv2d;
  readonly #config: readonly JsonValue[];

  /**
   * Separable convolution, x [N, H, W, inputChannels] → [N, OH, OW, outputChannels]; `kernelSize` is a number for both axes, or
   * [height, width]. Defaults: stride 1, no padding, dilation 1, depthMultiplier 1, bias.
   *
   * @throws OptionError for sizes or options out of range
   */
  constructor(
    inputChannels: number,
    outputChannels: number,
    kernelSize: Conv2d['kernelSize'] | number,
    options: SeparableConv2dOptions = {},
  ) {
    super();
    requireKnownOptions('SeparableConv2d', options, [...optionNames, 'depthMultiplier']);
    const {
      depthMultiplier = 1,
      stride = 1,
      padding = 'valid',
      dilation = 1,
      bias = true,
      ...weights
    } = options;
    requireNumber('SeparableConv2d', 'input channels', inputChannels, 'a whole number of at least 1');
    requireNumber('SeparableConv2d', 'depthMultiplier', depthMultiplier, 'a whole number of at least 1');
    const { biasInitializer, ...first } = weights;
    const between = inputChannels * depthMultiplier;
    const geometry = { stride, padding, dilation };
    this.depthwise = new Conv2d(inputChannels, between, kernelSize, {
      ...first,
      ...geometry,
      groups: inputChannels,
      bias: false,
    });
    this.pointwise = new Conv2d(between, outputChannels, 1, { ...weights, bias });
    const size = this.depthwise.kernelSize;
    this.#config = [inputChannels, outputChannels, size, { ...geometry, depthMultiplier, bias }];
  }

  override get kind(): string {
    return 'separableConv2d';
  }

  config(): readonly JsonValue[] {
    return this.#config;
  }

  forward(x: Tensor): Tensor {
    return this.pointwise.call(this.depthwise.call(x));
  }
}
