/**
 * What a mask leaves out: whatever stands there, NaN too, changes no bit of an output or a gradient of a recurrent layer, on no
 * device and with no number of threads. And what the masks mean: per step, per feature, and by NaN itself.
 */
import { afterAll, describe, expect, it } from 'vitest';
import {
  type CellStep,
  GRU,
  grad,
  LRU,
  LSTM,
  MinGRU,
  MinLSTM,
  Parameter,
  RecurrentLayer,
  type RecurrentOptions,
  RNN,
  seed,
  setDevice,
  type Tensor,
  tensor,
  zeros,
} from '../../src/index.ts';
import { expectClose, int32, values } from './support.ts';

/** A cell with a state and an output of its own, which runs step by step. */
class Own extends RecurrentLayer<
  { readonly weight: Parameter },
  { readonly h: Tensor; readonly sum: Tensor }
> {
  protected readonly stateNames = ['h', 'sum'] as const;

  protected cellWeights(features: number) {
    return { weight: new Parameter(values([features, this.hidden], features)) };
  }

  protected step(
    { weight }: { readonly weight: Tensor },
    { h, sum }: { readonly h: Tensor; readonly sum: Tensor },
    xt: Tensor,
  ): CellStep<{ readonly h: Tensor; readonly sum: Tensor }> {
    const next = xt.matmul(weight).add(h).tanh();
    return { state: { h: next, sum: sum.add(next) }, output: sum.add(next).div(2) };
  }
}

const [batch, steps, features, hidden] = [5, 6, 3, 4];
const x = values([batch, steps, features]);

/** Right padding, left padding, holes, a whole sequence, and one without any real step. */
const stepMask = [
  [true, true, true, true, false, false],
  [false, false, true, true, true, true],
  [true, false, true, true, false, true],
  [true, true, true, true, true, true],
  [false, false, false, false, false, false],
];
/** Of the real steps most features; in the second step of the third sequence none. */
const featureMask = stepMask.map((row, n) =>
  row.map((real, t) => [0, 1, 2].map((f) => real && !(n === 2 && t === 2) && (n + 2 * t + f) % 3 !== 0)),
);

const masks: Readonly<
  Record<string, { readonly mask?: Tensor; readonly lengths?: Tensor; readonly seen: Tensor }>
> = {
  lengths: {
    lengths: int32([6, 4, 1, 3, 0]),
    seen: tensor([6, 4, 1, 3, 0].map((length) => [0, 1, 2, 3, 4, 5].map((t) => t < length))).expandDims(-1),
  },
  steps: { mask: tensor(stepMask), seen: tensor(stepMask).expandDims(-1) },
  features: { mask: tensor(featureMask), seen: tensor(featureMask) },
};

const layers: Readonly<Record<string, (options: RecurrentOptions) => Reader>> = {
  lstm: (options) => new LSTM(features, hidden, options),
  'lstm by steps': (options) => new LSTM(features, hidden, { ...options, fused: false }),
  gru: (options) => new GRU(features, hidden, options),
  'gru by steps': (options) => new GRU(features, hidden, { ...options, fused: false }),
  'lstm with peepholes': (options) => new LSTM(features, hidden, { ...options, peepholes: true }),
  'lstm with layer normalization': (options) => new LSTM(features, hidden, { ...options, layerNorm: true }),
  'lstm with a projection': (options) => new LSTM(features, hidden, { ...options, projection: 2 }),
  'gru, reset before': (options) => new GRU(features, hidden, { ...options, resetAfter: false }),
  rnn: (options) => new RNN(features, hidden, options),
  minGru: (options) => new MinGRU(features, hidden, options),
  minLstm: (options) => new MinLSTM(features, hidden, options),
  lru: (options) => new LRU(features, hidden, options),
  own: (options) => new Own(features, hidden, options),
};

/** What all of them are, whatever their states. */
interface Reader {
  readonly cells: readonly object[];
  parameters(): Parameter[];
  call(input: object): Tensor;
  run(input: object): { readonly output: Tensor };
}

/** Every output of a layer, and the gradients of all of them with respect to all that it reads, as bits. */
async function bitsOf(
  layer: Reader,
  sequence: Tensor,
  { mask, lengths }: { readonly mask?: Tensor; readonly lengths?: Tensor },
): Promise<Int32Array[]> {
  const states = statesOf(layer);
  const given = states.map(([, { shape }], index) => values(shape, index + 3));
  const initialState = Object.fromEntries(states.map(([name], index) => [name, given[index]]));
  const input = { x: sequence, ...(mask && { mask }), ...(lengths && { lengths }), initialState };
  const results = [...Object.values(layer.run(input) as Record<string, Tensor>), layer.call(input)];
  const loss = results
    .map((each, index) => each.mul(values(each.shape, index)).sum())
    .reduce((a, b) => a.add(b));
  const gradients = grad(loss, [sequence, ...given, ...layer.parameters()]);
  const arrays = await Promise.all([...results, ...gradients].map((each) => each.data()));
  return arrays.map((array) => new Int32Array(Float32Array.from(array).buffer));
}

