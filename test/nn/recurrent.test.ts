/** LSTM, GRU and RNN: fused against composed, padding, states, and what they give. */
import { describe, expect, it } from 'vitest';
import {
  concat,
  grad,
  moduleFromConfig,
  moduleToConfig,
  seed,
  type Tensor,
  tensor,
  zeros,
} from '../../src/index.ts';
import { GRU, LSTM, RNN } from '../../src/nn/index.ts';
import { errorOf, expectClose, int32, values } from './support.ts';

const [batch, steps, features, hidden] = [4, 5, 3, 4];
const x = values([batch, steps, features]);

/** Right padding, left padding, a hole, and a sequence without any real step. */
const mask = tensor([
  [true, true, true, false, false],
  [false, false, true, true, true],
  [true, false, true, true, false],
  [false, false, false, false, false],
]);

const variants = {
  plain: {},
  lengths: { lengths: int32([5, 2, 1, 0]) },
  mask: { mask },
} as const;

/** h, and c for an LSTM, [layers·D, N, H]. */
function initialState(cells: number, names: readonly string[]) {
  return Object.fromEntries(
    names.map((name, index) => [name, values([cells, batch, hidden], index + 4)]),
  ) as {
    h: Tensor;
    c: Tensor;
  };
}

describe.each([
  ['lstm', LSTM, ['h', 'c']],
  ['gru', GRU, ['h']],
] as const)('%s: fused and composed agree', (_, Layer, names) => {
  describe.each([
    [1, false],
    [1, true],
    [2, true],
  ])('%i layers, bidirectional %s', (layers, bidirectional) => {
    it.each(Object.keys(variants) as (keyof typeof variants)[])('%s', async (variant) => {
      const make = (fused: boolean) => {
        seed(7);
        return new Layer(features, hidden, { layers, bidirectional, fused });
      };
      const cells = layers * (bidirectional ? 2 : 1);
      const results = [true, false].map((fused) => {
        const layer = make(fused);
        const state = initialState(cells, names);
        const result = layer.run({ x, ...variants[variant], initialState: state });
        const outputs = Object.values(result) as Tensor[];
        const loss = outputs
          .map((output, index) => output.mul(values(output.shape, index)).sum())
          .reduce((a, b) => a.add(b));
        const targets = [x, ...Object.values(state), ...layer.parameters()];
        return { outputs, gradients: grad(loss, targets) };
      });
      const [fused, composed] = results as [(typeof results)[0], (typeof results)[0]];
      expect(fused.outputs[0].shape).toEqual([batch, steps, hidden * (bidirectional ? 2 : 1)]);
      expect(fused.outputs[1].shape).toEqual([cells, batch, hidden]);
      for (const [index, output] of fused.outputs.entries())
        await expectClose(output, composed.outputs[index]);
      expect(fused.gradients.length).toBeGreaterThan(4);
      for (const [index, gradient] of fused.gradients.entries()) {
        await expectClose(gradient, composed.gradients[index]);
        expect(Math.max(...(await gradient.data()).map(Math.abs))).toBeGreaterThan(0);
      }
    });
  });
});

