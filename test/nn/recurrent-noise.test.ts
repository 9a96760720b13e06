/** Variational dropout and zoneout of recurrent layers: what is drawn, how often, and what it does to the states. */
import { describe, expect, it } from 'vitest';
import {
  type CellStep,
  GRU,
  GRUD,
  gradCheck,
  LRU,
  LSTM,
  MinGRU,
  MinLSTM,
  ones,
  type Parameter,
  RecurrentLayer,
  type RecurrentOptions,
  RNN,
  seed,
  type Tensor,
  tensor,
  zeros,
} from '../../src/index.ts';
import { errorOf, expectClose, values } from './support.ts';

const [batch, steps, features, hidden] = [4, 6, 3, 5];
const x = values([batch, steps, features]);

interface State {
  readonly h: Tensor;
}

/** Shows what a step reads: its input beside what products would read of the state, which stays as it was. */
class Showing extends RecurrentLayer<{ readonly unused: Parameter }, State> {
  protected readonly stateNames = ['h'] as const;

  protected override get readsRecurrent() {
    return true;
  }

  protected cellWeights() {
    return { unused: this.weight([1]) };
  }

  protected step(_: object, { h }: State, xt: Tensor, recurrent: Tensor): CellStep<State> {
    return { state: { h }, output: xt.add(recurrent.mul(100)) };
  }
}

/** Counts the steps at which a unit was not kept. Its step has a parameter with a default, which `Function.length` leaves out. */
class Counting extends RecurrentLayer<object, State> {
  protected readonly stateNames = ['h'] as const;

  protected override get readsRecurrent() {
    return true;
  }

  protected cellWeights() {
    return {};
  }

  protected step(_: object, { h }: State, _x: Tensor, recurrent: Tensor = h): CellStep<State> {
    return { state: { h: recurrent.add(1) } };
  }
}

const layers = {
  lstm: (options: RecurrentOptions) => new LSTM(features, hidden, options),
  'lstm with a projection': (options: RecurrentOptions) =>
    new LSTM(features, hidden, { ...options, projection: 2 }),
  gru: (options: RecurrentOptions) => new GRU(features, hidden, options),
  'gru, reset before': (options: RecurrentOptions) =>
    new GRU(features, hidden, { ...options, resetAfter: false }),
  rnn: (options: RecurrentOptions) => new RNN(features, hidden, options),
  grud: ({ layers: _, ...options }: RecurrentOptions) => new GRUD(features, hidden, options),
  minGru: (options: RecurrentOptions) => new MinGRU(features, hidden, options),
  minLstm: (options: RecurrentOptions) => new MinLSTM(features, hidden, options),
  lru: (options: RecurrentOptions) => new LRU(features, hidden, options),
} as const;
const kinds = Object.keys(layers) as (keyof typeof layers)[];
const withProducts = kinds.filter((kind) => !['minGru', 'minLstm', 'lru'].includes(kind));

/** The layer of a kind, of one seed. */
function made(kind: keyof typeof layers, options: RecurrentOptions) {
  seed(5);
  return layers[kind](options);
}

/** The final states of one step. */
function statesOf(layer: ReturnType<typeof made>, sequence: Tensor): Tensor[] {
  const {
    output: _,
    cells: _c,
    gates: _g,
    ...states
  } = layer.run({ x: sequence }) as unknown as Record<string, Tensor>;
  return Object.values(states);
}

