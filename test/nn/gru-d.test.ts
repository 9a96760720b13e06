/** GRU-D: its equations in a float64 loop, its limits, and that nothing missing reaches outputs or gradients. */
import { describe, expect, it } from 'vitest';
import { concat, GRU, GRUD, grad, gradCheck, inMode, type Tensor, tensor, zeros } from '../../src/index.ts';
import { errorOf, expectClose, int32, values } from './support.ts';

const [batch, steps, features, hidden] = [3, 6, 2, 4];
const x = values([batch, steps, features]);
/** The first sequence whole; in the second nothing of its second feature; in the third single values and a whole step. */
const isSeen = Array.from({ length: batch }, (_, n) =>
  Array.from({ length: steps }, (_, t) =>
    Array.from(
      { length: features },
      (_, f) => n === 0 || (n === 1 ? f === 0 && t % 2 === 1 : t !== 3 && (t + f) % 3 !== 0),
    ),
  ),
);
const seen = tensor(isSeen);
const holed = seen.where(x, Number.NaN);

/** A layer with weights and a mean that no initializer gives; decays of both signs, so that some rates are cut off at 0. */
async function made(options = {}): Promise<GRUD> {
  const layer = new GRUD(features, hidden, options).eval();
  for (const [index, [path, variable]] of layer.namedVariables().entries()) {
    const salt = path.includes('ecay') ? 0.3 : 0;
    await variable.set(await values(variable.shape, index).mul(0.5).add(salt).data());
  }
  return layer;
}

/** The equations, a number at a time: the state after every step [N, T, H]. `real` says which steps are no padding. */
async function written(layer: GRUD, cell: number, reverse = false, real = (_n: number, _t: number) => true) {
  const weights = layer.cells[cell]!;
  const table = async (each: Tensor) => {
    const [data, columns] = [await each.data(), each.shape.at(-1)!];
    return (row: number, column: number) => data[row * columns + column]!;
  };
  const [wx, bx, wh, bh, w, u, b, mean] = await Promise.all(
    [
      weights.inputDecay,
      weights.inputDecayBias,
      weights.stateDecay,
      weights.stateDecayBias,
      weights.inputWeight,
      weights.recurrentWeight,
      weights.bias,
      layer.mean,
    ].map(table),
  );
  const data = await x.data();
  const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));
  const outputs = new Float64Array(batch * steps * hidden);
  const gammas: number[] = [];
  for (let n = 0; n < batch; n++) {
    let h = new Float64Array(hidden);
    const since = new Float64Array(features);
    const last = Array.from({ length: features }, (_, f) => mean!(0, f));
    for (let order = 0; order < steps; order++) {
      const t = reverse ? steps - 1 - order : order;
      if (!real(n, t)) continue;
      const filled = Array.from({ length: features }, (_, f) => {
        const gamma = Math.exp(-Math.max(0, wx!(0, f) * since[f]! + bx!(0, f)));
        gammas.push(gamma);
        const m = isSeen[n]![t]![f] ? 1 : 0;
        return m === 1 ? data[(n * steps + t) * features + f]! : gamma * last[f]! + (1 - gamma) * mean!(0, f);
      });
      const input = [...filled, ...isSeen[n]![t]!.map(Number)];
      const before = h.map((value, j) => {
        const rate = since.reduce((sum, delta, f) => sum + delta * wh!(f, j), bh!(0, j));
        gammas.push(Math.exp(-Math.max(0, rate)));
        return gammas.at(-1)! * value;
      });
      const gate = (column: number, state: ArrayLike<number>) =>
        input.reduce((sum, value, i) => sum + value * w!(i, column), b!(0, column)) +
        Array.from(state).reduce((sum, value, i) => sum + value * u!(i, column), 0);
      const reset = before.map((value, j) => sigmoid(gate(j, before)) * value);
      h = before.map((value, j) => {
        const z = sigmoid(gate(hidden + j, before));
        return (1 - z) * Math.tanh(gate(2 * hidden + j, reset)) + z * value;
      });
      outputs.set(h, (n * steps + t) * hidden);
      for (let f = 0; f < features; f++) {
        since[f] = 1 + (isSeen[n]![t]![f] ? 0 : since[f]!);
        if (isSeen[n]![t]![f]) last[f] = data[(n * steps + t) * features + f]!;
      }
    }
  }
  return { outputs, gammas };
}

