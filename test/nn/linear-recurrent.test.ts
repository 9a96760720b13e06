/** minGRU, minLSTM and LRU: against loops in double precision and step by step, with padding, at shut gates, as drawn at first. */
import { afterAll, describe, expect, it } from 'vitest';
import {
  concat,
  type Dense,
  grad,
  gradCheck,
  LRU,
  type LruWeights,
  MinGRU,
  MinLSTM,
  ones,
  randn,
  seed,
  type Tensor,
  tensor,
} from '../../src/index.ts';
import {
  firstDifference,
  errorOf as largestError,
  planTensors,
  runOnCpu,
  runOnWasm,
  splittingDevice,
  wasmSettings,
} from '../support/devices.ts';
import { errorOf, expectClose, int32, values } from './support.ts';

type Numbers = readonly number[];
/** The outputs of all steps of one sequence, in its order. */
type Loop = (sequence: readonly Numbers[], reverse: boolean) => Numbers[];

const layers = { MinGRU, MinLSTM, LRU };
const names = ['MinGRU', 'MinLSTM', 'LRU'] as const;
const minimal = ['MinGRU', 'MinLSTM'] as const;

const [batch, steps, features, hidden] = [4, 5, 3, 4];
const x = values([batch, steps, features]);
/** Right padding, left padding, a hole, and a sequence without any real step. */
const mask = tensor([
  [true, true, true, false, false],
  [false, false, true, true, true],
  [true, false, true, true, false],
  [false, false, false, false, false],
]);

/** A weight as rows; a vector is one. */
async function rowsOf(weight: Tensor): Promise<Numbers[]> {
  const [data, columns] = [Array.from(await weight.data()), weight.shape.at(-1)!];
  return Array.from({ length: data.length / columns }, (_, row) =>
    data.slice(row * columns, (row + 1) * columns),
  );
}

const sigma = (a: number): number => 1 / (1 + Math.exp(-a));
const positive = (a: number): number => (a < 0 ? sigma(a) : a + 0.5);
const product = (row: Numbers, weight: readonly Numbers[]): number[] =>
  weight[0].map((_, column) => row.reduce((total, each, k) => total + each * weight[k][column], 0));

/** A loop of a step that keeps its state to itself; `start` makes it anew. */
function loopOf(start: () => (u: Numbers) => Numbers): Loop {
  return (sequence, reverse) => {
    const outputs = (reverse ? [...sequence].reverse() : sequence).map(start());
    return reverse ? outputs.reverse() : outputs;
  };
}

async function minimalLoop({ weight, bias }: Dense, gates: 1 | 2): Promise<Loop> {
  const [rows, [offsets]] = [await rowsOf(weight), await rowsOf(bias!)];
  const units = offsets.length / (gates + 1);
  return loopOf(() => {
    let h: Numbers = new Array(units).fill(0);
    return (u) => {
      const all = product(u, rows).map((each, k) => each + offsets[k]);
      h = h.map((before, k) => {
        const candidate = positive(all[gates * units + k]);
        const [first, second] = [sigma(all[k]), sigma(all[units + k])];
        if (gates === 1) return (1 - first) * before + first * candidate;
        return (first / (first + second)) * before + (second / (first + second)) * candidate;
      });
      return h;
    };
  });
}

async function lruLoop(cell: LruWeights): Promise<Loop> {
  const [[nu], [theta], [gamma], [d]] = await Promise.all(
    [cell.nu, cell.theta, cell.gamma, cell.skip].map(rowsOf),
  );
  const [bReal, bImaginary, cReal, cImaginary] = await Promise.all(
    [cell.inputReal, cell.inputImaginary, cell.outputReal, cell.outputImaginary].map(rowsOf),
  );
  return loopOf(() => {
    let [re, im]: Numbers[] = [nu.map(() => 0), nu.map(() => 0)];
    return (u) => {
      const [inRe, inIm] = [product(u, bReal), product(u, bImaginary)];
      const next = nu.map((_, k) => {
        const [radius, angle, scale] = [Math.exp(-Math.exp(nu[k])), Math.exp(theta[k]), Math.exp(gamma[k])];
        const [a, b] = [radius * Math.cos(angle), radius * Math.sin(angle)];
        return [a * re[k] - b * im[k] + scale * inRe[k], a * im[k] + b * re[k] + scale * inIm[k]];
      });
      [re, im] = [next.map(([each]) => each), next.map(([, each]) => each)];
      const ofImaginary = product(im, cImaginary);
      return product(re, cReal).map((each, k) => each - ofImaginary[k] + d[k] * u[k]);
    };
  });
}

