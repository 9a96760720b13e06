/** Layers beyond their examples (every-layer.test.ts): initial weights, statistics, modes, and their errors. */
import { describe, expect, it } from 'vitest';
import { seed, zeros } from '../../src/index.ts';
import * as nn from '../../src/nn/index.ts';
import { errorOf, expectClose, int32, values } from './support.ts';

describe('dense', () => {
  it.each([[[4]], [[3, 4]], [[2, 3, 4]]])('maps the last axis of %j', async (shape) => {
    seed(1);
    const layer = new nn.Dense(4, 2);
    const x = values(shape);
    const y = layer.call(x);
    expect(y.shape).toEqual([...shape.slice(0, -1), 2]);
    const [w, b, data] = [await layer.weight.data(), await layer.bias!.data(), await x.data()];
    const wanted = Array.from({ length: y.size }, (_, index) => {
      const row = Math.floor(index / 2);
      let sum = b[index % 2];
      for (let k = 0; k < 4; k++) sum += data[row * 4 + k] * w[k * 2 + (index % 2)];
      return sum;
    });
    await expectClose(y, wanted);
  });

  it('has no bias when told so', () => {
    expect(new nn.Dense(4, 2, { bias: false }).parameterCount()).toBe(8);
    expect(new nn.Dense(4, 2).parameterCount()).toBe(10);
  });

  it('starts within ±1/√inputs', async () => {
    const data = await new nn.Dense(16, 500).weight.data();
    expect(Math.max(...data)).toBeLessThanOrEqual(0.25);
    expect(Math.max(...data)).toBeGreaterThan(0.24);
  });
});

describe('convolutions', () => {
  it('refuses groups that do not divide', () => {
    expect(errorOf(() => new nn.Conv2d(3, 4, 3, { groups: 2 })).message).toBe(
      'Conv2d: got groups 2 for 3 input and 4 output channels, expected a number that divides both. Choose a common divisor of the two channel counts.',
    );
  });
});

it('pooling has the usual window where none is given', async () => {
  expect(new nn.MaxPool2d().call(values([2, 6, 7, 3])).shape).toEqual([2, 3, 3, 3]);
});

describe('normalization', () => {
  it('batchNorm uses the batch and moves the running statistics as PyTorch does', async () => {
    const layer = new nn.BatchNorm(3);
    const x = values([4, 2, 2, 3]);
    const y = layer.call(x);
    await expectClose(y.mean([0, 1, 2]), [0, 0, 0], 1e-5);
    await expectClose(y.variance([0, 1, 2]), [1, 1, 1], 1e-3);
    const mean = await x.mean([0, 1, 2]).data();
    const unbiased = await x.variance([0, 1, 2], { correction: 1 }).data();
    await expectClose(
      layer.runningMean,
      Array.from(mean, (value) => 0.1 * value),
    );
    await expectClose(
      layer.runningVariance,
      Array.from(unbiased, (value) => 0.9 + 0.1 * value),
    );
  });

  it('batchNorm uses the running statistics in evaluation mode, and leaves them', async () => {
    const layer = new nn.BatchNorm(2).eval();
    await layer.runningMean.set(Float32Array.of(1, 2));
    await layer.runningVariance.set(Float32Array.of(4, 9));
    const x = values([5, 2]);
    const data = await x.data();
    await expectClose(
      layer.call(x),
      Array.from(data, (value, i) => (i % 2 ? (value - 2) / 3 : (value - 1) / 2)),
      1e-4,
    );
    expect(Array.from(await layer.runningMean.data())).toEqual([1, 2]);
  });

  it('batchNorm refuses one value a feature in training mode', () => {
    expect(errorOf(() => new nn.BatchNorm(2).call(zeros([1, 2]))).message).toBe(
      'batchNorm: got [N=1, F=2] in training mode, 1 value a feature, expected at least 2 values a feature. Use a larger batch, drop the last small one, or call eval() to use the running statistics.',
    );
  });

  it('layerNorm and groupNorm', async () => {
    const x = values([2, 3, 4]);
    await expectClose(new nn.LayerNorm(4).call(x).mean(-1), new Float32Array(6));
    await expectClose(new nn.LayerNorm([3, 4]).call(x).variance([1, 2]), [1, 1], 1e-3);
    const grouped = new nn.GroupNorm(2, 4).call(x);
    await expectClose(grouped.reshape(2, 3, 2, 2).mean([1, 3]), new Float32Array(4));
    expect(new nn.LayerNorm(4, { affine: false }).parameterCount()).toBe(0);
  });
});

