/**
 * Requests that are started without waiting: steps, compiled calls, reads, writes, saved states and expressions of several
 * models, in random order, give the same bits as one after the other.
 */
import { describe, expect, it } from 'vitest';
import {
  Adam,
  BatchNorm,
  compile,
  Dense,
  Dropout,
  gather,
  layerOutputs,
  type Optimizer,
  rand,
  randn,
  Sequential,
  SGD,
  seed,
  setDevice,
  softmaxCrossEntropy,
  type Tensor,
  tensor,
} from '../../src/index.ts';
import { Numbers } from '../support/numbers.ts';

const labels = tensor(Int32Array.of(0, 1, 1, 0));

/** A model with its optimizer, and all that can be asked of it. Each returns at once what will be compared. */
function player(kind: number): Record<string, (numbers: Numbers) => Promise<unknown>> {
  const model = new Sequential({
    body: new Dense(3, 4),
    norm: new BatchNorm(4),
    dropout: new Dropout(0.3),
    head: new Dense(4, 2),
  });
  const options = { learningRate: 0.1 };
  const optimizer: Optimizer =
    kind % 2 === 0
      ? new Adam(model.parameters(), options)
      : new SGD(model.parameters(), { ...options, momentum: 0.9 });
  const x = randn([4, 3]);
  const initial = Object.fromEntries(
    model
      .namedVariables()
      .map(([path, { shape, dtype, size }]) => [
        path,
        { shape, dtype, data: new Float32Array(size).fill(0.5) },
      ]),
  );
  const loss = (input: Tensor): Tensor => {
    const value = softmaxCrossEntropy(model.call(input), labels);
    value.backward();
    return value;
  };
  const train = async (input: Tensor): Promise<Tensor> => {
    const value = loss(input);
    await optimizer.step();
    return value;
  };
  const compiled = compile(train);
  const guarded = compile(train, { requireFinite: true });
  const part = compile((input: Tensor) => {
    const value = loss(input);
    void optimizer.accumulate();
    return value;
  });
  const predict = compile((input: Tensor) => model.call(input));
  const values = async (result: Promise<Tensor>) => Array.from(await (await result).data());
  return {
    'a step': (numbers) => values(train(x.mul(between(numbers, 1, 2)))),
    'a compiled step': (numbers) => values(compiled(x.mul(between(numbers, 1, 2)))),
    'a refused step': () => values(guarded(x.mul(Number.NaN))).catch((error: Error) => error.name),
    'an accumulation': () => values(part(x)),
    'a prediction': () => values(predict(x)),
    'an accumulation that is not compiled': async (numbers) => {
      const value = loss(x.mul(between(numbers, 1, 2)));
      await optimizer.accumulate();
      return Array.from(await value.data());
    },
    'gradients forgotten': async () => optimizer.zeroGradients(),
    'a gradient that is kept': async () => {
      loss(x);
      const kept = model.parameters()[1].grad!.mul(2);
      const [stepped, value] = [optimizer.step(), kept.data()];
      await stepped;
      return Array.from(await value);
    },
    'every layer': async () => {
      const outputs = Object.values(layerOutputs(model, x));
      return Promise.all(outputs.map(async (output) => Array.from(await output.data())));
    },
    'an index out of range': () =>
      values(Promise.resolve(gather(model.parameters()[0], tensor(Int32Array.of(99)), 0))).catch(
        (error: Error) => error.name,
      ),
    'a layer frozen or not': async () => {
      const [parameter] = model.parameters();
      parameter.trainable = !parameter.trainable;
    },
    'an expression': () => values(Promise.resolve(model.call(x).exp())),
    'a read': async () => Array.from(await model.parameters()[0].data()),
    'a write': async (numbers) =>
      model.parameters()[1].set(Float32Array.from({ length: 4 }, () => between(numbers, -1, 1))),
    'a new rate': async (numbers) => {
      optimizer.learningRate = between(numbers, 0.01, 0.1);
    },
    'random numbers': () => values(Promise.resolve(rand([3]))),
    'the state': async () => JSON.stringify(await model.stateDict()),
    'the state of the optimizer': async () => JSON.stringify(await optimizer.stateDict()),
    'a state loaded': async () => model.loadStateDict(initial),
    'an eval mode': async () => void model.eval(),
    'a train mode': async () => void model.train(),
  };
}

const between = (numbers: Numbers, low: number, high: number): number => low + (high - low) * numbers.next();

async function play(round: number, wait: boolean): Promise<unknown[]> {
  seed(round);
  const [numbers, pauses] = [new Numbers(round), new Numbers(round + 1000)];
  const players = [0, 1, 2].map((kind) => player(kind));
  const results: Promise<unknown>[] = [];
  for (let turn = 0; turn < 40; turn++) {
    const chosen = numbers.pick(players);
    const names = Object.keys(chosen);
    const name = numbers.pick(names);
    const result = chosen[name](numbers).then((value) => [name, value]);
    results.push(result);
    if (wait) await result;
    else for (let pause = pauses.whole(0, 2); pause > 0; pause--) await null;
  }
  return Promise.all(results);
}

describe.each(['cpu', 'wasm'] as const)('on %s', (device) => {
  it('what is started together gives what comes one after the other', async () => {
    setDevice(device);
    for (let round = 0; round < 12; round++) {
      const [apart, together] = [await play(round, true), await play(round, false)];
      for (const [index, result] of together.entries())
        expect(result, `round ${round}, request ${index}`).toEqual(apart[index]);
    }
  });
});
