/** Layers on grids of tokens: what each token of the output has seen, and that the two readers know nothing of each other. */
import { describe, expect, it } from 'vitest';
import {
  BiLSTM2D,
  FirstAndLast,
  grad,
  logicalAnd,
  ones,
  PositionEmbedding,
  Sequential,
  tensor,
  VisionLSTM,
} from '../../src/index.ts';
import { errorOf, expectClose, values } from './support.ts';

describe('BiLSTM2D', () => {
  it('shows each token its column and its row, both ways, and nothing else', async () => {
    const layer = new BiLSTM2D(2, 3);
    const x = values([1, 4, 5, 2]);
    const [gradient] = grad(layer.call(x).slice(0, 1, 2).sum(), [x]);
    const seen = await gradient.abs().sum(-1).greater(0).data();
    const wanted = Array.from({ length: 20 }, (_, at) => Number(Math.floor(at / 5) === 1 || at % 5 === 2));
    expect(Array.from(seen)).toEqual(wanted);
  });
});

describe.each([
  ['BiLSTM2D', () => new BiLSTM2D(4, 3), () => new BiLSTM2D(4, 3, { nanIsMissing: true })],
  ['VisionLSTM', () => new VisionLSTM(4), () => new VisionLSTM(4, { nanIsMissing: true })],
] as const)('%s', (_, make, makeForNaN) => {
  const x = values([3, 2, 3, 4]);
  // Of the third picture nothing is seen.
  const places = logicalAnd(values([3, 2, 3], 5).greater(-0.3), tensor([true, true, false]).reshape(3, 1, 1));
  const features = logicalAnd(values(x.shape, 4).greater(-0.5), places.expandDims(-1));

  it('lets nothing that is masked change a bit of an output or a gradient', async () => {
    const layer = make();
    for (const mask of [places, features]) {
      const seen = mask.rank === 4 ? mask : mask.expandDims(-1);
      const results = [0, 5, Number.NaN].map((hidden) => {
        const given = seen.where(x, hidden);
        const y = layer.call({ x: given, mask });
        return [y, ...grad(y.square().sum(), [given, ...layer.parameters()])];
      });
      const [zeros, fives, missing] = await Promise.all(
        results.map((each) => Promise.all(each.map((tensor) => tensor.data()))),
      );
      expect(zeros.every((each) => Array.from(each).every(Number.isFinite))).toBe(true);
      expect(zeros[0].some((value) => value !== 0)).toBe(true);
      expect(fives).toEqual(zeros);
      expect(missing).toEqual(zeros);
      const [y, dX] = results[0];
      expect(await y.slice(2).abs().max().item()).toBe(0);
      expect(await dX.slice(2).abs().max().item()).toBe(0);
      const hidden = mask.rank === 4 ? mask.any(-1) : mask;
      expect(await hidden.expandDims(-1).where(0, y).abs().max().item()).toBe(0);
    }
  });

  it('takes NaN for missing if it is told so', async () => {
    const layer = makeForNaN();
    const given = features.where(x, Number.NaN);
    await expectClose(layer.call(given), layer.call({ x, mask: features }), 1e-7);
  });
});

describe('tokens on their grid', () => {
  it('have places of their own, and a first and a last in the order of rows', async () => {
    const x = values([2, 3, 2, 4]);
    const ends = new FirstAndLast().call(x);
    await expectClose(ends.slice(null, [0, 4]), x.slice(null, 0, 0), 1e-7);
    await expectClose(ends.slice(null, [4, 8]), x.slice(null, 2, 1), 1e-7);
    await expectClose(new FirstAndLast().call(x.reshape(2, 6, 4)), ends, 1e-7);
  });

  it('are refused where they do not lie on it', () => {
    const model = new Sequential({ places: new PositionEmbedding([2, 3, 4]) });
    expect(errorOf(() => model.call(ones([1, 3, 3, 4]))).message).toContain(
      'positionEmbedding "places": got [N=1, H=3, W=3, C=4], expected last axes 2, 3, 4',
    );
    expect(errorOf(() => new PositionEmbedding([])).message).toContain('number of axes 0');
    const ends = new Sequential({ ends: new FirstAndLast() });
    expect(errorOf(() => ends.call(ones([1, 4]))).message).toContain('firstAndLast "ends": got [N=1, F=4]');
    const words = 'biLstm2d mask: got float32, expected bool. Convert it: mask.cast';
    expect(
      errorOf(() => new BiLSTM2D(4, 2).call({ x: ones([1, 3, 3, 4]), mask: ones([1, 3, 3]) })).message,
    ).toContain(words);
    expect(errorOf(() => new BiLSTM2D(4, 2).call(ones([1, 3, 4]))).message).toContain(
      'expected [N, H, W, C=4] (rank 4)',
    );
  });
});
