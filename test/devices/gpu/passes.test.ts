/** Plans as passes, without a GPU: slots, numbers of the host, programs that read too much, limits, and encodings. */
import { describe, expect, it } from 'vitest';
import { decode, encode } from '../../../src/devices/gpu/encoding.ts';
import { planPasses } from '../../../src/devices/gpu/passes.ts';
import {
  DeviceLimitError,
  kernelSources,
  Parameter,
  SGD,
  softmaxCrossEntropy,
  type Tensor,
  tensor,
  zeros,
} from '../../../src/index.ts';
import { planOf } from '../../../src/plan/explain.ts';
import { planTensors } from '../../support/devices.ts';

const limits = { mostReads: 7, mostFloats: 1 << 24 };

describe('planPasses', () => {
  it('cuts a program that reads more arrays than a pass may', () => {
    const leaves = Array.from({ length: 20 }, (_, n) => tensor([n, 1, 2]));
    const { plan } = planTensors([leaves.reduce((total, each) => total.add(each).mul(each))]);
    const { steps } = planPasses(plan, { ...limits, mostReads: 4 });
    const passes = steps.flatMap((step) => step.passes);
    expect(passes.length).toBeGreaterThan(5);
    for (const { reads } of passes) expect(reads.length).toBeLessThanOrEqual(4);
  });

  it('passes the learning rate as a number, and uploads what is read as an array', async () => {
    const w = new Parameter(zeros([3, 2]), 'w');
    const optimizer = new SGD([w], { learningRate: 0.5 });
    const plan = await planOf(
      (x: Tensor, y: Tensor) => {
        const loss = softmaxCrossEntropy(x.matmul(w), y);
        loss.backward();
        void optimizer.step();
        return loss;
      },
      zeros([4, 3]),
      zeros([4], 'int32'),
    );
    const { uploads, numberInputs, steps } = planPasses(plan, limits);
    expect(uploads).toHaveLength(2);
    expect(numberInputs).toEqual([2]);
    const updates = steps.flatMap(({ passes }) => passes.filter(({ fresh }) => fresh));
    // The weight, and the number of steps.
    expect(updates).toHaveLength(2);
    // Labels come from the host, which looks at them before anything runs.
    for (const { checks } of steps) for (const { planInput } of checks) expect(planInput).toBeDefined();
  });

  it('refuses an array that is larger than the GPU takes', () => {
    const { plan } = planTensors([zeros([1, 1000]).add(tensor([[1], [2]]))]);
    expect(() => planPasses(plan, { ...limits, mostFloats: 1999 })).toThrow(DeviceLimitError);
    expect(() => planPasses(plan, { ...limits, mostFloats: 1999 })).toThrow(/\[2, 1000\].*at most 1999/);
  });
});

describe('limits', () => {
  it('refuses a fused space that no array holds, and an intermediate array', () => {
    const [a, b] = [zeros([100, 1, 8]), zeros([1, 100, 8])];
    const distances = planTensors([a.add(1).sub(b.add(1)).pow(2).sum(-1)]);
    expect(() => planPasses(distances.plan, { ...limits, mostFloats: 20_000 })).toThrow(
      /a space \[100, 100, 8\], which takes 80000 floats/,
    );
  });
});

describe('kernelSources', () => {
  it('gives the text of each kernel, with its layer', async () => {
    const sources = await kernelSources((x: Tensor) => x.matmul(x).tanh().sum(), zeros([4, 4]));
    expect(sources.map(({ kernel }) => kernel)).toEqual(['matmul', 'reduce']);
    expect(sources[0].sources[0]).toMatch(/^function \(array0.*\) \{[\s\S]*return/);
  });
});

describe('encoding', () => {
  it('keeps all 32 bits of whole numbers in two planes', () => {
    const whole = Int32Array.of(0, 1, -1, 65535, 65536, -65536, 2 ** 31 - 1, -(2 ** 31), 123456789);
    const floats = encode(whole);
    expect(floats).toHaveLength(2 * whole.length);
    expect(decode(floats, 'int32', whole.length)).toEqual(whole);
  });

  it('keeps floats and bools', () => {
    const floats = Float32Array.of(0.5, Number.NaN, Number.NEGATIVE_INFINITY);
    expect(decode(encode(floats), 'float32', 3)).toEqual(floats);
    expect(decode(encode(Uint8Array.of(1, 0, 1)), 'bool', 3)).toEqual(Uint8Array.of(1, 0, 1));
  });
});