describe.each([
  ['lstm', LSTM, ['h', 'c']],
  ['gru', GRU, ['h']],
  ['rnn', RNN, ['h']],
] as const)('%s: padding', (_, Layer, names) => {
  seed(3);
  const layer = new Layer(features, hidden, { layers: 2, bidirectional: true });
  const state = initialState(4, names);

  it('a padded sequence gives what the short one gives', async () => {
    const lengths = [5, 2, 3, 1];
    const padded = layer.run({ x, lengths: int32(lengths), initialState: state });
    for (const [n, length] of lengths.entries()) {
      const own = Object.fromEntries(
        Object.entries(state).map(([name, each]) => [name, each.slice(null, [n, n + 1])]),
      ) as { h: Tensor; c: Tensor };
      const short = layer.run({ x: x.slice([n, n + 1], [0, length]), initialState: own });
      await expectClose(padded.output.slice([n, n + 1], [0, length]), short.output);
      await expectClose(padded.output.slice(n, [length, null]), new Float32Array((5 - length) * 2 * hidden));
      await expectClose(padded.h.slice(null, [n, n + 1]), short.h);
    }
  });

  it('left padding equals right padding, shifted', async () => {
    const left = tensor([[false, false, true, true, true]]);
    const sequence = values([1, 5, features], 9);
    const a = layer.run({ x: sequence, mask: left });
    const b = layer.run({ x: sequence.slice(null, [2, 5]) });
    await expectClose(a.output.slice(null, [2, 5]), b.output);
    await expectClose(a.output.slice(null, [0, 2]), new Float32Array(2 * 2 * hidden));
    await expectClose(a.h, b.h);
    await expectClose(layer.call({ x: sequence, mask: left }), layer.call(sequence.slice(null, [2, 5])));
  });

  it('a fully masked row keeps its initial state and gives zeros', async () => {
    const result = layer.run({ x, mask, initialState: state });
    await expectClose(result.h.slice(null, 3), state.h.slice(null, 3));
    if (layer instanceof LSTM) {
      const { c } = layer.run({ x, mask, initialState: state });
      await expectClose(c.slice(null, 3), state.c.slice(null, 3));
    }
    await expectClose(result.output.slice(3), new Float32Array(steps * 2 * hidden));
  });

  it('padding does not reach the result or take gradient', async () => {
    const noisy = mask.expandDims(-1).where(x, 1e3);
    await expectClose(layer.run({ x: noisy, mask }).output, layer.run({ x, mask }).output);
    const [gradient] = grad(layer.run({ x, mask }).output.sum(), [x]);
    const data = await gradient.mul(mask.not().expandDims(-1)).data();
    expect(data.every((value) => value === 0)).toBe(true);
  });
});

describe('what call returns', () => {
  it('the last step forward and the first step backward, or every step', async () => {
    seed(1);
    const last = new LSTM(features, hidden, { bidirectional: true });
    const sequence = new LSTM(features, hidden, { bidirectional: true, output: 'sequence' });
    await sequence.loadStateDict(await last.stateDict());
    const every = sequence.call(x);
    expect(every.shape).toEqual([batch, steps, 2 * hidden]);
    expect(last.call(x).shape).toEqual([batch, 2 * hidden]);
    await expectClose(last.call(x).slice(null, [0, hidden]), every.slice(null, -1, [0, hidden]));
    await expectClose(last.call(x).slice(null, [hidden, null]), every.slice(null, 0, [hidden, null]));
    await expectClose(last.run({ x }).h.slice(1), every.slice(null, 0, [hidden, null]));
  });

  it('the backward half of the last output has read all: the first step alone changes it', async () => {
    seed(1);
    const layer = new LSTM(features, hidden, { bidirectional: true });
    const changed = concat([x.slice(null, [0, 1]).add(1), x.slice(null, [1, null])], 1);
    const [before, after] = [x, changed].map((each) => layer.call(each).slice(null, [hidden, null]));
    const difference = await after!.sub(before!).abs().data();
    expect(Math.min(...difference)).toBeGreaterThan(1e-3);
  });

  it('dropout between layers acts in training mode only', async () => {
    seed(1);
    const layer = new GRU(features, 64, { layers: 2, dropout: 0.5 });
    const [a, b] = [await layer.call(x).data(), await layer.call(x).data()];
    expect(a).not.toEqual(b);
    layer.eval();
    expect(await layer.call(x).data()).toEqual(await layer.call(x).data());
  });
});

it('an RNN of a file that says nothing of relu has tanh', () => {
  const given = { layers: 1, bidirectional: false, dropout: 0, output: 'last', bias: true };
  const layer = moduleFromConfig({ type: 'RNN', config: [features, hidden, given] });
  const noNoise = { inputDropout: 0, recurrentDropout: 0, zoneout: 0 };
  const later = { ...noNoise, nanIsMissing: false, nonlinearity: 'tanh', identityScale: 1 };
  const options = { ...given, recurrentInitializer: 'uniform', ...later };
  expect(moduleToConfig(layer).config).toEqual([features, hidden, options]);
});

