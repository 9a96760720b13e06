/** RecurrentConv2d: a convolution whose maps read themselves again and again, as neurons of one area of the cortex do. */
import { relu } from '../../ops/activations.ts';
import type { Pair } from '../../ops/convolution.ts';
import { add } from '../../ops/elementwise.ts';
import { requireKnownOptions, requireNumber, requireOneOf } from '../../options.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { Conv2d } from '../convolution.ts';
import { type JsonValue, Layer } from '../layer.ts';
import { LocalResponseNorm } from '../local-response-norm.ts';
import { BatchNorm } from '../normalization.ts';

/** Options of `RecurrentConv2d`. */
export interface RecurrentConv2dOptions {
  /** How often the maps read themselves, T. With 0 it is a plain convolution. Default 3. */
  readonly steps?: number;
  /**
   * What follows ReLU at every step. 'localResponse' (default) is the paper's: over ⌊outputChannels/8⌋ + 1 neighboring maps,
   * alpha 0.001, beta 0.75, nothing learned. 'batch': a `BatchNorm` of its own for each step, since what one step gives is
   * not distributed as what the next gives.
   */
  readonly normalization?: 'localResponse' | 'batch' | 'none';
}

/**
 * The recurrent convolutional layer (Liang & Hu 2015): x_0 = norm(ReLU(W_f∗u + b)), then steps times
 * x_t = norm(ReLU(W_f∗u + W_r∗x_{t-1} + b)). Images u [N, H, W, inputChannels] → the last x [N, H, W, outputChannels]: with
 * each step, with the same weights, a map sees further. Both convolutions have stride 1 and keep the size.
 *
 * Parameters: `feedForward.weight` [KH, KW, inputChannels, outputChannels] (W_f), `feedForward.bias` [outputChannels] (b), and
 * unless `steps` is 0 `recurrent.weight` [KH, KW, outputChannels, outputChannels] (W_r); with `normalization: 'batch'`
 * `norms.0` to `norms.T`.
 *
 * ```ts
 * const layer = new RecurrentConv2d(3, 16, 3, { steps: 2 });
 * layer.call(ones([2, 8, 8, 3])).shape; // [2, 8, 8, 16]
 * ```
 *
 * @throws OptionError for sizes or options out of range; ShapeError for another rank or channel count.
 */
export class RecurrentConv2d extends Layer {
  static readonly ofLibrary = true;

  /** W_f and b: what the image alone gives, the same at every step. */
  readonly feedForward: Conv2d;
  /** W_r: what the maps of the step before give. Undefined for 0 steps. */
  readonly recurrent: Conv2d | undefined;
  /** What normalizes: one for each step with 'batch', one for all with 'localResponse', otherwise none. */
  readonly norms: readonly (BatchNorm | LocalResponseNorm)[];
  /** The options, defaults filled in. */
  readonly options: Required<RecurrentConv2dOptions>;

  /**
   * Recurrent convolution, u [N, H, W, inputChannels] → [N, H, W, outputChannels]; `kernelSize`, a number or [height, width],
   * is that of both convolutions. Defaults: 3 steps, local response normalization.
   *
   * @throws OptionError for sizes or options out of range
   */
  constructor(
    inputChannels: number,
    outputChannels: number,
    kernelSize: Pair,
    options: RecurrentConv2dOptions = {},
  ) {
    super();
    const where = 'RecurrentConv2d';
    requireKnownOptions(where, options, ['steps', 'normalization']);
    const { steps = 3, normalization = 'localResponse' } = options;
    requireNumber(where, 'steps', steps, 'a whole number from 0 to 1000');
    requireOneOf(where, 'normalization', normalization, ['localResponse', 'batch', 'none']);
    this.options = { steps, normalization };
    this.feedForward = new Conv2d(inputChannels, outputChannels, kernelSize, { padding: 'same' });
    this.recurrent =
      steps > 0
        ? new Conv2d(outputChannels, outputChannels, kernelSize, { padding: 'same', bias: false })
        : undefined;
    const each = Array.from({ length: steps + 1 });
    if (normalization === 'batch') this.norms = each.map(() => new BatchNorm(outputChannels));
    else if (normalization === 'none') this.norms = [];
    else this.norms = [new LocalResponseNorm(Math.floor(outputChannels / 8) + 1, { alpha: 0.001 })];
  }

  override get kind(): string {
    return 'recurrentConv2d';
  }

  config(): readonly JsonValue[] {
    const { inputChannels, outputChannels, kernelSize } = this.feedForward;
    return [inputChannels, outputChannels, kernelSize, { ...this.options }];
  }

  forward(u: Tensor): Tensor {
    const fromInput = this.feedForward.call(u);
    let x = this.#activate(fromInput, 0);
    for (let t = 1; t <= this.options.steps; t++) {
      x = this.#activate(add(fromInput, this.recurrent!.call(x)), t);
    }
    return x;
  }

  #activate(z: Tensor, t: number): Tensor {
    const norm = this.norms[t] ?? this.norms[0];
    return norm ? norm.call(relu(z)) : relu(z);
  }
}
