/** Every vector computed by PyTorch in float64, outputs and gradients, on the GPU. */
import { beforeAll, describe, expect, it } from 'vitest';
import { setDevice } from '../../src/index.ts';
import { cases } from '../golden/cases.ts';
import { errorsOf, type Golden } from '../golden/vectors.ts';
import { backend } from './support.ts';

const files = import.meta.glob<Golden>('../golden/vectors/*.json', { eager: true, import: 'default' });

/** Largest error allowed, beside the largest expected value of the array. */
const bound = 1e-4;

describe('vectors of PyTorch', () => {
  beforeAll(() => setDevice('gpu', { backend }));

  it.each(Object.values(files).map((golden) => [golden.name, golden] as const))(
    '%s',
    async (name, golden) => {
      for (const { array, error } of errorsOf(await cases[name].run(golden), golden)) {
        expect(error, array).toBeLessThan(bound);
      }
    },
  );
});