/** Ways to run, each with a mask: a device, and of wasm a number of threads. */
const ways = [
  ['wasm', { threads: 1 }, 'lengths'],
  ['wasm', { threads: 2 }, 'steps'],
  ['wasm', { threads: 3 }, 'features'],
  ['cpu', {}, 'steps'],
  ['cpu', {}, 'features'],
] as const;

/** What may stand where nothing is seen, in turn: NaN, infinities, and what overflows as soon as it is used. */
const garbage = tensor(
  Float32Array.from(
    { length: x.size },
    (_, index) => [Number.NaN, Number.POSITIVE_INFINITY, 3e38, Number.NEGATIVE_INFINITY, -3e38][index % 5],
  ),
  { shape: x.shape },
);

afterAll(() => setDevice('wasm'));

describe.each(ways)('on %s %o, what %s leave out changes no bit', (device, options, how) => {
  it.each(Object.keys(layers))('%s', async (kind) => {
    setDevice(device, options as object);
    seed(2);
    const layer = layers[kind]({ layers: 2, bidirectional: true });
    const { seen, ...given } = masks[how];
    const wanted = await bitsOf(layer, seen.where(x, 0), given);
    for (const array of wanted) expect(new Float32Array(array.buffer).every(Number.isFinite)).toBe(true);
    expect(await bitsOf(layer, seen.where(x, garbage), given)).toEqual(wanted);
  });
});

describe.each(Object.keys(layers))('%s', (kind) => {
  const made = (options: RecurrentOptions = {}) => {
    seed(2);
    return layers[kind]({ layers: 2, bidirectional: true, ...options });
  };

  it('NaN is missing where the layer is told so, beside a mask and lengths too', async () => {
    const holes = tensor(featureMask).where(x, Number.NaN);
    const wanted = await bitsOf(made(), x, { mask: tensor(featureMask) });
    const layer = made({ nanIsMissing: true });
    expect(await bitsOf(layer, holes, {})).toEqual(wanted);
    // Steps that are all there, but for a mask.
    const partly = tensor(
      featureMask.map((row, n) => row.map((each, t) => (stepMask[n][t] ? each : [true, true, true]))),
    );
    expect(await bitsOf(layer, partly.where(x, Number.NaN), { mask: tensor(stepMask) })).toEqual(wanted);
    const lengths = int32([4, 6, 6, 6, 0]);
    const short = tensor(
      featureMask.map((row, n) =>
        row.map((each, t) => ((n === 0 && t > 3) || n === 4 ? [true, true, true] : each)),
      ),
    );
    expect(await bitsOf(layer, short.where(x, Number.NaN), { lengths })).toEqual(wanted);
    // Otherwise it is a value like any other.
    expect((await made().call(holes).data()).some(Number.isNaN)).toBe(true);
  });

  it('a feature that is not seen is 0, and a step without any is padding', async () => {
    const layer = made();
    const zeroed = tensor(featureMask).where(x, 0);
    const real = tensor(featureMask.map((row) => row.map((each) => each.some(Boolean))));
    // All but the gradient of x, which is 0 at what is not seen, where that of the zeros at real steps is not. Those of the states
    // and of the parameters come behind it.
    const withoutX = (all: readonly unknown[]) =>
      all.toSpliced(all.length - layer.parameters().length - statesOf(layer).length - 1, 1);
    const masked = await bitsOf(layer, x, { mask: tensor(featureMask) });
    expect(withoutX(masked)).toEqual(withoutX(await bitsOf(layer, zeroed, { mask: real })));
    const [gradient] = grad(
      layer
        .run({ x, mask: tensor(featureMask) })
        .output.square()
        .sum(),
      [x],
    );
    const [data, seen] = [await gradient.data(), featureMask.flat(2)];
    expect(seen.map((each, at) => each || data[at] === 0)).not.toContain(false);
    // Of the first three sequences, whose steps are read, all that is seen matters.
    const read = 3 * steps * features;
    expect(seen.map((each, at) => each && data[at] === 0 && at < read)).not.toContain(true);
  });

  it('a sequence of which nothing is seen gives zeros, and has no gradient', async () => {
    const layer = made({ nanIsMissing: true });
    const nothing = zeros([2, steps, features]).add(Number.NaN);
    const result = layer.call(nothing);
    await expectClose(result, new Float32Array(result.size), Number.MIN_VALUE);
    for (const gradient of grad(result.add(1).square().sum(), [nothing, ...layer.parameters()])) {
      expect((await gradient.data()).every((each) => each === 0)).toBe(true);
    }
  });
});

/** The final states of a layer, by name. */
function statesOf(layer: Reader): [name: string, state: Tensor][] {
  const results = Object.entries(layer.run({ x }) as Record<string, Tensor>);
  return results.filter(([name]) => ['h', 'c', 'sum', 'real', 'imaginary'].includes(name));
}