describe('variational dropout', () => {
  const initialState = { h: ones([1, 64, 32]) };
  const layer = new Showing(32, 32, { inputDropout: 0.25, recurrentDropout: 0.5, output: 'sequence' });
  const shown = () => layer.call({ x: ones([64, 7, 32]), initialState });

  it('draws once per sequence and feature: the same at all steps', async () => {
    layer.train();
    const output = shown();
    const first = output.slice(null, [0, 1]);
    expect(await output.sub(first).abs().max().item()).toBe(0);
    // Dropped or kept and scaled: of x 0 or 4/3, of h 0 or 2.
    const seen = new Set([...(await first.data())].map((value) => Math.round(value * 3)));
    expect([...seen].sort((a, b) => a - b)).toEqual([0, 4, 600, 604]);
    // The mean stays, and both rates are what they say: 2,048 draws each.
    expect(Math.abs((await output.mean().item()) - 101)).toBeLessThan(8);
    // Each sequence has a draw of its own, and so has the next call.
    expect(
      await first
        .slice([0, 1])
        .sub(first.slice([1, 2]))
        .abs()
        .max()
        .item(),
    ).toBeGreaterThan(0);
    expect(await shown().data()).not.toEqual(await output.data());
  });

  it('does nothing in evaluation mode', async () => {
    layer.eval();
    expect(new Set(await shown().data())).toEqual(new Set([101]));
  });

  it.each(withProducts)('%s: with recurrent rate 1 no step knows of the state by a product', async (kind) => {
    const layer = made(kind, { recurrentDropout: 1, output: 'sequence' });
    const whole = layer.call(x);
    if (kind.startsWith('rnn')) {
      // Its steps then know of nothing before them.
      for (let t = 0; t < steps; t++) {
        await expectClose(whole.slice(null, [t, t + 1]), layer.call(x.slice(null, [t, t + 1])), 1e-6);
      }
    }
    layer.eval();
    await expectClose(layer.call(x.slice(null, [0, 1])), whole.slice(null, [0, 1]), 1e-6);
    expect(await layer.call(x).sub(whole).abs().max().item()).toBeGreaterThan(1e-3);
    // In evaluation mode it is the layer without the option.
    expect(await layer.call(x).data()).toEqual(
      await made(kind, { output: 'sequence' }).eval().call(x).data(),
    );
  });

  it('keeps what a GRU keeps of its whole state', async () => {
    const gru = made('gru', { recurrentDropout: 0.5 }) as GRU;
    // An update gate at 1 keeps everything, whatever the products read.
    const bias = new Float32Array(3 * hidden).fill(50, hidden, 2 * hidden);
    await gru.cells[0]!.inputBias!.set(bias);
    const state = { h: values([1, batch, hidden], 3) };
    await expectClose(gru.run({ x, initialState: state }).h, state.h, 1e-6);
  });
});

describe.each(kinds)('zoneout of %s', (kind) => {
  it('of rate 1 freezes the states, in both modes', async () => {
    const layer = made(kind, { zoneout: 1 });
    for (const each of statesOf(layer, x))
      await expectClose(each, new Float32Array(each.size), Number.MIN_VALUE);
    layer.eval();
    for (const each of statesOf(layer, x))
      await expectClose(each, new Float32Array(each.size), Number.MIN_VALUE);
  });

  it('of rate 0 is none, to the bit', async () => {
    const output = 'sequence';
    expect(await made(kind, { zoneout: 0, output }).call(x).data()).toEqual(
      await made(kind, { output }).call(x).data(),
    );
  });

  it('between, training keeps units and evaluation takes the mean of a step', async () => {
    const plain = statesOf(made(kind, {}).eval(), x.slice(null, [0, 1]));
    const many = x.slice([0, 1], [0, 1]).add(zeros([2000, 1, features]));
    const zoned = made(kind, { zoneout: 0.3 });
    const sampled = statesOf(zoned, many);
    const expected = statesOf(zoned.eval(), many);
    for (const [index, next] of plain.entries()) {
      // From zeros: a unit is 0, or what the step gives.
      const one = next.slice(null, [0, 1]);
      const off = await sampled[index]!.mul(sampled[index]!.sub(one)).abs().max().item();
      expect(off).toBeLessThan(1e-6);
      // Evaluation mode is the expectation of one step.
      await expectClose(expected[index]!.slice(null, [0, 1]), one.mul(0.7), 1e-6);
      await expectClose(sampled[index]!.mean(1), one.mul(0.7).squeeze(1), 0.06);
    }
  });

  it('masked steps change nothing, and the gradients are right', async () => {
    const layer = made(kind, { zoneout: 0.4, layers: 2, bidirectional: true }).eval();
    const mask = tensor(
      Array.from({ length: batch }, (_, n) => Array.from({ length: steps }, (_, t) => (n + t) % 3 !== 0)),
    );
    const real = mask.expandDims(-1);
    const [clean, dirty] = [0, Number.NaN].map((other) =>
      layer.call({ x: real.where(x, other), mask }).data(),
    );
    expect(await dirty).toEqual(await clean);
    // The candidates of minGRU and minLSTM have a kink at 0, which these values are not away from.
    if (kind.startsWith('min')) return;
    await gradCheck((sequence: Tensor) => layer.call(sequence), [x]);
  });
});

