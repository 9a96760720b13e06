/** Recurrent attention: where glimpses lie and what they see, at the border too, and that it learns where to look. */
import { afterEach, expect, it } from 'vitest';
import {
  Adam,
  OptionError,
  ones,
  RecurrentAttention,
  ShapeError,
  setDevice,
  type Tensor,
  tensor,
  zeros,
} from '../../src/index.ts';
import { refuses, untyped } from '../errors/support.ts';
import { expectClose, values } from './support.ts';

afterEach(() => setDevice('wasm'));

/** Looks at one place, whatever it saw: a share of height and width, and of the furthest distance. */
async function fixed(row: number, column: number, apart: number, side = 4): Promise<RecurrentAttention> {
  const layer = new RecurrentAttention(1, 3, { steps: 1, side });
  const asked = [row, column, apart].map((share) => Math.log(share / (1 - share)));
  await layer.locate.weight.set(new Float32Array(9));
  await layer.locate.bias!.set(Float32Array.from(asked));
  return layer;
}

/** The last glimpse at one gray image, a row of numbers a row. */
async function seen(layer: RecurrentAttention, x: Tensor): Promise<number[][]> {
  const { glimpses } = layer.run(x);
  return (await glimpses.slice(0, -1, null, null, 0).array()) as number[][];
}

it('first looks at the middle, with values that cover half of what they could', async () => {
  const { places } = new RecurrentAttention(1, 3, { side: 4 }).run(values([2, 20, 28, 1]));
  expect(await places.slice(null, 0).array()).toEqual([
    [9.5, 13.5, 4],
    [9.5, 13.5, 4],
  ]);
});

it('sees means of pixels: of an image of ones it sees ones, wherever it is inside', async () => {
  for (const [row, column, apart] of [
    [0.5, 0.5, 0.5],
    [0.4, 0.6, 0.001],
    [0.5, 0.4, 0.3],
  ] as const) {
    const values = (await seen(await fixed(row, column, apart), ones([1, 40, 40, 1]))).flat();
    for (const value of values) expect(value).toBeCloseTo(1, 3);
  }
});

it('sees zeros beyond the border: in a corner a quarter is inside', async () => {
  const [first, second, third, fourth] = await seen(await fixed(1e-7, 1e-7, 1e-7), ones([1, 40, 40, 1]));
  // Values stand at -1.5, -0.5, 0.5 and 1.5 pixels, a deviation of half a pixel wide.
  const inside = [first[3], second[3], third[3], fourth[3]];
  expect(inside[0]).toBeLessThan(0.01);
  expect(inside[1]).toBeGreaterThan(0.3);
  expect(inside[1]).toBeLessThan(0.6);
  expect(inside[3]).toBeGreaterThan(0.99);
  // What is seen along rows and along columns is one after the other.
  expect(second[1]).toBeCloseTo(second[3] * fourth[1], 3);
});

it('sees what a loop over all pixels sees, also beyond the border', async () => {
  for (const [row, column, apart] of [
    [0.1, 0.8, 0.4],
    [0.97, 0.02, 0.9],
  ]) {
    const [height, width, side] = [9, 12, 3];
    const x = values([1, height, width, 1]);
    const pixels = (await x.reshape(height, width).array()) as number[][];
    const distance = 1 + apart * (width / side - 1);
    /** Weights of all places from far before the border to far behind it, which add up to one. */
    const filter = (middle: number, value: number): Map<number, number> => {
      const place = middle + (value - (side - 1) / 2) * distance;
      const all = Array.from({ length: 400 }, (_, at): [number, number] => [
        at - 200,
        Math.exp(-2 * ((at - 200 - place) / distance) ** 2),
      ]);
      const total = all.reduce((sum, [, weight]) => sum + weight, 0);
      return new Map(all.map(([at, weight]) => [at, weight / total]));
    };
    const wanted = Array.from({ length: side }, (_, i) =>
      Array.from({ length: side }, (_, j) => {
        const [down, across] = [filter(row * (height - 1), i), filter(column * (width - 1), j)];
        let sum = 0;
        for (let r = 0; r < height; r++)
          for (let c = 0; c < width; c++) sum += down.get(r)! * across.get(c)! * pixels[r][c];
        return sum;
      }),
    );
    for (const device of ['wasm', 'cpu'] as const) {
      await setDevice(device);
      const layer = await fixed(row, column, apart, side);
      await expectClose(layer.run(x).glimpses.slice(0, -1), wanted.flat(), 1e-5);
    }
  }
});

it('gives the same on any number of threads, and each state where all are asked for', async () => {
  const layer = new RecurrentAttention(2, 5, { steps: 3, side: 3 });
  const each = new RecurrentAttention(2, 5, { steps: 3, side: 3, output: 'sequence' });
  const x = values([3, 10, 8, 2]);
  const results: Float32Array[] = [];
  for (const threads of [1, 2, 3]) {
    await setDevice('wasm', { threads });
    await each.loadStateDict(await layer.stateDict());
    const all = each.call(x);
    expect(all.shape).toEqual([3, 3, 5]);
    await expectClose(all.slice(null, -1), layer.call(x));
    await expectClose(all, layer.run(x).output);
    results.push((await all.data()) as Float32Array);
  }
  expect(results[1]).toEqual(results[0]);
  expect(results[2]).toEqual(results[0]);
});

it('learns by gradients where to look: it moves to what is bright, and nearer to it', async () => {
  const layer = await fixed(0.5, 0.5, 0.5);
  const picture = new Float32Array(20 * 20).map((_, pixel) => {
    const [row, column] = [Math.floor(pixel / 20), pixel % 20];
    return Math.exp(-((row - 5) ** 2 + (column - 14) ** 2) / 8);
  });
  const x = tensor(picture, { shape: [1, 20, 20, 1] });
  const optimizer = new Adam([layer.locate.bias!], { learningRate: 0.15 });
  for (let step = 0; step < 30; step++) {
    layer.run(x).glimpses.mean().neg().backward();
    await optimizer.step();
  }
  const [row, column, apart] = (await layer.run(x).places.slice(0, 0).array()) as number[];
  expect(row).toBeCloseTo(5, 0);
  expect(column).toBeCloseTo(14, 0);
  expect(apart).toBeLessThan(2);
});

it('refuses images of other channels, and options that are none', async () => {
  const layer = new RecurrentAttention(3, 4);
  await refuses(
    () => layer.call(zeros([1, 9, 9, 1])),
    ShapeError,
    'recurrentAttention: got',
    '[N, H, W, C=3]',
  );
  await refuses(
    () => new RecurrentAttention(1, 4, { steps: 0 }),
    OptionError,
    'RecurrentAttention: got steps 0',
  );
  await refuses(
    () => new RecurrentAttention(1, 4, untyped({ size: 8 })),
    OptionError,
    'unknown option "size"',
    'side',
  );
});
