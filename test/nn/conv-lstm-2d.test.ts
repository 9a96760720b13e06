/** ConvLSTM2D: a loop over plain numbers, the LSTM that it is on one pixel, translation, masks, states and directions. */
import { describe, expect, it } from 'vitest';
import {
  ConvLSTM2D,
  type ConvLstmInput,
  type ConvLstmOptions,
  concat,
  flip,
  grad,
  gradCheck,
  LSTM,
  ones,
  seed,
  type Tensor,
  tensor,
  zeros,
} from '../../src/index.ts';
import { expectAgreement } from '../conformance/agreement.ts';
import { untyped } from '../errors/support.ts';
import { planTensors } from '../support/devices.ts';
import { errorOf, expectClose, int32, values, withConstants } from './support.ts';

const [batch, steps, height, width, channels, maps] = [3, 4, 4, 3, 2, 2];
const shape = [batch, steps, height, width, channels];
const x = values(shape);

/** A layer whose weights are no initializer's. */
async function make(options: ConvLstmOptions = {}, kernel: number | [number, number] = 3) {
  const layer = new ConvLSTM2D(channels, maps, kernel, { padding: 'same', ...options });
  for (const [index, parameter] of layer.parameters().entries()) {
    await parameter.set(await values(parameter.shape, index).mul(0.5).data());
  }
  return layer;
}

const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));

type Grid = number[][][];

/** σ(k∗image) at (y, x), without padding but for `before` zeros above and left. */
function convolved(image: Grid, kernel: number[][][][], y: number, x: number, before: number[]): number[] {
  const sums = kernel[0][0][0].map(() => 0);
  for (const [dy, row] of kernel.entries()) {
    for (const [dx, taps] of row.entries()) {
      const pixel = image[y + dy - before[0]]?.[x + dx - before[1]] ?? [];
      for (const [channel, value] of pixel.entries()) {
        for (const [out, weight] of taps[channel].entries()) sums[out] += value * weight;
      }
    }
  }
  return sums;
}

/** Shi's equations in float64, for one sequence and the forward direction: the h of every step. */
async function inNumbers(layer: ConvLSTM2D, images: Grid[], stride: number, before: number[]) {
  const [{ input, recurrent, peepholes }] = layer.cells;
  const [kernel, bias, back] = (await Promise.all([
    input.weight.array(),
    input.bias!.array(),
    recurrent.weight.array(),
  ])) as [number[][][][], number[], number[][][][]];
  const [toInput, toForget, toOutput] = (await Promise.all(
    [peepholes!.input, peepholes!.forget, peepholes!.output].map((each) => each.array()),
  )) as Grid[];
  const zero = toInput.map((row) => row.map((place) => place.map(() => 0)));
  let [h, c] = [zero, zero];
  return images.map((image) => {
    const gates = zero.map((row, y) =>
      row.map((_, x) => {
        const fromInput = convolved(image, kernel, y * stride, x * stride, before);
        // 'same' with an even kernel has the odd zero at the end.
        const around = [Math.floor((back.length - 1) / 2), Math.floor((back[0].length - 1) / 2)];
        const fromState = convolved(h, back, y, x, around);
        return fromInput.map((z, out) => z + fromState[out] + bias[out]);
      }),
    );
    const each = (from: (y: number, x: number, map: number) => number): Grid =>
      zero.map((row, y) => row.map((place, x) => place.map((_, map) => from(y, x, map))));
    const gate = (y: number, x: number, part: number, map: number) => gates[y][x][part * maps + map];
    const old = c;
    c = each((y, x, map) => {
      const before = old[y][x][map];
      const forget = sigmoid(gate(y, x, 1, map) + toForget[y][x][map] * before);
      const enter = sigmoid(gate(y, x, 0, map) + toInput[y][x][map] * before);
      return forget * before + enter * Math.tanh(gate(y, x, 2, map));
    });
    h = each((y, x, map) => {
      const after = c[y][x][map];
      return sigmoid(gate(y, x, 3, map) + toOutput[y][x][map] * after) * Math.tanh(after);
    });
    return h;
  });
}

it.each([
  ['same', 1, 3, [4, 3], [1, 1]],
  ['valid', 2, [2, 3], [2, 1], [0, 0]],
] as const)(
  'is the loop of Shi, with his peepholes: padding %s, stride %i',
  async (padding, stride, kernel, grid, before) => {
    const layer = await make(
      { padding, stride, peepholes: grid, output: 'sequence' },
      kernel as [number, number],
    );
    const sequences = (await x.array()) as Grid[][];
    const wanted = await Promise.all(
      sequences.map((images) => inNumbers(layer, images, stride, [...before])),
    );
    const y = layer.call(x);
    expect(y.shape).toEqual([batch, steps, ...grid, maps]);
    await expectClose(y, wanted.flat(4));
  },
);

