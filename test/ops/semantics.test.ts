/** What operations mean: broadcasting, dtypes, slicing and the rest against values worked out by hand or in NumPy. */
import { describe, expect, it } from 'vitest';
import {
  avgPool2d,
  binaryCrossEntropy,
  clamp,
  concat,
  conv1d,
  conv2d,
  convTranspose2d,
  DTypeError,
  dropout,
  einsum,
  embedding,
  full,
  gather,
  geluTanh,
  grad,
  heaviside,
  IndexError,
  layerNorm,
  log1p,
  logSumExp,
  matmul,
  maxPool2d,
  OptionError,
  oneHot,
  ones,
  ShapeError,
  scatter,
  softsign,
  split,
  stack,
  type Tensor,
  takeAlongAxis,
  tensor,
  where,
  zeros,
} from '../../src/index.ts';

const infinity = Number.POSITIVE_INFINITY;

const int = (values: number[]) => tensor(values, { dtype: 'int32' });

describe('arithmetic', () => {
  const a = tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);

  it('broadcasts like NumPy', async () => {
    expect(await a.add(tensor([10, 20, 30])).array()).toEqual([
      [11, 22, 33],
      [14, 25, 36],
    ]);
    expect(await a.mul(tensor([[2], [3]])).array()).toEqual([
      [2, 4, 6],
      [12, 15, 18],
    ]);
    expect(tensor([1, 2]).add(zeros([3, 1])).shape).toEqual([3, 2]);
    expect(zeros([0, 3]).add(1).shape).toEqual([0, 3]);
    expect(() => a.add(tensor([1, 2]))).toThrow(ShapeError);
    expect(() => a.add(tensor([1, 2]))).toThrow(/\[2, 3\] and \[2\].*axis -1 is 3 and 2/);
  });

  it('promotes dtypes', async () => {
    expect(int([1]).add(1).dtype).toBe('int32');
    expect(int([1]).add(0.5).dtype).toBe('float32');
    expect(int([3]).div(2).dtype).toBe('float32');
    expect(await int([3]).div(2).item()).toBe(1.5);
    expect(tensor([true]).add(tensor([true])).dtype).toBe('int32');
    expect(await tensor([true, true]).sum().item()).toBe(2);
    expect(a.less(3).dtype).toBe('bool');
    expect(() => a.and(true)).toThrow(DTypeError);
    expect(
      await int([2 ** 31 - 1])
        .add(1)
        .item(),
    ).toBe(-(2 ** 31));
  });

  it('follows IEEE and Python at the corners', async () => {
    expect(await tensor([-7, 7]).mod(3).array()).toEqual([2, 1]);
    expect(await tensor([0.5, 1.5, 2.5, -0.5]).round().array()).toEqual([0, 2, 2, -0]);
    expect(await tensor([Number.NaN, 1]).maximum(0).array()).toEqual([Number.NaN, 1]);
    expect(await tensor([Number.NaN]).relu().array()).toEqual([Number.NaN]);
    expect(await clamp(tensor([-2, 0.5, 9]), -1, 1).array()).toEqual([-1, 0.5, 1]);
    expect(await log1p(tensor([1e-10])).item()).toBeCloseTo(1e-10, 15);
    expect(await tensor([-100, -20]).softplus().array()).toEqual([
      Math.fround(Math.exp(-100)),
      Math.fround(Math.exp(-20)),
    ]);
    expect(await tensor([1.9, -1.9, Number.NaN, 1e20]).cast('int32').array()).toEqual([
      1,
      -1,
      0,
      2 ** 31 - 1,
    ]);
    expect(await where(tensor([true, false]), 1, tensor([5, 6])).array()).toEqual([1, 6]);
    expect(await tensor([-200, 0, 200]).sigmoid().array()).toEqual([0, 0.5, 1]);
    const [y, x] = [tensor([0, -0, 0, -0]), tensor([1, 1, -1, -1])];
    const pi = Math.fround(Math.PI);
    expect(await y.atan2(x).array()).toEqual([0, -0, pi, -pi]);
    expect(await tensor([-1.5, 1.5]).asin().array()).toEqual([Number.NaN, Number.NaN]);
    expect(await tensor([8, 0, -1]).log2().array()).toEqual([3, -infinity, Number.NaN]);
  });

  it('tells numbers from NaN and infinities, also among whole numbers', async () => {
    const all = tensor([1, -0, 1e-40, 3e38, infinity, -infinity, Number.NaN]);
    expect(await all.isFinite().array()).toEqual([true, true, true, true, false, false, false]);
    expect(await all.isNaN().array()).toEqual([false, false, false, false, false, false, true]);
    expect(
      await int([2 ** 31 - 1, -(2 ** 31)])
        .isFinite()
        .array(),
    ).toEqual([true, true]);
    expect(await tensor([true]).isNaN().array()).toEqual([false]);
  });
});

