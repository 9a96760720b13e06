/** The search for a learning rate: what it finds, and that it leaves everything as it was. */
import { expect, test } from 'vitest';
import {
  Adam,
  Dense,
  type Examples,
  findLearningRate,
  fit,
  meanSquaredError,
  plateau,
  randn,
  SGD,
  seed,
  type Tensor,
} from '../../src/index.ts';
import { randomState } from '../../src/tensor/random.ts';
import { smallModel, stripes } from './support.ts';

const train = stripes(50);

/** Examples of which gradient descent with rates above 1 diverges: the loss is the square of one weight. */
function line() {
  seed(0);
  const inputs = randn([64, 1]).sign();
  const examples: Examples<Tensor, Tensor> = { inputs, targets: inputs.mul(3) };
  return { model: new Dense(1, 1, { bias: false }), examples };
}

test('the rates grow evenly until the loss diverges, and a tenth of the best one is suggested', async () => {
  const { model, examples } = line();
  const optimizer = new SGD(model.parameters());
  const search = await findLearningRate(model, examples, {
    optimizer,
    loss: meanSquaredError,
    batchSize: 64,
    lowest: 1e-4,
    highest: 100,
    steps: 61,
  });
  expect(search.diverged).toBe(true);
  expect(search.rates.length).toBeLessThan(61);
  expect(search.losses).toHaveLength(search.rates.length);
  for (const [step, rate] of search.rates.entries()) expect(rate).toBeCloseTo(1e-4 * 10 ** (step / 10), 8);
  // Each step makes the distance to the best weight, 3, |1 - 2 · rate| as large: the loss of the next batch.
  search.losses.slice(1).forEach((loss, step) => {
    const wanted = search.losses[step] * (1 - 2 * search.rates[step]) ** 2;
    expect(Math.abs(loss - wanted)).toBeLessThan(1e-4 * search.losses[0]);
  });
  // Above 1 it grows.
  expect(search.suggestion).toBeGreaterThan(0.03);
  expect(search.suggestion).toBeLessThan(1);
});

test('a loss that becomes infinite ends it, and one that hardly falls suggests nothing', async () => {
  const { model, examples } = line();
  const of = (lowest: number, highest: number) =>
    findLearningRate(model, examples, {
      optimizer: new SGD(model.parameters()),
      loss: meanSquaredError,
      batchSize: 64,
      lowest,
      highest,
      steps: 4,
    });
  expect(await of(1e25, 1e30)).toMatchObject({ diverged: true });
  expect(await of(1e-9, 1e-6)).toMatchObject({ diverged: false, suggestion: undefined });
});

test('afterwards a training goes as if there had been none', async () => {
  const run = async (search: boolean) => {
    seed(0);
    const model = smallModel();
    const { head, ...body } = model.modules;
    const groups = [
      { parameters: Object.values(body).flatMap((layer) => layer.parameters()) },
      { parameters: head.parameters(), learningRate: 0.02 },
    ];
    const watched = plateau(0.01, { factor: 0.5, patience: 0 });
    const optimizer = new Adam(groups, { learningRate: watched });
    const make = { optimizer, batchSize: 16, augmentation: { shift: 0.5 } };
    await fit(model, train, { ...make, epochs: 1, progress: false });
    const before = { random: randomState(), rates: optimizer.groups.map(({ rate }) => rate) };
    if (search) {
      const found = await findLearningRate(model, train, { ...make, steps: 10 });
      expect(found.rates).toHaveLength(10);
      expect(optimizer.groups.map(({ rate }) => rate)).toEqual(before.rates);
      expect(randomState()).toEqual(before.random);
    }
    await fit(model, train, { ...make, epochs: 2, epochsDone: 1, progress: false });
    return { model: await model.stateDict(), optimizer: await optimizer.stateDict() };
  };
  expect(await run(true)).toEqual(await run(false));
});

test('before a training, the optimizer remembers nothing afterwards', async () => {
  const model = smallModel();
  const optimizer = new Adam(model.parameters());
  await findLearningRate(model, train, { optimizer, batchSize: 16, steps: 3 });
  expect(await optimizer.stateDict()).toEqual(await new Adam(smallModel().parameters()).stateDict());
});

test('a signal ends it after the step that runs', async () => {
  const { model, examples } = line();
  const optimizer = new SGD(model.parameters());
  let looks = 0;
  const signal = {
    get aborted() {
      return ++looks > 12;
    },
  };
  const { rates } = await findLearningRate(model, examples, { optimizer, loss: meanSquaredError, signal });
  // It was asked after each.
  expect(rates).toHaveLength(13);
  expect(await new SGD(model.parameters()).stateDict()).toEqual(await optimizer.stateDict());
});

test('what it decides itself is refused', async () => {
  const { model, examples } = line();
  const optimizer = new SGD(model.parameters());
  const search = (extra: object) =>
    findLearningRate(model, examples, { optimizer, loss: meanSquaredError, ...extra });
  await expect(search({ epochs: 3 })).rejects.toThrow(/findLearningRate: got the option epochs/);
  await expect(search({ lowest: 1, highest: 0.1 })).rejects.toThrow(/100 steps from 1 to 0.1/);
  await expect(search({ steps: 1 })).rejects.toThrow(/1 steps from/);
  await expect(search({ start: 1 })).rejects.toThrow(/unknown option "start"/);
});
