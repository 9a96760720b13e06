/** Plans as passes, without a GPU: slots, numbers of the host, programs that read too much, limits, and encodings. */
import { describe, expect, it } from 'vitest';
import { sizeOf } from '../../../kernels/support/contract.ts';
import { halfOfWhole, quotient } from '../../../kernels/support/gpu/index-functions.ts';
import { decode, encode } from '../../../src/devices/gpu/float-encoding.ts';
import { planPasses } from '../../../src/devices/gpu/plan-passes.ts';
import {
  concat,
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
    const { uploads, numberInputs, inputChecks, steps } = planPasses(plan, limits);
    expect(uploads).toHaveLength(2);
    expect(numberInputs).toEqual([2]);
    const updates = steps.flatMap(({ passes }) => passes.filter(({ fresh }) => fresh));
    // The weight.
    expect(updates).toHaveLength(1);
    // Labels come from the host, which looks at them before anything runs.
    expect(inputChecks.length).toBeGreaterThan(0);
    for (const { checks } of steps) expect(checks).toEqual([]);
  });

  it('cuts what is written into segments, and reads the segments that a segment needs', () => {
    const row = tensor(new Float32Array(1000)).reshape([1, 1000]);
    const { plan } = planTensors([row.add(tensor([[1], [2]]))]);
    const { steps } = planPasses(plan, { ...limits, mostFloats: 999 });
    const [{ passes }] = steps;
    expect(passes.map(({ pass }) => pass.size)).toEqual([999, 999, 2]);
    expect(new Set(passes.map(({ writes }) => writes)).size).toBe(3);
    // The row has two segments, of which the second holds its last number.
    const index = plan.steps[0].call.inputs.findIndex(({ shape }) => sizeOf(shape) === 1000);
    const segmentsRead = passes.map(({ pass }) =>
      pass.reads.flatMap(({ array, segment }) => (array.index === index ? [segment] : [])),
    );
    expect(segmentsRead).toEqual([[0], [0, 1], [0, 1]]);
  });

  it('lets a pass of which each segment needs one segment of an array read only that', () => {
    const [a, b] = [tensor(new Float32Array(100)), tensor(new Float32Array(100).fill(2))];
    const { steps } = planPasses(planTensors([a.mul(b)]).plan, { ...limits, mostFloats: 30 });
    for (const { passes } of steps) {
      expect(passes.map(({ pass }) => pass.reads.map(({ segment }) => segment))).toEqual([
        [0, 0],
        [1, 1],
        [2, 2],
        [3, 3],
      ]);
    }
  });

  it('cuts passes in halves where their segments are too many to read at once', () => {
    const [a, b] = [tensor(new Float32Array(64)), tensor(new Float32Array(60))];
    const { plan } = planTensors([concat([a.reshape([1, 64]), b.reshape([1, 60])], 1).flip(1)]);
    for (const mostReads of [3, 4]) {
      const { steps } = planPasses(plan, { mostReads, mostFloats: 16 });
      for (const { pass } of steps.flatMap(({ passes }) => passes)) {
        expect(pass.reads.length).toBeLessThanOrEqual(mostReads);
      }
    }
  });
});

describe('limits', () => {
  it('refuses what one number needs too many segments for', () => {
    const { plan } = planTensors([
      tensor(new Float32Array(100))
        .reshape([1, 100])
        .matmul(zeros([100, 1])),
    ]);
    expect(() => planPasses(plan, { mostReads: 7, mostFloats: 10 })).toThrow(DeviceLimitError);
    expect(() => planPasses(plan, { mostReads: 7, mostFloats: 10 })).toThrow(
      /reads \d+ arrays, or segments of 10 floats of larger ones, in one pass, expected at most 7/,
    );
  });

  it('refuses more floats than indices count, even those of a fused space that no array holds', () => {
    // An int32 takes two floats.
    const long = planTensors([
      zeros([2 ** 15, 2 ** 15])
        .add(zeros([1, 1]))
        .cast('int32')
        .add(1),
    ]);
    expect(() => planPasses(long.plan, limits)).toThrow(
      /which takes \d+ floats, expected at most 2147483647/,
    );
    const [a, b] = [zeros([46_340, 1]), zeros([1, 46_341])];
    expect(() => planTensors([a.add(1).sub(b.add(1)).pow(2).sum(-1)])).toThrow(DeviceLimitError);
  });
});

describe('index functions', () => {
  it.each([0, 2 ** -22, -(2 ** -22)])('divide exactly, although floats are off by %d of a value', (off) => {
    const down = (x: number): number => Math.floor(Math.fround(x) * (1 + off));
    const divide = new Function('weft_down', 'i', 'n', 'inverse', quotient.body);
    const half = new Function('weft_down', 'i', 'plane', halfOfWhole.body);
    const some = [0, 1, 2, 6, 65535, 65536, 2 ** 24 - 1, 2 ** 24, 2 ** 24 + 1, 123456789, 2 ** 31 - 2];
    const spread = Array.from({ length: 2000 }, (_, k) => Math.floor(2 ** (k / 65)) + (k % 3));
    for (const i of [...some, ...spread, 2 ** 31 - 1, -1, -3, -4, -65536]) {
      for (const n of [2, 3, 5, 7, 10, 28, 100, 1000, 65536, 99999, 2 ** 24 + 3, 2 ** 30 + 1]) {
        expect(divide(down, i, n, Math.fround(1 / n)), `${i} / ${n}`).toBe(Math.floor(i / n));
      }
      expect([half(down, i, 0), half(down, i, 1)], `${i}`).toEqual([i & 0xffff, i >> 16]);
    }
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
