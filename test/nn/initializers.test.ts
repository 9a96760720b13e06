/** Initializers: the ranges, deviations and shapes of what they draw. */
import { describe, expect, it } from 'vitest';
import { matmul, seed, type Tensor, transpose } from '../../src/index.ts';
import * as initializers from '../../src/nn/initializers.ts';

const { fansOf } = initializers;

async function statistics(tensor: Tensor) {
  const data = Array.from(await tensor.data());
  const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
  const variance = data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length;
  return { mean, variance, min: Math.min(...data), max: Math.max(...data) };
}

async function orthogonalityError(weight: Tensor): Promise<number> {
  const [rows, columns] = weight.shape as [number, number];
  const gram = rows >= columns ? matmul(transpose(weight), weight) : matmul(weight, transpose(weight));
  const data = await gram.data();
  const size = Math.min(rows, columns);
  return Array.from(data).reduce(
    (worst, value, i) => Math.max(worst, Math.abs(value - (Math.floor(i / size) === i % size ? 1 : 0))),
    0,
  );
}

describe('fans', () => {
  it('count the window', () => {
    expect(fansOf([320, 64])).toEqual({ in: 320, out: 64 });
    expect(fansOf([3, 5, 4, 8])).toEqual({ in: 60, out: 120 });
    expect(fansOf([7])).toEqual({ in: 7, out: 7 });
  });
});

describe('variance and range', () => {
  const shape = [200, 100];
  const { glorotUniform, glorotNormal, heUniform, heNormal, pytorchDefault } = initializers;
  const cases = [
    ['glorotUniform', glorotUniform, 2 / 300, Math.sqrt(6 / 300)],
    ['glorotNormal', glorotNormal, 2 / 300, undefined],
    ['heUniform', heUniform, 2 / 200, Math.sqrt(6 / 200)],
    ['heNormal', heNormal, 2 / 200, undefined],
    ['pytorchDefault', pytorchDefault, 1 / 600, 1 / Math.sqrt(200)],
  ] as const;
  it.each(cases)('%s', async (_, make, variance, bound) => {
    seed(1);
    const found = await statistics(make(shape, fansOf(shape)));
    expect(Math.abs(found.mean)).toBeLessThan(0.03 * Math.sqrt(variance));
    expect(found.variance / variance).toBeCloseTo(1, 1);
    if (bound === undefined) return;
    expect(found.max).toBeLessThanOrEqual(bound * 1.000001);
    expect(found.max).toBeGreaterThan(0.99 * bound);
    expect(found.min).toBeLessThan(-0.99 * bound);
  });

  it('constants', async () => {
    const fan = { in: 1, out: 1 };
    expect(await initializers.constant(2.5)([2], fan).array()).toEqual([2.5, 2.5]);
    expect(await initializers.ones([2], fan).array()).toEqual([1, 1]);
    expect(await initializers.zeros([2], fan).array()).toEqual([0, 0]);
  });
});

describe('orthogonal', () => {
  const fan = { in: 1, out: 1 };
  it.each([
    [1, 1],
    [2, 2],
    [3, 3],
    [7, 4],
    [4, 9],
    [64, 64],
    [33, 100],
  ])('%i × %i is orthonormal', async (rows, columns) => {
    seed(3);
    expect(await orthogonalityError(initializers.orthogonal()([rows, columns], fan))).toBeLessThan(1e-6);
  });

  it('repeats for a seed and differs between draws', async () => {
    const draw = async () => Array.from(await initializers.orthogonal(2)([5, 5], fan).data());
    seed(0);
    const first = await draw();
    const second = await draw();
    seed(0);
    expect(await draw()).toEqual(first);
    expect(second).not.toEqual(first);
    expect(Math.hypot(...first.slice(0, 5))).toBeCloseTo(2, 5);
  });

  it.each([2, 3, 8, 48])('has entries with the moments of the sphere, n = %i', async (n) => {
    seed(5);
    let [second, fourth, corner, count] = [0, 0, 0, 0];
    const draws = Math.ceil(120_000 / (n * n));
    for (let draw = 0; draw < draws; draw++) {
      const data = await initializers.orthogonal()([n, n], fan).data();
      corner += data[0];
      for (const value of data) {
        second += value ** 2;
        fourth += value ** 4;
        count++;
      }
    }
    expect(second / count).toBeCloseTo(1 / n, 4);
    // E x⁴ = 3 / (n·(n + 2)) on the sphere.
    expect((fourth / count) * ((n * (n + 2)) / 3)).toBeCloseTo(1, 1);
    expect(Math.abs(corner / draws)).toBeLessThan(4 / Math.sqrt(n * draws));
  });

  it('takes 1024 × 1024 in a fraction of a second, orthonormal to rounding', async () => {
    seed(0);
    initializers.orthogonal()([256, 256], fan);
    const start = performance.now();
    const weight = initializers.orthogonal()([1024, 1024], fan);
    const milliseconds = performance.now() - start;
    // The bound for a machine at rest is 200 ms; tests run side by side.
    expect(milliseconds).toBeLessThan(1000);
    // The error is measured with sums of 1024 products in float32, which have one of their own.
    expect(await orthogonalityError(weight)).toBeLessThan(3e-6);
  });

  it('refuses vectors', () => {
    expect(() => initializers.orthogonal()([4], fan)).toThrow(/orthogonal: got \[4\], expected/);
  });
});
