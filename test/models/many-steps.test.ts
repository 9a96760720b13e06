/** lru, min-gru and tcn: what reads a picture pixel by pixel, all steps at once, and still in order. */
import { describe, expect, it } from 'vitest';
import { grad, Sequential, seed, type Tensor } from '../../src/index.ts';
import { createModel } from '../../src/models/index.ts';
import { values } from '../nn/support.ts';

const task = { inputShape: [20, 20, 1], classes: 10 } as const;
const names = ['lru', 'min-gru', 'tcn'] as const;

/** The features of every step [N, 400, width], before the readout. */
function tokens(model: Sequential, x: Tensor): Tensor {
  const modules = Object.entries(model.modules);
  const readout = modules.findIndex(([name]) => name === 'readout');
  return new Sequential(Object.fromEntries(modules.slice(0, readout))).call(x);
}

describe.each(names)('%s', (name) => {
  seed(1);
  const model = createModel(name, { ...task, order: 'pixels' }).eval();
  const x = values([1, ...task.inputShape]);

  it('sees at a step nothing that comes later', async () => {
    // The last 50 of 400 pixels are others.
    const pixels = x.reshape(1, 400);
    const others = pixels.slice(null, [0, 350]).pad([
      [0, 0],
      [0, 50],
    ]);
    const [before, after] = await Promise.all(
      [x, others.reshape(x.shape)].map((each) => tokens(model, each).data()),
    );
    const width = before.length / 400;
    expect(after.slice(0, 350 * width)).toEqual(before.slice(0, 350 * width));
    for (let t = 350; t < 400; t++) {
      const own = [t * width, (t + 1) * width] as const;
      expect(after.slice(...own), `step ${t}`).not.toEqual(before.slice(...own));
    }
  });

  it('sees at the last step every pixel', async () => {
    const last = tokens(model, x).slice(null, -1);
    const gradient = await grad(last.mul(values(last.shape, 5)).sum(), x).data();
    expect([...gradient].filter((each) => each === 0)).toEqual([]);
  });
});

it('tcn of eight blocks of 25 features and kernels of 7 has about 70,000 parameters', () => {
  const model = createModel('tcn', { inputShape: [28, 28, 1], classes: 10, layers: 8, width: 25 });
  // 1×1 → 25, 16 convolutions of 7·25·25 + 25, and the classes.
  expect(model.parameterCount()).toBe(50 + 16 * (7 * 25 * 25 + 25) + 260);
});
