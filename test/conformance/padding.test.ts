/**
 * Padding beside NaN and Infinity: `padding` means zeros around the image, as if `pad` had written them, in convolutions
 * and their gradients, on every device alike.
 */
import { afterAll, describe, expect, it } from 'vitest';
import {
  avgPool2d,
  conv2d,
  convTranspose2d,
  type DeviceName,
  deviceNames,
  grad,
  maxPool2d,
  pad,
  setDevice,
  type Tensor,
  tensor,
} from '../../src/index.ts';
import { errorOf, firstDifference } from '../support/devices.ts';
import { Numbers } from '../support/numbers.ts';

interface Geometry {
  readonly title: string;
  /** [N,H,W,C] */
  readonly image: readonly number[];
  /** [KH,KW,C/groups,O] */
  readonly window: readonly number[];
  readonly padding: number;
  readonly stride?: number;
  readonly dilation?: number;
  readonly groups?: number;
}

const geometries: readonly Geometry[] = [
  { title: 'three taps', image: [2, 5, 6, 3], window: [3, 3, 3, 5], padding: 1 },
  { title: 'a stride', image: [2, 7, 5, 2], window: [3, 3, 2, 4], padding: 2, stride: 2 },
  { title: 'a dilation', image: [1, 6, 6, 2], window: [3, 2, 2, 9], padding: 3, dilation: 2 },
  { title: 'depthwise', image: [2, 5, 5, 6], window: [3, 3, 1, 6], padding: 1, groups: 6 },
  { title: 'groups', image: [1, 5, 4, 4], window: [3, 3, 2, 6], padding: 1, groups: 2 },
  { title: 'one window', image: [2, 3, 3, 2], window: [5, 5, 2, 3], padding: 1 },
];

let whole = new Numbers(5);

/** Small whole numbers, whose sums are exact in any order, with a special value at a place. */
function numbersWith(shape: readonly number[], special: number | undefined, place: number): Tensor {
  const data = whole.real(shape, -3, 3).floor();
  if (special === undefined) return data;
  const size = shape.reduce((product, length) => product * length, 1);
  const mask = tensor(
    Float32Array.from({ length: size }, (_, at) => (at === place ? 1 : 0)),
    { shape },
  );
  return mask.equal(1).where(special, data);
}

/** y and the gradients of x and of the weight, for a given gradient of y. */
async function results(
  { padding, stride = 1, dilation = 1, groups = 1 }: Geometry,
  isWritten: boolean,
  [x, weight, dY]: readonly [Tensor, Tensor, Tensor],
) {
  const options = { stride, dilation, groups };
  const y = isWritten
    ? conv2d(
        pad(x, [
          [0, 0],
          [padding, padding],
          [padding, padding],
          [0, 0],
        ]),
        weight,
        options,
      )
    : conv2d(x, weight, { ...options, padding });
  const gradients = grad(y, [x, weight], dY);
  return Promise.all([y, ...gradients].map((each) => each.data()));
}

afterAll(() => setDevice('wasm'));

describe.each(deviceNames().filter((name) => name !== 'gpu'))('padding on %s', (device) => {
  it.each(geometries)('$title', async (geometry) => {
    const { image, window, padding, stride = 1, dilation = 1 } = geometry;
    const length = (pixels: number, taps: number): number =>
      Math.floor((pixels + 2 * padding - (taps - 1) * dilation - 1) / stride) + 1;
    const outputs = [image[0]!, length(image[1]!, window[0]!), length(image[2]!, window[1]!), window[3]!];
    const shapes = [image, window, outputs];
    for (const special of [Number.NaN, Number.POSITIVE_INFINITY]) {
      for (const which of [0, 1, 2]) {
        const size = shapes[which]!.reduce((product, each) => product * each, 1);
        for (const place of [0, Math.floor(size / 2), size - 1]) {
          const operands = shapes.map((shape, at) =>
            numbersWith(shape, at === which ? special : undefined, place),
          ) as [Tensor, Tensor, Tensor];
          await setDevice('cpu');
          const leaves = await Promise.all(
            operands.map(async (each) => tensor(await each.data(), { shape: each.shape })),
          );
          const expected = await results(geometry, true, leaves as [Tensor, Tensor, Tensor]);
          await setDevice(device);
          const actual = await results(geometry, false, leaves as [Tensor, Tensor, Tensor]);
          ['y', 'dX', 'dWeight'].forEach((name, at) => {
            const where = `${name} with ${special} at ${place} of operand ${which}`;
            // -0 and 0 are one here.
            const plain = (values: ArrayLike<number>) => Float32Array.from(values, (value) => value + 0);
            expect(firstDifference(plain(actual[at]!), plain(expected[at]!)), where).toBe(-1);
          });
        }
      }
    }
  });

  const others: Readonly<Record<string, (x: Tensor, weight: Tensor) => Tensor>> = {
    maxPool2d: (x) => maxPool2d(x, 3, { stride: 2, padding: 1 }),
    avgPool2d: (x) => avgPool2d(x, 3, { stride: 2, padding: 1 }),
    convTranspose2d: (x, weight) => convTranspose2d(x, weight, { padding: 1 }),
    'convTranspose2d with a stride': (x, weight) => convTranspose2d(x, weight, { stride: 2, padding: 1 }),
  };
  it.each(Object.keys(others))('%s as on the cpu', async (name) => {
    for (const special of [Number.NaN, Number.POSITIVE_INFINITY]) {
      for (const place of [0, 13, 35]) {
        for (const which of [0, 1, 2]) {
          const run = async (on: DeviceName) => {
            await setDevice(on);
            const [x, weight] = [
              [1, 5, 5, 2],
              [3, 3, 2, 2],
            ].map((shape, at) => numbersWith(shape, at === which ? special : undefined, place)) as [
              Tensor,
              Tensor,
            ];
            const y = others[name]!(x, weight);
            const dY = numbersWith(y.shape, which === 2 ? special : undefined, place % y.size);
            const gradients = grad(y, [x, ...(name.startsWith('conv') ? [weight] : [])], dY);
            return Promise.all([y, ...gradients].map((each) => each.data()));
          };
          whole = new Numbers(place);
          const expected = await run('cpu');
          whole = new Numbers(place);
          const actual = await run(device);
          actual.forEach((each, at) => {
            const where = `array ${at} with ${special} at ${place} of operand ${which}`;
            expect(errorOf(each, expected[at]!), where).toBeLessThan(1e-5);
          });
        }
      }
    }
  });
});
