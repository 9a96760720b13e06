/** RecurrentConv2d: a loop over plain numbers, what T means, whose gradient W_r has, and the two normalizations. */
import { describe, expect, it } from 'vitest';
import {
  BatchNorm,
  conv2d,
  grad,
  gradCheck,
  LocalResponseNorm,
  ones,
  RecurrentConv2d,
  type RecurrentConv2dOptions,
  relu,
  seed,
  type Tensor,
  tensor,
} from '../../src/index.ts';
import { expectAgreement } from '../conformance/agreement.ts';
import { planTensors } from '../support/devices.ts';
import { errorOf, expectClose, values, withConstants } from './support.ts';

const [batch, height, width, inputs, maps] = [2, 4, 5, 2, 16];
const u = values([batch, height, width, inputs]);

function make(options: RecurrentConv2dOptions): RecurrentConv2d {
  seed(3);
  return new RecurrentConv2d(inputs, maps, 3, options);
}

/** Of an image [H, W, C] and a 3×3 kernel [3, 3, C, O], the sum over the pixels around (y, x) that there are. */
function around(image: number[][][], kernel: number[][][][], y: number, x: number, out: number): number {
  let sum = 0;
  for (let dy = -1; dy <= 1; dy++) {
    for (let dx = -1; dx <= 1; dx++) {
      const pixel = image[y + dy]?.[x + dx] ?? [];
      for (const [channel, value] of pixel.entries()) sum += value * kernel[dy + 1][dx + 1][channel][out];
    }
  }
  return sum;
}

/** The paper's equations in float64, for one image. */
async function inNumbers(layer: RecurrentConv2d, image: number[][][]): Promise<number[][][]> {
  const { steps } = layer.options;
  const [forward, bias, back] = (await Promise.all([
    layer.feedForward.weight.array(),
    layer.feedForward.bias!.array(),
    layer.recurrent!.weight.array(),
  ])) as [number[][][][], number[], number[][][][]];
  const neighbors = Math.floor(maps / 8) + 1;
  const [before, after] = [Math.floor(neighbors / 2), Math.floor((neighbors - 1) / 2)];
  let state: number[][][] | undefined;
  for (let t = 0; t <= steps; t++) {
    const last = state;
    state = image.map((row, y) =>
      row.map((_, x) => {
        const active = bias.map((b, map) => {
          const z = around(image, forward, y, x, map) + b + (last ? around(last, back, y, x, map) : 0);
          return Math.max(0, z);
        });
        return active.map((value, map) => {
          const near = active.slice(Math.max(0, map - before), map + after + 1);
          const energy = near.reduce((sum, each) => sum + each * each, 0);
          return value / (1 + (0.001 / neighbors) * energy) ** 0.75;
        });
      }),
    );
  }
  return state!;
}

it.each([1, 3])('is the loop of the paper, with its normalization: %i steps', async (steps) => {
  const layer = make({ steps });
  const strong = u.mul(20); // otherwise the normalization divides by 1
  const images = (await strong.array()) as number[][][][];
  const wanted = await Promise.all(images.map((image) => inNumbers(layer, image)));
  const y = layer.call(strong);
  expect(y.shape).toEqual([batch, height, width, maps]);
  await expectClose(y, wanted.flat(3));
  const plain = make({ steps, normalization: 'none' }).call(strong);
  expect(Number(await plain.sub(y).abs().max().item())).toBeGreaterThan(0.1);
});

it('every device and any number of threads agree, forward and backward', async () => {
  const layer = make({ steps: 2 });
  const constants = withConstants(layer);
  const y = layer.call(u);
  const gradients = grad(y.square().sum(), [u, ...constants]);
  await expectAgreement('recurrentConv2d', 'two steps', planTensors([y, ...gradients]));
});

