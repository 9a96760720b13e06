/** Steps that turn NaN or infinite: refused, and explained. */
import '../../src/index.ts';
import { describe, expect, test } from 'vitest';
import type { ImageDataset } from '../../src/data/dataset.ts';
import {
  full,
  log,
  maximum,
  NonFiniteError,
  Parameter,
  pad,
  scan,
  seed,
  type Tensor,
  tensor,
  where,
} from '../../src/index.ts';
import { Dense, Flatten, Module, Sequential, softmaxCrossEntropy } from '../../src/nn/index.ts';
import { Adam, SGD } from '../../src/optim/index.ts';
import { randomState } from '../../src/tensor/random.ts';
import { recorder } from '../../src/tensor/recorder.ts';
import { findNonFinite, fit as fitModel, NonFiniteStepError } from '../../src/train/index.ts';
import { denseModel, smallModel, stripes } from './support.ts';

const train = stripes(48);

async function failure(run: Promise<unknown>): Promise<NonFiniteStepError> {
  const error = await run.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(NonFiniteStepError);
  expect(error).toBeInstanceOf(NonFiniteError);
  return error as NonFiniteStepError;
}

/** log(x - 0.5): NaN for dark pixels. */
class LogLayer extends Module {
  override get kind(): string {
    return 'logLayer';
  }
  forward(x: Tensor): Tensor {
    return log(x.sub(0.5));
  }
}

/** √(x·0): finite, but its derivative is 0/0. */
class RootLayer extends Module {
  forward(x: Tensor): Tensor {
    return x.mul(0).sqrt();
  }
}

describe('fit', () => {
  test('an operation outside its domain, in a layer', async () => {
    const model = new Sequential({ flatten: new Flatten(), bad: new LogLayer(), head: new Dense(36, 3) });
    const before = await model.stateDict();
    const optimizer = new Adam(model.parameters());
    const error = await failure(fitModel(model, train, { epochs: 1, batchSize: 16, optimizer }));
    expect(error.message).toMatch(/^step 1 of 3 in epoch 1: got loss NaN: first log in layer "bad" gave NaN/);
    expect(error.message).toMatch(/the logarithm of -0\.\d+, which is not positive/);
    expect(error.message).toMatch(/parameters and optimizer state are as they were before it/);
    expect(error.finding).toMatchObject({ operation: 'log', layer: 'bad', shape: [16, 36] });
    expect(await model.stateDict()).toEqual(before);
    expect(optimizer.stepCount).toBe(0);
  });

  test('a learning rate that is too high: the overflow is found, and the step before stays', async () => {
    seed(0);
    const model = denseModel();
    const optimizer = new SGD(model.parameters(), { learningRate: 1e30 });
    const error = await failure(fitModel(model, train, { epochs: 3, batchSize: 16, optimizer }));
    expect(error.message).toMatch(/learning rate that is too high.*learning rate 1e\+30/);
    expect(error.message).toMatch(new RegExp(`^step ${error.step} of 3 in epoch ${error.epoch}: `));
    expect(optimizer.stepCount).toBe((error.epoch - 1) * 3 + error.step - 1);
    expect(['hidden', 'head']).toContain(error.finding!.layer);
    for (const { data } of Object.values(await model.stateDict())) {
      expect(data.every((value) => Number.isFinite(value))).toBe(true);
    }
  });

  test('a finite loss with a gradient that is not', async () => {
    const root = new RootLayer();
    const model = new Sequential({
      flatten: new Flatten(),
      first: new Dense(36, 4),
      root,
      head: new Dense(4, 3),
    });
    const before = await model.stateDict();
    const error = await failure(
      fitModel(model, train, { epochs: 1, optimizer: new Adam(model.parameters()) }),
    );
    expect(error.message).toMatch(
      /got a gradient that is not finite \(loss [\d.]+\): first divide in layer "root"/,
    );
    expect(error.message).toMatch(/division by 0/);
    expect(await model.stateDict()).toEqual(before);
  });

  test('a pixel that is not finite, by the number of its image', async () => {
    const images = Float32Array.from(train.images, (value) => value / 255);
    images[29 * 36 + 5] = Number.NaN;
    const dataset: ImageDataset = { ...train, images };
    const model = denseModel();
    const error = await failure(
      fitModel(model, dataset, { epochs: 1, batchSize: 16, optimizer: new Adam(model.parameters()) }),
    );
    expect(error.message).toMatch(/image 29 of stripes holds NaN/);
    expect(error.message).toMatch(/non-finite pixels in the data set/);
  });

  test('a parameter that was not finite before', async () => {
    const model = denseModel();
    const weight = model.namedParameters().find(([path]) => path === 'hidden.weight')![1];
    await weight.set(new Float32Array(36 * 8).fill(Number.POSITIVE_INFINITY, 9, 10));
    const error = await failure(
      fitModel(model, train, { epochs: 1, optimizer: new Adam(model.parameters()) }),
    );
    expect(error.message).toMatch(/"hidden.weight" was Infinity at \[1, 1\] before the step/);
    expect(error.message).toMatch(/overflowed in an earlier step/);
    expect(error.finding!.variable).toBe('hidden.weight');
  });

  test('random numbers, running statistics and the recorder are as before', async () => {
    seed(7);
    const model = smallModel();
    const scale = new Parameter(tensor([1]), 'scale');
    let calls = 0;
    const loss = (scores: Tensor, labels: Tensor): Tensor => {
      calls++;
      return log(scale.mul(-1).sum()).add(softmaxCrossEntropy(scores, labels));
    };
    await model.stateDict();
    const before = { state: await model.stateDict(), random: randomState() };
    const optimizer = new Adam([...model.parameters(), scale]);
    const error = await failure(fitModel(model, train, { epochs: 1, batchSize: 16, optimizer, loss }));
    expect(error.finding).toMatchObject({ operation: 'log', layer: '' });
    expect(calls).toBe(2);
    expect({ state: await model.stateDict(), random: randomState() }).toEqual(before);
    expect(recorder().updates.size).toBe(0);
    expect(scale.grad).toBeUndefined();
  });
});

