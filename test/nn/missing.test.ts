/** Layers for missing values: filling, indicators and the time since something was seen, against loops in float64. */
import { describe, expect, it } from 'vitest';
import {
  FillMissing,
  grad,
  gradCheck,
  MissingIndicators,
  moduleFromConfig,
  moduleToConfig,
  type Tensor,
  tensor,
  zeros,
} from '../../src/index.ts';
import { expectClose, values } from './support.ts';

const [batch, steps, features] = [3, 5, 2];
/** Which values are seen, [N, T, F]: the first sequence whole, in the second nothing of its second feature, of the third some. */
const seen = Array.from({ length: batch }, (_, n) =>
  Array.from({ length: steps }, (_, t) =>
    Array.from(
      { length: features },
      (_, f) => n === 0 || (n === 1 ? f === 0 && t % 2 === 1 : (t + f) % 3 !== 0),
    ),
  ),
);
const mask = tensor(seen);
const whole = values([batch, steps, features]);
const holed = mask.where(whole, Number.NaN);

/** Calls `body` for each place in the order of time, with what is there (undefined if missing), and gathers what it gives. */
async function loop(body: (value: number | undefined, n: number, t: number, f: number) => number) {
  const data = await whole.data();
  const result = new Float64Array(data.length);
  for (let n = 0; n < batch; n++) {
    for (let f = 0; f < features; f++) {
      for (let t = 0; t < steps; t++) {
        const at = (n * steps + t) * features + f;
        result[at] = body(seen[n]![t]![f] ? data[at] : undefined, n, t, f);
      }
    }
  }
  return result;
}

describe('FillMissing', () => {
  it('fills with 0, what is learned, or the mean that is set', async () => {
    await expectClose(new FillMissing(features, 'zero').call(holed), await loop((value = 0) => value), 1e-7);
    const learned = new FillMissing(features, 'learned');
    await learned.value!.set(Float32Array.of(3, 4));
    await expectClose(learned.call(holed), await loop((value, _n, _t, f) => value ?? 3 + f), 1e-7);
    const mean = new FillMissing(features, 'mean').eval();
    await mean.mean!.set(Float32Array.of(5, 6));
    await expectClose(mean.call(holed), await loop((value, _n, _t, f) => value ?? 5 + f), 1e-7);
  });

  it('carries forward what was seen last, and before that the mean', async () => {
    const layer = new FillMissing(features, 'last').eval();
    await layer.mean!.set(Float32Array.of(5, 6));
    const last: number[][] = Array.from({ length: batch }, () => [5, 6]);
    await expectClose(
      layer.call(holed),
      await loop((value, n, _t, f) => {
        last[n]![f] = value ?? last[n]![f]!;
        return last[n]![f]!;
      }),
      1e-7,
    );
  });

  it('goes on from an infinite value: what is seen after it is what it is', async () => {
    const x = tensor([[[1], [Infinity], [2], [NaN], [3], [NaN]]]);
    expect([...(await new FillMissing(1, 'last').eval().call(x).data())]).toEqual([1, Infinity, 2, 2, 3, 3]);
  });

  it('learns the mean of what it sees in training, whatever the batches, and nothing in evaluation', async () => {
    const layer = new FillMissing(features);
    const [sums, counts] = [new Float64Array(features), new Float64Array(features)];
    await loop((value, _n, _t, f) => {
      sums[f]! += value ?? 0;
      counts[f]! += value === undefined ? 0 : 1;
      return 0;
    });
    // One sequence, then two.
    for (const range of [
      [0, 1],
      [1, 3],
    ] as const)
      await layer.call(holed.slice([...range])).data();
    await expectClose(
      layer.mean!,
      sums.map((each, f) => each / counts[f]!),
      1e-6,
    );
    expect(await layer.count!.data()).toEqual(Float32Array.from(counts));
    const kept = await layer.stateDict();
    await layer.eval().call(holed).data();
    expect(await layer.stateDict()).toEqual(kept);
    const again = moduleFromConfig(JSON.parse(JSON.stringify(moduleToConfig(layer)))).eval();
    await again.loadStateDict(kept);
    expect(await again.call(holed).data()).toEqual(await layer.call(holed).data());
  });

  it('fills each pixel of pictures with its own mean, and from the row above', async () => {
    const pictures = tensor([1, Number.NaN, Number.NaN, 4, 5, 6, Number.NaN, Number.NaN], {
      shape: [2, 2, 2, 1],
    });
    const mean = new FillMissing([2, 2, 1]);
    expect(await mean.call(pictures).data()).toEqual(Float32Array.of(1, 6, 0, 4, 5, 6, 0, 4));
    const last = new FillMissing([2, 2, 1], 'last').eval();
    await last.mean!.set(Float32Array.of(7, 8, 9, 10));
    expect(await last.call(pictures).data()).toEqual(Float32Array.of(1, 8, 1, 4, 5, 6, 5, 6));
  });
});

