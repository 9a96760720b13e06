/** `scan` in programs: random numbers, training, layers, state, and what users do with a loop beside running it. */
import { afterAll, describe, expect, it } from 'vitest';
import {
  Adam,
  add,
  compile,
  Dense,
  Dropout,
  gather,
  grad,
  layerOutputs,
  Module,
  matmul,
  memory,
  multiply,
  ones,
  Parameter,
  rand,
  randn,
  remainder,
  Sequential,
  SGD,
  scan,
  seed,
  setDevice,
  square,
  stack,
  stopGradient,
  sum,
  summarize,
  type Tensor,
  tanh,
  tensor,
  Variable,
  where,
  zeros,
} from '../../src/index.ts';
import { expectClose, values } from '../nn/support.ts';
import { type UnrolledBody, unrolled } from '../support/unrolled.ts';

const [batch, steps, features] = [3, 5, 2];
const x = values([batch, steps, features]);
const h0 = values([batch, features], 1);
const w = values([features, features], 2);

const cell = (h: Tensor, xt: Tensor) => {
  const next = tanh(add(xt, matmul(h, w)));
  return { carry: next, output: next };
};

/** What a loop of one carry and one output gives, and what the plain loop does. */
function bothWays(body: unknown, initial: Tensor, inputs: Tensor, plain: unknown = body) {
  const options = { initial, inputs };
  const ways = [scan(body as never, options), unrolled(plain as UnrolledBody, options)];
  return ways as unknown as readonly { readonly carry: Tensor; readonly outputs: Tensor }[];
}

/** Holds the outputs of a loop, and their gradients, to those of the plain loop. */
async function expectPlain(ways: ReturnType<typeof bothWays>, targets: readonly Tensor[]): Promise<void> {
  const [found, expected] = ways.map(({ outputs, carry }) => [
    outputs,
    ...grad(add(sum(square(outputs)), sum(carry)), targets),
  ]);
  for (const [k, each] of found.entries()) await expectClose(each, expected[k]);
}

afterAll(() => {
  setDevice('wasm');
});

describe('random numbers', () => {
  const draw = (outside?: Tensor) =>
    scan((h: Tensor) => ({ carry: h, output: outside ?? rand([4]) }), {
      initial: zeros([]),
      steps: 6,
      axis: 0,
    }).outputs;

  it('differ from step to step, and are the same for the same seed', async () => {
    seed(5);
    const first = Array.from(await draw().data());
    expect(new Set(first).size).toBe(24);
    const next = Array.from(await draw().data());
    expect(next).not.toEqual(first);
    seed(5);
    expect(Array.from(await draw().data())).toEqual(first);
  });

  it('drawn outside are the same at every step', async () => {
    const outside = rand([4]);
    const rows = Array.from(await draw(outside).data());
    for (let step = 0; step < 6; step++) {
      expect(rows.slice(4 * step, 4 * step + 4)).toEqual(Array.from(await outside.data()));
    }
  });

  it('are others at each call of a compiled function', async () => {
    const run = compile(() => draw());
    seed(8);
    const [first, second] = [Array.from(await (await run()).data()), Array.from(await (await run()).data())];
    expect(new Set([...first, ...second]).size).toBe(48);
    seed(8);
    expect(Array.from(await (await run()).data())).toEqual(first);
    seed(8);
    expect(Array.from(await draw().data())).toEqual(first);
  });

  it('in a loop in a loop differ everywhere', async () => {
    const { outputs } = scan((h: Tensor) => ({ carry: h, output: draw() }), {
      initial: zeros([]),
      steps: 5,
      axis: 0,
    });
    const all = Array.from(await outputs.data());
    expect(outputs.shape).toEqual([5, 6, 4]);
    expect(new Set(all).size).toBe(120);
  });

  it('of a Dropout in training differ from step to step; in evaluation there are none', async () => {
    const layer = new Dropout(0.5);
    const outputs = () =>
      scan((h: Tensor) => ({ carry: h, output: layer.call(ones([16])) }), {
        initial: zeros([]),
        steps: 8,
        axis: 0,
      }).outputs;
    layer.train();
    const rows = Array.from(await outputs().data());
    const patterns = new Set(Array.from({ length: 8 }, (_, t) => rows.slice(16 * t, 16 * t + 16).join()));
    expect(patterns.size).toBeGreaterThan(6);
    layer.eval();
    expect(new Set(await outputs().data())).toEqual(new Set([1]));
  });
});