it('zoneout draws at each step anew, and for each unit', async () => {
  const counted = new Counting(1, 64, { zoneout: 0.5, output: 'sequence' }).call(zeros([64, 5, 1]));
  // Drawn once per sequence, a unit would move at all five steps or at none; drawn for all units at once, all by as many steps.
  const last = [...(await counted.slice(null, -1).data())];
  const shares = [0, 1, 2, 3, 4, 5].map((moves) => last.filter((each) => each === moves).length / 4096);
  for (const [moves, binomial] of [1, 5, 10, 10, 5, 1].entries()) {
    expect(Math.abs(shares[moves]! - binomial / 32)).toBeLessThan(0.04);
  }
  // At every step about half of them.
  const moved = [...(await counted.mean([0, 2]).data())];
  for (const [t, mean] of moved.entries()) expect(Math.abs(mean - (t + 1) / 2)).toBeLessThan(0.1);
});

describe('zoneout reaches the output', () => {
  it('of an LRU, which reads the states that go on', async () => {
    const frozen = made('lru', { zoneout: 1, output: 'sequence' }) as LRU;
    // From zeros, what goes past the states is all there is.
    const past = x.matmul(frozen.cells[0]!.skip);
    await expectClose(frozen.call(x), past, 1e-6);
    await expectClose(frozen.eval().call(x), past, 1e-6);
    const first = x.slice(null, [0, 1]);
    const whole = made('lru', { output: 'sequence' }).call(first);
    const wanted = whole.mul(0.7).add(first.matmul(frozen.cells[0]!.skip).mul(0.3));
    for (const options of [{ output: 'sequence' }, { output: 'sequence', bidirectional: true }] as const) {
      const zoned = made('lru', { ...options, zoneout: 0.3 })
        .eval()
        .call(first);
      await expectClose(zoned.slice(null, null, [0, hidden]), wanted, 1e-6);
    }
  });

  it('of a step whose output is one of its states; one that is made of them is refused', async () => {
    class Second extends Counting {
      protected override step(_: object, { h }: State): CellStep<State> {
        const next = h.add(1);
        return { state: { h: next }, output: next };
      }
    }
    expect(
      await new Second(1, 3, { zoneout: 1 })
        .call(ones([2, 4, 1]))
        .abs()
        .max()
        .item(),
    ).toBe(0);
    const showing = new Showing(2, 2, { zoneout: 0.5 });
    expect(errorOf(() => showing.call(ones([1, 2, 2]))).message).toContain(
      'zoneout 0.5, and an output beside the states, expected zoneout 0, or a state as output',
    );
  });
});

it('a cell whose products read less says so, whatever the parameters of its step', async () => {
  const layer = new Counting(1, 64, { recurrentDropout: 1 });
  expect(
    await layer
      .call(zeros([2, 3, 1]))
      .max()
      .item(),
  ).toBe(1);
  class Silent extends Counting {
    protected override get readsRecurrent() {
      return false;
    }
  }
  expect(errorOf(() => new Silent(1, 2, { recurrentDropout: 0.5 })).message).toContain('readsRecurrent');
});

it('the states that an LSTM tells of each step are those that go on', async () => {
  const layer = made('lstm', { zoneout: 0.4 }) as LSTM;
  const { output, cells, h, c } = layer.run({ x });
  await expectClose(output.slice(null, -1), h.slice(0), 1e-6);
  await expectClose(cells.slice(null, -1), c.slice(0), 1e-6);
});

it('a layer without recurrent products refuses to drop what they read', () => {
  for (const kind of ['minGru', 'minLstm', 'lru'] as const) {
    expect(errorOf(() => made(kind, { recurrentDropout: 0.1 })).message).toContain('recurrentDropout 0.1');
  }
});