describe('movement', () => {
  const x = tensor([
    [0, 1, 2, 3],
    [4, 5, 6, 7],
    [8, 9, 10, 11],
  ]);

  it('slices like Python', async () => {
    expect(await x.slice(1).array()).toEqual([4, 5, 6, 7]);
    expect(await x.slice(-1, [1, -1]).array()).toEqual([9, 10]);
    expect(await x.slice(null, [null, null, -2]).array()).toEqual([
      [3, 1],
      [7, 5],
      [11, 9],
    ]);
    expect(await x.slice([0, 99, 2], 0).array()).toEqual([0, 8]);
    expect(x.slice([2, 1]).shape).toEqual([0, 4]);
    expect(await x.slice([3, null, -1], -1).array()).toEqual([11, 7, 3]);
    expect(() => x.slice(3)).toThrow(OptionError);
    expect(() => x.slice([0, 2, 0])).toThrow(/:0\] on axis 0/);
    expect(() => x.slice(0, 0, 0)).toThrow(OptionError);
  });

  it('reshapes, permutes, joins and cuts', async () => {
    expect(x.reshape(2, -1).shape).toEqual([2, 6]);
    expect(() => x.reshape(5, -1)).toThrow(ShapeError);
    expect(await x.transpose().slice(0).array()).toEqual([0, 4, 8]);
    expect(await x.permute(1, 0).reshape(12).slice([0, 4]).array()).toEqual([0, 4, 8, 1]);
    expect(await concat([x.slice([0, 1]), x.slice([2, 3])]).array()).toEqual([
      [0, 1, 2, 3],
      [8, 9, 10, 11],
    ]);
    expect(stack([tensor([1, 2]), tensor([3, 4])], -1).shape).toEqual([2, 2]);
    expect(await stack([tensor([1, 2]), tensor([3, 4])], -1).array()).toEqual([
      [1, 3],
      [2, 4],
    ]);
    expect(split(x, [1, 3], 1).map(({ shape }) => shape)).toEqual([
      [3, 1],
      [3, 3],
    ]);
    expect(() => split(x, 3, 1)).toThrow(OptionError);
    expect(() => concat([x, zeros([3, 3])])).toThrow(ShapeError);
    expect(await tensor([1, 2]).tile([2]).array()).toEqual([1, 2, 1, 2]);
    expect(
      await tensor([[1, 2]])
        .pad(
          [
            [1, 0],
            [0, 1],
          ],
          9,
        )
        .array(),
    ).toEqual([
      [9, 9, 9],
      [1, 2, 9],
    ]);
    expect(await x.flip(0).slice(0).array()).toEqual([8, 9, 10, 11]);
    expect(zeros([1, 3, 1]).squeeze().shape).toEqual([3]);
    expect(() => x.squeeze(0)).toThrow(OptionError);
    expect(x.expandDims(-1).shape).toEqual([3, 4, 1]);
  });

  it('gathers and scatters', async () => {
    expect(
      await gather(x, int([2, 0, 2]), 0)
        .slice(null, 1)
        .array(),
    ).toEqual([9, 1, 9]);
    expect(await gather(x, int([3]), 1).array()).toEqual([[3], [7], [11]]);
    expect(await takeAlongAxis(x, tensor([[1], [0], [3]], { dtype: 'int32' }), 1).array()).toEqual([
      [1],
      [4],
      [11],
    ]);
    expect(await scatter(tensor([1, 2, 3]), int([1, 1, 0]), 4).array()).toEqual([3, 3, 0, 0]);
    expect(await oneHot(int([1, -1, 5]), 3).array()).toEqual([
      [0, 1, 0],
      [0, 0, 0],
      [0, 0, 0],
    ]);
    expect(await embedding(x, tensor([[0, 2]], { dtype: 'int32' })).array()).toEqual([
      [
        [0, 1, 2, 3],
        [8, 9, 10, 11],
      ],
    ]);
    await expect(gather(x, int([3])).data()).rejects.toThrow(/3/);
    expect(() => gather(x, tensor([0]))).toThrow(DTypeError);
  });
});