/** An LSTM with the weights that a layer has at one place of its kernels. */
async function lstmOf(layer: ConvLSTM2D, place: number): Promise<LSTM> {
  const lstm = new LSTM(channels, maps, { output: 'sequence' });
  const [{ input, recurrent }] = layer.cells;
  const [cell] = lstm.cells;
  await cell.inputWeight.set(await input.weight.slice(place, place).data());
  await cell.recurrentWeight.set(await recurrent.weight.slice(place, place).data());
  await cell.inputBias!.set(await input.bias!.data());
  await cell.recurrentBias!.set(new Float32Array(4 * maps));
  return lstm;
}

describe('without peepholes', () => {
  it('on a 1×1 image it is an LSTM', async () => {
    const layer = await make({ output: 'sequence' });
    const pixel = values([batch, steps, 1, 1, channels]);
    const lstm = await lstmOf(layer, 1);
    await expectClose(layer.call(pixel), lstm.call(pixel.reshape(batch, steps, channels)));
  });

  it('with 1×1 kernels it is an LSTM for each pixel', async () => {
    const layer = await make({ output: 'sequence' }, 1);
    const lstm = await lstmOf(layer, 0);
    const perPixel = x.permute(0, 2, 3, 1, 4).reshape(batch * height * width, steps, channels);
    const wanted = lstm.call(perPixel).reshape(batch, height, width, steps, maps).permute(0, 3, 1, 2, 4);
    await expectClose(layer.call(x), wanted);
  });
});

it.each([false, true])(
  'what is moved moves what is seen of it, away from the border: peepholes %s',
  async (peepholes) => {
    const layer = await make({ peepholes });
    const around = (top: number, left: number): readonly [number, number][] => [
      [0, 0],
      [0, 0],
      [top, 13 - 4 - top],
      [left, 13 - 3 - left],
      [0, 0],
    ];
    // Four steps of kernels 3×3 see 4 + 3 pixels far: only the middle is not touched by the border.
    const [here, there] = [layer.call(x.pad(around(4, 5))), layer.call(x.pad(around(6, 4)))];
    await expectClose(there.slice(null, [6, 10], [4, 7]), here.slice(null, [4, 8], [5, 8]), 1e-6);
    expect(Number(await here.slice(null, [4, 8], [5, 8]).abs().max().item())).toBeGreaterThan(0.05);
  },
);

describe('states and directions', () => {
  it('a sequence in two halves is the whole one', async () => {
    const layer = await make({ peepholes: true, output: 'sequence' });
    const whole = layer.run({ x });
    const first = layer.run({ x: x.slice(null, [0, 1]) });
    const second = layer.run({ x: x.slice(null, [1, 4]), initialState: { h: first.h, c: first.c } });
    await expectClose(concat([first.output, second.output], 1), whole.output);
    await expectClose(second.h, whole.h);
    await expectClose(second.c, whole.c);
    await expectClose(whole.h.slice(0), whole.output.slice(null, -1));
  });

  it('the second direction reads from the end, with weights of its own', async () => {
    const layer = await make({ bidirectional: true, output: 'sequence' });
    const { output, h } = layer.run({ x });
    expect(output.shape).toEqual([batch, steps, height, width, 2 * maps]);
    expect(h.shape).toEqual([2, batch, height, width, maps]);
    const single = await make({ output: 'sequence' });
    for (const index of [0, 1]) {
      const weights = layer.namedParameters().filter(([path]) => path.startsWith(`cells.${index}.`));
      for (const [at, parameter] of single.parameters().entries()) {
        await parameter.set(Float32Array.from(await weights[at][1].data()));
      }
      const read = index === 0 ? single.call(x) : flip(single.call(flip(x, 1)), 1);
      await expectClose(output.slice(null, null, null, null, [index * maps, (index + 1) * maps]), read);
    }
    const last = await make({ bidirectional: true });
    const joined = [
      output.slice(null, -1, null, null, [0, maps]),
      output.slice(null, 0, null, null, [maps, 2 * maps]),
    ];
    await expectClose(last.call(x), concat(joined, -1));
  });
});

/** Padding at the end, in front and in between; a sequence of which nothing is seen would be a fourth. */
const mask = tensor([
  [true, true, true, false],
  [false, false, true, true],
  [false, false, false, false],
]);
/** Of some images nothing is seen, of others a part. */
const parts = values(shape, 5)
  .greater(0)
  .and(mask.reshape(batch, steps, 1, 1, 1));

