/** Averages of weights: their values, in fit, with batch norms, saved and resumed. */
import { describe, expect, test } from 'vitest';
import {
  BatchNorm,
  compile,
  Dense,
  type Examples,
  type FitOptions,
  fit,
  type Module,
  type Parameter,
  randn,
  Sequential,
  SGD,
  type StateDict,
  seed,
  type Tensor,
  tensor,
  WeightAverage,
} from '../../src/index.ts';
import type { Batch } from '../../src/train/batch-source.ts';
import { openExamples } from '../../src/train/example-source.ts';
import { denseModel, smallModel, stripes } from './support.ts';

const train = stripes(50);
const validation = stripes(30, 2);

/** One weight, on which values can be put. */
function line() {
  const model = new Dense(1, 1, { bias: false });
  return { model, put: (value: number) => model.weight.set(Float32Array.of(value)) };
}

const weightOf = async (parameter: Parameter): Promise<number> => (await parameter.data())[0];

test('all updates count the same; with a decay the latest count most', async () => {
  const values = [3, -1, 4, 1.5];
  for (const decay of [undefined, 0.2, 0.999]) {
    const { model, put } = line();
    const average = new WeightAverage(model, decay === undefined ? {} : { decay });
    let wanted = 0;
    for (const [index, value] of values.entries()) {
      await put(value);
      await average.update();
      const kept = decay === undefined ? index / (index + 1) : Math.min(decay, index / (index + 9));
      wanted = kept * wanted + (1 - kept) * value;
    }
    expect(average.updates).toBe(4);
    await average.exchange();
    expect(await weightOf(model.weight)).toBeCloseTo(wanted, 5);
    await average.exchange();
    expect(await weightOf(model.weight)).toBe(1.5);
  }
});

test('before the first update there is nothing to exchange', async () => {
  const { model, put } = line();
  await put(3);
  const average = new WeightAverage(model);
  await expect(average.exchange()).rejects.toThrow(/an average of no values, expected at least one update/);
  expect(await weightOf(model.weight)).toBe(3);
  void average.update();
  await average.exchange();
  expect(await weightOf(model.weight)).toBe(3);
});

test('a compiled step takes in the weights after it, and goes on from a saved state to the same bits', async () => {
  const run = async (cut: number | undefined) => {
    let { model, put } = line();
    await put(1);
    const make = () => {
      const average = new WeightAverage(model, { decay: 0.9 });
      const optimizer = new SGD(model.parameters(), { learningRate: 0.1 });
      const step = compile((x: Tensor) => {
        const loss = model.call(x).square().sum();
        loss.backward();
        void optimizer.step();
        void average.update();
        return loss;
      });
      return { average, step };
    };
    let { average, step } = make();
    for (let index = 0; index < 12; index++) {
      if (index === cut) {
        const [value, state] = [await weightOf(model.weight), await average.stateDict()];
        ({ model, put } = line());
        await put(value);
        ({ average, step } = make());
        await average.loadStateDict(state);
      }
      await step(tensor([[1]]));
    }
    return [
      await weightOf(model.weight),
      (await average.stateDict()).variables.weight.data[0],
      average.updates,
    ];
  };
  const whole = await run(undefined);
  expect(whole[0]).toBeCloseTo(0.8 ** 12, 5);
  let wanted = 0;
  for (let n = 0; n < 12; n++) wanted += Math.max(0.1, 9 / (n + 9)) * (0.8 ** (n + 1) - wanted);
  expect(whole[1]).toBeCloseTo(wanted, 5);
  expect(await run(5)).toEqual(whole);
});

test('what is frozen, and what is no weight, is left out', async () => {
  const model = smallModel();
  model.modules.head.freeze();
  const { variables } = await new WeightAverage(model).stateDict();
  const paths = Object.keys(variables);
  expect(paths).toContain('norm.runningVariance');
  expect(paths.filter((path) => path.startsWith('head'))).toEqual([]);
  expect(paths).toHaveLength(model.namedVariables().length - 2);
});

const options = (model: Module, extra: Partial<FitOptions>): FitOptions => ({
  epochs: 4,
  optimizer: new SGD(model.parameters(), { learningRate: 0.1, momentum: 0.9 }),
  batchSize: 16,
  validation,
  ...extra,
});

