/** Variants of LSTM, GRU and RNN: each against loops in doubles, whose differences are the gradients wanted, and its start. */
import { afterAll, describe, expect, it } from 'vitest';
import {
  type GatedOptions,
  GRU,
  gather,
  grad,
  LSTM,
  type LstmOptions,
  moduleFromConfig,
  moduleToConfig,
  OptionError,
  ones,
  RNN,
  type RnnOptions,
  seed,
  setDevice,
  type Tensor,
  tensor,
  zeros,
} from '../../src/index.ts';
import { refuses, untyped } from '../errors/support.ts';
import { expectClose, int32, values } from './support.ts';

type Doubles = Float64Array<ArrayBuffer>;
type Numbers = Readonly<Record<string, Doubles>>;

const [batch, steps, features, hidden] = [2, 4, 3, 4];

const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value));

/** v·W for W of `width` columns. */
function product(v: ArrayLike<number>, weight: Doubles, width: number): Doubles {
  const sums = new Float64Array(width);
  for (let i = 0; i < v.length; i++) {
    for (let j = 0; j < width; j++) sums[j] += v[i] * weight[i * width + j];
  }
  return sums;
}

/** v, normalized over all of it where there is a scale, plus shift. */
function normalized(v: Doubles, scale?: Doubles, shift?: Doubles): Doubles {
  const mean = v.reduce((a, b) => a + b) / v.length;
  const variance = v.reduce((sum, each) => sum + (each - mean) ** 2, 0) / v.length;
  const normal = scale ? v.map((each, k) => ((each - mean) / Math.sqrt(variance + 1e-5)) * scale[k]) : v;
  return shift ? normal.map((each, k) => each + shift[k]) : normal;
}

/** One sequence [T, F] read by a loop of `step`; the states after each step, joined. */
function read(
  numbers: Numbers,
  names: readonly string[],
  n: number,
  step: (xt: Doubles, ...states: Doubles[]) => Doubles[],
): Doubles[][] {
  const row = (all: Doubles, at: number, width: number) => all.slice(at * width, (at + 1) * width);
  let states = names.map((name) => row(numbers[name], n, numbers[name].length / batch));
  return Array.from({ length: steps }, (_, t) => {
    states = step(row(numbers['x'], n * steps + t, features), ...states);
    return states;
  });
}

/** The states h and c of an LSTM after every step. */
function lstmStates(numbers: Numbers, n: number): Doubles[][] {
  return read(numbers, ['h', 'c'], n, (xt, h, c) => {
    const fromInput = product(xt, numbers['inputWeight'], 4 * hidden);
    const fromState = product(h, numbers['recurrentWeight'], 4 * hidden);
    const a = normalized(fromInput, numbers['inputScale'], numbers['inputBias']);
    const b = normalized(fromState, numbers['recurrentScale'], numbers['recurrentBias']);
    const sum = (gate: number, k: number) => a[gate * hidden + k] + b[gate * hidden + k];
    const seen = (gate: number, k: number, cell: Doubles) =>
      numbers['peepholeWeight'] ? numbers['peepholeWeight'][gate * hidden + k] * cell[k] : 0;
    const next = c.map(
      (kept, k) =>
        sigmoid(sum(1, k) + seen(1, k, c)) * kept + sigmoid(sum(0, k) + seen(0, k, c)) * Math.tanh(sum(2, k)),
    );
    const shown = normalized(next, numbers['cellScale'], numbers['cellShift']);
    const output = shown.map((each, k) => sigmoid(sum(3, k) + seen(2, k, next)) * Math.tanh(each));
    const { projectionWeight } = numbers;
    if (!projectionWeight) return [output, next];
    return [product(output, projectionWeight, projectionWeight.length / hidden), next];
  });
}

