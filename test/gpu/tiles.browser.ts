/** Training on a GPU whose buffers are small: batches, weights, their moments and all between lie in tiles. */
import { expect, test } from 'vitest';
import { Evaluator } from '../../src/devices/evaluator.ts';
import { GpuDevice } from '../../src/devices/gpu/device.ts';
import {
  Adam,
  compile,
  createModel,
  seed,
  setDevice,
  softmaxCrossEntropy,
  type Tensor,
  tensor,
} from '../../src/index.ts';
import { connectRuntime } from '../../src/tensor/runtime.ts';
import { loadDigitCells } from './digits.ts';
import { backend } from './support.ts';

const batch = 8;
/** A weight of the LSTM takes three tiles, a batch of convolved images two. */
const mostFloats = 15_000;

/** The losses of some steps, and the parameters after them. */
async function train(): Promise<{ losses: number[]; parameters: Float32Array[]; largest: number }> {
  const { images, labels } = await loadDigitCells(4 * batch);
  seed(5);
  const model = createModel('conv-lstm', { inputShape: [20, 20, 1], classes: 10 });
  const optimizer = new Adam(model.parameters(), { learningRate: 3e-3, clipNorm: 1 });
  const step = compile(
    (x: Tensor, y: Tensor) => {
      const loss = softmaxCrossEntropy(model.call(x), y);
      loss.backward();
      void optimizer.step();
      return loss;
    },
    { requireFinite: true },
  );
  const losses: number[] = [];
  for (let index = 0; index < 4; index++) {
    const pixels = images.slice(index * batch * 400, (index + 1) * batch * 400);
    const x = tensor(pixels, { shape: [batch, 20, 20, 1] });
    const y = tensor(labels.slice(index * batch, (index + 1) * batch), { dtype: 'int32' });
    losses.push(await (await step(x, y)).item());
  }
  const parameters = await Promise.all(model.parameters().map((parameter) => parameter.data()));
  return {
    losses,
    parameters: parameters as Float32Array[],
    largest: Math.max(...parameters.map((each) => each.length)),
  };
}

test('training in tiles gives the losses and parameters of cpu', async () => {
  setDevice('cpu');
  const expected = await train();
  expect(expected.largest).toBeGreaterThan(mostFloats);
  const device = await GpuDevice.open({ backend }, { mostFloats });
  connectRuntime(new Evaluator(device));
  const actual = await train();
  expected.losses.forEach((loss, step) => {
    expect(Math.abs(actual.losses[step] - loss) / loss, `step ${step}`).toBeLessThan(1e-3);
  });
  expected.parameters.forEach((parameter, index) => {
    const largest = parameter.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const worst = parameter.reduce(
      (most, value, at) => Math.max(most, Math.abs(value - actual.parameters[index][at])),
      0,
    );
    expect(worst / largest, `parameter ${index}`).toBeLessThan(1e-2);
  });
});
