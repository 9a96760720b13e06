/** Long sums of products on the GPU against float64, for every contraction. */
import { expect, it } from 'vitest';
import { longSumBound, longSums, recurrentSums, termKinds, termsOf } from '../conformance/long-sums.ts';
import { planTensors } from '../support/devices.ts';
import { runOnGpu } from './support.ts';

const sums = Object.entries(longSums).map(([title, build]) => ({ title, build, sides: [3, 32, 256] }));
const recurrent = Object.entries(recurrentSums).map(([title, build]) => ({ title, build, sides: [4, 32] }));

it.each([...sums, ...recurrent])('$title', async ({ build, sides }) => {
  for (const side of sides) {
    for (const kind of termKinds) {
      const { terms, sum } = termsOf(kind, side * side);
      const [actual] = await runOnGpu(planTensors([build(terms, side)]));
      const worst = Math.max(...Array.from(actual!, (value) => Math.abs(value - sum) / sum));
      expect(worst, `${side * side} ${kind} terms`).toBeLessThan(longSumBound);
    }
  }
});
