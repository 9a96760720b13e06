/** The recurrent kernels on the GPU where conformance does not go: long sequences, single ones, and none at all. */
import { describe, expect, it } from 'vitest';
import { type Tensor, tensor } from '../../src/index.ts';
import { applyAll } from '../../src/ops/apply.ts';
import { primitiveTable } from '../../src/ops/table.ts';
import { errorOf, planTensors, runOnCpu } from '../support/devices.ts';
import { Numbers } from '../support/numbers.ts';
import { gpuDevice, runOnGpu } from './support.ts';

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