describe('dropout, embedding, flatten', () => {
  it('dropout drops in training mode only', async () => {
    seed(2);
    const layer = new nn.Dropout(0.25);
    const x = zeros([4000]).add(3);
    const data = Array.from(await layer.call(x).data());
    expect(new Set(data)).toEqual(new Set([0, 4]));
    expect(data.filter((value) => value === 0).length / 4000).toBeCloseTo(0.25, 1);
    expect(await layer.eval().call(x).data()).toEqual(await x.data());
  });

  it('embedding', async () => {
    const layer = new nn.Embedding(5, 3);
    const y = layer.call(int32([4, 0, 4]));
    expect(y.shape).toEqual([3, 3]);
    const table = await layer.weight.data();
    await expectClose(y, [...table.slice(12), ...table.slice(0, 3), ...table.slice(12)]);
    expect(errorOf(() => layer.call(zeros([2]))).message).toMatch(
      /^embedding: got float32\[F=2\], expected int32/,
    );
  });

  it('flatten', () => {
    expect(new nn.Flatten().call(zeros([2, 3, 4])).shape).toEqual([2, 12]);
    expect(new nn.Flatten().call(zeros([0, 3, 4])).shape).toEqual([0, 12]);
    expect(() => new nn.Flatten().call(zeros([]))).toThrow(/flatten: got \[\]/);
  });
});