describe('reductions', () => {
  const x = tensor([
    [1, -2, 3],
    [4, 5, -6],
  ]);

  it('reduce over any axes', async () => {
    expect(await x.sum(0).array()).toEqual([5, 3, -3]);
    expect(await x.sum([0, 1]).item()).toBe(5);
    expect(x.mean(-1, { keepDims: true }).shape).toEqual([2, 1]);
    expect(await x.max(1).array()).toEqual([3, 5]);
    expect(await x.min().item()).toBe(-6);
    expect(await x.argMax(1).array()).toEqual([2, 1]);
    expect(await x.argMin(0).array()).toEqual([0, 0, 1]);
    expect(await x.norm().item()).toBeCloseTo(Math.sqrt(91), 5);
    expect(await x.norm(1, { order: 1 }).array()).toEqual([6, 15]);
    expect(await x.norm(undefined, { order: Number.POSITIVE_INFINITY }).item()).toBe(6);
    expect(await x.variance(1, { correction: 1 }).array()).toEqual([expect.closeTo(6.3333, 3), 37]);
    expect(await x.cumulativeSum(1).array()).toEqual([
      [1, -1, 2],
      [4, 9, 3],
    ]);
    expect(await x.cumulativeSum(0, { reverse: true }).slice(0).array()).toEqual([5, 3, -3]);
    expect(() => x.sum(2)).toThrow(/axis 2.*rank 2/);
    expect(() => x.sum([0, -2])).toThrow(OptionError);
  });

  it('stay finite and right at the edges', async () => {
    expect(await logSumExp(tensor([1e4, 1e4])).item()).toBeCloseTo(1e4 + Math.log(2), 2);
    expect(await logSumExp(tensor([-Infinity, -Infinity])).item()).toBe(-Infinity);
    expect(await zeros([0]).sum().item()).toBe(0);
    expect(await zeros([0]).max().item()).toBe(-Infinity);
    expect(await zeros([0]).mean().item()).toBeNaN();
    expect(await tensor([1, Number.NaN]).max().item()).toBeNaN();
    expect(await tensor([1e4, -1e4]).softmax().array()).toEqual([1, 0]);
    expect(
      await tensor([
        [1, 2],
        [3, 4],
      ])
        .softmax(0)
        .sum(0)
        .array(),
    ).toEqual([1, 1]);
  });
});

