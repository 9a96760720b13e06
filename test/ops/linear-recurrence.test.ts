/** The linear recurrence as users call it: shapes, options, derivatives, training; on wasm unless a test says otherwise. */
import { afterAll, describe, expect, it } from 'vitest';
import {
  Adam,
  type ComplexTensor,
  complexLinearRecurrence,
  cumulativeSum,
  DTypeError,
  flip,
  gradCheck,
  linearRecurrence,
  OptionError,
  oneHot,
  ones,
  Parameter,
  randint,
  randn,
  ShapeError,
  seed,
  setDevice,
  stack,
  type Tensor,
  tensor,
  zeros,
} from '../../src/index.ts';

afterAll(() => setDevice('wasm'));

/** Largest difference beside the largest value. */
async function errorOf(actual: Tensor, expected: Tensor): Promise<number> {
  const scale = (await expected.abs().max().item()) as number;
  return ((await actual.sub(expected).abs().max().item()) as number) / scale;
}

describe('linearRecurrence', () => {
  it('broadcasts a and b, in whatever way they lack axes', async () => {
    seed(1);
    const [a, b] = [randn([2, 5, 3]), randn([2, 5, 3])];
    const whole = [
      [randn([3]), b],
      [randn([5, 1]), b],
      [randn([2, 1, 1]), b],
      [randn([1, 5, 3]), b],
      [tensor(0.5), b],
      [a, randn([3])],
      [a, tensor(1)],
      [randn([2, 1, 3]), randn([1, 5, 1])],
    ];
    for (const [x, y] of whole) {
      const h = linearRecurrence(x, y);
      expect(h.shape).toEqual([2, 5, 3]);
      const spread = zeros([2, 5, 3]);
      expect(await errorOf(h, linearRecurrence(spread.add(x), spread.add(y)))).toBe(0);
    }
  });

  it('is a running sum at a = 1, and in reverse that of the sequence turned round', async () => {
    const [a, b, initial] = [randn([2, 700, 3]), randn([2, 700, 3]), randn([2, 3])];
    expect(await errorOf(linearRecurrence(tensor(1), b), cumulativeSum(b, 1))).toBe(0);
    const reversed = linearRecurrence(a, b, { initial, reverse: true });
    const turned = flip(linearRecurrence(flip(a, 1), flip(b, 1), { initial }), 1);
    expect(await reversed.array()).toEqual(await turned.array());
  });

  it('has derivatives of the first and second order, of all that it is given', async () => {
    const initial = randn([2, 3]);
    for (const reverse of [false, true]) {
      const f = (...[a, b, h0]: Tensor[]) =>
        linearRecurrence(a.tanh(), b, { initial: h0, reverse }).square().sum();
      for (const a of [randn([2, 4, 3]), randn([3]), randn([2, 4, 1])]) {
        await gradCheck(f, [a, randn([2, 4, 3]), initial], { tolerance: 2e-3 });
        await gradCheck(f, [a, randn([2, 4, 3]), initial], { tolerance: 2e-3, order: 2 });
      }
    }
  });

  it('has a state and no steps, or no sequences', async () => {
    const initial = new Parameter(ones([2, 3]), 'initial');
    const h = linearRecurrence(zeros([2, 0, 3]), zeros([2, 0, 3]), { initial });
    expect(h.shape).toEqual([2, 0, 3]);
    expect(await h.array()).toEqual([[], []]);
    expect(await linearRecurrence(tensor(0.5), zeros([0, 4, 3])).array()).toEqual([]);
  });

  it.each(['wasm', 'cpu'] as const)('learns to keep the marked value, as a minGRU, on %s', async (device) => {
    setDevice(device);
    seed(5);
    const [batch, time, hidden] = [64, 12, 8];
    const values = randn([batch, time]);
    const marked = oneHot(randint(0, time, [batch]), time);
    const target = values.mul(marked).sum(1, { keepDims: true });
    const x = stack([values, marked.mul(2).sub(1)], 2);
    const weights = {
      gate: new Parameter(randn([2, hidden]), 'gate'),
      candidate: new Parameter(randn([2, hidden]), 'candidate'),
      output: new Parameter(randn([hidden, 1]).mul(0.3), 'output'),
    };
    const optimizer = new Adam(Object.values(weights), { learningRate: 0.1 });
    const losses: number[] = [];
    for (let round = 0; round < 60; round++) {
      const gate = x.matmul(weights.gate).sigmoid();
      const h = linearRecurrence(gate.neg().add(1), gate.mul(x.matmul(weights.candidate)));
      const loss = h.slice(null, -1).matmul(weights.output).sub(target).square().mean();
      losses.push((await loss.item()) as number);
      loss.backward();
      await optimizer.step();
    }
    expect(losses.at(-1)).toBeLessThan(0.1 * losses[0]);
  });

  it('refuses what does not fit, in words', () => {
    const b = zeros([2, 5, 3]);
    expect(() => linearRecurrence(zeros([4]), b)).toThrow(ShapeError);
    expect(() => linearRecurrence(zeros([3]), zeros([5, 3]))).toThrow(/\[N, T, F\]/);
    expect(() => linearRecurrence(zeros([3]), b, { initial: zeros([3]) })).toThrow(/initial state of \[3\]/);
    expect(() => linearRecurrence(zeros([3], { dtype: 'int32' }), b)).toThrow(DTypeError);
    expect(() => linearRecurrence(zeros([3]), b, { reverse: 1 as never })).toThrow(OptionError);
  });
});

