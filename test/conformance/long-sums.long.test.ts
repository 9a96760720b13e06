/** Long sums of products against float64, on the devices that need no GPU. */
import { afterAll, describe, expect, it } from 'vitest';
import { deviceNames, matmul, ones, setDevice, tensor } from '../../src/index.ts';
import { longSumBound, longSums, recurrentSums, termKinds, termsOf } from './long-sums.ts';

afterAll(() => setDevice('wasm'));

/** The largest |actual - expected| / expected. */
function worstOf(actual: ArrayLike<number>, expected: number): number {
  return Math.max(...Array.from(actual, (value) => Math.abs(value - expected) / expected));
}

describe.each(deviceNames().filter((name) => name !== 'gpu'))('%s', (device) => {
  it.each(Object.entries(longSums))('%s', async (_, build) => {
    await setDevice(device);
    for (const side of [1, 3, 16, 32, 91, 256, 1000]) {
      for (const kind of termKinds) {
        const { terms, sum } = termsOf(kind, side * side);
        const worst = worstOf(await build(terms, side).data(), sum);
        expect(worst, `${side * side} ${kind} terms`).toBeLessThan(longSumBound);
      }
    }
  });

  it('ten million terms', async () => {
    await setDevice(device);
    const depth = 10_000_000;
    const actual = await matmul(tensor(new Float32Array(depth).fill(0.01)), ones([depth])).item();
    expect(worstOf([actual], depth * Math.fround(0.01))).toBeLessThan(longSumBound);
  });

  it.each(Object.entries(recurrentSums))('%s', async (_, build) => {
    await setDevice(device);
    for (const depth of [8, 128, 252, 516, 2048]) {
      for (const kind of termKinds) {
        const { terms, sum } = termsOf(kind, depth);
        const worst = worstOf(await build(terms).data(), sum);
        expect(worst, `${depth} ${kind} terms`).toBeLessThan(longSumBound);
      }
    }
  });
});