describe('masks', () => {
  const masks: Record<string, Partial<ConvLstmInput>> = {
    'of steps': { mask },
    'of values': { mask: parts },
    lengths: { lengths: int32([3, 1, 0]) },
  };
  const options = { bidirectional: true, peepholes: true, output: 'sequence' } as const;
  const initialState = {
    h: values([2, batch, height, width, maps]),
    c: values([2, batch, height, width, maps], 1),
  };

  it.each(Object.entries(masks))(
    '%s: what is left out changes no bit of any output or gradient',
    async (_, given) => {
      const layer = await make(options);
      const seen = given.lengths
        ? tensor([
            [true, true, true, false],
            [true, false, false, false],
            [false, false, false, false],
          ])
        : given.mask!;
      const whole = seen.rank === 2 ? seen.reshape(batch, steps, 1, 1, 1) : seen;
      const results = await Promise.all(
        [0, 1e3, Number.NaN, Number.POSITIVE_INFINITY].map(async (hidden) => {
          const dirty = whole.where(x, hidden);
          const { output, h, c } = layer.run({ x: dirty, initialState, ...given });
          const loss = output.square().sum().add(h.mul(c).sum());
          const all = [
            output,
            h,
            c,
            ...grad(loss, [dirty, initialState.h, initialState.c, ...layer.parameters()]),
          ];
          return Promise.all(all.map((each) => each.data()));
        }),
      );
      for (const result of results.slice(1)) expect(result).toEqual(results[0]);
      const ofPixels = tensor(Float32Array.from(results[0][3]), { shape });
      expect(Number(await whole.where(0, ofPixels).abs().max().item())).toBe(0);
      expect(Number(await ofPixels.abs().max().item())).toBeGreaterThan(0.01);
    },
  );

  it('a padded sequence gives what the short one gives, at whichever end the padding is', async () => {
    const layer = await make({ ...options, bidirectional: false });
    const { output, h, c } = layer.run({ x, mask });
    const right = layer.run({ x: x.slice([0, 1], [0, 3]) });
    const left = layer.run({ x: x.slice([1, 2], [2, 4]) });
    await expectClose(output.slice([0, 1], [0, 3]), right.output);
    await expectClose(output.slice([1, 2], [2, 4]), left.output);
    await expectClose(h.slice(null, [0, 1]), right.h);
    await expectClose(c.slice(null, [1, 2]), left.c);
    expect(Number(await output.slice([0, 1], 3).abs().max().item())).toBe(0);
  });

  it('of which nothing is seen gives zeros, keeps its state, and has no gradient', async () => {
    const layer = await make(options);
    const { output, h, c } = layer.run({ x, mask, initialState });
    expect(Number(await output.slice(2).abs().max().item())).toBe(0);
    await expectClose(h.slice(null, 2), initialState.h.slice(null, 2), 0.5e-7);
    await expectClose(c.slice(null, 2), initialState.c.slice(null, 2), 0.5e-7);
    for (const gradient of grad(output.slice(2).sum(), [x, ...layer.parameters()])) {
      expect(Number(await gradient.abs().max().item())).toBe(0);
    }
  });

  it('of values: what is not seen counts as 0', async () => {
    const layer = await make(options);
    const seen = values(shape, 5).greater(0);
    await expectClose(layer.call({ x, mask: seen }), layer.call(seen.where(x, 0)));
  });

  it('nanIsMissing: NaN is what a mask leaves out, beside what a mask leaves out', async () => {
    const layer = await make({ ...options, nanIsMissing: true });
    const holes = values(shape, 5).greater(0);
    const dirty = holes.where(x, Number.NaN);
    await expectClose(layer.call(dirty), layer.call({ x, mask: holes }), 1e-9);
    await expectClose(layer.call({ x: dirty, mask }), layer.call({ x, mask: parts }), 1e-9);
  });
});

it('every device and any number of threads agree, forward and backward', async () => {
  const layer = new ConvLSTM2D(channels, maps, 3, { padding: 'same', bidirectional: true, peepholes: true });
  const constants = withConstants(layer);
  const { output, h, c } = layer.run({ x, mask: parts });
  const loss = output.square().sum().add(h.mul(c).sum());
  await expectAgreement(
    'convLstm2d',
    'masked, both directions',
    planTensors([output, h, c, ...grad(loss, [x, ...constants])]),
  );
});

