/** The mLSTM: its two forms against a loop in float64 and each other, gates at their ends, padding, and what it needs. */
import { describe, expect, it } from 'vitest';
import {
  grad,
  gradCheck,
  logicalAnd,
  MLSTM,
  planOf,
  randn,
  seed,
  setDevice,
  type Tensor,
  tensor,
  VisionLSTM,
  zeros,
} from '../../src/index.ts';
import { type MemoryForm, parallelForm, recurrentForm } from '../../src/nn/recurrent/mlstm-forms.ts';
import { errorOf, expectClose, int32, values } from './support.ts';

const forms: readonly (readonly [string, MemoryForm])[] = [
  ['parallel', parallelForm],
  ['recurrent', recurrentForm],
];

/** N, S, heads, d */
type Sizes = readonly [n: number, steps: number, heads: number, features: number];

/** The five inputs of a form. */
type Inputs = readonly [query: Tensor, key: Tensor, value: Tensor, inputGate: Tensor, forgetGate: Tensor];

/** Gates with these spreads and forget gates around `open`. */
function inputsOf([n, steps, heads, features]: Sizes, spread = 1, open = 0): Inputs {
  const each = [n, steps, heads, features];
  const gate = [n, steps, heads];
  seed(7);
  return [
    randn(each).div(Math.sqrt(features)),
    randn(each),
    randn(each),
    randn(gate).mul(spread),
    randn(gate).mul(spread).add(open),
  ];
}

/** The same with what makes every q·k positive: no sum of them is near 0, where h is infinite. */
function tame([query, key, ...rest]: Inputs, input = 0, forget = 0): Inputs {
  const [value, inputGate, forgetGate] = rest;
  const [q, k] = [query, key].map((each) => each.abs().add(0.1));
  return [q, k, value, inputGate.add(input), forgetGate.add(forget)];
}

const run = (form: MemoryForm, inputs: Inputs, reverse = false, mask?: Tensor): Tensor => {
  const [query, key, value, inputGate, forgetGate] = inputs;
  return form({ query, key, value, inputGate, forgetGate, mask, reverse });
};

/** The inputs, changed. */
function eachOf([query, key, value, inputGate, forgetGate]: Inputs, change: (x: Tensor) => Tensor): Inputs {
  return [change(query), change(key), change(value), change(inputGate), change(forgetGate)];
}

/** h in float64, by the recurrence with m from -∞ and no floor. */
async function loop(inputs: Inputs, [n, steps, heads, features]: Sizes): Promise<Float64Array> {
  const [q, k, v, input, forget] = await Promise.all(inputs.map((each) => each.data()));
  const h = new Float64Array(q.length);
  for (let sequence = 0; sequence < n * heads; sequence++) {
    const memory = new Float64Array(features * features);
    const total = new Float64Array(features);
    let m = Number.NEGATIVE_INFINITY;
    for (let t = 0; t < steps; t++) {
      const at = (Math.floor(sequence / heads) * steps + t) * heads + (sequence % heads);
      const decayed = Math.min(forget[at], 0) - Math.log1p(Math.exp(-Math.abs(forget[at]))) + m;
      m = Math.max(decayed, input[at]);
      const [kept, written] = [Math.exp(decayed - m), Math.exp(input[at] - m)];
      let among = 0;
      for (let a = 0; a < features; a++) {
        const key = written * k[at * features + a];
        total[a] = kept * total[a] + key;
        among += q[at * features + a] * total[a];
        for (let b = 0; b < features; b++) {
          memory[a * features + b] = kept * memory[a * features + b] + key * v[at * features + b];
        }
      }
      const size = Math.max(Math.abs(among), Math.exp(-m)) + 1e-6;
      for (let b = 0; b < features; b++) {
        let read = 0;
        for (let a = 0; a < features; a++) read += q[at * features + a] * memory[a * features + b];
        h[at * features + b] = read / size;
      }
    }
  }
  return h;
}