/** The state of a GRU after every step. `cho` gives z its other role, of what is new. */
function gruStates(numbers: Numbers, n: number, resetAfter: boolean, cho = false): Doubles[][] {
  const recurrent = (gate: number, k: number) =>
    Float64Array.from(
      { length: hidden },
      (_, row) => numbers['recurrentWeight'][(row * 3 + gate) * hidden + k],
    );
  const dot = (a: Doubles, b: Doubles) => a.reduce((sum, each, k) => sum + each * b[k], 0);
  return read(numbers, ['h'], n, (xt, h) => {
    const given = normalized(
      product(xt, numbers['inputWeight'], 3 * hidden),
      undefined,
      numbers['inputBias'],
    );
    const bias = (gate: number, k: number) => numbers['recurrentBias'][gate * hidden + k];
    const [r, z] = [0, 1].map((gate) =>
      h.map((_, k) => sigmoid(given[gate * hidden + k] + dot(h, recurrent(gate, k)) + bias(gate, k))),
    ) as [Doubles, Doubles];
    const reset = h.map((each, k) => each * r[k]);
    return [
      h.map((each, k) => {
        const candidate = resetAfter
          ? r[k] * (dot(h, recurrent(2, k)) + bias(2, k))
          : dot(reset, recurrent(2, k)) + bias(2, k);
        const fresh = Math.tanh(given[2 * hidden + k] + candidate);
        return cho ? z[k] * fresh + (1 - z[k]) * each : (1 - z[k]) * fresh + z[k] * each;
      }),
    ];
  });
}

/** What LSTM and GRU give alike. */
interface Result {
  readonly output: Tensor;
  readonly h: Tensor;
  readonly c?: Tensor;
}

/** What a layer computes from x and the state it starts from, and what it has computed that from, in doubles. */
async function runOf(layer: LSTM | GRU, widths: readonly number[]) {
  const x = values([batch, steps, features], 1);
  const [h, c] = widths.map((width, k) => values([1, batch, width], 2 + k).mul(0.7)) as [Tensor, Tensor];
  for (const [k, parameter] of layer.parameters().entries()) {
    await parameter.set(
      await values(parameter.shape, 5 + k)
        .mul(0.8)
        .data(),
    );
  }
  const states = c ? { h, c } : { h };
  const result: Result = layer.run({ x, initialState: states as { h: Tensor; c: Tensor } });
  const named = layer.namedParameters().map(([path, each]) => [path.split('.').at(-1)!, each] as const);
  const targets: Readonly<Record<string, Tensor>> = { x, ...states, ...Object.fromEntries(named) };
  const entries = Object.entries(targets).map(
    async ([name, each]) => [name, Float64Array.from(await each.data())] as const,
  );
  return { result, targets, numbers: Object.fromEntries(await Promise.all(entries)) };
}

/** Holds outputs and final states to a loop, and their gradients to its differences, for every input and every weight. */
async function expectLoop(
  layer: LSTM | GRU,
  widths: readonly number[],
  loop: (numbers: Numbers, n: number) => Doubles[][],
): Promise<void> {
  const { result, targets, numbers } = await runOf(layer, widths);
  const outputs = (given: Numbers): number[][] => {
    const sequences = Array.from({ length: batch }, (_, n) => loop(given, n));
    const last = widths.map((_, state) => sequences.flatMap((each) => [...each.at(-1)![state]]));
    return [sequences.flatMap((each) => each.flatMap(([h]) => [...h])), ...last];
  };
  const tensors: readonly Tensor[] = [result.output, result.h, ...(result.c ? [result.c] : [])];
  const wanted = outputs(numbers);
  for (const [k, each] of tensors.entries()) await expectClose(each, wanted[k]);
  const directions = tensors.map(({ shape }, k) => values(shape, 20 + k));
  const cotangents = await Promise.all(directions.map((each) => each.data()));
  const lossOf = (given: Numbers): number =>
    outputs(given).reduce(
      (loss, array, k) => array.reduce((sum, each, at) => sum + each * cotangents[k][at], loss),
      0,
    );
  const loss = tensors.map((each, k) => each.mul(directions[k]).sum()).reduce((a, b) => a.add(b));
  const names = Object.keys(targets);
  const gradients = grad(loss, Object.values(targets));
  for (const [k, name] of names.entries()) {
    const differences = numbers[name].map((value, at) => {
      const moved = [1e-5, -1e-5].map((by) => {
        const array = numbers[name].slice();
        array[at] = value + by;
        return lossOf({ ...numbers, [name]: array });
      });
      return (moved[0] - moved[1]) / 2e-5;
    });
    await expectClose(gradients[k], differences);
    expect(Math.max(...differences.map(Math.abs)), name).toBeGreaterThan(1e-3);
  }
}

