/** As accuracy.test.ts, over six times as many floats, on wasm: what is not rounded just once. */
import { describe, it } from 'vitest';
import { floatOperators, measure, requireWithin, samplesOf } from '../support/accuracy.ts';
import { runOnWasm } from './support/one-operator.ts';
import { targets } from './support/wasm.ts';

const samples = samplesOf(1499);
const inexact = floatOperators.filter(({ accuracy }) => accuracy.wasm > 0.5);

describe.each(targets)('wasm with %o', (target) => {
  it.each(inexact)('$name', async (operator) => {
    const worst = await measure(
      operator,
      'wasm',
      (operands) => runOnWasm(operator, operands, target),
      samples,
    );
    requireWithin(worst);
  });
});
