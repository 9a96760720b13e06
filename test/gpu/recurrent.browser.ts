/**
 * The recurrent kernels on the GPU where conformance does not go: long sequences, single ones, and none at all; and what masks
 * leave out, NaN too, which changes no bit there either.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  GRU,
  grad,
  LSTM,
  type Parameter,
  Readout,
  RecurrentLayer,
  setDevice,
  type Tensor,
  tensor,
} from '../../src/index.ts';
import { applyAll } from '../../src/ops/apply.ts';
import { primitiveTable } from '../../src/ops/table.ts';
import { errorOf, planTensors, runOnCpu } from '../support/devices.ts';
import { Numbers } from '../support/numbers.ts';
import { backend, gpuDevice, runOnGpu } from './support.ts';

const numbers = new Numbers(11);

interface Call {
  readonly inputs: readonly Tensor[];
  readonly attributes: object;
}

interface Size {
  readonly n: number;
  readonly t: number;
  readonly h: number;
  readonly reverse: boolean;
  readonly masked: boolean;
}

/** Every third step of the second sequence, and so on. */
function maskOf({ n, t, masked }: Size): Tensor[] {
  const steps = Uint8Array.from({ length: n * t }, (_, k) => Number(k % (2 + Math.floor(k / t)) !== 1));
  return masked ? [tensor(steps, { shape: [n, t], dtype: 'bool' })] : [];
}

const calls: Readonly<Record<string, (size: Size) => Call>> = {
  lstm(size) {
    const { n, t, h, reverse, masked } = size;
    const states = [numbers.real([n, h]), numbers.real([n, h])];
    const inputs = [numbers.real([n, t, 4 * h]), numbers.real([h, 4 * h], -0.2, 0.2), ...states];
    return { inputs: [...inputs, ...maskOf(size)], attributes: { reverse, masked } };
  },
  lstmGradient(size) {
    const { n, t, h, reverse, masked } = size;
    const states = [numbers.real([n, h]), numbers.real([n, t, h]), numbers.real([n, t, 4 * h], 0.1, 0.9)];
    const inputs = [numbers.real([h, 4 * h], -0.2, 0.2), ...states, ...maskOf(size)];
    const attributes = { reverse, masked, hasDH: true, hasDC: false, hasDGates: false };
    return { inputs: [...inputs, numbers.real([n, t, h])], attributes };
  },
  gru(size) {
    const { n, t, h, reverse, masked } = size;
    const weights = [numbers.real([h, 3 * h], -0.2, 0.2), numbers.real([3 * h])];
    const inputs = [numbers.real([n, t, 3 * h]), ...weights, numbers.real([n, h])];
    return { inputs: [...inputs, ...maskOf(size)], attributes: { reverse, masked } };
  },
  gruGradient(size) {
    const { n, t, h, reverse, masked } = size;
    const states = [numbers.real([n, h]), numbers.real([n, t, h]), numbers.real([n, t, 4 * h], 0.1, 0.9)];
    const inputs = [numbers.real([h, 3 * h], -0.2, 0.2), ...states, ...maskOf(size)];
    return {
      inputs: [...inputs, numbers.real([n, t, h])],
      attributes: { reverse, masked, hasDH: true, hasDGates: false },
    };
  },
};

const sizes: readonly Size[] = [
  { n: 4, t: 28, h: 128, reverse: false, masked: false },
  { n: 3, t: 67, h: 9, reverse: true, masked: true },
  { n: 2, t: 8, h: 5, reverse: false, masked: true },
  { n: 1, t: 1, h: 1, reverse: false, masked: false },
  { n: 1, t: 3, h: 1, reverse: true, masked: false },
  { n: 2, t: 0, h: 3, reverse: false, masked: false },
];

function planOf(name: string, size: Size) {
  const row = primitiveTable.find((each) => each.name === name);
  if (!row) throw new Error(`no row ${name}`);
  const { inputs, attributes } = calls[name](size);
  return planTensors(applyAll(row, inputs, attributes));
}