it('MissingIndicators: values, what is seen, and how long ago', async () => {
  const layer = new MissingIndicators(features, { fill: 'zero', unit: steps }).call(holed);
  const [filled, indicator, since] = layer.split(3, -1);
  await expectClose(filled!, await loop((value = 0) => value), 1e-7);
  await expectClose(indicator!, await loop((value) => (value === undefined ? 0 : 1)), 1e-7);
  const delta = new Map<string, number>();
  await expectClose(
    since!,
    await loop((value, n, t, f) => {
      // δ_t = 1 + (1 - m_{t-1}) δ_{t-1}, δ_1 = 0.
      const own = t === 0 ? 0 : delta.get(`${n} ${f}`)!;
      delta.set(`${n} ${f}`, 1 + (value === undefined ? own : 0));
      return own / steps;
    }),
    1e-6,
  );
});

it('MissingIndicators: gives the parts that are asked for', async () => {
  const all = new MissingIndicators(features, { fill: 'zero' }).call(holed).split(3, -1);
  // What is undefined is not given.
  const given: object = { parts: ['time', 'seen'], fill: undefined };
  const some = new MissingIndicators(features, given).call(holed).split(2, -1);
  await expectClose(some[0]!, all[2]!, 1e-7);
  await expectClose(some[1]!, all[1]!, 1e-7);
  for (const options of [
    { parts: [] },
    { parts: ['seen', 'seen'] },
    { parts: ['seen'], fill: 'zero' },
  ] as const) {
    expect(() => new MissingIndicators(features, options)).toThrow(
      /MissingIndicators: got parts .*each once/s,
    );
  }
});

describe.each(['zero', 'mean', 'last', 'learned'] as const)('what is missing, filled with %s', (how) => {
  it('changes no bit of what comes out, nor of any gradient, and has none', async () => {
    const layer = new MissingIndicators(features, { fill: how });
    if (how !== 'zero')
      await layer.fill![how === 'learned' ? 'value' : 'mean']!.set(Float32Array.of(0.5, -1));
    const direction = values([batch, steps, 3 * features], 2);
    const found = async (x: Tensor) => {
      const result = layer.eval().call({ x, mask });
      const gradients = grad(result.square().mul(direction).sum(), [x, ...layer.parameters()]);
      return Promise.all([result, ...gradients].map(async (each) => (await each.data()).slice()));
    };
    const [expected, dX, ...others] = await found(mask.where(whole, 0));
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 7]) {
      expect(await found(mask.where(whole, value))).toEqual([expected, dX, ...others]);
    }
    const missing = dX!.filter((_, index) => !seen.flat(2)[index]);
    expect(missing).toEqual(new Float32Array(missing.length));
    await gradCheck((x) => layer.call({ x, mask }), [whole]);
  });
});

it('takes a mask of whole steps, of what a step has, and NaN beside it', async () => {
  const layer = new FillMissing(features, 'zero');
  const steps = tensor([
    [true, false],
    [true, true],
  ]);
  const x = tensor([
    [
      [1, 2],
      [3, 4],
    ],
    [
      [5, Number.NaN],
      [7, 8],
    ],
  ]);
  expect(await layer.call({ x, mask: steps }).data()).toEqual(Float32Array.of(1, 2, 0, 0, 5, 0, 7, 8));
});

it('refuses masks that do not fit, and other features', () => {
  const layer = new FillMissing(features);
  const x = zeros([2, 3, features]);
  expect(() => layer.call({ x, mask: zeros([2, 3]) })).toThrow(
    /fillMissing mask: got float32, expected bool/,
  );
  expect(() => layer.call({ x, mask: zeros([2, 4], { dtype: 'bool' }) })).toThrow(
    /fillMissing mask: got \[N=2, T=4\]/,
  );
  expect(() => layer.call(zeros([2, 3, 5]))).toThrow(
    /fillMissing: got \[N=2, T=3, F=5\], expected last axis 2/,
  );
  expect(() => new FillMissing(2, 'median' as 'mean')).toThrow(
    /how "median".*'zero', 'mean', 'last', 'learned'/s,
  );
});
