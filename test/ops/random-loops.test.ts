/** Random loops, a few: each held to the plain loop that it means, and to itself on any number of threads. */
import { afterAll, describe, it } from 'vitest';
import { setDevice } from '../../src/index.ts';
import { expectAgreement } from '../conformance/agreement.ts';
import { planTensors } from '../support/devices.ts';
import { expectUnrolled, randomLoop, valuesOf } from './random-loops.ts';

afterAll(() => {
  setDevice('wasm');
});

describe.each(['wasm', 'cpu'] as const)('on %s', (device) => {
  it.each(Array.from({ length: 10 }, (_, recipe) => recipe))(
    'recipe %i is the plain loop',
    async (recipe) => {
      setDevice(device);
      await expectUnrolled(recipe);
    },
  );
});

it('any number of threads give the same bits', async () => {
  for (let recipe = 10; recipe < 20; recipe++) {
    await expectAgreement('loops', `recipe ${recipe}`, planTensors(valuesOf(randomLoop(recipe), 'scan', 1)));
  }
});