const lstmVariants: readonly LstmOptions[] = [
  {},
  { peepholes: true },
  { layerNorm: true },
  { projection: 2 },
  { peepholes: true, layerNorm: true, projection: 3 },
  { peepholes: true, layerNorm: true, bias: false },
];

afterAll(() => {
  setDevice('wasm');
});

describe.each(['wasm', 'cpu'] as const)('on %s', (device) => {
  it.each(lstmVariants)('LSTM %j is the loop, and so are its gradients', async (options) => {
    setDevice(device);
    const layer = new LSTM(features, hidden, options);
    await expectLoop(layer, [options.projection ?? hidden, hidden], lstmStates);
  });

  it.each([true, false])(
    'GRU with resetAfter %s is the loop, and so are its gradients',
    async (resetAfter) => {
      setDevice(device);
      const layer = new GRU(features, hidden, { resetAfter });
      await expectLoop(layer, [hidden], (numbers, n) => gruStates(numbers, n, resetAfter));
    },
  );
});

it('cells and gates of a variant are those of its loop', async () => {
  const lstm = new LSTM(features, hidden, { peepholes: true, projection: 2 });
  const { result, numbers } = await runOf(lstm, [2, hidden]);
  const { cells, gates } = result as ReturnType<LSTM['run']>;
  const loops = Array.from({ length: batch }, (_, n) => lstmStates(numbers, n));
  await expectClose(
    cells,
    loops.flatMap((each) => each.flatMap(([, c]) => [...c])),
  );
  // c = f·c + i·g holds them to the gates.
  const [i, f, g] = gates.split(4, -1) as [Tensor, Tensor, Tensor];
  const before = cells.slice(null, [0, -1]);
  await expectClose(
    f.slice(null, 1).mul(before.slice(null, 0)).add(i.mul(g).slice(null, 1)),
    cells.slice(null, 1),
  );
  const gru = new GRU(features, hidden, { resetAfter: false }).run({ x: values([batch, steps, features]) });
  const [, z, n] = gru.gates.split(3, -1) as [Tensor, Tensor, Tensor];
  const first = z.slice(null, 0).neg().add(1).mul(n.slice(null, 0));
  await expectClose(gru.output.slice(null, 0), first);
});

describe.each([true, false])('GRU, resetAfter %s: weights where z has the other role', (resetAfter) => {
  /** The update gate's columns of weights and biases change their sign; x and h stay. */
  const converted = (numbers: Numbers): Numbers =>
    Object.fromEntries(
      Object.entries(numbers).map(([name, all]) => {
        const isGate = (at: number) => name.length > 1 && Math.floor(at / hidden) % 3 === 1;
        return [name, all.map((each, at) => (isGate(at) ? -each : each))];
      }),
    );

  it('give the same once converted, there and back', async () => {
    const layer = new GRU(features, hidden, { resetAfter });
    const { result, numbers } = await runOf(layer, [hidden]);
    const loops = Array.from({ length: batch }, (_, n) => gruStates(converted(numbers), n, resetAfter, true));
    await expectClose(
      result.output,
      loops.flatMap((each) => each.flatMap(([h]) => [...h])),
    );
    const unconverted = gruStates(numbers, 0, resetAfter, true).at(-1)![0];
    expect(Math.abs(unconverted[0] - loops[0].at(-1)![0][0])).toBeGreaterThan(1e-2);
    expect(converted(converted(numbers))).toEqual(numbers);
  });
});