describe('products', () => {
  it('matmul batches and takes vectors', async () => {
    const a = tensor([
      [1, 2],
      [3, 4],
    ]);
    expect(await matmul(a, tensor([1, 1])).array()).toEqual([3, 7]);
    expect(await matmul(tensor([1, 1]), a).array()).toEqual([4, 6]);
    expect(await matmul(tensor([1, 2]), tensor([3, 4])).item()).toBe(11);
    expect(matmul(zeros([5, 1, 2, 3]), zeros([4, 3, 7])).shape).toEqual([5, 4, 2, 7]);
    expect(() => matmul(a, zeros([3, 2]))).toThrow(/\[2, 2\] · \[3, 2\].*2 and 3/);
    expect(() => matmul(a, int([1, 2]))).toThrow(DTypeError);
  });

  it('einsum agrees with its parts', async () => {
    const a = tensor([
      [1, 2],
      [3, 4],
    ]);
    const b = tensor([
      [5, 6],
      [7, 8],
    ]);
    expect(await einsum('ij,jk->ik', a, b).array()).toEqual(await a.matmul(b).array());
    expect(await einsum('ij,jk', a, b).array()).toEqual(await a.matmul(b).array());
    expect(await einsum('ij->ji', a).array()).toEqual([
      [1, 3],
      [2, 4],
    ]);
    expect(await einsum('ij,ij->', a, b).item()).toBe(70);
    expect(await einsum('i,j->ij', tensor([1, 2]), tensor([3, 4])).array()).toEqual([
      [3, 4],
      [6, 8],
    ]);
    expect(await einsum('bij,bjk,k->bi', ones([2, 3, 4]), ones([2, 4, 5]), ones([5])).array()).toEqual([
      [20, 20, 20],
      [20, 20, 20],
    ]);
    expect(() => einsum('ij,jk->ik', a, zeros([3, 2]))).toThrow(ShapeError);
    expect(() => einsum('ij', a, b)).toThrow(OptionError);
    expect(() => einsum('ii->i', a)).toThrow(OptionError);
  });
});

describe('images', () => {
  it('convolves with all its options', async () => {
    const x = tensor([1, 2, 3, 4, 5, 6, 7, 8, 9], { shape: [1, 3, 3, 1] });
    const k = ones([2, 2, 1, 1]);
    expect(await conv2d(x, k).reshape(4).array()).toEqual([12, 16, 24, 28]);
    expect(conv2d(x, k, { padding: 'same', stride: 2 }).shape).toEqual([1, 2, 2, 1]);
    expect(await conv2d(x, k, { dilation: 2, bias: tensor([1]) }).item()).toBe(21);
    expect(
      conv2d(x, k, {
        padding: [
          [1, 0],
          [0, 2],
        ],
      }).shape,
    ).toEqual([1, 3, 4, 1]);
    expect(
      convTranspose2d(zeros([1, 2, 2, 3]), zeros([3, 3, 5, 3]), { stride: 2, padding: 1, outputPadding: 1 })
        .shape,
    ).toEqual([1, 4, 4, 5]);
    expect(await conv1d(tensor([[[1], [2], [3]]]), ones([2, 1, 1])).array()).toEqual([[[3], [5]]]);
    expect(() => conv2d(zeros([1, 1, 28, 28]), zeros([3, 3, 1, 8]))).toThrow(/C=28.*C = 1/);
    expect(() => conv2d(zeros([28, 28, 1]), k)).toThrow(/rank 3.*\[N, H, W, C\]/);
    expect(() => conv2d(zeros([1, 2, 2, 1]), zeros([3, 3, 1, 1]))).toThrow(
      /\[H=3, W=3\] of an input of \[H=2, W=2\]/,
    );
  });

  it('pools', async () => {
    const x = tensor([1, 2, 3, 4, 5, 6, 7, 8, 9], { shape: [1, 3, 3, 1] });
    expect(await maxPool2d(x, 2, { stride: 1 }).reshape(4).array()).toEqual([5, 6, 8, 9]);
    expect(await avgPool2d(x, 2, { stride: 1 }).reshape(4).array()).toEqual([3, 4, 6, 7]);
    expect(await avgPool2d(x, 3, { stride: 3, padding: 1 }).item()).toBeCloseTo(12 / 9, 5);
    expect(await avgPool2d(x, 3, { stride: 3, padding: 1, countPadding: false }).item()).toBe(3);
    expect(() => maxPool2d(x, 4)).toThrow(ShapeError);
    expect(() => maxPool2d(x, 2, { padding: 2 })).toThrow(OptionError);
  });

  it('normalizes values up to 1e19, and gives 0 where their variance overflows', async () => {
    expect(await layerNorm(tensor([[1e19, -1e19]])).array()).toEqual([[1, -1]]);
    expect(await layerNorm(tensor([[1e20, -1e20]])).array()).toEqual([[0, -0]]);
  });

  it('normalizes', async () => {
    const y = layerNorm(tensor([[1, 2, 3, 4]]));
    expect(await y.mean().item()).toBeCloseTo(0, 6);
    expect(await y.variance().item()).toBeCloseTo(1, 4);
  });
});

