/** Random loops, many: each held to the plain loop that it means, and to itself on any number of threads. */
import { afterAll, describe, it } from 'vitest';
import { setDevice } from '../../src/index.ts';
import { expectAgreement } from '../conformance/agreement.ts';
import { planTensors } from '../support/devices.ts';
import { expectUnrolled, orderOf, randomLoop, valuesOf } from './random-loops.ts';

afterAll(() => {
  setDevice('wasm');
});

const batch = 40;
const firsts = (from: number, to: number): number[] =>
  Array.from({ length: (to - from) / batch }, (_, k) => from + k * batch);

describe.each([
  ['wasm', 100, 420],
  ['cpu', 420, 580],
] as const)('on %s they are plain loops', (device, from, to) => {
  it.each(firsts(from, to))('from number %i', async (first) => {
    setDevice(device);
    for (let recipe = first; recipe < first + batch; recipe++) await expectUnrolled(recipe);
  });
});

describe('any number of threads give the same bits', () => {
  it.each(firsts(600, 840))('from number %i', async (first) => {
    for (let recipe = first; recipe < first + batch; recipe++) {
      const tensors = valuesOf(randomLoop(recipe), 'scan', orderOf(recipe));
      await expectAgreement('loops', `recipe ${recipe}`, planTensors(tensors));
    }
  });
});
