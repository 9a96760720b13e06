/** Training a small model from beginning to end: results, repeatability, resuming, stopping and the event loop. */
import '../../src/index.ts';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { DatasetError } from '../../src/data/errors.ts';
import { channelStatistics } from '../../src/data/normalize.ts';
import { LabelError, memory, OptionError, ShapeError, seed } from '../../src/index.ts';
import { Dense, Flatten, Sequential, type StateDict } from '../../src/nn/index.ts';
import { Adam, oneCycle, plateau } from '../../src/optim/index.ts';
import { randomState, setRandomState } from '../../src/tensor/random.ts';
import {
  type EpochReport,
  evaluate,
  type FitOptions,
  fit as fitModel,
  predict,
  type StepReport,
} from '../../src/train/index.ts';
import { denseModel, smallModel, stripes } from './support.ts';

const train = stripes(50);
const validation = stripes(30, 2);
const normalization = channelStatistics(train);

type Extra = Partial<FitOptions>;

function freshModel() {
  seed(0);
  return smallModel();
}

async function trained(extra: Extra = {}, model = freshModel()) {
  const optimizer = new Adam(model.parameters(), { learningRate: 0.02, clipNorm: 5 });
  const history = await fitModel(model, train, {
    epochs: 3,
    optimizer,
    batchSize: 16,
    normalization,
    validation,
    augmentation: { shift: 0.5 },
    ...extra,
  });
  return { model, optimizer, history, state: await model.stateDict() };
}

/** State dicts bit for bit; toEqual on typed arrays takes -0 for 0. */
function bits(state: StateDict): Record<string, string> {
  return Object.fromEntries(
    Object.entries(state).map(([name, { data }]) => [name, Buffer.from(data.buffer).toString('hex')]),
  );
}

describe('results', () => {
  test('it learns, and reports every step and epoch', async () => {
    const steps: StepReport[] = [];
    const epochs: EpochReport[] = [];
    const { history, optimizer, model } = await trained({
      epochs: 12,
      onStep: (report) => void steps.push(report),
      onEpoch: (report) => void epochs.push(report),
    });
    expect(history.aborted).toBe(false);
    expect(history.epochs).toEqual(epochs);
    expect(history.epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(history.epochs.at(-1)!.valAccuracy).toBeGreaterThan(0.95);
    expect(history.epochs.at(-1)!.trainLoss).toBeLessThan(history.epochs[0].trainLoss);
    // 50 images in batches of 16: the fourth has 2.
    expect(optimizer.stepCount).toBe(48);
    expect(steps.slice(0, 5).map(({ epoch, step, steps }) => [epoch, step, steps])).toEqual([
      [1, 1, 4],
      [1, 2, 4],
      [1, 3, 4],
      [1, 4, 4],
      [2, 1, 4],
    ]);
    expect(steps[3].loss).toBeCloseTo(history.epochs[0].trainLoss, 12);
    expect(steps[3].accuracy).toBeCloseTo(history.epochs[0].trainAccuracy, 12);
    expect(steps.at(-1)!.secondsLeft).toBe(0);
    expect(steps[0].learningRate).toBe(0.02);
    const evaluation = await evaluate(model, validation, { normalization, batchSize: 16 });
    expect(evaluation.loss).toBe(history.epochs.at(-1)!.valLoss);
    expect(evaluation.accuracy).toBe(history.epochs.at(-1)!.valAccuracy);
  });

  test('a schedule is followed and reported', async () => {
    const rates: number[] = [];
    const model = denseModel();
    const schedule = oneCycle(0.01, 8);
    const optimizer = new Adam(model.parameters(), { learningRate: schedule });
    await fitModel(model, train, {
      epochs: 2,
      batchSize: 16,
      optimizer,
      onStep: (r) => void rates.push(r.learningRate),
    });
    expect(rates).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map(schedule));
  });

  test.each([
    ['the validation figure', { validation }],
    ['the training loss where there is none', {}],
  ])('a schedule that watches is told %s', async (_, extra) => {
    const rates: number[] = [];
    const model = denseModel();
    // Too small to change anything: only the first figure is better than what was before.
    const learningRate = plateau(1e-20, { factor: 0.5, patience: 0 });
    const optimizer = new Adam(model.parameters(), { learningRate });
    await fitModel(model, train, {
      epochs: 4,
      batchSize: 50,
      optimizer,
      onStep: (r) => void rates.push(r.learningRate * 1e20),
      ...extra,
    });
    expect(rates.map((rate) => Number(rate.toFixed(6)))).toEqual([1, 1, 0.5, 0.25]);
  });

  test('layers keep the modes they had', async () => {
    const model = freshModel();
    model.eval();
    model.modules.dropout.training = true;
    await trained({ epochs: 1 }, model);
    expect(Object.values(model.modules).map(({ training }) => training)).toEqual([
      false,
      false,
      false,
      true,
      false,
    ]);
  });
});

