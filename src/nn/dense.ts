/** The dense layer: y = x·W + b. */
import { add } from '../ops/elementwise.ts';
import { matmul } from '../ops/matmul.ts';
import { requireBoolean, requireKnownOptions, requireNumber } from '../options.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Parameter } from '../tensor/variable.ts';
import { drawWeight, requireLastAxes } from './checks.ts';
import { fansOf, type Initializer, pytorchDefault } from './initializers.ts';
import { type JsonValue, Layer } from './layer.ts';

/** Options of `Dense`. */
export interface DenseOptions {
  /** Whether b is added. Default true. */
  readonly bias?: boolean;
  /** Of the weight. Default `pytorchDefault`: uniform in ±1/√inputs. */
  readonly weightInitializer?: Initializer;
  /** Of the bias. Default `pytorchDefault`, with the weight's fans. */
  readonly biasInitializer?: Initializer;
}

/**
 * x […, inputs] → […, outputs], for any leading axes. Parameters: `weight` [inputs, outputs] (PyTorch's transposed),
 * `bias` [outputs].
 *
 * @throws OptionError for sizes that are not whole numbers ≥ 1; ShapeError when the last axis is not `inputs`.
 */
export class Dense extends Layer {
  static readonly ofLibrary = true;

  /** Features of the input, its last axis. */
  readonly inputs: number;
  /** Features of the output, its last axis. */
  readonly outputs: number;
  /** [inputs, outputs] */
  readonly weight: Parameter;
  /** [outputs]; undefined with `bias: false`. */
  readonly bias: Parameter | undefined;

  /**
   * A dense (linear, fully connected) layer: x […, inputs] → […, outputs], x·W + b. Default: bias.
   *
   * @throws OptionError for sizes or options out of range
   */
  constructor(inputs: number, outputs: number, options: DenseOptions = {}) {
    super();
    requireNumber('Dense', 'inputs', inputs, 'a whole number of at least 1');
    requireNumber('Dense', 'outputs', outputs, 'a whole number of at least 1');
    requireKnownOptions('Dense', options, ['bias', 'weightInitializer', 'biasInitializer']);
    const { bias = true, weightInitializer = pytorchDefault, biasInitializer = pytorchDefault } = options;
    requireBoolean('Dense', 'bias', bias);
    this.inputs = inputs;
    this.outputs = outputs;
    const shape = [inputs, outputs];
    const fan = fansOf(shape);
    this.weight = new Parameter(drawWeight('Dense', 'weightInitializer', weightInitializer, shape), 'weight');
    this.bias = bias
      ? new Parameter(drawWeight('Dense', 'biasInitializer', biasInitializer, [outputs], fan), 'bias')
      : undefined;
  }

  override get kind(): string {
    return 'dense';
  }

  config(): readonly JsonValue[] {
    return [this.inputs, this.outputs, { bias: this.bias !== undefined }];
  }

  forward(x: Tensor): Tensor {
    requireLastAxes(
      this,
      x,
      [this.inputs],
      (shape) =>
        `Build it as Dense(${shape.at(-1) ?? 'features'}, ${this.outputs}), or flatten the input to ${this.inputs} features first.`,
    );
    const y = matmul(x, this.weight);
    return this.bias ? add(y, this.bias) : y;
  }
}