describe('findNonFinite', () => {
  test('finite tensors have nothing to find', async () => {
    expect(await findNonFinite(tensor([1, 2]).exp().sum())).toBeUndefined();
  });

  test('the first operation on the way, not a later one', async () => {
    const x = tensor([
      [1, 200],
      [3, 4],
    ]);
    const finding = await findNonFinite(x.exp().log().sub(x).sum());
    expect(finding).toMatchObject({
      operation: 'exp',
      index: [0, 1],
      value: Number.POSITIVE_INFINITY,
      shape: [2, 2],
    });
    expect(finding!.inputs).toEqual([{ from: 'input', shape: [2, 2], value: 200, largest: 200 }]);
  });

  test('infinities that were written down are not faults', async () => {
    const x = tensor([1, 2, -3]);
    const masked = where(x.greater(0), x, Number.NEGATIVE_INFINITY);
    expect(await findNonFinite(masked.softmax().sum())).toBeUndefined();
    expect(await findNonFinite(pad(x, [[1, 1]], Number.NEGATIVE_INFINITY).max())).toBeUndefined();
    const later = masked.softmax().log().mul(0).sum();
    expect(await findNonFinite(later)).toMatchObject({ operation: 'log', index: [2] });
  });

  test('values that never reach the tensor are not blamed', async () => {
    const x = tensor([-1, 4]);
    const guarded = where(x.greater(0), x.log(), 0);
    const finding = await findNonFinite(guarded.sub(4).sqrt().sum());
    expect(finding).toMatchObject({ operation: 'sqrt' });
  });

  test('in a loop, the step and the expression of its body', async () => {
    const x = tensor([1, 1, 1, 1]);
    const step = (h: Tensor, xt: Tensor) => {
      const next = h.sub(0.6);
      return { carry: next, output: new LogLayer().call(next.add(0.5)).mul(xt) };
    };
    const loop = scan(step, { initial: tensor(2), inputs: x, axis: 0 });
    expect(await findNonFinite(loop.outputs.sum())).toMatchObject({ operation: 'log', step: 3, index: [] });
    expect(await findNonFinite(loop.carry)).toBeUndefined();
    const back = scan((h: Tensor) => ({ carry: h.mul(1e20) }), {
      initial: tensor(1),
      steps: 9,
      reverse: true,
    });
    expect(await findNonFinite(back.carry)).toMatchObject({ operation: 'multiply', step: 7 });
    const largest = scan((h: Tensor, xt: Tensor) => ({ carry: maximum(h, xt), output: h }), {
      initial: full([], Number.NEGATIVE_INFINITY),
      inputs: x,
      axis: 0,
    });
    expect(await findNonFinite(largest.carry)).toBeUndefined();
  });
});