/** Plain complex numbers: [real, imaginary]. */
const times = ([a, b]: number[], [x, y]: number[]): number[] => [a * x - b * y, a * y + b * x];

describe('complexLinearRecurrence', () => {
  const complex = (...shape: number[]): ComplexTensor => ({ real: randn(shape), imaginary: randn(shape) });

  it('turns and shrinks: powers of a after a pulse', async () => {
    const a = [0.6, -0.7];
    const pulse = [1, 0, 0, 0, 0, 0];
    const { real, imaginary } = complexLinearRecurrence(
      { real: tensor(a[0]), imaginary: tensor([a[1]]) },
      { real: tensor(pulse, { shape: [1, 6, 1] }), imaginary: tensor(0) },
    );
    const [re, im] = [await real.data(), await imaginary.data()];
    let power = [1, 0];
    for (let t = 0; t < 6; t++) {
      expect(re[t]).toBeCloseTo(power[0], 6);
      expect(im[t]).toBeCloseTo(power[1], 6);
      power = times(power, a);
    }
  });

  it('has the parts of a real recurrence where nothing is imaginary', async () => {
    const [a, b] = [randn([2, 6, 5]), randn([2, 6, 5])];
    const zero = tensor(0);
    const { real, imaginary } = complexLinearRecurrence(
      { real: a, imaginary: zero },
      { real: b, imaginary: zero },
    );
    expect(await real.array()).toEqual(await linearRecurrence(a, b).array());
    expect(await imaginary.abs().max().item()).toBe(0);
  });

  it('has derivatives of the first and second order, of all that it is given', async () => {
    const f = (...[ar, ai, br, bi, hr, hi]: Tensor[]) => {
      const h = complexLinearRecurrence(
        { real: ar.tanh(), imaginary: ai.tanh() },
        { real: br, imaginary: bi },
        { initial: { real: hr, imaginary: hi }, reverse: true },
      );
      return h.real.square().sum().add(h.imaginary.sin().sum());
    };
    for (const shape of [[2, 3, 2], [2]]) {
      const { real, imaginary } = complex(...shape);
      const rest = [complex(2, 3, 2), complex(2, 2)].flatMap((each) => [each.real, each.imaginary]);
      await gradCheck(f, [real, imaginary, ...rest], { tolerance: 2e-3 });
      await gradCheck(f, [real, imaginary, ...rest], { tolerance: 2e-3, order: 2 });
    }
  });

  it('refuses a number that lacks a part', () => {
    const b = complex(2, 5, 3);
    expect(() => complexLinearRecurrence(tensor(1) as never, b)).toThrow(
      /a .*expected \{ real, imaginary \}/,
    );
    expect(() => complexLinearRecurrence({ real: tensor(1) } as never, b)).toThrow(OptionError);
    expect(() => complexLinearRecurrence(b, b, { initial: complex(3) })).toThrow(ShapeError);
  });
});
