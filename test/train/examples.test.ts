/** Training and evaluating on what is no data set of pictures: sequences, regression, several inputs, batches of an iterator. */
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  Adam,
  concat,
  Dense,
  Embedding,
  type EpochReport,
  type Examples,
  evaluate,
  fit,
  LSTM,
  Module,
  meanAbsoluteError,
  meanSquaredError,
  NonFiniteStepError,
  OptionError,
  type RandomGenerator,
  randint,
  randn,
  Sequential,
  ShapeError,
  seed,
  type Tensor,
  tensor,
  WeftError,
} from '../../src/index.ts';
import { denseModel, stripes } from './support.ts';

const optimizerOf = (model: { parameters(): ReturnType<Sequential['parameters']> }) =>
  new Adam(model.parameters(), { learningRate: 0.03 });

/** Sums of what is seen: [N, 5, 2] → [N, 1]. */
function sums(count: number) {
  const inputs = randn([count, 5, 2]);
  return { inputs, targets: inputs.sum([1, 2]).reshape([count, 1]) };
}

const recurrent = () => new Sequential({ lstm: new LSTM(2, 8), head: new Dense(8, 1) });

describe('regression of sequences', () => {
  test('learns, with metrics of one’s own, for training and validation', async () => {
    seed(3);
    const model = recurrent();
    const validation = sums(20);
    const { epochs, aborted } = await fit(model, sums(64), {
      epochs: 12,
      optimizer: optimizerOf(model),
      loss: meanSquaredError,
      metrics: { error: meanAbsoluteError, bias: (outputs, targets) => outputs.sub(targets).mean() },
      validation,
      progress: false,
    });
    expect(aborted).toBe(false);
    const last = epochs.at(-1)!;
    expect(last.trainLoss).toBeLessThan(epochs[0].trainLoss / 2);
    expect(Object.keys(last.trainMetrics!)).toEqual(['error', 'bias']);
    expect([last.trainAccuracy, last.valAccuracy]).toEqual([undefined, undefined]);
    const evaluation = await evaluate(model, validation, {
      loss: meanSquaredError,
      metrics: { error: meanAbsoluteError },
      batchSize: 7,
    });
    expect(evaluation.loss).toBeCloseTo(last.valLoss!, 5);
    expect(evaluation.metrics.error).toBeCloseTo(last.valMetrics!.error, 5);
    expect(evaluation).toMatchObject({ accuracy: undefined, confusion: undefined, predictions: undefined });
  });

  test('the best epoch is that of the monitor', async () => {
    seed(4);
    const model = recurrent();
    const states: unknown[] = [];
    const reports: EpochReport<undefined>[] = [];
    await fit(model, sums(32), {
      epochs: 6,
      optimizer: new Adam(model.parameters(), { learningRate: 0.3 }),
      loss: meanSquaredError,
      metrics: { error: meanAbsoluteError },
      validation: sums(16),
      monitor: { metric: 'error', goal: 'least' },
      restoreBest: true,
      onEpoch: async (report) => {
        reports.push(report);
        states.push(await model.stateDict());
      },
    });
    const errors = reports.map(({ valMetrics }) => valMetrics!.error);
    expect(await model.stateDict()).toEqual(states[errors.indexOf(Math.min(...errors))]);
  });
});

describe('classes', () => {
  test('of words and of every step need no loss', async () => {
    seed(5);
    const words = randint(0, 20, [48, 6]);
    const model = new Sequential({ embedding: new Embedding(20, 8), head: new Dense(8, 2) });
    const examples = { inputs: words, targets: words.greater(9).cast('int32') };
    const { epochs } = await fit(model, examples, {
      epochs: 15,
      optimizer: optimizerOf(model),
      progress: false,
    });
    expect(epochs.at(-1)!.trainAccuracy).toBeGreaterThan(0.9);
    const { accuracy, predictions } = await evaluate(model, examples);
    expect(accuracy).toBeGreaterThan(0.9);
    expect(predictions).toBeUndefined();
  });

  test('of tensors are judged as those of pictures', async () => {
    const images = stripes(30);
    const inputs = tensor(
      Float32Array.from(images.images, (value) => value / 255),
      { shape: [...images.shape] },
    );
    const examples = { inputs, targets: tensor(images.labels, { dtype: 'int32' }) };
    const histories = await Promise.all(
      [images, examples].map(async (data) => {
        seed(6);
        const model = denseModel();
        const options = { epochs: 2, batchSize: 8, optimizer: optimizerOf(model), progress: false };
        const history = await ('inputs' in data ? fit(model, data, options) : fit(model, data, options));
        const evaluation = await ('inputs' in data ? evaluate(model, data) : evaluate(model, data));
        return { history: history.epochs.map(({ seconds, ...rest }) => rest), evaluation };
      }),
    );
    expect(histories[1]).toEqual(histories[0]);
  });
});

