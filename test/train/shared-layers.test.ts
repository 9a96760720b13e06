/** One layer in two places of a model: one set of weights, trained once, saved once and shared again when loaded. */
import { expect, test } from 'vitest';
import {
  Adam,
  compile,
  Dense,
  loadModel,
  loadOptimizer,
  meanSquaredError,
  randn,
  Sequential,
  saveModel,
  seed,
  Tanh,
  type Tensor,
  tensor,
} from '../../src/index.ts';
import { temporaryFolder } from '../support/datasets.ts';

function model() {
  seed(0);
  const shared = new Dense(3, 3);
  return new Sequential({ first: shared, tanh: new Tanh(), again: shared, head: new Dense(3, 1) });
}

/** Steps along one loss, the same each time. */
function stepOf(net: Sequential, optimizer: Adam) {
  return compile((x: Tensor) => {
    const loss = meanSquaredError(net.call(x), x.sum(-1, { keepDims: true }));
    loss.backward();
    void optimizer.step();
    return loss;
  });
}

const inputs = [1, 2, 3, 4, 5, 6].map((k) => tensor([[Math.sin(k), Math.cos(k), k / 6]]));

test('the optimizer has the weights once, with the gradients of both places added', async () => {
  const net = model();
  expect(net.parameters()).toHaveLength(4);
  const { weight } = net.modules.first as Dense;
  const x = randn([5, 3]);
  net.call(x).sum().backward();
  const gradient = Array.from(await weight.grad!.data());
  // The derivative in a direction, by differences of the whole model.
  const direction = await randn([3, 3]).data();
  const start = Float32Array.from(await weight.data());
  const at = async (step: number): Promise<number> => {
    await weight.set(start.map((value, k) => value + step * direction[k]));
    return net.call(x).sum().item();
  };
  const slope = ((await at(1e-2)) - (await at(-1e-2))) / 2e-2;
  await weight.set(start);
  expect(gradient.reduce((sum, value, k) => sum + value * direction[k], 0)).toBeCloseTo(slope, 2);
});

test('saved and loaded, it is shared again, and training goes on bit for bit', async () => {
  const whole = model();
  const wholeStep = stepOf(whole, new Adam(whole.parameters()));
  for (const x of inputs) await wholeStep(x);

  const before = model();
  const optimizer = new Adam(before.parameters());
  const step = stepOf(before, optimizer);
  for (const x of inputs.slice(0, 3)) await step(x);
  const folder = temporaryFolder();
  await saveModel(folder, { model: before, name: 'shared', inputShape: [3], optimizer });
  const { model: after } = await loadModel(folder);
  const net = after as Sequential;
  expect(net.modules.again).toBe(net.modules.first);
  const resumed = new Adam(net.parameters());
  await loadOptimizer(folder, resumed);
  const goOn = stepOf(net, resumed);
  for (const x of inputs.slice(3)) await goOn(x);
  expect(await net.stateDict()).toEqual(await whole.stateDict());
});
