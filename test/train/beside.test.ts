/** A model that is used while it trains, and what fit finds out before it changes anything. */
import { describe, expect, test } from 'vitest';
import {
  Adam,
  BatchNorm,
  Dense,
  Dropout,
  evaluate,
  Flatten,
  fit,
  Module,
  NonFiniteError,
  NonFiniteStepError,
  OptionError,
  predict,
  Sequential,
  SGD,
  ShapeError,
  seed,
  type Tensor,
} from '../../src/index.ts';
import { denseModel, stripes } from './support.ts';

const train = stripes(48);
const pixels = Float32Array.from(train.images, (value) => value / 255);
const one = pixels.slice(0, 36);

function dropping(rate = 0.5) {
  seed(3);
  return new Sequential({
    flat: new Flatten(),
    hidden: new Dense(36, 16),
    drop: new Dropout(rate),
    norm: new BatchNorm(16),
    head: new Dense(16, 3),
  });
}

async function run(model: Module, beside: () => void = () => undefined) {
  const losses: number[] = [];
  const training = fit(model, train, {
    epochs: 3,
    batchSize: 16,
    optimizer: new Adam(model.parameters()),
    onStep: ({ batchLoss }) => {
      losses.push(batchLoss);
      beside();
    },
  });
  beside();
  await training;
  return { losses, state: await model.stateDict() };
}

describe('a training', () => {
  test('is the same with predictions and evaluations beside it', async () => {
    const alone = await run(dropping());
    const model = dropping();
    const others: Promise<unknown>[] = [];
    const beside = await run(model, () => {
      others.push(predict(model, one, [1, 6, 6, 1]), evaluate(model, train));
    });
    await Promise.all(others);
    expect(beside).toEqual(alone);
    expect(alone.losses).not.toEqual((await run(dropping(0))).losses);
    expect(model.namedModules().every(([, module]) => module.training)).toBe(true);
  });

  test('and predictions at once do not change each other', async () => {
    const model = dropping();
    const [first, many, again] = await Promise.all([
      predict(model, one, [1, 6, 6, 1]),
      predict(model, pixels, [48, 6, 6, 1]),
      predict(model, one, [1, 6, 6, 1]),
    ]);
    expect(first).toEqual(again);
    expect([...many[0].probabilities]).toEqual([...first[0].probabilities].map((p) => expect.closeTo(p, 5)));
  });
});

describe('a model that is trained meanwhile', () => {
  /** All pictures are one. */
  const same = new Float32Array(36 * 600).map((_, index) => one[index % 36]);

  test('answers with the weights of the call, for all pictures and images', async () => {
    const model = denseModel();
    const optimizer = new SGD(model.parameters(), { learningRate: 1 });
    const options = { batchSize: 4 };
    const before = {
      predictions: await predict(model, same, [600, 6, 6, 1]),
      evaluation: await evaluate(model, train, options),
    };
    const waiting = [predict(model, same, [600, 6, 6, 1]), evaluate(model, train, options)] as const;
    await fit(model, train, { epochs: 4, batchSize: 16, optimizer });
    const [predictions, evaluation] = await Promise.all(waiting);
    expect({ predictions, evaluation }).toEqual(before);
    expect(await evaluate(model, train, options)).not.toEqual(evaluation);
  });
});

describe('the last, smaller batch', () => {
  const odd = stripes(33);

  test('is refused before anything is changed when the model cannot take it', async () => {
    const model = dropping();
    const before = await model.stateDict();
    const optimizer = new Adam(model.parameters());
    const training = fit(model, odd, { epochs: 1, batchSize: 16, optimizer });
    await expect(training).rejects.toThrow(OptionError);
    await expect(training).rejects.toThrow(
      /last batch of 1 of the 33 examples.*batchNorm "norm".*dropLast: true/,
    );
    expect(await model.stateDict()).toEqual(before);
    expect(optimizer.stepCount).toBe(0);
  });

  test('is left out with dropLast', async () => {
    const model = dropping();
    const optimizer = new Adam(model.parameters());
    const steps: number[] = [];
    const history = await fit(model, odd, {
      epochs: 2,
      batchSize: 16,
      dropLast: true,
      optimizer,
      onStep: (report) => void steps.push(report.steps, report.secondsLeft),
    });
    expect(history.epochs.length).toBe(2);
    expect(optimizer.stepCount).toBe(4);
    expect([steps[0], steps.at(-1)]).toEqual([2, 0]);
  });

  test('dropLast leaves at least one', async () => {
    const model = denseModel();
    const optimizer = new Adam(model.parameters());
    const options = { epochs: 1, batchSize: 64, dropLast: true, optimizer };
    await expect(fit(model, odd, options)).rejects.toThrow(/dropLast with batches of 64 for 33 examples/);
    // @ts-expect-error what JavaScript may pass
    await expect(fit(model, odd, { ...options, dropLast: 1 })).rejects.toThrow(/dropLast 1/);
  });

  test('a model that takes no batch says so itself', async () => {
    const model = new Sequential([new Flatten(), new Dense(35, 3)]);
    const optimizer = new Adam(model.parameters());
    await expect(fit(model, odd, { epochs: 1, batchSize: 16, optimizer })).rejects.toThrow(ShapeError);
  });
});

describe('an epoch that ends with NaN or infinity', () => {
  test('is no success: parameters', async () => {
    const model = denseModel();
    const optimizer = new SGD(model.parameters(), { learningRate: 1e38, momentum: 0 });
    const training = fit(model, train, {
      epochs: 1,
      batchSize: 48,
      loss: (scores) => scores.mul(100).sum(),
      optimizer,
    });
    await expect(training).rejects.toThrow(NonFiniteStepError);
    await expect(training).rejects.toThrow(/the end of epoch 1: got "[a-z.]+" with -?Infinity/);
  });

  test('is no success: validation', async () => {
    class Overflow extends Module {
      readonly inner = denseModel();
      forward(x: Tensor): Tensor {
        const scores = this.inner.call(x);
        return this.training ? scores : scores.mul(1e38).mul(1e38);
      }
    }
    const model = new Overflow();
    const optimizer = new Adam(model.parameters());
    const training = fit(model, train, { epochs: 1, batchSize: 16, validation: stripes(9), optimizer });
    await expect(training).rejects.toThrow(NonFiniteError);
    await expect(training).rejects.toThrow(/validation after epoch 1: got loss NaN/);
  });
});

test('predict refuses shapes that are none', async () => {
  const model = denseModel();
  for (const shape of [[-1, -36, 1, 1], [1e9, 0, 6, 1], [1, 6.5, 6, 1], 36, undefined]) {
    // @ts-expect-error what JavaScript may pass
    await expect(predict(model, new Float32Array(0), shape)).rejects.toThrow(ShapeError);
  }
});