interface Place {
  readonly days: Tensor;
  readonly place: Tensor;
}

class Weather extends Module<Place, { readonly sun: Tensor; readonly rain: Tensor }> {
  readonly lstm = new LSTM(2, 8);
  readonly places = new Embedding(4, 8);
  readonly sun = new Dense(8, 1);
  readonly rain = new Dense(8, 1);

  forward({ days, place }: Place) {
    const state = this.lstm.call(days).add(this.places.call(place));
    return { sun: this.sun.call(state), rain: this.rain.call(state) };
  }
}

test('several inputs and several targets, typed', async () => {
  seed(7);
  const model = new Weather();
  const days = randn([40, 5, 2]);
  const examples = {
    inputs: { days, place: randint(0, 4, [40]) },
    targets: [days.sum([1, 2]).reshape([40, 1]), days.max([1, 2]).reshape([40, 1])] as const,
  };
  const loss = (outputs: { sun: Tensor; rain: Tensor }, [sun, rain]: readonly [Tensor, Tensor]) =>
    meanSquaredError(outputs.sun, sun).add(meanSquaredError(outputs.rain, rain));
  const { epochs } = await fit(model, examples, {
    epochs: 30,
    optimizer: optimizerOf(model),
    loss,
    progress: false,
  });
  expect(epochs.at(-1)!.trainLoss).toBeLessThan(epochs[0].trainLoss / 2);
  expect((await evaluate(model, examples, { loss })).loss).toBeLessThan(epochs[0].trainLoss);
});

describe('types', () => {
  class Sum extends Module<readonly [Tensor, Tensor]> {
    readonly head = new Dense(2, 1);

    forward([x, y]: readonly [Tensor, Tensor]) {
      return this.head.call(x.add(y));
    }
  }

  test('know the inputs of a list and the names of metrics', async () => {
    const model = new Sum();
    const examples = { inputs: [randn([4, 2]), randn([4, 2])], targets: randn([4, 1]) } as const;
    const loss = meanSquaredError;
    await fit(model, examples, {
      epochs: 1,
      optimizer: optimizerOf(model),
      loss,
      augmentation: ([x, y]) => [x.mul(2), y],
      progress: false,
    });
    const { metrics } = await evaluate(model, examples, {
      loss,
      metrics: { error: meanAbsoluteError, bias: (outputs, targets) => outputs.sub(targets).mean() },
    });
    const error: number = metrics.error + metrics.bias;
    expect(error).toBeGreaterThan(0);
    // @ts-expect-error: no metric has this name.
    expect(metrics.eror).toBeUndefined();
    // @ts-expect-error: there are none.
    expect((await evaluate(model, examples, { loss })).metrics.error).toBeUndefined();
  });
});