it('with 0 steps it is a plain convolution, and has no other weights', async () => {
  const layer = make({ steps: 0 });
  expect(layer.namedParameters().map(([path]) => path)).toEqual(['feedForward.weight', 'feedForward.bias']);
  const { weight, bias } = layer.feedForward;
  const plain = relu(conv2d(u, weight, { padding: 'same', bias: bias! }));
  await expectClose(layer.call(u), new LocalResponseNorm(3, { alpha: 0.001 }).call(plain));
});

describe('W_r', () => {
  it('has the sum of what its copies at all steps have as its gradient', async () => {
    const layer = make({ steps: 3, normalization: 'none' });
    const { weight, bias } = layer.feedForward;
    const copies = await Promise.all(
      [1, 2, 3].map(async () => {
        const { shape } = layer.recurrent!.weight;
        return tensor(Float32Array.from(await layer.recurrent!.weight.data()), { shape });
      }),
    );
    const z = conv2d(u, weight, { padding: 'same', bias: bias! });
    const apart = copies.reduce((x, copy) => relu(z.add(conv2d(x, copy, { padding: 'same' }))), relu(z));
    const each = grad(apart.square().sum(), copies);
    const [whole] = grad(layer.call(u).square().sum(), [layer.recurrent!.weight]);
    await expectClose(whole, each[0].add(each[1]).add(each[2]));
    const sizes = await Promise.all(each.map((gradient) => gradient.abs().sum().item()));
    for (const size of sizes) expect(Number(size)).toBeGreaterThan(0.1);
  });

  it('lets a map see one pixel further with each step', async () => {
    for (const steps of [0, 1, 2]) {
      const layer = make({ steps, normalization: 'none' });
      for (const parameter of layer.parameters()) {
        await parameter.set(new Float32Array(parameter.size).fill(0.1));
      }
      const picture = ones([1, 11, 11, inputs]);
      const [gradient] = grad(layer.call(picture).slice(0, 5, 5, 0).sum(), [picture]);
      const seen = (await gradient.slice(0, null, null, 0).array()) as number[][];
      const wanted = seen.map((row, y) =>
        row.map((_, x) => Math.max(Math.abs(y - 5), Math.abs(x - 5)) <= steps + 1),
      );
      expect(seen.map((row) => row.map((value) => value !== 0))).toEqual(wanted);
    }
  });
});

it('has the gradients of what it computes', async () => {
  const layer = new RecurrentConv2d(2, 4, 2, { steps: 2 });
  const constants = withConstants(layer);
  // Positive weights and inputs stay away from the kink of ReLU.
  const positive = constants.map((each) => each.abs());
  const call = (x: Tensor, ...weights: Tensor[]) => {
    Object.assign(layer.feedForward, { weight: weights[0], bias: weights[1] });
    Object.assign(layer.recurrent!, { weight: weights[2] });
    return layer.call(x);
  };
  await gradCheck(call, [values([1, 3, 3, 2]).abs(), ...positive], { epsilon: 2 ** -7 });
});

describe("normalization: 'batch'", () => {
  it('has statistics of each step', async () => {
    const layer = make({ steps: 2, normalization: 'batch' });
    expect(layer.norms.map((norm) => norm instanceof BatchNorm)).toEqual([true, true, true]);
    await layer.call(u).data();
    const means = await Promise.all(layer.norms.map((norm) => (norm as BatchNorm).runningMean.data()));
    expect(means[0]).not.toEqual(means[1]);
    expect(means[1]).not.toEqual(means[2]);
    const y = layer.call(u);
    await expectClose(y.mean([0, 1, 2]), new Float32Array(maps));
    layer.eval();
    expect(Number(await layer.call(u).mean([0, 1, 2]).abs().max().item())).toBeGreaterThan(0.1);
  });
});

it.each([
  [{ steps: -1 }, 'RecurrentConv2d: got steps -1'],
  [{ normalization: 'layer' }, 'RecurrentConv2d: got normalization "layer"'],
  [{ padding: 'valid' }, 'RecurrentConv2d: got unknown option "padding"'],
])('refuses %o', (options, message) => {
  expect(errorOf(() => make(options as RecurrentConv2dOptions)).message).toContain(message);
});