describe('shape errors name the layer, the axes, what was got and expected, and the cure', () => {
  const cases: [name: string, layer: nn.Layer, shape: number[], got: string, expected: string][] = [
    ['dense', new nn.Dense(256, 10), [64, 320], '[N=64, F=320]', 'last axis 256'],
    ['dense', new nn.Dense(256, 10), [], '[] (rank 0)', 'last axis 256 and rank 1 or more'],
    ['conv1d', new nn.Conv1d(3, 4, 3), [8, 5, 2], '[N=8, T=5, C=2]', '[N, T, C=3]'],
    ['conv1d', new nn.Conv1d(3, 4, 3), [8, 3], '[8, 3] (rank 2)', '[N, T, C=3] (rank 3)'],
    ['conv2d', new nn.Conv2d(1, 4, 3), [8, 1, 9, 9], '[N=8, H=1, W=9, C=9]', '[N, H, W, C=1]'],
    ['conv2d', new nn.Conv2d(1, 4, 3), [8, 9, 9], '[8, 9, 9] (rank 3)', '[N, H, W, C=1] (rank 4)'],
    [
      'convTranspose2d',
      new nn.ConvTranspose2d(2, 4, 3),
      [8, 9, 9, 1],
      '[N=8, H=9, W=9, C=1]',
      '[N, H, W, C=2]',
    ],
    [
      'convTranspose2d',
      new nn.ConvTranspose2d(2, 4, 3),
      [9, 2],
      '[9, 2] (rank 2)',
      '[N, H, W, C=2] (rank 4)',
    ],
    ['maxPool2d', new nn.MaxPool2d(2), [8, 9], '[8, 9] (rank 2)', '[N, H, W, C] (rank 4)'],
    ['avgPool2d', new nn.AvgPool2d(2), [8, 9], '[8, 9] (rank 2)', '[N, H, W, C] (rank 4)'],
    ['batchNorm', new nn.BatchNorm(3), [8, 9, 9, 4], '[N=8, H=9, W=9, C=4]', 'last axis 3'],
    ['batchNorm', new nn.BatchNorm(3), [3], '[F=3] (rank 1)', 'last axis 3 and rank 2 or more'],
    ['layerNorm', new nn.LayerNorm([2, 3]), [8, 3, 2], '[N=8, T=3, F=2]', 'last axes 2, 3'],
    ['layerNorm', new nn.LayerNorm([2, 3]), [3], '[F=3] (rank 1)', 'last axes 2, 3 and rank 2 or more'],
    ['groupNorm', new nn.GroupNorm(2, 4), [8, 5, 6], '[N=8, T=5, F=6]', 'last axis 4'],
    ['groupNorm', new nn.GroupNorm(2, 4), [4], '[F=4] (rank 1)', 'last axis 4 and rank 2 or more'],
    ['rowsToSequence', new nn.RowsToSequence(), [8, 9], '[8, 9] (rank 2)', '[N, H, W, C] (rank 4)'],
    ['columnsToSequence', new nn.ColumnsToSequence(), [8, 9], '[8, 9] (rank 2)', '[N, H, W, C] (rank 4)'],
    ['lstm', new nn.LSTM(3, 4), [8, 5, 2], '[N=8, T=5, F=2]', '[N, T, F=3]'],
    ['lstm', new nn.LSTM(3, 4), [8, 3], '[8, 3] (rank 2)', '[N, T, F=3] (rank 3)'],
    ['gru', new nn.GRU(3, 4), [8, 5, 2], '[N=8, T=5, F=2]', '[N, T, F=3]'],
    ['gru', new nn.GRU(3, 4), [8, 3], '[8, 3] (rank 2)', '[N, T, F=3] (rank 3)'],
    ['rnn', new nn.RNN(3, 4), [8, 5, 2], '[N=8, T=5, F=2]', '[N, T, F=3]'],
    ['rnn', new nn.RNN(3, 4), [8, 3], '[8, 3] (rank 2)', '[N, T, F=3] (rank 3)'],
  ];
  it.each(cases)('%s %#', (kind, layer, shape, got, expected) => {
    const model = new nn.Sequential({ part: new nn.Sequential({ first: layer }) });
    const error = errorOf(() => model.call(zeros(shape)));
    expect(error.name).toBe('ShapeError');
    expect(error.message).toContain(`${kind} "part.first": got ${got}, expected ${expected}. `);
    expect(error.message.split('. ').at(-1)!.length).toBeGreaterThan(10);
  });

  it.each([
    [
      new nn.Conv2d(1, 4, 5),
      'conv2d in layer "first": got a kernel that covers [H=5, W=5] of an input of [H=3, W=3]',
    ],
    [new nn.MaxPool2d(4), 'maxPool2d in layer "first": got a window of 4×4 over an image [H=3, W=3]'],
  ])('images smaller than the window', (layer, message) => {
    const error = errorOf(() => new nn.Sequential({ first: layer }).call(zeros([2, 3, 3, 1])));
    expect(error.message).toContain(message);
  });
});

describe('options are checked', () => {
  it('unknown ones', () => {
    const options = { bias: true, biass: false };
    expect(errorOf(() => new nn.Dense(2, 3, options)).message).toBe(
      'Dense: got unknown option "biass", expected only bias, weightInitializer, biasInitializer. Correct the name, or leave it out.',
    );
  });
  it('sizes', () => {
    expect(() => new nn.Dense(0, 3)).toThrow(/Dense: got inputs 0, expected a whole number of at least 1/);
    expect(() => new nn.Conv2d(1, 2, 2.5)).toThrow(/kernel size 2.5/);
    expect(() => new nn.Dropout(2)).toThrow(/rate 2, expected a number from 0 to 1/);
    expect(() => new nn.GroupNorm(3, 4)).toThrow(/3 groups for 4 channels/);
    expect(() => new nn.LSTM(2, 3, { dropout: 0.5 })).toThrow(/it acts between layers/);
  });
});
