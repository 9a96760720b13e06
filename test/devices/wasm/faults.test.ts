/** What goes wrong while a plan runs on wasm: indices out of range, results that are not finite. Nothing else is lost. */
import { describe, expect, it } from 'vitest';
import {
  Adam,
  compile,
  Dense,
  deviceInfo,
  Embedding,
  gather,
  IndexError,
  NonFiniteError,
  ones,
  Parameter,
  randn,
  Sequential,
  SGD,
  setDevice,
  softmaxCrossEntropy,
  type Tensor,
  tensor,
} from '../../../src/index.ts';
import { refuses } from '../../errors/support.ts';
import { planTensors, splittingDevice } from '../../support/devices.ts';

function indices(...values: number[]): Tensor {
  return tensor(values, { dtype: 'int32' });
}

/** Until so many threads compute. */
async function threadsReached(wanted: number): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (deviceInfo().threads !== wanted && Date.now() < deadline) {
    await new Promise((resolve) => {
      setTimeout(resolve, 1);
    });
  }
  expect(deviceInfo().threads).toBe(wanted);
}

describe.each([1, 2])('an index out of range, with %d threads', (threads) => {
  it('names the layer, changes no parameter, and the next run is fine', async () => {
    setDevice('wasm', { threads });
    await randn([128, 128])
      .matmul(randn([128, 128]))
      .data();
    await threadsReached(threads);
    const model = new Sequential({ words: new Embedding(50, 64), head: new Dense(64, 3) });
    const parameters = model.parameters();
    const optimizer = new Adam(parameters, { learningRate: 0.1 });
    const labels = indices(...Array.from({ length: 256 }, (_, at) => at % 3));
    const step = compile((x: Tensor) => {
      const loss = softmaxCrossEntropy(model.call(x), labels);
      loss.backward();
      void optimizer.step();
      return loss;
    });
    const good = indices(...Array.from({ length: 256 }, (_, at) => at % 50));
    await step(good);
    await threadsReached(threads);
    const values = () => Promise.all(parameters.map(async (each) => [...(await each.data())]));
    for (const [at, wrong] of [
      [7, 50],
      [255, -1],
      [130, 2_000_000_000],
    ]) {
      const before = await values();
      const bad = indices(...(await good.data()));
      (await bad.data())[at] = wrong;
      const error = await refuses(() => step(bad), IndexError, `index ${wrong}`, '0 to 49');
      expect(error.where).toContain('words: gather');
      expect(await values()).toEqual(before);
      expect(Number.isFinite(await (await step(good)).item())).toBe(true);
      expect(await values()).not.toEqual(before);
    }
  });

  it('in eager code leaves other results alone', async () => {
    setDevice('wasm', { threads });
    const table = randn([9, 4]);
    const row = (at: number) => gather(table, indices(at));
    const results = await Promise.allSettled([row(3).data(), row(9).data(), row(0).data()]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((await row(8).data()).length).toBe(4);
  });
});

describe('a fault that one thread finds', () => {
  it('ends the plan for all of them, every time', async () => {
    const device = splittingDevice({ title: '', threads: 3, fusedMultiplyAdd: false });
    const table = randn([64, 32]);
    await table.data();
    const at = tensor(new Int32Array(4096));
    const planned = planTensors([gather(table, at).mul(2).sum(0).add(1), ones([3])]);
    const executable = device.prepare(planned.plan);
    const run = (index: Int32Array) => {
      const inputs = planned.inputs.map((input) => (input instanceof Int32Array ? index : input));
      return executable.run({ inputs, variables: [] });
    };
    const good = Int32Array.from({ length: 4096 }, (_, k) => k % 64);
    const bad = good.with(4000, 64);
    const { outputs } = await run(good);
    await device.pool()?.whenReady();
    for (let repeat = 0; repeat < 300; repeat++) {
      await expect(run(bad)).rejects.toThrow('index 64');
      expect((await run(good)).outputs).toEqual(outputs);
    }
    expect(device.info().threads).toBe(3);
    device.pool()?.terminate();
  });
});

describe('a guarded step', () => {
  it.each([1, 2])('changes nothing when the loss is not finite, with %d threads', async (threads) => {
    setDevice('wasm', { threads });
    await randn([128, 128])
      .matmul(randn([128, 128]))
      .data();
    await threadsReached(threads);
    const weight = new Parameter(ones([64, 64]));
    const optimizer = new SGD([weight], { learningRate: 0.01 });
    const step = compile(
      (x: Tensor) => {
        const loss = x.matmul(weight).log().mean();
        loss.backward();
        void optimizer.step();
        return loss;
      },
      { requireFinite: true },
    );
    const good = ones([128, 64]);
    await step(good);
    await threadsReached(threads);
    for (const value of [0, Number.NaN, Number.POSITIVE_INFINITY]) {
      const before = [...(await weight.data())];
      await refuses(() => step(good.mul(value)), NonFiniteError, 'guarded');
      expect([...(await weight.data())]).toEqual(before);
      expect(Number.isFinite(await (await step(good)).item())).toBe(true);
      expect([...(await weight.data())]).not.toEqual(before);
    }
  });

  it('without any update runs with threads as often as wanted', async () => {
    setDevice('wasm', { threads: 2 });
    const [a, b] = [randn([128, 128]), randn([128, 128])];
    await Promise.all([a.data(), b.data()]);
    const guarded = compile((x: Tensor, y: Tensor) => [x.matmul(y).sum(), x.add(y).sum()], {
      requireFinite: true,
    });
    const expected = await Promise.all((await guarded(a, b)).map((each) => each.item()));
    await threadsReached(2);
    for (let repeat = 0; repeat < 300; repeat++) {
      const results = await guarded(a, b);
      expect(await Promise.all(results.map((each) => each.item()))).toEqual(expected);
    }
    expect(deviceInfo().threads).toBe(2);
  });
});