describe('repeatable', () => {
  test('the same seeds give the same bits, 0 included; another one does not', async () => {
    const first = await trained({ seed: 0 });
    const again = await trained({ seed: 0 });
    const other = await trained({ seed: 1 });
    expect(bits(again.state)).toEqual(bits(first.state));
    expect(bits(other.state)).not.toEqual(bits(first.state));
  });

  test('resumed after two of four epochs, training ends with the same bits', async () => {
    const whole = await trained({ epochs: 4 });
    const half = await trained({ epochs: 2 });
    const random = randomState();
    const optimizerState = await half.optimizer.stateDict();
    seed(99);
    const model = smallModel();
    await model.loadStateDict(half.state);
    const optimizer = new Adam(model.parameters(), { learningRate: 0.02, clipNorm: 5 });
    await optimizer.loadStateDict(optimizerState);
    setRandomState(random);
    const history = await fitModel(model, train, {
      epochs: 2,
      epochsDone: 2,
      optimizer,
      batchSize: 16,
      normalization,
      validation,
      augmentation: { shift: 0.5 },
    });
    expect(bits(await model.stateDict())).toEqual(bits(whole.state));
    expect(history.epochs.map(({ epoch, trainLoss }) => [epoch, trainLoss])).toEqual(
      whole.history.epochs.slice(2).map(({ epoch, trainLoss }) => [epoch, trainLoss]),
    );
  });
});

describe('stopping', () => {
  test('an abort ends after the step that runs and says so', async () => {
    const controller = new AbortController();
    let steps = 0;
    const { history, optimizer } = await trained({
      epochs: 5,
      signal: controller.signal,
      onStep: () => {
        if (++steps === 6) controller.abort();
      },
    });
    expect(history.aborted).toBe(true);
    expect(history.epochs).toHaveLength(1);
    expect(optimizer.stepCount).toBe(6);
  });

  test('aborted before it began, it changes nothing', async () => {
    const model = freshModel();
    const before = await model.stateDict();
    const { history, state } = await trained({ signal: AbortSignal.abort() }, model);
    expect(history.epochs).toHaveLength(0);
    expect(history.aborted).toBe(true);
    expect(bits(state)).toEqual(bits(before));
  });

  test('early stopping, and the best weights restored', async () => {
    const states: StateDict[] = [];
    seed(3);
    const model = denseModel();
    // The rate is far too high after the second epoch, so that later ones are worse.
    const optimizer = new Adam(model.parameters(), { learningRate: (step) => (step < 8 ? 0.01 : 50) });
    const history = await fitModel(model, train, {
      epochs: 30,
      batchSize: 16,
      optimizer,
      validation,
      restoreBest: true,
      monitor: 'loss',
      earlyStopping: { patience: 2 },
      onEpoch: async () => void states.push(await model.stateDict()),
    });
    const losses = history.epochs.map(({ valLoss }) => valLoss!);
    const best = losses.indexOf(Math.min(...losses));
    expect(history.epochs.length).toBeLessThan(30);
    expect(history.epochs).toHaveLength(best + 3);
    expect(bits(await model.stateDict())).toEqual(bits(states[best]));
    expect(bits(states[best])).not.toEqual(bits(states.at(-1)!));
  });
});

describe('the event loop', () => {
  test('has a turn at least every 50 ms', async () => {
    // A clock of the test's own: every step takes 10 ms.
    let now = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
    onTestFinished(() => clock.mockRestore());
    let lastTurn = 0;
    let longest = 0;
    let running = true;
    const turn = () => {
      longest = Math.max(longest, now - lastTurn);
      lastTurn = now;
      if (running) setImmediate(turn);
    };
    setImmediate(turn);
    const model = denseModel();
    await fitModel(model, train, {
      epochs: 10,
      batchSize: 5,
      optimizer: new Adam(model.parameters()),
      onStep: () => {
        now += 10;
      },
    });
    running = false;
    expect(now).toBeGreaterThan(500);
    expect(longest).toBeGreaterThan(0);
    expect(longest).toBeLessThanOrEqual(50);
  });
});

describe('memory', () => {
  test('epochs hold nothing', async () => {
    const model = freshModel();
    const optimizer = new Adam(model.parameters());
    const sizes: number[] = [];
    await fitModel(model, train, {
      epochs: 20,
      batchSize: 16,
      optimizer,
      validation,
      onEpoch: () => void sizes.push(memory().arenaBytes),
    });
    expect(new Set(sizes).size).toBe(1);
  });
});