describe.each([
  ['gates as they begin', 0.1, 4.5],
  ['gates of all sizes', 1, 0],
  ['gates that shut all of the time', 12, 0],
])('with %s, 784 steps', (_, spread, open) => {
  const sizes = [1, 784, 2, 8] as const;

  it('both forms are the loop in float64, and each other, to 1e-5', async () => {
    const inputs = inputsOf(sizes, spread, open);
    const [parallel, recurrent] = forms.map(([, form]) => run(form, inputs));
    const wanted = await loop(inputs, sizes);
    await expectClose(parallel, wanted, 1e-5);
    await expectClose(recurrent, wanted, 1e-5);
    await expectClose(parallel, recurrent, 1e-5);
  });

  it('and have the same gradients', async () => {
    const inputs = inputsOf(sizes, spread, open);
    const [parallel, recurrent] = forms.map(([, form]) => grad(run(form, inputs).square().sum(), inputs));
    for (const [index, each] of parallel.entries()) await expectClose(each, recurrent[index], 1e-4);
  });
});

describe.each(forms)('the %s form', (_, form) => {
  it('has the gradients of finite differences, in both directions', async () => {
    for (const reverse of [false, true]) {
      // The sum of the weights counts, or, with input gates that are nearly shut, the 1 in its place.
      for (const input of [3, -4]) {
        const inputs = tame(inputsOf([1, 4, 2, 2], 0.5), input, 1);
        const call = (query: Tensor, key: Tensor, value: Tensor, inputGate: Tensor, forgetGate: Tensor) =>
          run(form, [query, key, value, inputGate, forgetGate], reverse);
        await gradCheck(call, inputs, { epsilon: 2 ** -7 });
      }
    }
  });

  it('reads from the end as it reads the flipped sequence', async () => {
    const inputs = inputsOf([2, 9, 2, 3]);
    const flipped = eachOf(inputs, (each) => each.flip(1));
    await expectClose(run(form, inputs, true), run(form, flipped).flip(1), 1e-6);
  });

  it('has no NaN with gates at ±100, forward and backward', async () => {
    for (const input of [-100, 0, 100]) {
      for (const forget of [-100, 0, 100]) {
        const sizes = [1, 30, 1, 4] as const;
        const inputs = tame(inputsOf(sizes, 0.1), input, forget);
        const h = run(form, inputs);
        await expectClose(h, await loop(inputs, sizes), 1e-5);
        for (const gradient of grad(h.square().sum(), inputs)) {
          expect((await gradient.data()).every(Number.isFinite), `input ${input}, forget ${forget}`).toBe(
            true,
          );
        }
      }
    }
  });

  it('keeps what it has at masked steps: as if they were not there', async () => {
    const inputs = inputsOf([1, 6, 2, 3]);
    const mask = tensor([[false, true, true, false, true, false]]);
    const real = [1, 2, 4];
    const at = (x: Tensor) => x.gather(int32(real), 1);
    const shorter = eachOf(inputs, at);
    await expectClose(at(run(form, inputs, false, mask)), run(form, shorter), 1e-6);
    await expectClose(at(run(form, inputs, true, mask)), run(form, shorter, true), 1e-6);
  });
});