describe('in programs', () => {
  it('trains the same compiled and not, and parameters keep no copies', async () => {
    const inputs = values([4, 6, 3]);
    const target = values([4, 2], 8);
    const train = async (compiled: boolean) => {
      seed(1);
      const wx = new Parameter(randn([3, 4]).mul(0.3), 'wx');
      const wh = new Parameter(randn([4, 4]).mul(0.3), 'wh');
      const head = new Dense(4, 2);
      const optimizer = new Adam([wx, wh, ...head.parameters()], { learningRate: 0.02 });
      const step = async (xs: Tensor, y: Tensor) => {
        const { carry } = scan((h, xt) => ({ carry: tanh(add(matmul(xt, wx), matmul(h, wh))) }), {
          initial: zeros([4, 4]),
          inputs: xs,
        });
        const loss = square(head.call(carry).sub(y)).mean();
        loss.backward();
        await optimizer.step();
        return loss;
      };
      const run = compiled ? compile(step) : step;
      const losses: number[] = [];
      const held: number[] = [];
      for (let k = 0; k < 30; k++) {
        losses.push(await (await run(inputs, target)).item());
        held.push(memory().variableBytes);
      }
      return { losses, held };
    };
    const [eager, compiled] = [await train(false), await train(true)];
    expect(eager.losses[29]).toBeLessThan(eager.losses[0] * 0.6);
    eager.losses.forEach((loss, k) => {
      expect(compiled.losses[k]).toBeCloseTo(loss, 5);
    });
    for (const { held } of [eager, compiled]) {
      expect(Math.max(...held.slice(5))).toBeLessThanOrEqual(Math.max(...held.slice(0, 5)));
    }
  });

  it('values may be awaited between', async () => {
    const parameter = new Parameter(values([features, features], 5), 'w');
    const optimizer = new SGD([parameter], { learningRate: 0.1 });
    const loss = () => {
      const { carry, outputs } = scan(
        (h, xt) => {
          const next = tanh(add(matmul(h, parameter), xt));
          return { carry: next, output: next };
        },
        { initial: h0, inputs: x },
      );
      return { carry, outputs };
    };
    const first = loss();
    const before = Array.from(await first.outputs.data());
    const total = add(first.outputs.square().sum(), first.carry.sum());
    const [expected] = grad(add(loss().outputs.square().sum(), loss().carry.sum()), [parameter]);
    total.backward();
    await expectClose(parameter.grad!, expected);
    await optimizer.step();
    expect(Array.from(await first.outputs.data())).toEqual(before);
    expect(Array.from(await loss().outputs.data())).not.toEqual(before);
  });

  it('one compiled function takes sequences of any length', async () => {
    const run = compile((xs: Tensor) => scan(cell, { initial: h0, inputs: xs }).outputs);
    for (const length of [3, 1, 8, 0, 3]) {
      const inputs = values([batch, length, features]);
      const expected = length > 0 ? unrolled(cell as UnrolledBody, { initial: h0, inputs }).outputs : inputs;
      await expectClose(await run(inputs), expected as Tensor);
    }
  });

  it('says which index leaves its range, and where', async () => {
    const table = values([4, 2]);
    const at = tensor([0, 3, 9, 1], { dtype: 'int32' });
    for (const device of ['cpu', 'wasm'] as const) {
      setDevice(device);
      const { carry } = scan(
        (h: Tensor, index: Tensor) => ({
          // Depends on the carry, so that it stays in the loop.
          carry: add(h, gather(table, add(index, multiply(sum(h).cast('int32'), 0)))),
        }),
        { initial: zeros([2]), inputs: at, axis: 0 },
      );
      await expect(carry.data()).rejects.toThrow(/gather.*9/);
    }
    setDevice('wasm');
  });

  it('a gradient may be taken in the body, of a scan as well', async () => {
    const inner = (run: typeof scan | typeof unrolled, v: Tensor): Tensor => {
      const body = (h: Tensor) => ({ carry: tanh(matmul(h, w)) });
      return (run(body as never, { initial: v, steps: 3 } as never) as { carry: Tensor }).carry;
    };
    const descend = (run: typeof scan | typeof unrolled) => (h: Tensor, xt: Tensor) => {
      const [slope] = grad(sum(square(inner(run, add(h, xt)))), [h]);
      return { carry: add(h, multiply(slope, -0.1)), output: slope };
    };
    await expectPlain(bothWays(descend(scan), h0, x, descend(unrolled)), [h0, x, w]);
  });

  it('a variable takes the final carry, compiled and not', async () => {
    const body = (h: Tensor, xt: Tensor) => ({ carry: add(multiply(h, 0.5), xt), output: h });
    const state = new Variable(h0, 'state');
    const step = (xs: Tensor) => {
      const { carry, outputs } = scan(body, { initial: state, inputs: xs });
      state.assign(carry);
      return outputs;
    };
    for (const run of [step, compile(step)]) {
      let before: Tensor = h0;
      await state.set(Float32Array.from(await h0.data()));
      for (let call = 0; call < 3; call++) {
        const [, expected] = bothWays(body, before, x);
        await expectClose(await run(x), expected.outputs);
        before = expected.carry;
      }
      await expectClose(state, before);
    }
  });

  it('parameters may be the first carry, a sequence, or a next carry', async () => {
    const [first, sequence] = [new Parameter(h0, 'first'), new Parameter(x, 'sequence')];
    await expectPlain(bothWays(cell, first, sequence), [first, sequence]);
    const constant = (h: Tensor, xt: Tensor) => ({ carry: first, output: multiply(h, xt) });
    await expectPlain(bothWays(constant, h0, x), [h0, first, x]);
  });

  it('loops that differ in little are told apart', async () => {
    const bodies = [
      (h: Tensor, xt: Tensor) => add(multiply(h, 0.5), xt),
      (h: Tensor, xt: Tensor) => add(multiply(h, 0.25), xt),
      (h: Tensor, xt: Tensor) => add(matmul(h, w), xt),
      (h: Tensor, xt: Tensor) => add(matmul(h, w.transpose()), xt),
      (h: Tensor, xt: Tensor) => add(h.slice(null, [null, null, -1]), xt),
      (h: Tensor, xt: Tensor) => add(h, xt),
      (h: Tensor, xt: Tensor) => add(xt, h.mul(x.slice(null, 0))),
    ];
    const ways = bodies.map((next) => bothWays((h: Tensor, xt: Tensor) => ({ carry: next(h, xt) }), h0, x));
    await expectClose(stack(ways.map(([{ carry }]) => carry)), stack(ways.map(([, { carry }]) => carry)));
  });

  it('gradients stop where they are stopped: truncated in time', async () => {
    const body = (h: Tensor, xt: Tensor, t: Tensor | number) => {
      const isFirst = remainder(add(t, tensor(0, { dtype: 'int32' })), 2).equal(0);
      const next = tanh(add(matmul(where(isFirst, stopGradient(h), h), w), xt));
      return { carry: next, output: next };
    };
    await expectPlain(bothWays(body, h0, x), [h0, x, w]);
  });

  it('tokens are looked up in the body', async () => {
    const table = values([5, features], 6);
    const tokens = tensor([1, 4, 0, 1, 2, 2, 2, 3, 0], { dtype: 'int32' }).reshape([batch, 3]);
    const body = (h: Tensor, token: Tensor) => {
      const next = tanh(add(matmul(h, w), gather(table, token)));
      return { carry: next, output: next };
    };
    await expectPlain(bothWays(body, h0, tokens), [h0, table, w]);
  });

  it('twenty thousand steps', async () => {
    const xs = values([1, 20_000]);
    const body = (h: Tensor, xt: Tensor) => ({ carry: add(multiply(h, 0.99), xt) });
    const { carry } = scan(body, { initial: zeros([1]), inputs: xs });
    const [slopes] = grad(sum(carry), [xs]);
    let [expected, slope] = [0, 1];
    for (const each of await xs.data()) expected = Math.fround(expected * Math.fround(0.99)) + each;
    await expectClose(carry, [expected]);
    const found = await slopes.data();
    for (let back = 1; back <= 100; back++, slope *= 0.99) expect(found[20_000 - back]).toBeCloseTo(slope, 5);
  });

  it('results that are awaited one by one are of one run', async () => {
    const { carry, outputs } = scan(
      (h: Tensor) => {
        const next = add(h, rand([3]));
        return { carry: next, output: next };
      },
      { initial: zeros([3]), steps: 4, axis: 0 },
    );
    const last = Array.from(await carry.data());
    expect(Array.from(await outputs.data()).slice(9)).toEqual(last);
  });

  it('a step that is not finite changes nothing', async () => {
    const weight = new Parameter(ones([features]), 'weight');
    const optimizer = new SGD([weight], { learningRate: 0.1 });
    const run = compile(
      async (xs: Tensor) => {
        const { carry } = scan((h, xt) => ({ carry: add(h, multiply(xt, weight)) }), {
          initial: h0,
          inputs: xs,
        });
        const loss = sum(carry);
        loss.backward();
        await optimizer.step();
        return loss;
      },
      { requireFinite: true },
    );
    await run(x);
    const before = Array.from(await weight.data());
    await expect(run(x.mul(Number.NaN))).rejects.toThrow(/finite|NaN/);
    expect(Array.from(await weight.data())).toEqual(before);
  });

  it('a layer with a loop is looked into, and counted', async () => {
    class Cell extends Module {
      readonly dense = new Dense(features, features);

      forward(xs: Tensor): Tensor {
        const initial = zeros([xs.shape[0], features]);
        return scan((h, xt) => ({ carry: tanh(this.dense.call(add(h, xt))) }), { initial, inputs: xs }).carry;
      }
    }
    const looped = new Cell();
    const model = new Sequential({ cell: looped, head: new Dense(features, 4) });
    const found = layerOutputs(model, x);
    expect(Object.keys(found)).toEqual(['cell', 'head', '']);
    await expectClose(found['cell'], looped.call(x));
    const { rows } = summarize(model, [steps, features]);
    const flopsOf = (path: string) => rows.find((row) => row.path === path)!.flops;
    const once = summarize(new Sequential({ dense: new Dense(features, features) }), [features]).flops;
    expect(flopsOf('cell.dense')).toBe(steps * once);
    expect(flopsOf('cell')).toBe(steps * 2 * features);
  });
});
