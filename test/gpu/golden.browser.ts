/** Every vector computed by PyTorch in float64, outputs and gradients, on the GPU. */
import { beforeAll, describe, expect, it } from 'vitest';
import { setDevice } from '../../src/index.ts';
import { cases } from '../golden/cases.ts';
import { type Golden, relativeError } from '../golden/vectors.ts';
import { backend } from './support.ts';

const files = import.meta.glob<Golden>('../golden/vectors/*.json', { eager: true, import: 'default' });

/** Largest error allowed, beside the largest expected value of the array. */
const bound = 1e-4;

describe('vectors of PyTorch', () => {
  beforeAll(() => setDevice('gpu', { backend }));

  it.each(Object.values(files).map((golden) => [golden.name, golden] as const))(
    '%s',
    async (name, golden) => {
      const { outputs, grads } = await cases[name].run(golden);
      const compared = [
        ['output', outputs, golden.outputs],
        ['gradient of', grads, golden.grads],
      ] as const;
      for (const [kind, actual, expected] of compared) {
        const names = new Set(Object.keys(actual).map((each) => each.split(' (')[0]));
        expect([...names].sort()).toEqual(Object.keys(expected).sort());
        for (const [each, values] of Object.entries(actual)) {
          const error = relativeError(values, expected[each.split(' (')[0]]);
          expect(error, `${kind} ${each}`).toBeLessThan(bound);
        }
      }
    },
  );
});