describe.each(names)('%s', (name) => {
  const Layer = layers[name];
  const made = (options: object = {}): MinGRU | MinLSTM | LRU => {
    seed(7);
    return new Layer(features, hidden, options);
  };
  const initialStates = (cells: number) =>
    Object.fromEntries(
      (name === 'LRU' ? ['real', 'imaginary'] : ['h']).map((state, salt) => [
        state,
        values([cells, batch, hidden], salt + 4),
      ]),
    );
  const run = (layer: MinGRU | MinLSTM | LRU, input: object): Record<string, Tensor> => ({
    ...layer.run({ x, ...input } as never),
  });

  it.each([false, true])('is a loop in double precision over 784 steps, bidirectional %s', async (both) => {
    seed(3);
    const radii = name === 'LRU' && { states: 8, minRadius: 0.9, maxRadius: 0.999 };
    const layer = new Layer(6, 6, { bidirectional: both, output: 'sequence', ...radii });
    const loops = await Promise.all(
      layer instanceof LRU
        ? layer.cells.map(lruLoop)
        : layer.cells.map(({ gates }) => minimalLoop(gates, name === 'MinGRU' ? 1 : 2)),
    );
    const sequences = randn([2, 784, 6]);
    const wanted = ((await sequences.array()) as number[][][]).flatMap((sequence) => {
      const outputs = loops.map((loop, direction) => loop(sequence, direction === 1));
      return sequence.flatMap((_, t) => outputs.flatMap((each) => each[t]));
    });
    expect(Math.max(...wanted)).toBeGreaterThan(0.5);
    await expectClose(layer.call(sequences), wanted);
  });

  it.each([
    [1, false],
    [2, true],
  ])('is its steps: %i layers, bidirectional %s', async (count, bidirectional) => {
    const initialState = initialStates(count * (bidirectional ? 2 : 1));
    for (const input of [{}, { lengths: int32([5, 2, 1, 0]) }, { mask }, { mask, initialState }]) {
      const results = [true, false].map((fused) => {
        const layer = made({ layers: count, bidirectional, fused });
        const outputs = [...Object.values(run(layer, input)), layer.call({ x, ...input } as never)];
        const loss = outputs
          .map((output, salt) => output.mul(values(output.shape, salt)).sum())
          .reduce((a, b) => a.add(b));
        const states = 'initialState' in input ? Object.values(initialState) : [];
        const gradients = grad(loss, [x, ...states, ...layer.parameters()]);
        return concat([...outputs, ...gradients].map((each) => each.reshape(-1)));
      });
      await expectClose(results[0], results[1]);
    }
  });

  it('has the derivatives of what it computes, in both directions, with padding', async () => {
    const layer = made({ layers: 2, bidirectional: true });
    if (!(layer instanceof LRU)) {
      // Half of the candidates above the kink at 0 and half below, out of reach.
      for (const { gates } of layer.cells) {
        const far = Float32Array.from({ length: gates.bias!.size }, (_, k) => (k % 2 === 0 ? 2 : -2));
        await gates.bias!.set(far);
      }
    }
    const initialState = initialStates(4);
    const f = (given: Tensor, ...states: Tensor[]) => {
      const entries = Object.keys(initialState).map((state, index) => [state, states[index]]);
      return Object.values(run(layer, { x: given, mask, initialState: Object.fromEntries(entries) }));
    };
    await gradCheck(f, [x, ...Object.values(initialState)], { epsilon: 2 ** -7 });
  });

  it('a sequence without a real step keeps its state, gives zeros and takes no gradient', async () => {
    const layer = made({ bidirectional: true });
    const initialState = initialStates(2);
    const { output, ...states } = run(layer, { mask, initialState });
    await expectClose(output.slice(3), new Float32Array(steps * 2 * hidden), 1e-30);
    for (const [state, each] of Object.entries(initialState))
      await expectClose(states[state].slice(null, 3), each.slice(null, 3), 1e-30);
    await expectClose(layer.call({ x, mask } as never).slice(3), new Float32Array(2 * hidden), 1e-30);
    const gradient = grad(run(layer, { mask }).output.square().sum(), x).slice(3);
    await expectClose(gradient, new Float32Array(steps * features), 1e-30);
  });

  it('of one step is that step', async () => {
    const first = x.slice(null, [0, 1]);
    const [once, every] = [made(), made({ output: 'sequence' })];
    await expectClose(once.call(first), every.call(x).slice(null, 0), 1e-6);
  });

  describe('has the same bits for any number of threads, and the values of the cpu device', async () => {
    seed(11);
    const layer = new Layer(5, 24, { bidirectional: true, output: 'sequence' });
    // A plan by itself has no variables.
    const sources = await Promise.all(layer.namedParameters().map(([, parameter]) => parameter.data()));
    const weights = layer.namedParameters().map(([path, { shape }], index) => {
      const weight = tensor(sources[index], { shape });
      const keys = path.split('.');
      const owner = keys.slice(0, -1).reduce<object>((at, key) => Reflect.get(at, key), layer);
      Reflect.set(owner, keys.at(-1)!, weight);
      return weight;
    });
    const sequences = values([6, 64, 5], 2);
    const y = layer.call(sequences);
    const plan = planTensors([y, ...grad(y.square().mean(), [sequences, ...weights])]);
    const devices = wasmSettings.map((setting) => ({ setting, device: splittingDevice(setting) }));
    afterAll(() => {
      for (const { device } of devices) device.pool()?.terminate();
    });

    it.each(devices)('$setting.title', async ({ setting, device }) => {
      const { alone, together } = await runOnWasm(device, plan, setting.threads);
      const expected = await runOnCpu(plan);
      for (const [index, each] of together.entries()) {
        expect(firstDifference(each, alone[index])).toBe(-1);
        expect(largestError(each, expected[index])).toBeLessThan(1e-5);
      }
    });
  });
});