describe('batches of an iterator', () => {
  const quiet = { loss: meanSquaredError, progress: false } as const;
  const train = (examples: Examples<Tensor, Tensor>, more: object = {}) => {
    const model = recurrent();
    return fit(model, examples, { epochs: 2, optimizer: optimizerOf(model), ...quiet, ...more });
  };

  test('are made anew for each epoch, of a length that is not known, and of different sizes', async () => {
    const steps: (number | undefined)[] = [];
    const left: boolean[] = [];
    async function* batches(epoch: number) {
      for (let index = 0; index < 2 + epoch; index++) yield sums(4 + index);
    }
    const { epochs } = await train(batches, {
      onStep: ({ steps: all, secondsLeft }: { steps?: number; secondsLeft?: number }) => {
        steps.push(all);
        left.push(secondsLeft === undefined);
      },
    });
    expect(epochs).toHaveLength(2);
    expect(steps).toEqual(new Array(7).fill(undefined));
    expect(left).toEqual([true, true, true, false, false, false, false]);
    const model = recurrent();
    const evaluation = await evaluate(model, batches, quiet.loss && { loss: quiet.loss });
    expect(evaluation.loss).toBeGreaterThan(0);
  });

  test('may be endless, or a list', async () => {
    let made = 0;
    function* endless() {
      for (;;) {
        made++;
        yield sums(4);
      }
    }
    await train(endless, { stepsPerEpoch: 3 });
    expect(made).toBe(6);
    const one = endless();
    await train(one, { stepsPerEpoch: 3 });
    expect(made).toBe(12);
    expect(one.next().done).toBe(true);
    expect((await train([sums(3), sums(3)])).epochs).toHaveLength(2);
  });

  test('that fit no step are refused in words', async () => {
    function* once() {
      yield sums(4);
    }
    const orphaned = vi.fn();
    process.on('unhandledRejection', orphaned);
    onTestFinished(() => void process.off('unhandledRejection', orphaned));
    const refused: [examples: unknown, more: object, error: typeof WeftError, message: RegExp][] = [
      [once(), {}, OptionError, /one iterator for 2 epochs.*give a function/],
      [sums(4), { validation: once() }, OptionError, /validation data: got one iterator for 2 epochs/],
      [once, { stepsPerEpoch: 2 }, OptionError, /got 1 batches, expected 2, as stepsPerEpoch says/],
      [[], {}, OptionError, /epoch 1: got no batch/],
      [() => 5, {}, OptionError, /a function that gives 5/],
      [[5], {}, OptionError, /batch 1 of the training data: got 5/],
      [
        [{ inputs: randn([4, 5, 2]), targets: randn([3, 1]) }],
        {},
        ShapeError,
        /inputs \[4, 5, 2\] and targets \[3, 1\]/,
      ],
      [
        [sums(2), { inputs: [randn([2, 5, 2])], targets: randn([2, 1]) }],
        {},
        ShapeError,
        /batch 2: .*another structure/,
      ],
      [{ inputs: randn([4, 5, 2]), targets: 5 }, {}, WeftError, /targets of the training data: got 5/],
      [{ inputs: [], targets: [] }, {}, OptionError, /no tensor in inputs/],
      [{ inputs: randn([4, 5, 2]), targets: tensor(1) }, {}, ShapeError, /targets \[\]/],
      [sums(4), { batchSize: 8, dropLast: true }, OptionError, /dropLast with batches of 8 for 4 examples/],
      [sums(4), { loss: undefined }, OptionError, /got none, for outputs float32\[4, 1\].*meanSquaredError/],
      [sums(4), { loss: (outputs: Tensor) => outputs }, ShapeError, /a loss of shape \[4, 1\]/],
      [sums(4), { metrics: { odd: (outputs: Tensor) => outputs } }, ShapeError, /metrics\.odd/],
      [
        sums(4),
        { metrics: { late: async (outputs: Tensor) => outputs.mean().item() } },
        ShapeError,
        /metrics\.late: got a Promise.*without async/,
      ],
      [
        sums(4),
        { loss: () => Promise.reject(new Error('late')) },
        ShapeError,
        /option loss: got a Promise.*without async/,
      ],
      [sums(4), { metrics: [] }, OptionError, /metrics \[\]/],
      [sums(4), { normalization: { mean: [0], std: [1] } }, OptionError, /unknown option "normalization"/],
      [sums(4), { augmentation: { shift: 1 } }, OptionError, /augmentation.*a function/],
      [
        sums(4),
        { augmentation: (x: Tensor) => x.slice([0, 2]) },
        ShapeError,
        /augmentation of the training data: got \[2/,
      ],
      [sums(4), { monitor: 'loss' }, OptionError, /monitor without a validation set/],
      [sums(4), { monitor: 'best', validation: sums(2) }, OptionError, /monitor "best"/],
      [sums(4), { monitor: 'accuracy', validation: sums(2) }, OptionError, /does not classify/],
      [sums(4), { stepsPerEpoch: 0 }, OptionError, /stepsPerEpoch 0/],
    ];
    for (const [examples, more, error, message] of refused) {
      const training = train(examples as Examples<Tensor, Tensor>, more);
      await expect(training, `${message}`).rejects.toThrow(message);
      await expect(training).rejects.toThrow(error);
    }
    // Of a rejection that nobody waits for, the process is told after a turn of the event loop.
    await new Promise((resolve) => setTimeout(resolve));
    expect(orphaned).not.toHaveBeenCalled();
  });

  test('that are not finite are named', async () => {
    const { inputs, targets } = sums(6);
    const broken = (await inputs.data()).with(25, Number.NaN);
    const training = train({ inputs: tensor(broken as Float32Array, { shape: [6, 5, 2] }), targets });
    await expect(training).rejects.toThrow(NonFiniteStepError);
    await expect(training).rejects.toThrow(/example 2 of the training data holds NaN/);
  });
});

describe('augmentation of one’s own', () => {
  test('of tensors is drawn from the seed', async () => {
    const examples = sums(24);
    const run = async (own: boolean, numbers = 0) => {
      seed(8);
      const model = recurrent();
      const augmentation = (inputs: Tensor, generator: RandomGenerator) =>
        inputs.mul(0.5 + generator.uniform());
      const { epochs } = await fit(model, examples, {
        epochs: 2,
        batchSize: 8,
        seed: numbers,
        optimizer: optimizerOf(model),
        loss: meanSquaredError,
        progress: false,
        ...(own && { augmentation }),
      });
      return epochs.map(({ trainLoss }) => trainLoss);
    };
    expect(await run(true)).toEqual(await run(true));
    expect(await run(true)).not.toEqual(await run(false));
    expect(await run(true)).not.toEqual(await run(true, 1));
  });

  test('of pictures changes them in place', async () => {
    const seen: number[] = [];
    const model = denseModel();
    await fit(model, stripes(10), {
      epochs: 1,
      batchSize: 5,
      optimizer: optimizerOf(model),
      progress: false,
      augmentation: (images, shape, generator) => {
        seen.push(...shape);
        for (let index = 0; index < images.length; index++) images[index] *= generator.uniform();
      },
    });
    expect(seen).toEqual([5, 6, 6, 1, 5, 6, 6, 1]);
  });
});

test('progress is a line for each epoch, unless somebody else is told', async () => {
  const lines: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((line: string) => {
    lines.push(line);
  });
  onTestFinished(() => log.mockRestore());
  const model = recurrent();
  const options = { epochs: 2, optimizer: optimizerOf(model), loss: meanSquaredError } as const;
  await fit(model, sums(8), { ...options, metrics: { error: meanAbsoluteError }, validation: sums(4) });
  expect(lines).toHaveLength(2);
  expect(lines[1]).toMatch(
    /^epoch 2 of 2: loss [\d.]+, error [\d.]+; validation loss [\d.]+, error [\d.]+; [\d.]+ s$/,
  );
  await fit(model, sums(8), { ...options, progress: false });
  await fit(model, sums(8), { ...options, onEpoch: () => undefined });
  expect(lines).toHaveLength(2);
  const images = denseModel();
  await fit(images, stripes(6), {
    epochs: 1,
    optimizer: optimizerOf(images),
    onEpoch: () => undefined,
    progress: true,
  });
  expect(lines[2]).toMatch(/^epoch 1 of 1: loss [\d.]+, accuracy [\d.]+ %; [\d.]+ s$/);
});

test('inputs of several tensors may be a list', async () => {
  class Both extends Module<readonly [Tensor, Tensor], Tensor> {
    readonly head = new Dense(4, 1);

    forward([a, b]: readonly [Tensor, Tensor]): Tensor {
      return this.head.call(concat([a, b], -1));
    }
  }
  const model = new Both();
  const inputs = [randn([9, 2]), randn([9, 2])] as const;
  const { epochs } = await fit(
    model,
    { inputs, targets: randn([9, 1]) },
    { epochs: 1, batchSize: 4, optimizer: optimizerOf(model), loss: meanSquaredError, progress: false },
  );
  expect(epochs[0].trainLoss).toBeGreaterThan(0);
});
