/** Models whose tokens are patches on a grid: their published sizes, their directions, and images that they cannot cut. */
import { describe, expect, it } from 'vitest';
import { createModel, type LSTM, type MLSTM, type Module } from '../../src/index.ts';
import { errorOf } from '../nn/support.ts';

const cifar = { inputShape: [32, 32, 3], classes: 10 } as const;

/** The modules of a kind, in the order of their paths. */
function modulesOf<Kind extends Module<never, unknown>>(model: Module, kind: string): Kind[] {
  return model.namedModules().flatMap(([, module]) => (module.kind === kind ? [module as Kind] : []));
}

describe('vil', () => {
  it('has the 5,846,026 parameters of ViL-T', () => {
    const model = createModel('vil', { ...cifar, width: 192, layers: 24, patch: [4, 4] });
    expect(model.parameterCount()).toBe(5_846_026);
  });

  it('reads from the first token and from the last by turns', () => {
    const readers = modulesOf<MLSTM>(createModel('vil', { ...cifar, layers: 4 }), 'mlstm');
    expect(readers.map(({ options }) => options.reverse)).toEqual([false, true, false, true]);
  });

  it('begins with the positions and the head of the paper', async () => {
    const model = createModel('vil', { ...cifar, width: 32 });
    const state = await model.stateDict();
    const spread = ({ data }: { readonly data: ArrayLike<number> }) =>
      Math.sqrt(Array.from(data).reduce((sum, value) => sum + value ** 2, 0) / data.length);
    for (const [path, deviation] of [
      ['positions.weight', 0.02],
      ['head.weight', 2e-5],
      ['block1.mixer.up.weight', Math.sqrt(2 / (5 * 32))],
      ['block1.mixer.down.weight', 2 / Math.sqrt(32)],
    ] as const) {
      expect(spread(state[path]) / deviation, path).toBeGreaterThan(0.85);
      expect(spread(state[path]) / deviation, path).toBeLessThan(1.15);
    }
  });
});

describe('sequencer', () => {
  it('has two bidirectional LSTMs in each block, and 3·width units between', () => {
    const [width, hidden, layers] = [24, 6, 3];
    const model = createModel('sequencer', { ...cifar, width, hidden, layers });
    const lstms = modulesOf<LSTM>(model, 'lstm');
    expect(lstms.map(({ options }) => options.bidirectional)).toEqual(new Array(2 * layers).fill(true));
    const norm = 2 * width;
    const direction = 4 * hidden * (width + hidden + 2);
    const along = norm + 4 * direction + 4 * hidden * width + width;
    const within = norm + width * 3 * width + 3 * width + 3 * width * width + width;
    const ends = 4 * 4 * 3 * width + width + norm + 8 * 8 * width * 10 + 10;
    expect(model.parameterCount()).toBe(layers * (along + within) + ends);
  });
});

it.each(['vil', 'sequencer'] as const)('%s refuses images that the patch does not divide', (name) => {
  const error = errorOf(() => createModel(name, { inputShape: [30, 32, 1], classes: 2 }));
  expect(error.name).toBe('ShapeError');
  expect(error.message).toBe(
    'createModel: got images [H=30, W=32] to be cut into patches of 4×4, expected patches that divide height and width. Choose patches of 3×4, or give the images another border with ZeroPad2d or Crop2d.',
  );
});

it('vil says which widths and heads fit', () => {
  expect(errorOf(() => createModel('vil', { ...cifar, width: 9 })).message).toContain(
    'got 9 features and 4 heads',
  );
});