/** A layer whose gates get `gates` and whose candidate gets `candidate`, whatever it reads. */
async function shut(name: (typeof minimal)[number], gates: Numbers, candidate: number) {
  const layer = new layers[name](features, hidden, { output: 'sequence' });
  const { weight, bias } = layer.cells[0].gates;
  await weight.set(new Float32Array(weight.size));
  await bias!.set(Float32Array.from([...gates, candidate].flatMap((each) => new Array(hidden).fill(each))));
  return layer;
}

describe.each([
  ['MinGRU', [-1e4], 'keeps'],
  ['MinGRU', [1e4], 'takes'],
  ['MinLSTM', [1e4, -1e4], 'keeps'],
  ['MinLSTM', [-1e4, 1e4], 'takes'],
  ['MinLSTM', [-1e4, -1e4], 'halves'],
] as const)('%s at gates %j', (name, gates, does) => {
  it(`${does}, without NaN, forward and backward`, async () => {
    const layer = await shut(name, gates, 2);
    const h = values([1, batch, hidden], 8);
    const { output } = layer.run({ x, initialState: { h } });
    const shares = { keeps: 1, takes: 0, halves: 0.5 };
    const first = h
      .slice(0)
      .mul(shares[does])
      .add(2.5 * (1 - shares[does]));
    await expectClose(output.slice(null, 0), first, 1e-6);
    for (const gradient of grad(output.square().sum(), [x, h, ...layer.parameters()]))
      expect((await gradient.data()).every(Number.isFinite)).toBe(true);
  });
});

it.each(minimal)('%s: the shares of the old and the new sum to 1 exactly', async (name) => {
  seed(2);
  const layer = await shut(name, name === 'MinGRU' ? [0] : [0, 0], 0.5);
  const { weight } = layer.cells[0].gates;
  const columns = hidden * (name === 'MinGRU' ? 1 : 2);
  const gates = randn([features, columns])
    .mul(3)
    .pad([
      [0, 0],
      [0, hidden],
    ]);
  await weight.set(await gates.data());
  // Of a state of 1 and a candidate of 1 nothing may be lost.
  const h = ones([1, 1568, hidden]);
  const { output } = layer.run({ x: randn([1568, 1, features]), initialState: { h } });
  expect(new Set(await output.data())).toEqual(new Set([1]));
});

