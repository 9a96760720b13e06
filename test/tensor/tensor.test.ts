/** The handle: creation, printing, laziness, and the errors that point at the caller. */
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  arange,
  bernoulli,
  DTypeError,
  eye,
  full,
  linspace,
  OptionError,
  ones,
  rand,
  randint,
  randn,
  ShapeError,
  seed,
  tensor,
  zeros,
} from '../../src/index.ts';

describe('creation', () => {
  it('takes nested arrays, flat data with a shape, and typed arrays', async () => {
    expect(
      await tensor([
        [1, 2],
        [3, 4],
      ]).array(),
    ).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(tensor([1, 2, 3, 4, 5, 6], { shape: [2, 3] }).shape).toEqual([2, 3]);
    expect(tensor(Int32Array.of(1, 2)).dtype).toBe('int32');
    expect(tensor([[true], [false]]).dtype).toBe('bool');
    expect(await tensor([[true], [false]]).array()).toEqual([[true], [false]]);
    expect(await tensor(5).item()).toBe(5);
    expect(tensor([]).shape).toEqual([0]);
    expect(tensor(Float64Array.of(0.1)).dtype).toBe('float32');
  });

  it('copies host data, so that later changes do not show', async () => {
    const source = Float32Array.of(1, 2);
    const t = tensor(source);
    source[0] = 9;
    expect(await t.array()).toEqual([1, 2]);
  });

  it('fills, counts and spaces', async () => {
    expect(await full([2], 7).array()).toEqual([7, 7]);
    expect(await zeros([1, 2]).array()).toEqual([[0, 0]]);
    expect(await ones([2], 'int32').array()).toEqual([1, 1]);
    expect(await eye(2, 3).array()).toEqual([
      [1, 0, 0],
      [0, 1, 0],
    ]);
    expect(await arange(3).array()).toEqual([0, 1, 2]);
    expect(arange(3).dtype).toBe('int32');
    expect(await arange(1, 2, 0.25).array()).toEqual([1, 1.25, 1.5, 1.75]);
    expect(await arange(5, 0, -2).array()).toEqual([5, 3, 1]);
    expect(await linspace(0, 1, 5).array()).toEqual([0, 0.25, 0.5, 0.75, 1]);
    expect(await linspace(3, 9, 1).array()).toEqual([3]);
  });

  it('names what is wrong', () => {
    expect(() => tensor([[1, 2], [3]])).toThrow(ShapeError);
    expect(() => tensor([[1, 2], [3]])).toThrow(/index \[1\].*got \[1\].*expected \[2\]/);
    expect(() => tensor([1.5], { dtype: 'int32' })).toThrow(DTypeError);
    expect(() => tensor([1, 2, 3], { shape: [2, 2] })).toThrow(/3 elements.*4 elements/);
    expect(() => zeros([2, -1])).toThrow(ShapeError);
    expect(() => arange(0, 1, 0)).toThrow(OptionError);
    expect(() => randint(3, 3, [1])).toThrow(OptionError);
    expect(() => seed(-1)).toThrow(OptionError);
    expect(() => seed(0.5)).toThrow(OptionError);
  });
});

describe('random tensors', () => {
  it('repeat for a seed, 0 included, and depend on the order of making, not of awaiting', async () => {
    seed(0);
    const [a, b] = [rand([4]), rand([4])];
    const second = await b.array();
    const first = await a.array();
    seed(0);
    expect(await rand([4]).array()).toEqual(first);
    expect(await rand([4]).array()).toEqual(second);
    expect(first).not.toEqual(second);
    seed(1);
    expect(await rand([4]).array()).not.toEqual(first);
  });

  it('have the right distribution', async () => {
    seed(3);
    const uniform = rand([50_000]);
    expect(await uniform.mean().item()).toBeCloseTo(0.5, 2);
    expect(await uniform.variance().item()).toBeCloseTo(1 / 12, 2);
    expect(await uniform.min().item()).toBeGreaterThanOrEqual(0);
    expect(await uniform.max().item()).toBeLessThan(1);
    const normal = randn([50_000]);
    expect(await normal.mean().item()).toBeCloseTo(0, 1);
    expect(await normal.variance().item()).toBeCloseTo(1, 1);
    expect(await normal.pow(4).mean().item()).toBeCloseTo(3, 0);
    expect(await bernoulli(0.25, [50_000]).cast('float32').mean().item()).toBeCloseTo(0.25, 2);
    const whole = randint(-2, 3, [10_000]);
    expect(await whole.min().item()).toBe(-2);
    expect(await whole.max().item()).toBe(2);
  });
});

describe('printing', () => {
  it('shows shape and dtype without computing', () => {
    const t = tensor([[1, 2]]).add(1);
    expect(inspect(t)).toBe('Tensor float32[1, 2] (add, not computed)');
    expect(t.node.values[0]).toBeUndefined();
  });

  it('prints like NumPy', async () => {
    expect(
      await tensor([
        [1, 2],
        [3, 4.5],
      ]).text(),
    ).toBe('[[1.0000, 2.0000],\n [3.0000, 4.5000]]');
    expect(await tensor([1, -20], { dtype: 'int32' }).text()).toBe('[  1, -20]');
    expect(await tensor([true, false]).text()).toBe('[ true, false]');
    expect(await tensor([Number.NaN, Number.POSITIVE_INFINITY, 1]).text()).toBe('[nan, inf,  1.]');
    expect(await arange(2000).text()).toBe('[   0,    1,    2, ..., 1997, 1998, 1999]');
    expect(await zeros([2, 0]).text()).toBe('[]');
    expect(await tensor(3).text()).toBe('3.');
  });
});

describe('item', () => {
  it('wants exactly one element', async () => {
    await expect(tensor([1, 2]).item()).rejects.toThrow(/one element/);
  });
});