describe.each([
  ['LSTM', (more: object) => new LSTM(features, hidden, { ...lstmVariants[4], ...more })],
  ['GRU', (more: object) => new GRU(features, hidden, { resetAfter: false, ...more })],
] as const)('%s: a stacked variant in both directions', (_, make) => {
  const layer = make({ layers: 2, bidirectional: true });
  const width = 2 * layer.outputs;
  const x = values([3, 5, features], 3);
  const mask = tensor([
    [true, true, true, true, false],
    [false, false, true, true, true],
    [true, false, false, true, false],
  ]);

  it('what is padded gives what the short sequence gives, and each sequence what it gives alone', async () => {
    const { output, h } = layer.run({ x, mask });
    for (const [n, real] of [
      [0, 1, 2, 3],
      [2, 3, 4],
      [0, 3],
    ].entries()) {
      const short = layer.run({ x: gather(x.slice([n, n + 1]), int32(real), 1) });
      await expectClose(gather(output.slice([n, n + 1]), int32(real), 1), short.output);
      await expectClose(h.slice(null, [n, n + 1]), short.h);
    }
    await expectClose(output.slice(0, 4), new Float32Array(width));
    expect(layer.call(x).shape).toEqual([3, width]);
  });

  it('takes no bit from what is masked', async () => {
    const everything = async (padding: number): Promise<readonly ArrayLike<number>[]> => {
      const sequence = mask.expandDims(-1).where(x, padding);
      const { output, h } = layer.run({ x: sequence, mask });
      const gradients = grad(output.square().sum().add(h.sum()), [sequence, ...layer.parameters()]);
      return Promise.all([output, h, ...gradients].map((each) => each.data()));
    };
    expect(await everything(Number.NaN)).toEqual(await everything(0));
  });

  it('gives the same bits with any number of threads', async () => {
    const sequence = values([32, 6, features], 3);
    const everything = async (threads: number): Promise<readonly ArrayLike<number>[]> => {
      setDevice('wasm', { threads });
      const { output, h } = layer.run({ x: sequence });
      const loss = output.square().sum().add(h.sum());
      const gradients = grad(loss, [sequence, ...layer.parameters()]);
      return Promise.all([output, h, ...gradients].map((each) => each.data()));
    };
    const alone = await everything(1);
    for (const threads of [2, 3]) expect(await everything(threads)).toEqual(alone);
  });

  it('is stored', async () => {
    const again = moduleFromConfig(moduleToConfig(layer)) as LSTM;
    await again.loadStateDict(await layer.stateDict());
    expect(await again.call(x).data()).toEqual(await layer.call(x).data());
  });
});

describe('chrono initialization', () => {
  const [units, most] = [2048, 784];

  /** Kolmogorov and Smirnov's distance of numbers from the uniform distribution in [1, most - 1]. */
  function distance(numbers: ArrayLike<number>): number {
    const sorted = Float64Array.from(numbers).sort();
    return sorted.reduce((worst, each, k) => {
      const share = (each - 1) / (most - 2);
      return Math.max(worst, Math.abs(share - k / units), Math.abs(share - (k + 1) / units));
    }, 0);
  }

  it.each([
    ['lstm', LSTM, ['h', 'c']],
    ['gru', GRU, ['h']],
  ] as const)('%s: without weights, states decay in times that are uniform', async (_, Layer, names) => {
    seed(1);
    const layer = new Layer(1, units, { chrono: most });
    const [{ inputWeight, recurrentWeight }] = layer.cells;
    for (const weight of [inputWeight, recurrentWeight]) await weight.set(new Float32Array(weight.size));
    const initialState = Object.fromEntries(names.map((name) => [name, ones([1, 1, units])]));
    const result: Result = layer.run({
      x: ones([1, 2, 1]),
      initialState: initialState as { h: Tensor; c: Tensor },
    });
    const left = await (result.c ?? result.h).data();
    // u/(1 + u) is left per step, and two were made.
    const times = Float64Array.from(left, (each) => Math.sqrt(each) / (1 - Math.sqrt(each)));
    // Beyond 1.63/√n lies one sample of a hundred.
    expect(distance(times)).toBeLessThan(1.63 / Math.sqrt(units));
    expect(Math.min(...times)).toBeGreaterThan(0.99);
    expect(Math.max(...times)).toBeLessThan(most);
  });

  it('sets one bias vector, and the input gate against the forget gate', async () => {
    seed(2);
    const [{ inputBias, recurrentBias }] = new LSTM(2, 3, { chrono: 10 }).cells;
    expect([...(await recurrentBias!.data())]).toEqual(new Array(12).fill(0));
    const [i, f, g, o] = inputBias!.split(4) as [Tensor, Tensor, Tensor, Tensor];
    await expectClose(i.add(f), new Float32Array(3));
    expect(Math.min(...(await f.data()))).toBeGreaterThan(0);
    await expectClose(g.abs().add(o.abs()), new Float32Array(3));
  });
});

