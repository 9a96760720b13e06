/** Readouts: what they compute, with every kind of padding, and in the recurrent layers. */
import { describe, expect, it } from 'vitest';
import {
  GRU,
  grad,
  gradCheck,
  LSTM,
  Readout,
  type ReadoutKind,
  RNN,
  seed,
  type Tensor,
  tensor,
} from '../../src/index.ts';
import { expectClose, values } from './support.ts';

const [batch, steps, features] = [5, 4, 3];
const x = values([batch, steps, features]);

/** Padding on the right, on the left, a hole, none, and nothing else. */
const rows = [
  [true, true, false, false],
  [false, false, true, true],
  [true, false, true, false],
  [true, true, true, true],
  [false, false, false, false],
];
const mask = tensor(rows);
const kinds = Readout.kinds;

/** What one sequence of real steps comes to, in float64. `W` and `query` are the layer's, by rows. */
function written(
  how: ReadoutKind,
  sequence: readonly (readonly number[])[],
  W: readonly number[],
  query: readonly number[],
): number[] {
  const each = Array.from({ length: features }, (_, f) => f);
  if (sequence.length === 0) return each.map(() => 0);
  if (how === 'last') return [...sequence.at(-1)!];
  if (how === 'max') return each.map((f) => Math.max(...sequence.map((step) => step[f])));
  const scores = sequence.map((step) =>
    each.reduce(
      (sum, to) =>
        sum + query[to] * Math.tanh(each.reduce((dot, f) => dot + step[f] * W[f * features + to], 0)),
      0,
    ),
  );
  const weights = scores.map((score) => (how === 'mean' ? 1 : Math.exp(score)));
  const total = weights.reduce((a, b) => a + b);
  return each.map((f) => sequence.reduce((sum, step, t) => sum + (weights[t] / total) * step[f], 0));
}

function made(how: ReadoutKind): Readout {
  seed(1);
  return new Readout(how, features);
}

/** The weights [W, query] of a readout by attention, or zeros. */
async function weightsOf({ weight, query }: Readout): Promise<[number[], number[]]> {
  if (!weight || !query) return [new Array(features ** 2).fill(0), new Array(features).fill(0)];
  return [[...(await weight.data())], [...(await query.data())]];
}

describe.each(kinds)('%s', (how) => {
  it('is what its formula says, of the real steps alone', async () => {
    const layer = made(how);
    const [W, query] = await weightsOf(layer);
    const data = [...(await x.data())];
    const stepsOf = (n: number, real: readonly boolean[]): number[][] =>
      real.flatMap((each, t) => {
        const at = (n * steps + t) * features;
        return each ? [data.slice(at, at + features)] : [];
      });
    const all = rows.map((row, n) => written(how, stepsOf(n, row), W, query));
    await expectClose(layer.call({ x, mask }), all.flat(), 1e-6);
    const whole = rows.map((_, n) => written(how, stepsOf(n, [true, true, true, true]), W, query));
    await expectClose(layer.call(x), whole.flat(), 1e-6);
  });

  it('of one step is the step', async () => {
    await expectClose(made(how).call(x.slice(null, [0, 1])), x.slice(null, 0), 1e-6);
  });

  it('what is no step changes no bit, and a sequence without steps has no gradient', async () => {
    const layer = made(how);
    const real = mask.expandDims(-1);
    const bitsOf = async (sequence: Tensor): Promise<Float32Array[]> => {
      const output = layer.call({ x: sequence, mask });
      const gradients = grad(output.mul(values(output.shape, 2)).sum(), [sequence, ...layer.parameters()]);
      return Promise.all([output, ...gradients].map((each) => each.data() as Promise<Float32Array>));
    };
    const wanted = await bitsOf(real.where(x, 0));
    const [, gradient] = wanted;
    expect(wanted.flatMap((array) => [...array]).every(Number.isFinite)).toBe(true);
    expect([...gradient].slice(-steps * features)).toEqual(new Array(steps * features).fill(0));
    for (const other of [Number.NaN, Number.POSITIVE_INFINITY, 3e38]) {
      expect(await bitsOf(real.where(x, other))).toEqual(wanted);
    }
    const nothing = layer.call({ x: x.slice([4, 5]).add(Number.NaN), mask: mask.slice([4, 5]) });
    expect([...(await nothing.data())]).toEqual([0, 0, 0]);
    for (const each of grad(nothing.add(1).square().sum(), layer.parameters())) {
      expect((await each.data()).every((value) => value === 0)).toBe(true);
    }
  });

  it('has the gradients of what it computes', async () => {
    const layer = made(how);
    await gradCheck((sequence: Tensor) => layer.call({ x: sequence, mask }).square(), [x]);
  });

  it.each([
    ['lstm', LSTM],
    ['gru', GRU],
    ['rnn', RNN],
  ] as const)('is what a layer gives of all its steps: %s', async (_, Layer) => {
    if (how === 'last') return;
    seed(3);
    const layer = new Layer(features, 4, { bidirectional: true, layers: 2, output: how });
    const alone = new Readout(how, 8);
    if (alone.weight) {
      await alone.weight.set(await layer.readout!.weight!.data());
      await alone.query!.set(await layer.readout!.query!.data());
    }
    const { output } = layer.run({ x, mask });
    await expectClose(layer.call({ x, mask }), alone.call({ x: output, mask }));
    await expectClose(layer.call(x), alone.call(layer.run({ x }).output));
    expect(layer.namedParameters().filter(([path]) => path.startsWith('readout')).length).toBe(
      how === 'attention' ? 2 : 0,
    );
    // Without any real step, zeros.
    await expectClose(layer.call({ x, mask }).slice(4), new Float32Array(8), Number.MIN_VALUE);
  });
});

it('attention finds a step wherever it stands', async () => {
  seed(4);
  const layer = made('attention');
  const turned = layer.call(x.flip(1));
  await expectClose(turned, layer.call(x), 1e-6);
  // A step whose score is far above all others is what comes out.
  await layer.weight!.set(Float32Array.of(9, 0, 0, 0, 0, 0, 0, 0, 0));
  await layer.query!.set(Float32Array.of(60, 0, 0));
  const sequence = tensor([
    [
      [-1, 2, 3],
      [1, 5, 6],
      [-1, 8, 9],
    ],
  ]);
  await expectClose(layer.call(sequence), [1, 5, 6]);
});
