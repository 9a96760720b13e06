/** The gradients of several batches in one step of fit: as one large batch makes it. */
import { describe, expect, test } from 'vitest';
import {
  Adam,
  BatchNorm,
  Dense,
  Dropout,
  type EpochReport,
  type FitOptions,
  fit,
  type Module,
  meanAbsoluteError,
  NonFiniteStepError,
  Parameter,
  Sequential,
  SGD,
  type StepReport,
  seed,
  type Tensor,
  tensor,
  zeros,
} from '../../src/index.ts';
import { randomState } from '../../src/tensor/random.ts';
import { denseModel, smallModel, stripes } from './support.ts';

const train = stripes(50);

async function trained(extra: Partial<FitOptions>, make: () => Module = denseModel) {
  seed(0);
  const model = make();
  const optimizer = new SGD(model.parameters(), { learningRate: 0.1, momentum: 0.9 });
  const steps: StepReport[] = [];
  const { epochs } = await fit(model, train, {
    epochs: 2,
    optimizer,
    metrics: { spread: (output: Tensor) => output.abs().mean() },
    onStep: (report) => void steps.push(report),
    ...extra,
  });
  return { state: await model.stateDict(), epochs, steps, optimizer };
}

/** The figures of training, without times. */
const figures = ({ trainLoss, trainAccuracy, trainMetrics }: EpochReport) => [
  trainLoss,
  trainAccuracy,
  trainMetrics!.spread,
];

describe('accumulate', () => {
  test.each([
    ['a rest of parts', {}],
    ['none, since it is dropped', { dropLast: true }],
  ])('makes the steps of batches that are so much larger, with %s', async (_, extra) => {
    // 50 examples: steps of 24, 24 and 2, in parts of 8; the last one is whole.
    const large = await trained({ batchSize: 24, ...extra });
    const parts = await trained({ batchSize: 8, accumulate: 3, ...extra });
    expect(parts.optimizer.stepCount).toBe(large.optimizer.stepCount);
    expect(parts.steps.map(({ step, steps }) => [step, steps])).toEqual(
      large.steps.map(({ step, steps }) => [step, steps]),
    );
    for (const [epoch, report] of parts.epochs.entries()) {
      const wanted = figures(large.epochs[epoch]).map((figure) => expect.closeTo(figure, 5));
      expect(figures(report)).toEqual(wanted);
    }
    for (const [path, { data }] of Object.entries(parts.state)) {
      for (const [k, value] of data.entries()) expect(value).toBeCloseTo(large.state[path].data[k], 4);
    }
  });

  test('parts of other sizes count by their examples', async () => {
    // Steps of 50 examples in parts of 16, 16, 16 and 2.
    const [large, parts] = [
      await trained({ batchSize: 50 }),
      await trained({ batchSize: 16, accumulate: 4 }),
    ];
    for (const [path, { data }] of Object.entries(parts.state)) {
      for (const [k, value] of data.entries()) expect(value).toBeCloseTo(large.state[path].data[k], 4);
    }
  });

  test('each part draws its own random numbers, the same each time', async () => {
    const make = () => new Sequential({ dropout: new Dropout(0.5), inner: smallModel() });
    const [first, again] = [
      await trained({ batchSize: 8, accumulate: 2 }, make),
      await trained({ batchSize: 8, accumulate: 2 }, make),
    ];
    expect(again.state).toEqual(first.state);
  });

  test('a step whose last part is not finite is not made, and leaves no gradients behind', async () => {
    const weight = new Parameter(tensor([1]), 'weight');
    const model = new (class extends Sequential {
      readonly weight = weight;
      override forward(x: Tensor): Tensor {
        return x.mul(this.weight);
      }
    })([]);
    const optimizer = new Adam(model.parameters());
    const inputs = tensor([[1], [2], [3], [Number.NaN]]);
    const examples = { inputs, targets: tensor([[2], [2], [2], [2]]) };
    const failing = fit(model, examples, {
      epochs: 1,
      batchSize: 1,
      accumulate: 4,
      optimizer,
      loss: meanAbsoluteError,
    });
    await expect(failing).rejects.toThrow(NonFiniteStepError);
    expect(Array.from(await weight.data())).toEqual([1]);
    const sums = Object.values((await optimizer.stateDict()).variables).map(({ data }) => Array.from(data));
    expect(sums).toEqual([[0]]);
  });

  test('statistics and random numbers are as before a step of which a later part is refused', async () => {
    const model = new Sequential({
      norm: new BatchNorm(2),
      dropout: new Dropout(0.5),
      head: new Dense(2, 1),
    });
    const optimizer = new Adam(model.parameters());
    // One of four parts; the others move the statistics and draw what is dropped.
    const inputs = tensor([
      [0, 1],
      [2, 3],
      [4, 5],
      [6, 7],
      [8, 9],
      [1, 2],
      [3, Number.NaN],
      [5, 6],
    ]);
    const examples = { inputs, targets: zeros([8, 1]) };
    const [before, random] = [await model.stateDict(), randomState()];
    const options = { epochs: 1, batchSize: 2, accumulate: 4, optimizer, loss: meanAbsoluteError };
    await expect(fit(model, examples, options)).rejects.toThrow(NonFiniteStepError);
    expect(await model.stateDict()).toEqual(before);
    expect(randomState()).toEqual(random);
  });

  test('batches of an iterator are not put together', async () => {
    const model = denseModel();
    const one = { inputs: tensor([[1]]), targets: tensor([[1]]) };
    const optimizer = new Adam(model.parameters());
    await expect(
      fit(model, [one], { epochs: 1, accumulate: 2, optimizer, loss: meanAbsoluteError }),
    ).rejects.toThrow(/accumulate 2 for an iterator/);
  });
});
