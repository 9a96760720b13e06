/** sort, argSort, topK: values, ties, NaN, axes, dtypes, gradients. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  argSort,
  deviceNames,
  grad,
  gradCheck,
  OptionError,
  setDevice,
  sort,
  tensor,
  topK,
  zeros,
} from '../../src/index.ts';
import { Numbers } from '../support/numbers.ts';

const numbers = new Numbers(4);

afterAll(() => setDevice('wasm'));

describe.each(deviceNames().filter((name) => name !== 'gpu'))('orders on %s', (device) => {
  beforeAll(() => setDevice(device));

  it('equal elements keep their order, both ways', async () => {
    const x = tensor([2, 1, 2, 1, 3]);
    expect(await argSort(x).array()).toEqual([1, 3, 0, 2, 4]);
    expect(await x.argSort({ descending: true }).array()).toEqual([4, 0, 2, 1, 3]);
    expect(await x.sort().array()).toEqual([1, 1, 2, 2, 3]);
  });

  it('NaN is the largest, and comes first when the largest does, as in PyTorch', async () => {
    const x = tensor([Number.NaN, 1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]);
    expect(await argSort(x).array()).toEqual([3, 1, 2, 0, 4]);
    expect(await argSort(x, { descending: true }).array()).toEqual([0, 4, 2, 1, 3]);
    expect(await topK(x, 3).indices.array()).toEqual([0, 4, 2]);
  });

  it('along any axis', async () => {
    const x = tensor([
      [3, 1],
      [2, 5],
      [2, 4],
    ]);
    expect(await sort(x, { axis: 0 }).array()).toEqual([
      [2, 1],
      [2, 4],
      [3, 5],
    ]);
    expect(await argSort(x, { axis: -2, descending: true }).array()).toEqual([
      [0, 1],
      [1, 2],
      [2, 0],
    ]);
    const cube = numbers.ints([2, 3, 4], -3, 3);
    const flipped = await cube.permute(0, 2, 1).sort().permute(0, 2, 1).array();
    expect(await cube.sort({ axis: 1 }).array()).toEqual(flipped);
  });

  it('keeps the dtype, bool as well', async () => {
    const whole = tensor([2 ** 31 - 1, -(2 ** 31), 0, 16777217, 16777216], { dtype: 'int32' }).sort();
    expect(whole.dtype).toBe('int32');
    expect(await whole.array()).toEqual([-(2 ** 31), 0, 16777216, 16777217, 2 ** 31 - 1]);
    const truth = tensor([true, false, true]).sort();
    expect(truth.dtype).toBe('bool');
    expect(await truth.array()).toEqual([false, true, true]);
  });

  it('one element, none, and no rows', async () => {
    expect(await tensor([7]).argSort().array()).toEqual([0]);
    expect(await zeros([0]).sort().array()).toEqual([]);
    expect(await zeros([2, 0]).sort().array()).toEqual([[], []]);
    expect(await zeros([0, 3]).argSort().array()).toEqual([]);
    expect(await zeros([3]).topK(0).values.array()).toEqual([]);
  });

  it('the largest and the smallest elements', async () => {
    const { values, indices } = topK(tensor([1, 5, 3, 5]), 2);
    expect(await values.array()).toEqual([5, 5]);
    expect(await indices.array()).toEqual([1, 3]);
    const smallest = tensor([
      [1, 5],
      [3, 0],
    ]).topK(1, { axis: 0, descending: false });
    expect(await smallest.values.array()).toEqual([[1, 0]]);
    expect(await smallest.indices.array()).toEqual([[0, 1]]);
  });

  it('gradients go where the elements came from', async () => {
    const x = tensor([3, 1, 2]);
    expect(
      await grad(
        sort(x)
          .mul(tensor([10, 20, 30]))
          .sum(),
        x,
      ).array(),
    ).toEqual([30, 10, 20]);
    expect(await grad(topK(x, 2).values.sum(), x).array()).toEqual([1, 0, 1]);
    const matrix = numbers.distinct([3, 4]);
    for (const order of [1, 2] as const) {
      await gradCheck((each) => sort(each, { axis: 0 }).square(), [matrix], { order });
      await gradCheck((each) => topK(each, 2).values.square(), [matrix], { order });
    }
  });
});

it('wrong arguments', () => {
  expect(() => sort(zeros([2]), { axis: 1 })).toThrow(OptionError);
  expect(() => sort(zeros([]))).toThrow('a scalar has none');
  expect(() => topK(zeros([2, 3]), 4)).toThrow('a whole number from 0 to 3');
  expect(() => topK(zeros([2, 3]), 1.5)).toThrow(OptionError);
  expect(() => argSort(zeros([2]), { descending: 1 as never })).toThrow('true or false');
});