describe('derivatives', () => {
  it('nest', async () => {
    const cube = (x: Tensor) => x.pow(3).sum();
    const second = grad((x: Tensor) => grad(cube)(x).sum());
    expect(await second(tensor([1, 2])).array()).toEqual([6, 12]);
    const third = grad((x: Tensor) => second(x).sum());
    expect(await third(tensor([1, 2])).array()).toEqual([6, 6]);
  });

  it('are zero where nothing depends, and stop where told', async () => {
    const x = tensor([2]);
    expect(await grad(tensor([1]).sum(), x).array()).toEqual([0]);
    expect(await grad(x.mul(x.stopGradient()).sum(), x).array()).toEqual([2]);
    expect(() => grad(tensor([1, 2]).mul(2), x)).toThrow(ShapeError);
  });

  it('are right at 0, where branches meet', async () => {
    const at = (f: (x: Tensor) => Tensor) => {
      const first = grad((x: Tensor) => f(x).sum());
      const second = grad((x: Tensor) => first(x).sum());
      return Promise.all([first(tensor([0])).item(), second(tensor([0])).item()]);
    };
    expect(await at((x) => x.softplus())).toEqual([0.5, 0.25]);
    expect((await at((x) => x.elu()))[0]).toBe(1);
    expect((await at((x) => x.relu()))[0]).toBe(0);
    expect(await at((x) => binaryCrossEntropy(x, tensor([1])))).toEqual([-0.5, 0.25]);
  });
});

describe('activations', () => {
  it('follow their formulas', async () => {
    const x = [-2, -0.5, 0, 0.5, 2];
    const close = (values: number[]) => values.map((value) => expect.closeTo(value, 5));
    const inner = (v: number) => Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3);
    expect(await geluTanh(tensor(x)).array()).toEqual(
      close(x.map((v) => 0.5 * v * (1 + Math.tanh(inner(v))))),
    );
    expect(await softsign(tensor(x)).array()).toEqual(close(x.map((v) => v / (1 + Math.abs(v)))));
    expect(await heaviside(tensor(x)).array()).toEqual([0, 0, 0, 1, 1]);
  });
});

describe('corners', () => {
  it('of integers', async () => {
    expect(await int([16777216, 16777217]).argMax().item()).toBe(1);
    expect(
      await int([-(2 ** 31), 5])
        .min()
        .item(),
    ).toBe(-(2 ** 31));
    expect(
      await int([-(2 ** 31), 5])
        .argMin()
        .item(),
    ).toBe(0);
    expect(() => full([1], 1.5, 'int32')).toThrow(DTypeError);
    expect(await full([1], 5, 'bool').not().array()).toEqual([false]);
    expect(tensor(Uint8Array.of(0, 128, 255)).dtype).toBe('float32');
    expect(await tensor(Uint8ClampedArray.of(0, 128, 255)).array()).toEqual([0, 128, 255]);
  });

  it('of indices and shapes', async () => {
    const x = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    await expect(takeAlongAxis(x, tensor([[3], [-1]], { dtype: 'int32' })).data()).rejects.toThrow(
      IndexError,
    );
    expect(() => x.reshape(-2, -3)).toThrow(ShapeError);
    expect(() => x.slice([0.5])).toThrow(OptionError);
    expect(() => split(x, -1)).toThrow(OptionError);
    expect((await zeros([7, 7, 7, 7, 7, 7, 7]).text()).length).toBeGreaterThan(100);
    expect(await dropout(tensor([Number.POSITIVE_INFINITY]), 1).array()).toEqual([0]);
  });
});