describe.each(Object.keys(calls))('%s', (name) => {
  it.each(sizes)('agrees with the cpu: N=$n, T=$t, H=$h', async (size) => {
    const planned = planOf(name, size);
    const expected = await runOnCpu(planned);
    const actual = await runOnGpu(planned);
    for (const [output, array] of expected.entries()) {
      expect(errorOf(actual[output], array), `output ${output}`).toBeLessThan(1e-4);
    }
  });

  it('compiles few functions for many steps, and none in another run', async () => {
    const device = await gpuDevice();
    const { plan, inputs } = planOf(name, { n: 2, t: 40, h: 6, reverse: false, masked: false });
    const executable = device.prepare(plan);
    const before = device.counters;
    await executable.run({ inputs, variables: [] });
    const after = device.counters;
    expect(after.passes - before.passes).toBeGreaterThan(80);
    // Functions that upload count as well: one for each input.
    expect(after.compiled - before.compiled - inputs.length).toBeLessThan(12);
    await executable.run({ inputs, variables: [] });
    expect(device.counters.compiled).toBe(after.compiled);
    executable.release();
  });
});

/** A cell that is the body of a `scan`. */
class Own extends RecurrentLayer<{ readonly weight: Parameter }, { readonly h: Tensor }> {
  protected readonly stateNames = ['h'] as const;

  protected cellWeights(features: number) {
    return { weight: this.weight([features, this.hidden]) };
  }

  protected step({ weight }: { readonly weight: Tensor }, { h }: { readonly h: Tensor }, xt: Tensor) {
    return { state: { h: xt.matmul(weight).add(h).tanh() } };
  }
}

describe('what a mask leaves out', () => {
  beforeAll(() => setDevice('gpu', { backend }));
  afterAll(() => setDevice('wasm'));

  const [batch, steps, features] = [4, 6, 3];
  const x = numbers.real([batch, steps, features]);
  /** Padding on the right and on the left, holes, and a sequence without any real step. */
  const stepMask = [
    [true, true, true, true, false, false],
    [false, false, true, true, true, true],
    [true, false, true, true, false, true],
    [false, false, false, false, false, false],
  ];
  const ofSteps = tensor(stepMask);
  const ofFeatures = tensor(
    stepMask.map((row, n) => row.map((real, t) => [0, 1, 2].map((f) => real && (n + 2 * t + f) % 3 !== 0))),
  );
  /** What is not seen of it is NaN, infinite, or overflows as soon as it is used. */
  const garbage = tensor(
    Float32Array.from(
      { length: x.size },
      (_, index) => [Number.NaN, Number.POSITIVE_INFINITY, 3e38, Number.NEGATIVE_INFINITY, -3e38][index % 5],
    ),
    { shape: x.shape },
  );
  const options = { layers: 2, bidirectional: true, output: 'sequence' } as const;
  const readers = {
    lstm: () => new LSTM(features, 5, options),
    gru: () => new GRU(features, 5, options),
    'a cell by scan': () => new Own(features, 5, options),
    'attention over steps': () => new Readout('attention', features),
    'the mean of steps': () => new Readout('mean', features),
    'the largest of steps': () => new Readout('max', features),
  } as const;

  it.each(Object.keys(readers) as (keyof typeof readers)[])('changes no bit of %s', async (kind) => {
    const layer = readers[kind]();
    const bits = async (mask: Tensor, sequence: Tensor): Promise<Int32Array[]> => {
      const y = layer.call({ x: sequence, mask });
      const gradients = grad(y.square().sum(), [sequence, ...layer.parameters()]);
      const arrays = await Promise.all([y, ...gradients].map((each) => each.data()));
      for (const array of arrays) expect(Array.from(array).every(Number.isFinite)).toBe(true);
      return arrays.map((array) => new Int32Array(Float32Array.from(array).buffer));
    };
    for (const mask of layer instanceof Readout ? [ofSteps] : [ofSteps, ofFeatures]) {
      const seen = mask.rank === 2 ? mask.expandDims(-1) : mask;
      expect(await bits(mask, seen.where(x, garbage))).toEqual(await bits(mask, seen.where(x, 0)));
    }
  });
});
