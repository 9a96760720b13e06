/** The training run of the vectors: convolution, pooling, LSTM over pooled rows, dense, Adam. */
import {
  Adam,
  Conv2d,
  compile,
  Dense,
  LSTM,
  Module,
  maxPool2d,
  RowsToSequence,
  relu,
  softmaxCrossEntropy,
  type Tensor,
} from '../../src/index.ts';
import { channelsLast, entryOf, kernelFirst, kernelLast, swapMatrix } from './layouts.ts';
import { floats, type Golden, integers, numberIn } from './vectors.ts';

class Net extends Module {
  readonly conv: Conv2d;
  readonly rows = new RowsToSequence();
  readonly lstm: LSTM;
  readonly head: Dense;
  readonly pool: number;

  constructor({ inputs, config }: Golden) {
    super();
    const [outputChannels, inputChannels, height, width] = inputs['init.conv.weight'].shape;
    this.conv = new Conv2d(inputChannels, outputChannels, [height, width], { padding: 'same' });
    const [, features] = inputs['init.lstm.weight_ih_l0'].shape;
    const [, hidden] = inputs['init.lstm.weight_hh_l0'].shape;
    this.lstm = new LSTM(features, hidden);
    const [classes] = inputs['init.head.weight'].shape;
    this.head = new Dense(hidden, classes);
    this.pool = numberIn(config, 'pool');
  }

  /** Takes over the initial weights of the vector. */
  async load({ inputs }: Golden): Promise<void> {
    const part = (name: string): Tensor => floats(inputs[`init.${name}`]);
    await this.loadStateDict({
      'conv.weight': await entryOf(kernelLast(part('conv.weight'))),
      'conv.bias': await entryOf(part('conv.bias')),
      'lstm.cells.0.inputWeight': await entryOf(swapMatrix(part('lstm.weight_ih_l0'))),
      'lstm.cells.0.recurrentWeight': await entryOf(swapMatrix(part('lstm.weight_hh_l0'))),
      'lstm.cells.0.inputBias': await entryOf(part('lstm.bias_ih_l0')),
      'lstm.cells.0.recurrentBias': await entryOf(part('lstm.bias_hh_l0')),
      'head.weight': await entryOf(swapMatrix(part('head.weight'))),
      'head.bias': await entryOf(part('head.bias')),
    });
  }

  forward(x: Tensor): Tensor {
    const maps = maxPool2d(relu(this.conv.call(x)), this.pool);
    return this.head.call(this.lstm.call(this.rows.call(maps)));
  }

  /** The weights by PyTorch's names, in PyTorch's layouts. */
  weights(): Record<string, Tensor> {
    const [cell] = this.lstm.cells;
    return {
      'conv.weight': kernelFirst(this.conv.weight),
      'conv.bias': this.conv.bias!.snapshot(),
      'lstm.weight_ih_l0': swapMatrix(cell.inputWeight),
      'lstm.weight_hh_l0': swapMatrix(cell.recurrentWeight),
      'lstm.bias_ih_l0': cell.inputBias!.snapshot(),
      'lstm.bias_hh_l0': cell.recurrentBias!.snapshot(),
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
  await net.load(golden);
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