describe('an RNN that starts at the identity', () => {
  const pixels = 784;
  const make = (options: RnnOptions) => {
    seed(3);
    return new RNN(1, 32, { nonlinearity: 'relu', ...options });
  };

  /** The norm of the last state's gradient in the first, for a direction of norm 1 and states that are all active. */
  async function gradientNorm(layer: RNN, x: Tensor): Promise<number> {
    const h = ones([1, 1, 32]).mul(4);
    const direction = values([1, 1, 32]);
    const { h: last } = layer.run({ x, initialState: { h } });
    expect(Math.min(...(await last.data()))).toBeGreaterThan(0);
    const [gradient] = grad(last.mul(direction).sum(), [h]);
    const norm = (each: Tensor) => each.square().sum().sqrt().item();
    return (await norm(gradient)) / (await norm(direction));
  }

  it('has a gradient of norm 1 through 784 steps', async () => {
    const picture = values([1, pixels, 1], 4).abs();
    expect(await gradientNorm(make({ recurrentInitializer: 'identity' }), picture)).toBeCloseTo(1, 6);
    const scaled = make({ recurrentInitializer: 'identity', identityScale: 0.99 });
    expect(await gradientNorm(scaled, zeros([1, pixels, 1]))).toBeCloseTo(0.99 ** pixels, 6);
  });

  it('has small input weights, and biases of 0', async () => {
    const [cell] = make({ recurrentInitializer: 'identity' }).cells;
    const deviation = await cell.inputWeight.square().mean().sqrt().item();
    expect(deviation).toBeGreaterThan(0.0006);
    expect(deviation).toBeLessThan(0.0015);
    await expectClose(cell.inputBias!.abs().add(cell.recurrentBias!.abs()), new Float32Array(32));
    const [unbiased] = make({ recurrentInitializer: 'identity', bias: false }).cells;
    expect([unbiased.inputBias, unbiased.recurrentBias]).toEqual([undefined, undefined]);
  });
});

describe("bias: 'input'", () => {
  type Bias = Pick<GatedOptions, 'bias'>;

  it('is the layer whose second bias is 0, and has one bias a gate', async () => {
    const x = values([2, 5, 3]);
    for (const make of [
      (options: Bias) => new LSTM(3, 4, { ...options, forgetBias: 1 }),
      (options: Bias) => new LSTM(3, 4, { ...options, chrono: 9 }),
      (options: Bias) => new GRU(3, 4, options),
      (options: Bias) => new GRU(3, 4, { ...options, chrono: 9 }),
      (options: Bias) => new RNN(3, 4, { ...options, recurrentInitializer: 'identity' }),
    ]) {
      const [one, two] = [make({ bias: 'input' }), make({ bias: true })];
      const { recurrentBias } = two.cells[0];
      expect(one.cells[0].recurrentBias).toBeUndefined();
      expect(one.parameterCount()).toBe(two.parameterCount() - recurrentBias!.size);
      await two.loadStateDict(await one.stateDict(), { strict: false });
      await recurrentBias!.set(new Float32Array(recurrentBias!.size));
      expect(await one.call(x).data()).toEqual(await two.call(x).data());
    }
  });

  it('is refused where it is something else', async () => {
    await refuses(() => new LSTM(2, 3, untyped({ bias: 'one' })), OptionError, "true, false or 'input'");
  });
});

it('orthogonal weights of a projection have orthonormal rows', async () => {
  const [{ recurrentWeight }] = new LSTM(2, 6, { projection: 3, recurrentInitializer: 'orthogonal' }).cells;
  const gate = recurrentWeight.slice(null, [6, 12]);
  await expectClose(gate.matmul(gate.transpose()), [1, 0, 0, 0, 1, 0, 0, 0, 1], 1e-6);
});