it('has the gradients of what it computes', async () => {
  const layer = new ConvLSTM2D(1, 2, 2, { peepholes: [2, 1] });
  const constants = withConstants(layer);
  const [{ input, recurrent, peepholes }] = layer.cells;
  const call = (images: Tensor, h: Tensor, c: Tensor, ...weights: Tensor[]) => {
    Object.assign(input, { weight: weights[0], bias: weights[1] });
    Object.assign(recurrent, { weight: weights[2] });
    Object.assign(peepholes!, { input: weights[3], forget: weights[4], output: weights[5] });
    const run = layer.run({ x: images, initialState: { h, c }, mask: tensor([[true, false, true]]) });
    return [run.output, run.c];
  };
  expect(layer.namedParameters()).toHaveLength(0);
  const state = [1, 1, 2, 1, 2];
  await gradCheck(call, [values([1, 3, 3, 2, 1]), values(state), values(state, 1), ...constants]);
});

it('starts as Keras’s: kernels of Glorot, orthogonal recurrent ones, biases of 0 but for the forget gate', async () => {
  seed(2);
  const layer = new ConvLSTM2D(3, 4, [3, 2]);
  expect(layer.namedParameters().map(([path, { shape }]) => [path, shape])).toEqual([
    ['cells.0.input.weight', [3, 2, 3, 16]],
    ['cells.0.input.bias', [16]],
    ['cells.0.recurrent.weight', [3, 2, 4, 16]],
  ]);
  const [{ input, recurrent }] = layer.cells;
  expect(Array.from(await input.bias!.data())).toEqual([
    ...Array(4).fill(0),
    ...Array(4).fill(1),
    ...Array(8).fill(0),
  ]);
  const bound = Math.sqrt(6 / (6 * 3 + 6 * 16));
  const largest = Number(await input.weight.abs().max().item());
  expect(largest).toBeLessThanOrEqual(bound);
  expect(largest).toBeGreaterThan(0.9 * bound);
  const matrix = recurrent.weight.reshape(24, 16);
  await expectClose(
    matrix.transpose().matmul(matrix),
    Array.from({ length: 256 }, (_, index) => (index % 17 === 0 ? 1 : 0)),
  );
  expect(new ConvLSTM2D(3, 4, 3, { bias: false }).parameterCount()).toBe(9 * 3 * 16 + 9 * 4 * 16);
});

describe('errors', () => {
  const layer = new ConvLSTM2D(channels, maps, 3, { padding: 'same', peepholes: [4, 4] });
  const state = zeros([1, batch, height, width, maps]);
  const plain = new ConvLSTM2D(channels, maps, 3, { padding: 'same' });
  const calls: [string, () => unknown, string][] = [
    [
      'pictures',
      () => plain.call(ones([1, 4, 4, 2])),
      'convLstm2d: got [1, 4, 4, 2] (rank 4), expected [N, T, H, W, C=2] (rank 5). Reshape(',
    ],
    ['channels', () => plain.call(ones([1, 2, 4, 4, 3])), 'convLstm2d: got [N=1, T=2, H=4, W=4, C=3]'],
    ['no steps', () => plain.call(ones([1, 0, 4, 4, 2])), 'T=0'],
    [
      'a mask of images',
      () => plain.call({ x, mask: ones([batch, height, width], 'bool') }),
      'convLstm2d mask: got [3, 4, 3] (rank 3), expected [N=3, T=4, H=4, W=3, C=2] (rank 5). A mask is true',
    ],
    [
      'a mask of other steps',
      () => plain.call({ x, mask: ones([batch, 5], 'bool') }),
      'convLstm2d mask: got [N=3, T=5]',
    ],
    [
      'a mask of numbers',
      () => plain.call({ x, mask: ones(shape) }),
      'convLstm2d mask: got float32, expected bool',
    ],
    [
      'a state of other places',
      () => plain.run({ x, initialState: { h: state, c: zeros([1, batch, 3, 3, 2]) } }),
      'convLstm2d initialState.c: got [D=1, N=3, OH=3, OW=3, maps=2], expected [D=1, N=3, OH=4, OW=3, maps=2]',
    ],
    [
      'peepholes of other places',
      () => layer.call(x),
      'convLstm2d: got a grid [OH=4, OW=3], expected [OH=4, OW=4]',
    ],
    [
      'forgetBias',
      () => new ConvLSTM2D(1, 2, 3, { bias: false, forgetBias: 1 }),
      'ConvLSTM2D: got forgetBias 1 with bias false',
    ],
    ['peepholes', () => new ConvLSTM2D(1, 2, 3, { peepholes: untyped([3]) }), 'ConvLSTM2D: got peepholes'],
    [
      'no option',
      () => new ConvLSTM2D(1, 2, 3, { strides: 2 } as ConvLstmOptions),
      'ConvLSTM2D: got unknown option "strides"',
    ],
  ];
  it.each(calls)('%s', (_, call, message) => {
    expect(errorOf(call).message).toContain(message);
  });
});