describe('GRUD', () => {
  it('computes its equations, forwards and backwards, of NaN and of a mask', async () => {
    const layer = await made({ bidirectional: true, output: 'sequence' });
    const [forwards, backwards] = [await written(layer, 0), await written(layer, 1, true)];
    const ours = layer.call(holed);
    await expectClose(ours.slice(null, null, [0, hidden]), forwards.outputs);
    await expectClose(ours.slice(null, null, [hidden, null]), backwards.outputs);
    expect(await layer.call({ x, mask: seen }).data()).toEqual(await ours.data());
    const gammas = [...forwards.gammas, ...backwards.gammas];
    expect(gammas.every((gamma) => gamma > 0 && gamma <= 1)).toBe(true);
    expect(gammas.some((gamma) => gamma === 1) && gammas.some((gamma) => gamma < 0.5)).toBe(true);
  });

  it('takes no time for padding, wherever it is', async () => {
    const layer = await made({ output: 'sequence' });
    const padding = [
      [true, true, true, true, false, false],
      [false, true, false, true, true, true],
      [false, false, false, false, false, false],
    ];
    const { outputs } = await written(layer, 0, false, (n, t) => padding[n]![t]!);
    await expectClose(layer.call({ x: holed, mask: tensor(padding) }), outputs);
    const lengths = int32([4, 6, 0]);
    const counted = await written(layer, 0, false, (n, t) => t < [4, 6, 0][n]!);
    await expectClose(layer.call({ x: holed, lengths }), counted.outputs);
  });

  it('is a GRU of values and mask whose state decays at one rate, where all is seen', async () => {
    const layer = await made();
    const [cell] = layer.cells;
    // Without a state in the candidate it is one whether the reset gate acts before or after the product.
    const recurrent = (await cell!.recurrentWeight.data()).map((value, i) =>
      i % (3 * hidden) < 2 * hidden ? value : 0,
    );
    await cell!.recurrentWeight.set(recurrent);
    const gru = new GRU(2 * features, hidden);
    const [own] = gru.cells;
    await own!.inputWeight.set((await cell!.inputWeight.data()).slice());
    await own!.recurrentWeight.set((await cell!.recurrentWeight.data()).slice());
    await own!.inputBias!.set((await cell!.bias.data()).slice());
    await own!.recurrentBias!.set(new Float32Array(3 * hidden));
    // δ is 1 at every step but the first, whose state is 0.
    const rate = cell!.stateDecay.sum(0).add(cell!.stateDecayBias).relu().neg().exp();
    let h = zeros([batch, hidden]);
    for (let t = 0; t < steps; t++) {
      const step = concat(
        [
          x.slice(null, [t, t + 1]),
          x
            .slice(null, [t, t + 1])
            .mul(0)
            .add(1),
        ],
        -1,
      );
      h = gru.call({ x: step, initialState: { h: h.mul(rate).expandDims(0) } });
    }
    await expectClose(layer.call(x), h);
  });

  it('reads the mean where a value was never seen, and comes to it where one was seen long ago', async () => {
    const layer = await made();
    await layer.cells[0]!.inputDecay.set(Float32Array.of(2, 2));
    await layer.cells[0]!.stateDecay.set(new Float32Array(features * hidden));
    const [mean, nothing] = [layer.mean, zeros([1, 12, features])];
    const m = zeros([1, 12, features], { dtype: 'bool' });
    /** The state after steps that are seen to be the mean, but are said to be missing. */
    const reading = (first: Tensor) =>
      layer.call({ x: concat([first, nothing.add(mean)], 1), mask: concat([first.mul(0).equal(0), m], 1) });
    const never = layer.call({ x: nothing, mask: m });
    const meant = layer.call({ x: nothing.add(mean), mask: m });
    expect(await never.data()).toEqual(await meant.data());
    // Of the last steps, what was seen before matters as e^-24 at most: only the state tells of it still.
    await layer.cells[0]!.stateDecayBias.set(new Float32Array(hidden).fill(20));
    const [low, high] = [reading(tensor([[[-3, 4]]])), reading(tensor([[[5, -6]]]))];
    await expectClose(low, high, 1e-6);
  });

  it('learns the mean in training, and uses it at once', async () => {
    const layer = await made();
    await layer.mean.set(new Float32Array(features));
    await layer.count.set(new Float32Array(features));
    const trained = await inMode(layer, 'train', () => layer.call(holed)).data();
    const [sums, counts] = [new Float64Array(features), new Float64Array(features)];
    const data = await x.data();
    isSeen.flat(2).forEach((known, i) => {
      if (!known) return;
      sums[i % features]! += data[i]!;
      counts[i % features]!++;
    });
    await expectClose(
      layer.mean,
      sums.map((sum, f) => sum / counts[f]!),
    );
    await expectClose(layer.call(holed), trained, 1e-6);
    const kept = (await layer.mean.data()).slice();
    await layer.call(x).data();
    expect(await layer.mean.data()).toEqual(kept);
  });

  it('has gradients by finite differences, through the decays too', async () => {
    const layer = await made({ bidirectional: true, output: 'sequence' });
    const cells = layer.cells.map((cell) => ({ ...cell }));
    const names = Object.keys(cells[0]!) as (keyof (typeof cells)[0])[];
    const given = cells.flatMap((cell) => names.map((name) => cell[name].snapshot()));
    const call = (input: Tensor, h: Tensor, ...weights: Tensor[]) => {
      for (const [cell, each] of layer.cells.entries()) {
        for (const [index, name] of names.entries()) {
          Reflect.set(each, name, weights[cell * names.length + index]);
        }
      }
      return layer.call({ x: input, mask: seen, initialState: { h } });
    };
    await gradCheck(call, [x, values([2, batch, hidden], 5), ...given], {
      epsilon: 2 ** -8,
      tolerance: 2e-3,
    });
    const [dDecay] = grad(call(x, zeros([2, batch, hidden]), ...given).sum(), [
      given[names.indexOf('stateDecay')]!,
    ]);
    expect((await dDecay!.data()).some((value) => value !== 0)).toBe(true);
  });

  it('lets nothing that is missing reach an output or a gradient', async () => {
    const layer = await made({ bidirectional: true, output: 'sequence' });
    const found = async (input: Tensor) => {
      const result = layer.call({ x: input, mask: seen });
      const gradients = grad(result.square().sum(), [input, ...layer.parameters()]);
      return Promise.all([result, ...gradients].map(async (each) => (await each.data()).slice()));
    };
    const expected = await found(seen.where(x, 0));
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 3]) {
      expect(await found(seen.where(x, value))).toEqual(expected);
    }
    expect(expected[1]!.every((value, i) => isSeen.flat(2)[i] || value === 0)).toBe(true);
  });

  it('refuses layers on top, and NaN that is not missing', () => {
    expect(errorOf(() => new GRUD(2, 3, { layers: 2 })).message).toMatch(
      /GRUD: got layers 2.*Put a GRU behind it/s,
    );
    expect(errorOf(() => new GRUD(2, 3, { nanIsMissing: false })).message).toMatch(
      /GRUD: got nanIsMissing false/,
    );
  });
});