it.each(minimal)('%s with chrono forgets after times that are uniform', async (name) => {
  seed(6);
  const [units, longest] = [400, 50];
  const layer = new layers[name](1, units, { chrono: longest });
  const { gates } = layer.cells[0];
  await gates.weight.set(new Float32Array(gates.weight.size));
  // Of a state of 1 and a candidate of g(0) = ½, after one step: ½ + kept/2.
  const h = ones([1, 1, units]);
  const kept = await layer
    .run({ x: ones([1, 1, 1]), initialState: { h } })
    .output.mul(2)
    .sub(1)
    .data();
  const times = Array.from(kept, (each) => 1 / (1 - each) - 1);
  expect(fromUniform(times, 1, longest - 1)).toBeLessThan(1.63 / Math.sqrt(units));
  expect(errorOf(() => new layers[name](1, 2, { chrono: 9, bias: false })).message).toContain(
    'only with bias',
  );
});

/** The largest distance of sorted samples from the uniform distribution on [least, most]. */
function fromUniform(samples: Numbers, least: number, most: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return Math.max(
    ...sorted.map((each, k) => Math.abs((each - least) / (most - least) - (k + 0.5) / samples.length)),
  );
}

describe('LRU as it is drawn', () => {
  const units = 512;
  const numbers = async (each: Tensor): Promise<number[]> => Array.from(await each.data());
  const meanSquare = async (each: Tensor): Promise<number> => Number(await each.square().mean().item());

  it.each([
    [0, 1, 2 * Math.PI],
    [0.9, 0.999, 0.3],
  ])('has λ uniform in the ring from %f to %f, to an angle of %f', async (minRadius, maxRadius, maxPhase) => {
    seed(1);
    const { nu, theta, gamma } = new LRU(2, units, { minRadius, maxRadius, maxPhase }).cells[0];
    const radii = (await numbers(nu)).map((each) => Math.exp(-Math.exp(each)));
    // At the level of 1 % the distance of as many samples is below 1.63 / √units.
    const bound = 1.63 / Math.sqrt(units);
    const squares = radii.map((radius) => radius ** 2);
    expect(fromUniform(squares, minRadius ** 2, maxRadius ** 2)).toBeLessThan(bound);
    expect(Math.min(...radii)).toBeGreaterThanOrEqual(minRadius - 1e-6);
    expect(Math.max(...radii)).toBeLessThanOrEqual(maxRadius);
    expect(fromUniform((await numbers(theta)).map(Math.exp), 0, maxPhase)).toBeLessThan(bound);
    for (const [k, each] of (await numbers(gamma)).entries())
      expect(Math.abs(Math.exp(2 * each) / (1 - squares[k]) - 1)).toBeLessThan(1e-3);
  });

  it('has B of variance 1/(2F), C of 1/H, D of 1, and states of variance 1 for noise', async () => {
    seed(4);
    const layer = new LRU(128, 128, { maxRadius: 0.95 });
    const { inputReal, inputImaginary, outputReal, outputImaginary, skip } = layer.cells[0];
    for (const each of [inputReal, inputImaginary])
      expect((await meanSquare(each)) * 2 * 128).toBeCloseTo(1, 1);
    for (const each of [outputReal, outputImaginary])
      expect((await meanSquare(each)) * 128).toBeCloseTo(1, 1);
    expect(await meanSquare(skip)).toBeGreaterThan(0.7);
    expect(await meanSquare(skip)).toBeLessThan(1.3);
    const { real, imaginary } = layer.run({ x: randn([32, 200, 128]) });
    expect((await meanSquare(real)) + (await meanSquare(imaginary))).toBeCloseTo(1, 1);
  });

  it('draws no number that is not finite, at the ends of its ranges', async () => {
    for (const [minRadius, maxRadius] of [
      [0, 0],
      [1, 1],
    ]) {
      const { nu, theta, gamma } = new LRU(2, 8, { minRadius, maxRadius, maxPhase: 1e-3 }).cells[0];
      for (const each of [nu, theta, gamma]) expect((await numbers(each)).every(Number.isFinite)).toBe(true);
    }
  });

  it('refuses a ring without room', () => {
    expect(errorOf(() => new LRU(2, 2, { minRadius: 0.9, maxRadius: 0.5 })).message).toContain(
      'LRU: got minRadius 0.9, maxRadius 0.5, expected minRadius of at most maxRadius',
    );
    expect(errorOf(() => new LRU(2, 2, { maxRadius: 1.1 })).message).toContain('a number from 0 to 1');
  });
});
