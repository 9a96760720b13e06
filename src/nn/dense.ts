/** The dense layer: y = x·W + b. */
import { add } from '../ops/elementwise.ts';
import { matmul } from '../ops/matmul.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Parameter } from '../tensor/variable.ts';
import { requireKnownOptions, requireLastAxes, requireWhole } from './checks.ts';
import { fansOf, type Initializer, pytorchDefault } from './initialisers.ts';
import { type JsonValue, Layer } from './layer.ts';

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
  readonly inputs: number;
  readonly outputs: number;
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;

  constructor(inputs: number, outputs: number, options: DenseOptions = {}) {
    super();
    requireWhole('Dense', 'inputs', inputs);
    requireWhole('Dense', 'outputs', outputs);
    requireKnownOptions('Dense', options, ['bias', 'weightInitializer', 'biasInitializer']);
    const { bias = true, weightInitializer = pytorchDefault, biasInitializer = pytorchDefault } = options;
    this.inputs = inputs;
    this.outputs = outputs;
    const shape = [inputs, outputs];
    const fan = fansOf(shape);
    this.weight = new Parameter(weightInitializer(shape, fan), 'weight');
    this.bias = bias ? new Parameter(biasInitializer([outputs], fan), 'bias') : undefined;
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
      `Build it as Dense(${x.shape.at(-1) ?? 'features'}, ${this.outputs}), or flatten the input to ${this.inputs} features first.`,
    );
    const y = matmul(x, this.weight);
    return this.bias ? add(y, this.bias) : y;
  }
}
