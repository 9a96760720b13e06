/** What the examples of layers do not say: modes, names in containers, other sizes, and cells in loops. */
import { describe, expect, it } from 'vitest';
import * as weft from '../../src/index.ts';
import { expectClose, values } from './support.ts';

describe('SpatialDropout', () => {
  it('drops whole channels in training mode', async () => {
    weft.seed(1);
    const y = await new weft.SpatialDropout(0.5).call(weft.ones([4, 3, 3, 8])).data();
    const channels = Array.from({ length: 32 }, (_, k) => {
      const image = Math.floor(k / 8);
      return new Set(Array.from({ length: 9 }, (_, place) => y[(image * 9 + place) * 8 + (k % 8)]));
    });
    expect(channels.every((each) => each.size === 1)).toBe(true);
    expect(new Set(y)).toEqual(new Set([0, 2]));
    expect(() => new weft.SpatialDropout().call(weft.ones([2, 3]))).toThrow(/rank 3 or more/);
  });
});

describe('TimeDistributed', () => {
  it('holds its modules by name, and gives a sequence', async () => {
    const frames = new weft.TimeDistributed([new weft.Conv2d(1, 2, 3), new weft.Flatten()]);
    const x = values([2, 3, 5, 5, 1]);
    expect(frames.call(x).shape).toEqual([2, 3, 18]);
    await expectClose(
      frames.call(x).slice(null, 1),
      frames.layers[1].call(frames.layers[0].call(x.slice(null, 1))),
    );
    const single = new weft.TimeDistributed(new weft.Dense(5, 2));
    expect(single.namedParameters().map(([path]) => path)).toEqual(['module.weight', 'module.bias']);
    expect(single.with({ module: new weft.Dense(5, 4) }).call(weft.ones([2, 3, 5])).shape).toEqual([2, 3, 4]);
    expect(frames.call(weft.zeros([0, 3, 5, 5, 1])).shape).toEqual([0, 3, 18]);
    expect(() => single.call(weft.ones([5]))).toThrow(/rank 2 or more/);
    expect(weft.summary(frames, [3, 5, 5, 1])).toMatch(/timeDistributed +\[N, 3, 18\]/);
  });
});

describe('Residual', () => {
  it('adds what it was given, and does not broadcast', async () => {
    const [x, dense] = [values([2, 3, 5]), new weft.Dense(5, 5)];
    const single = new weft.Residual(dense);
    await expectClose(single.call(x), x.add(dense.call(x)), 1e-7);
    expect(single.namedParameters().map(([path]) => path)).toEqual(['module.weight', 'module.bias']);
    await expectClose(new weft.Residual([]).call(x), x.mul(2), 1e-7);
    const narrowed = single.with({ module: new weft.Dense(5, 1) });
    expect(narrowed).toBeInstanceOf(weft.Residual);
    expect(() => new weft.Sequential({ block: narrowed }).call(x)).toThrow(
      'residual "block": got [N=2, T=3, F=1] of its modules, for an input [N=2, T=3, F=5], expected the shape of the input',
    );
  });
});

describe('cells', () => {
  it("in a loop of one's own are the layer", async () => {
    const [layer, cell] = [new weft.LSTM(3, 4, { output: 'sequence' }), new weft.LSTMCell(3, 4)];
    const entries = Object.entries(await cell.stateDict());
    await layer.loadStateDict(Object.fromEntries(entries.map(([path, entry]) => [`cells.0.${path}`, entry])));
    const x = values([2, 5, 3]);
    const start = cell.run({ x: x.slice(null, 0), state: { h: weft.zeros([2, 4]), c: weft.zeros([2, 4]) } });
    await expectClose(cell.call(x.slice(null, 0)), start.h);
    const { outputs } = weft.scan(
      (state: weft.LstmState, xt: weft.Tensor) => {
        const next = cell.run({ x: xt, state });
        return { carry: { h: next.h, c: next.c }, output: next.h };
      },
      { initial: { h: weft.zeros([2, 4]), c: weft.zeros([2, 4]) }, inputs: x },
    );
    await expectClose(outputs, layer.call(x));
    expect(() =>
      cell.run({ x: weft.ones([2, 3]), state: { h: weft.ones([2, 4]), c: weft.ones([1, 4]) } }),
    ).toThrow(/lstmCell state.c: got \[N=1, H=4\]/);
  });
});

describe('Reshape and Upsample', () => {
  it('take batches of any size, and refuse what cannot be', () => {
    expect(new weft.Reshape([-1, 2]).call(weft.ones([0, 3, 4])).shape).toEqual([0, 6, 2]);
    expect(() => new weft.Reshape([5]).call(weft.ones([2, 3]))).toThrow(
      /reshape: got \[2, 3\], 3 elements a sample/,
    );
    expect(() => new weft.Reshape([-1, -1])).toThrow(/at most one -1/);
    expect(() => new weft.Upsample({ factor: 2, size: 4 })).toThrow(/a factor and a size/);
    expect(() => new weft.Crop2d(2).call(weft.ones([1, 4, 9, 1]))).toThrow(/more than 4×4/);
  });
});
