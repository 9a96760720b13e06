/** The training run of the vectors: convolution, pooling, LSTM over pooled rows, dense, Adam. */
import {
  Adam,
  add,
  Conv2d,
  compile,
  Dense,
  Module,
  maxPool2d,
  Parameter,
  RowsToSequence,
  relu,
  softmaxCrossEntropy,
  type Tensor,
  zeros,
} from '../../src/index.ts';
import { applyAll } from '../../src/ops/apply.ts';
import { matmul } from '../../src/ops/matmul.ts';
import { lstmPrimitive } from '../../src/ops/recurrent.ts';
import { channelsLast, kernelFirst, kernelLast, swapMatrix } from './layouts.ts';
import { floats, type Golden, integers, numberIn } from './vectors.ts';

/**
 * An LSTM with PyTorch's two biases. The layer of weft has one, their sum: the same function, but Adam moves a sum of
 * two parameters twice as far in a step, so the run can be followed only with both.
 */
class TwoBiasLstm extends Module {
  readonly inputWeight: Parameter;
  readonly recurrentWeight: Parameter;
  readonly inputBias: Parameter;
  readonly recurrentBias: Parameter;

  constructor(inputWeight: Tensor, recurrentWeight: Tensor, inputBias: Tensor, recurrentBias: Tensor) {
    super();
    this.inputWeight = new Parameter(inputWeight);
    this.recurrentWeight = new Parameter(recurrentWeight);
    this.inputBias = new Parameter(inputBias);
    this.recurrentBias = new Parameter(recurrentBias);
  }

  /** x [N, T, F] → the last output [N, H]. */
  forward(x: Tensor): Tensor {
    const z = add(matmul(x, this.inputWeight), add(this.inputBias, this.recurrentBias));
    const state = zeros([x.shape[0], this.recurrentWeight.shape[0]]);
    const attributes = { reverse: false, masked: false };
    const [h] = applyAll(lstmPrimitive, [z, this.recurrentWeight, state, state], attributes);
    return h.slice(null, -1);
  }
}

class Net extends Module {
  readonly conv: Conv2d;
  readonly rows = new RowsToSequence();
  readonly lstm: TwoBiasLstm;
  readonly head: Dense;
  readonly pool: number;

  constructor({ inputs, config }: Golden) {
    super();
    const part = (name: string): Tensor => floats(inputs[`init.${name}`]);
    const fixed = (value: Tensor) => () => value;
    const kernel = kernelLast(part('conv.weight'));
    const [height, width, inputChannels, outputChannels] = kernel.shape as [number, number, number, number];
    this.conv = new Conv2d(inputChannels, outputChannels, [height, width], {
      padding: 'same',
      weightInitializer: fixed(kernel),
      biasInitializer: fixed(part('conv.bias')),
    });
    this.lstm = new TwoBiasLstm(
      swapMatrix(part('lstm.weight_ih_l0')),
      swapMatrix(part('lstm.weight_hh_l0')),
      part('lstm.bias_ih_l0'),
      part('lstm.bias_hh_l0'),
    );
    const weight = swapMatrix(part('head.weight'));
    this.head = new Dense(weight.shape[0], weight.shape[1], {
      weightInitializer: fixed(weight),
      biasInitializer: fixed(part('head.bias')),
    });
    this.pool = numberIn(config, 'pool');
  }

  forward(x: Tensor): Tensor {
    const maps = maxPool2d(relu(this.conv.call(x)), this.pool);
    return this.head.call(this.lstm.call(this.rows.call(maps)));
  }

  /** The weights by PyTorch's names, in PyTorch's layouts. */
  weights(): Record<string, Tensor> {
    return {
      'conv.weight': kernelFirst(this.conv.weight),
      'conv.bias': this.conv.bias!.snapshot(),
      'lstm.weight_ih_l0': swapMatrix(this.lstm.inputWeight),
      'lstm.weight_hh_l0': swapMatrix(this.lstm.recurrentWeight),
      'lstm.bias_ih_l0': this.lstm.inputBias.snapshot(),
      'lstm.bias_hh_l0': this.lstm.recurrentBias.snapshot(),
      'head.weight': swapMatrix(this.head.weight),
      'head.bias': this.head.bias!.snapshot(),
    };
  }
}

/** Trains and gives every loss, and every final weight. */
export async function train(
  golden: Golden,
  way: 'compiled' | 'plain',
): Promise<Record<string, Float32Array>> {
  const net = new Net(golden);
  const optimizer = new Adam(net.parameters(), { learningRate: numberIn(golden.config, 'lr') });
  const step = (x: Tensor, y: Tensor): Tensor => {
    const loss = softmaxCrossEntropy(net.call(channelsLast(x)), y);
    loss.backward();
    return loss;
  };
  const compiled = compile((x: Tensor, y: Tensor) => {
    const loss = step(x, y);
    void optimizer.step();
    return loss;
  });
  const images = floats(golden.inputs['X']);
  const labels = integers(golden.inputs['Y']);
  const losses: number[] = [];
  for (let index = 0; index < images.shape[0]; index++) {
    const [x, y] = [images.slice(index), labels.slice(index)];
    if (way === 'compiled') {
      losses.push(await (await compiled(x, y)).item());
    } else {
      const loss = step(x, y);
      await optimizer.step();
      losses.push(await loss.item());
    }
  }
  const results: Record<string, Float32Array> = { loss: Float32Array.from(losses) };
  for (const [name, weight] of Object.entries(net.weights())) {
    results[`final.${name}`] = Float32Array.from(await weight.data());
  }
  return results;
}
