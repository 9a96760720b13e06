/** Training on a GPU whose buffers are small: batches, weights, their moments and all between lie in segments. */
import { expect, test } from 'vitest';
import { Evaluator } from '../../src/devices/evaluator.ts';
import { GpuDevice } from '../../src/devices/gpu/device.ts';
import { setDevice } from '../../src/index.ts';
import { connectRuntime } from '../../src/tensor/runtime.ts';
import { errorOf } from '../support/devices.ts';
import { expectSameLosses, makeStep } from './step.ts';
import { backend } from './support.ts';

/** The input weight of the LSTM takes two segments, a batch of convolved images too. */
const mostFloats = 15_000;

/** The losses of four steps, and the parameters after them. */
async function train(): Promise<{ losses: number[]; parameters: Float32Array[] }> {
  const { model, run } = await makeStep(8);
  const losses: number[] = [];
  for (let index = 0; index < 4; index++) losses.push(await run(index));
  const parameters = await Promise.all(model.parameters().map((parameter) => parameter.data()));
  return { losses, parameters: parameters.map((each) => Float32Array.from(each)) };
}

test('training in segments gives the losses and parameters of cpu', async () => {
  setDevice('cpu');
  const expected = await train();
  expect(Math.max(...expected.parameters.map(({ length }) => length))).toBeGreaterThan(mostFloats);
  connectRuntime(new Evaluator(await GpuDevice.open({ backend }, { mostFloats })));
  const actual = await train();
  expectSameLosses(actual.losses, expected.losses);
  expected.parameters.forEach((parameter, index) => {
    expect(errorOf(actual.parameters[index], parameter), `parameter ${index}`).toBeLessThan(1e-2);
  });
});