describe('input that does not fit', () => {
  const refused = (extra: Extra, data = train) => {
    const model = denseModel();
    return fitModel(model, data, { epochs: 1, optimizer: new Adam(model.parameters()), ...extra });
  };

  test('options', async () => {
    await expect(refused({ epoch: 3 } as object)).rejects.toThrow(/unknown option "epoch"/);
    await expect(refused({ epochs: 0 })).rejects.toThrow(OptionError);
    await expect(refused({ batchSize: 2.5 })).rejects.toThrow(/batchSize 2.5/);
    await expect(refused({ seed: -1 })).rejects.toThrow(/seed -1/);
    await expect(refused({ restoreBest: true })).rejects.toThrow(/restoreBest without a validation set/);
    await expect(refused({ earlyStopping: { patience: 2 } })).rejects.toThrow(/earlyStopping without/);
    await expect(refused({ earlyStopping: { patience: 0 }, validation })).rejects.toThrow(/patience 0/);
    await expect(refused({ normalization: { mean: [0], std: [0] } })).rejects.toThrow(/deviations 0/);
    await expect(refused({ optimizer: new Adam(denseModel().parameters()) })).rejects.toThrow(
      /without any parameter of the model/,
    );
    const original = denseModel();
    const optimizer = new Adam(original.parameters());
    const transferred = original.with({ head: new Dense(8, 3) });
    const training = fitModel(transferred, train, { epochs: 1, optimizer });
    await expect(training).rejects.toThrow(/an optimizer without head\.weight, head\.bias.*freeze\(\)/);
    transferred.modules['head']?.freeze();
    await fitModel(transferred, train, { epochs: 1, optimizer });
    const head = await transferred.freeze().stateDict();
    await expect(fitModel(transferred, train, { epochs: 1, optimizer })).rejects.toThrow(
      /", which is frozen.*unfreeze\(\)/,
    );
    expect(await transferred.stateDict()).toEqual(head);
  });

  test('data', async () => {
    const labels = train.labels.slice();
    labels[7] = 3;
    await expect(refused({}, { ...train, labels })).rejects.toThrow(LabelError);
    await expect(refused({}, { ...train, labels })).rejects.toThrow(/stripes, item 7: got label 3/);
    await expect(refused({ validation: { ...validation, labels: labels.slice(0, 30) } })).rejects.toThrow(
      LabelError,
    );
    await expect(refused({ validation: { ...validation, shape: [30, 9, 4, 1] } })).rejects.toThrow(
      DatasetError,
    );
    await expect(refused({ validation: { ...validation, classNames: ['a', 'b', 'c'] } })).rejects.toThrow(
      OptionError,
    );
  });

  test('a model with another number of classes', async () => {
    const model = new Sequential({ flatten: new Flatten(), head: new Dense(36, 4) });
    const options = { epochs: 1, optimizer: new Adam(model.parameters()) };
    await expect(fitModel(model, train, options)).rejects.toThrow(ShapeError);
    await expect(fitModel(model, train, options)).rejects.toThrow(
      /scores of shape \[32, 4\], expected \[N=32, classes=3\]/,
    );
    await expect(evaluate(model, validation)).rejects.toThrow(ShapeError);
  });
});

describe('evaluate and predict', () => {
  test('agree with each other whatever the batch size', async () => {
    const { model } = await trained();
    const whole = await evaluate(model, validation, { normalization });
    const parts = await evaluate(model, validation, { normalization, batchSize: 7 });
    expect(parts.predictions).toEqual(whole.predictions);
    expect(parts.loss).toBeCloseTo(whole.loss, 5);
    const pixels = Float32Array.from(validation.images, (value) => value / 255);
    const predictions = await predict(model, pixels, validation.shape, { normalization });
    expect(predictions.map(({ label }) => label)).toEqual(Array.from(whole.predictions));
    expect(predictions[4].probabilities).toEqual(whole.probabilities.slice(12, 15));
    expect(Array.from(whole.confusion).reduce((a, b) => a + b)).toBe(30);
  });

  test('what does not fit is refused', async () => {
    const model = denseModel();
    await expect(predict(model, new Float32Array(35), [1, 6, 6, 1])).rejects.toThrow(/35 pixel values/);
    await expect(evaluate(model, validation, { batch: 3 } as object)).rejects.toThrow(/unknown option/);
    expect(await predict(model, new Float32Array(0), [0, 6, 6, 1])).toEqual([]);
  });
});