/** Values of a parameter of a model of stripes that has been trained, after each epoch and at the end. */
async function trained(make: () => Module, extra: Partial<FitOptions>) {
  seed(0);
  const model = make();
  const states: StateDict[] = [];
  const history = await fit(
    model,
    train,
    options(model, { onEpoch: async () => void states.push(await model.stateDict()), ...extra }),
  );
  return { history, states, state: await model.stateDict() };
}

describe('fit', () => {
  test('swa validates and leaves the mean of the epochs that count; training itself goes on as without', async () => {
    const plain = await trained(denseModel, {});
    const averaged = await trained(denseModel, { average: { kind: 'swa', from: 3 } });
    for (const path of Object.keys(plain.state)) {
      const of = (index: number): number[] => Array.from(plain.states[index][path].data);
      expect(averaged.states[1][path]).toEqual(plain.states[1][path]);
      expect(averaged.states[2][path]).toEqual(plain.states[2][path]);
      const mean = of(2).map((value, k) => expect.closeTo((value + of(3)[k]) / 2, 5));
      expect(Array.from(averaged.state[path].data)).toEqual(mean);
    }
    expect(averaged.states[3]).toEqual(averaged.state);
    expect(averaged.history.epochs.map(({ trainLoss }) => trainLoss)).toEqual(
      plain.history.epochs.map(({ trainLoss }) => trainLoss),
    );
    expect(averaged.history.epochs[3].valLoss).not.toBe(plain.history.epochs[3].valLoss);
  });

  test('ema is what the steps come to; a training that is broken off has it too', async () => {
    const average = { kind: 'ema', decay: 0.9 } as const;
    const whole = await trained(denseModel, { average });
    const weights: StateDict[] = [];
    seed(0);
    const model = denseModel();
    const signal = { aborted: false };
    const steps = options(model, {
      average,
      signal,
      onStep: async ({ epoch, step }) => {
        weights.push(await model.stateDict());
        signal.aborted = epoch === 3 && step === 2;
      },
    });
    await fit(model, train, steps);
    const ema = (count: number, path: string): number[] =>
      weights.slice(0, count).reduce(
        (mean, state, n) =>
          mean.map((value, k) => value + Math.max(0.1, 9 / (n + 9)) * (state[path].data[k] - value)),
        Array.from(weights[0][path].data, () => 0),
      );
    const end = await model.stateDict();
    for (const path of Object.keys(end)) {
      const close = (values: number[]) => values.map((value) => expect.closeTo(value, 5));
      expect(Array.from(whole.states[0][path].data)).toEqual(close(ema(4, path)));
      expect(Array.from(end[path].data)).toEqual(close(ema(10, path)));
    }
    expect(weights).toHaveLength(10);
  });

  test('restoreBest gives the average of the best epoch', async () => {
    const average = { kind: 'ema', decay: 0.5 } as const;
    const { history, states, state } = await trained(denseModel, {
      average,
      restoreBest: true,
      monitor: 'loss',
    });
    const losses = history.epochs.map(({ valLoss }) => valLoss);
    expect(state).toEqual(states[losses.indexOf(Math.min(...losses.map((loss) => loss!)))]);
  });

  test('an error leaves the weights that were trained', async () => {
    const plain = await trained(denseModel, { epochs: 2 });
    seed(0);
    const model = denseModel();
    const failing = options(model, {
      average: { kind: 'ema', decay: 0.9 },
      onEpoch: ({ epoch }) => {
        if (epoch === 2) throw new Error('stop');
      },
    });
    await expect(fit(model, train, failing)).rejects.toThrow('stop');
    expect(await model.stateDict()).toEqual(plain.state);
  });

  test('swa computes the statistics of batch norms anew, and changes nothing else of the training', async () => {
    const make = () => new Sequential({ norm: new BatchNorm(2, { affine: false }), head: new Dense(2, 1) });
    const inputs = tensor(
      Float32Array.from({ length: 80 }, (_, k) => 5 + Math.sin(k * k) * (1 + (k % 2))),
      {
        shape: [40, 2],
      },
    );
    const examples = { inputs, targets: inputs.sum(-1, { keepDims: true }) };
    seed(0);
    const model = make();
    await fit(model, examples, {
      epochs: 2,
      batchSize: 8,
      optimizer: new SGD(model.parameters(), { learningRate: 1e-3 }),
      loss: (output: Tensor, targets: Tensor) => output.sub(targets).square().mean(),
      average: { kind: 'swa', from: 2 },
      progress: false,
    });
    // The mean over the batches of the second epoch, of which the running statistics have seen ten at a share of a tenth.
    const source = await openExamples('test', examples, { batchSize: 8, seed: 0 });
    const batches: Batch[] = [];
    for await (const batch of source.batches(2)) batches.push(batch);
    const means = await Promise.all(batches.map(({ inputs: { tensors } }) => tensors[0].mean(0).data()));
    const wanted = [0, 1].map((k) => means.reduce((sum, each) => sum + each[k] / means.length, 0));
    const { 'norm.runningMean': mean } = await model.stateDict();
    expect(Array.from(mean.data)).toEqual(wanted.map((value) => expect.closeTo(value, 3)));
    const plain = await trained(smallModel, {});
    const averaged = await trained(smallModel, { average: { kind: 'swa', from: 1 } });
    expect(averaged.history.epochs.map(({ trainLoss }) => trainLoss)).toEqual(
      plain.history.epochs.map(({ trainLoss }) => trainLoss),
    );
  });

  test('statistics of swa are those of as many examples at a time as a step computes', async () => {
    const statistics = async (options: object, asIterator = false) => {
      seed(0);
      const model = new Sequential({ norm: new BatchNorm(2, { affine: false }), head: new Dense(2, 1) });
      const inputs = randn([64, 2]).mul(tensor([1, 3]));
      const optimizer = new SGD(model.parameters(), { learningRate: 0 });
      const loss = (output: Tensor, targets: Tensor) => output.sub(targets).square().mean();
      const average = { kind: 'swa', from: 1 } as const;
      const examples = { inputs, targets: inputs.sum(-1, { keepDims: true }) };
      await fit(model, asIterator ? [examples] : examples, {
        ...options,
        epochs: 1,
        optimizer,
        loss,
        average,
        progress: false,
      });
      return Array.from((await model.stateDict())['norm.runningVariance'].data);
    };
    expect(await statistics({ batchSize: 4, accumulate: 8 })).toEqual(await statistics({ batchSize: 4 }));
    // Batches of an iterator are computed as they come, however large they are.
    const ofAll = (await statistics({ batchSize: 64 })).map((value) => expect.closeTo(value, 5));
    expect(await statistics({}, true)).toEqual(ofAll);
    expect(await statistics({ batchSize: 32 })).not.toEqual(ofAll);
  });

  test('swa of batch norms wants batches again, so it refuses an iterator that is given itself', async () => {
    function* endless() {
      for (;;) yield { inputs: randn([4, 2]), targets: randn([4, 1]) };
    }
    const loss = (output: Tensor, targets: Tensor) => output.sub(targets).square().mean();
    const training = (norm: BatchNorm | undefined, examples: Examples<Tensor, Tensor>) => {
      const model = new Sequential({ ...(norm && { norm }), head: new Dense(2, 1) });
      const average = { kind: 'swa', from: 1 } as const;
      const optimizer = new SGD(model.parameters());
      return fit(model, examples, { epochs: 3, stepsPerEpoch: 2, optimizer, loss, average, progress: false });
    };
    await expect(training(new BatchNorm(2), endless())).rejects.toThrow(
      /training data: got an iterator, expected the batches of each epoch, also for the statistics/,
    );
    expect((await training(new BatchNorm(2), endless)).epochs).toHaveLength(3);
    expect((await training(undefined, endless())).epochs).toHaveLength(3);
  });

  test('an average that never begins, or is none, is refused', async () => {
    const refused = (average: object) =>
      fit(denseModel(), train, options(denseModel(), { average } as object));
    await expect(refused({ kind: 'swa', from: 5 })).rejects.toThrow(/from 5 of 4 epochs/);
    await expect(refused({ kind: 'swa', decay: 0.9 })).rejects.toThrow(/unknown option "decay"/);
    await expect(refused({ kind: 'mean' })).rejects.toThrow(/average of fit/);
    await expect(refused({ kind: 'ema', decay: 1 })).rejects.toThrow(/decay 1/);
  });
});