describe('MLSTM', () => {
  const x = values([3, 5, 8]);
  const holes = tensor([
    [false, true, true, false, true],
    [true, true, false, false, false],
    [false, false, false, false, false],
  ]);

  it.each(['parallel', 'recurrent'] as const)(
    '%s: what is masked changes no bit, NaN or not',
    async (form) => {
      for (const reverse of [false, true]) {
        const layer = new MLSTM(8, 2, { form, reverse });
        for (const gate of [layer.inputGate, layer.forgetGate]) {
          await gate.weight.set(await values(gate.weight.shape).mul(0.3).data());
        }
        const features = logicalAnd(values(x.shape, 4).greater(-0.5), holes.expandDims(-1));
        for (const mask of [holes, features]) {
          const seen = mask.rank === 3 ? mask : mask.expandDims(-1);
          const results = [0, 5, Number.NaN].map((hidden) => {
            const given = seen.where(x, hidden);
            const stored = seen.where(x.square(), hidden);
            const y = layer.call({ x: given, value: stored, mask });
            return [y, ...grad(y.square().sum(), [given, stored, ...layer.parameters()])];
          });
          const [zeros, fives, missing] = await Promise.all(
            results.map((each) => Promise.all(each.map((tensor) => tensor.data()))),
          );
          expect(zeros.every((each) => Array.from(each).every(Number.isFinite))).toBe(true);
          expect(fives).toEqual(zeros);
          expect(missing).toEqual(zeros);
          const y = results[0][0];
          expect(await y.slice(2).abs().max().item()).toBe(0);
          expect(await results[0][1].slice(2).abs().max().item()).toBe(0);
          expect(await y.slice(0, 0).abs().max().item()).toBe(0);
          expect(await y.slice(0, 1).abs().max().item()).toBeGreaterThan(0);
        }
      }
    },
  );

  it('takes NaN for missing if it is told so, and lengths for a mask', async () => {
    const layer = new MLSTM(8, 2, { nanIsMissing: true });
    const known = values(x.shape, 4).greater(-0.5);
    await expectClose(layer.call(known.where(x, Number.NaN)), layer.call({ x, mask: known }), 1e-7);
    const mask = tensor([
      [true, true, false, false, false],
      [true, true, true, true, true],
      [false, false, false, false, false],
    ]);
    await expectClose(layer.call({ x, lengths: int32([2, 5, 0]) }), layer.call({ x, mask }), 1e-7);
  });

  it('begins with gates that its inputs do not move', async () => {
    const { inputGate, forgetGate } = new MLSTM(8, 4);
    await expectClose(forgetGate.bias!, [3, 4, 5, 6], 1e-6);
    expect(await inputGate.bias!.abs().max().item()).toBeLessThan(0.6);
    for (const { weight } of [inputGate, forgetGate]) expect(await weight.abs().max().item()).toBe(0);
  });

  it('needs S² numbers per head in one plan, however many features a head has', async () => {
    const [n, steps, heads] = [2, 96, 2];
    const arena = async (features: number) => {
      const each = zeros([n, steps, heads, features]);
      const gate = zeros([n, steps, heads]);
      const forward = (query: Tensor, key: Tensor, value: Tensor, inputGate: Tensor, forgetGate: Tensor) =>
        run(parallelForm, [query, key, value, inputGate, forgetGate]);
      const { arenaBytes } = await planOf(forward, each, each, each, gate, gate);
      // The arrays [N, S, heads, d] that are turned around: heads before steps, and back.
      const turned = 4 * 5 * n * steps * heads * features;
      return (arenaBytes - turned) / (4 * n * heads * steps ** 2);
    };
    expect(await arena(4)).toBeLessThan(2.5);
    expect(await arena(64)).toBeLessThan(2.5);
  });

  it('gives the same bits with 1, 2 and 3 threads, and on cpu what it gives on wasm', async () => {
    seed(3);
    const layer = new VisionLSTM(8);
    const grid = values([3, 4, 5, 8]);
    const results = async () => {
      const y = layer.call(grid);
      const [dX] = grad(y.square().sum(), [grid]);
      return [...(await y.data()), ...(await dX.data())];
    };
    const all: number[][] = [];
    try {
      for (const threads of [1, 2, 3]) {
        await setDevice('wasm', { threads });
        all.push(await results());
      }
      await setDevice('cpu');
      await expectClose(tensor(all[0]), await results(), 1e-4);
    } finally {
      await setDevice('wasm');
    }
    expect(all[1]).toEqual(all[0]);
    expect(all[2]).toEqual(all[0]);
  });

  it('reads a batch of none', () => {
    expect(new MLSTM(8, 2).call(zeros([0, 5, 8])).shape).toEqual([0, 5, 8]);
    expect(new VisionLSTM(8).call(zeros([0, 2, 3, 8])).shape).toEqual([0, 2, 3, 8]);
  });

  it('says what does not fit', () => {
    const layer = new MLSTM(8, 2);
    const wrong: [() => unknown, string][] = [
      [() => new MLSTM(8, 3), 'MLSTM: got heads 3 for 8 features'],
      [() => new MLSTM(8, 2, { block: 5 }), 'MLSTM: got block 5 for 8 features'],
      [() => new VisionLSTM(5), 'VisionLSTM: got 5 features and 4 heads'],
      [() => layer.call({ x, value: values([3, 4, 8]) }), 'mlstm value: got [N=3, T=4, F=8]'],
      [() => layer.call({ x, mask: values([3, 5]) }), 'expected bool'],
      [() => layer.call({ x, mask: holes.slice(null, 0) }), '[N=3, T=5]'],
    ];
    for (const [call, message] of wrong) expect(errorOf(call).message).toContain(message);
  });
});