describe('weights', () => {
  it('have the documented names and shapes', () => {
    const shapes = (layer: LSTM | GRU | RNN) =>
      Object.fromEntries(layer.namedParameters().map(([path, { shape }]) => [path, shape]));
    expect(shapes(new LSTM(3, 4, { bidirectional: true, layers: 2 }))).toMatchObject({
      'cells.0.inputWeight': [3, 16],
      'cells.0.recurrentWeight': [4, 16],
      'cells.0.inputBias': [16],
      'cells.0.recurrentBias': [16],
      'cells.3.inputWeight': [8, 16],
    });
    expect(shapes(new GRU(3, 4))).toEqual({
      'cells.0.inputWeight': [3, 12],
      'cells.0.recurrentWeight': [4, 12],
      'cells.0.inputBias': [12],
      'cells.0.recurrentBias': [12],
    });
    expect(shapes(new RNN(3, 4, { bias: false }))).toEqual({
      'cells.0.inputWeight': [3, 4],
      'cells.0.recurrentWeight': [4, 4],
    });
  });

  it('the forget bias is added to the second quarter', async () => {
    seed(4);
    const without = await new LSTM(2, 3).cells[0].inputBias!.data();
    seed(4);
    const raised = await new LSTM(2, 3, { forgetBias: 1 }).cells[0].inputBias!.data();
    const difference = Array.from(raised, (value, index) => Math.round((value - without[index]) * 1e5) / 1e5);
    expect(difference).toEqual([0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0]);
  });

  it('orthogonal recurrent weights, a gate at a time', async () => {
    const weight = new GRU(2, 6, { recurrentInitializer: 'orthogonal' }).cells[0].recurrentWeight;
    const gate = weight.slice(null, [6, 12]);
    const identity = Array.from({ length: 36 }, (_, index) => (index % 7 === 0 ? 1 : 0));
    await expectClose(gate.transpose().matmul(gate), identity, 1e-6);
  });

  it('bias: false runs', async () => {
    for (const Layer of [LSTM, GRU, RNN]) {
      expect((await new Layer(3, 4, { bias: false }).call(x).data()).length).toBe(batch * hidden);
    }
  });
});

describe('errors', () => {
  const layer = new LSTM(features, hidden);
  const cases: [input: Parameters<LSTM['run']>[0], message: string][] = [
    [{ x, lengths: int32([1, 2]) }, 'lstm lengths: got [N=2], expected [N=4]. '],
    [{ x, lengths: zeros([4]) }, 'lstm lengths: got float32, expected int32. '],
    [{ x, mask: tensor([[true]]) }, 'lstm mask: got [N=1, T=1], expected [N=4, T=5]. '],
    [{ x, mask: zeros([4, 5]) }, 'lstm mask: got float32, expected bool. '],
    [{ x, mask, lengths: int32([1, 2, 3, 4]) }, 'lstm: got lengths and mask, expected one of them. '],
    [
      { x, initialState: { h: zeros([4, 4]), c: zeros([4, 4]) } },
      'lstm initialState.h: got [4, 4] (rank 2), expected [layers·D=1, N=4, H=4] (rank 3). ',
    ],
    [{ x: zeros([4, 0, 3]) }, 'lstm: got [N=4, T=0, F=3], expected at least one step (T ≥ 1). '],
  ];
  it.each(cases)('%#', (input, message) => {
    expect(errorOf(() => layer.run(input)).message).toContain(message);
    expect(errorOf(() => layer.call(input)).message).toContain(message);
  });

  it('a state of another kind of layer', () => {
    const state = { h: zeros([1, 4, 4]), c: zeros([1, 4, 4]) };
    expect(errorOf(() => new GRU(features, hidden).run({ x, initialState: state })).message).toContain(
      'gru: got an initial state of h, c, expected h. ',
    );
  });
});
