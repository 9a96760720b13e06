/** prod, any, all, cumulativeProduct, cumulativeMax: edge cases, dtypes, and gradients beside zeros and ties. */
import { describe, expect, it } from 'vitest';
import {
  all,
  any,
  cumulativeMax,
  cumulativeProduct,
  grad,
  gradCheck,
  OptionError,
  prod,
  type Tensor,
  tensor,
  zeros,
} from '../../src/index.ts';
import { Numbers } from '../support/numbers.ts';

const numbers = new Numbers(6);

describe('prod', () => {
  it('over all axes, one, several, and none', async () => {
    const x = tensor([
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ]);
    expect(await prod(x).item()).toBe(720);
    expect(await x.prod(-1).array()).toEqual([[6, 120]]);
    expect(await x.prod([0, 1]).array()).toEqual([4, 10, 18]);
    expect(await x.prod(1, { keepDims: true }).array()).toEqual([[[4, 10, 18]]]);
    expect(await x.prod([]).array()).toEqual(await x.array());
    expect(await tensor(3).prod().item()).toBe(3);
  });

  it('of nothing is 1', async () => {
    expect(await zeros([2, 0]).prod(1).array()).toEqual([1, 1]);
    expect(await zeros([0]).prod().item()).toBe(1);
    expect(zeros([0, 3]).prod(1).shape).toEqual([0]);
  });

  it('int32 stays int32 and wraps, bool becomes it', async () => {
    const whole = tensor([65536, 65537, 3], { dtype: 'int32' }).prod();
    expect(whole.dtype).toBe('int32');
    expect(await whole.item()).toBe(Math.imul(Math.imul(65536, 65537), 3));
    const truth = tensor([true, true, false]).prod();
    expect(truth.dtype).toBe('int32');
    expect(await truth.item()).toBe(0);
  });

  it('of any length', async () => {
    for (let length = 1; length <= 40; length++) {
      const values = Array.from({ length }, (_, k) => (k % 3 === 0 ? 2 : k % 3 === 1 ? 0.5 : -1));
      expect(await prod(tensor(values)).item(), `${length}`).toBe(values.reduce((a, b) => a * b, 1));
    }
  });

  it.each([
    ['no zero', [2, 3, 4], [12, 8, 6]],
    ['one zero', [2, 0, 4], [0, 8, 0]],
    ['two zeros', [0, 0, 4], [0, 0, 0]],
  ])('the gradient beside %s', async (_, values, expected) => {
    const x = tensor(values);
    expect(await grad(prod(x), x).array()).toEqual(expected);
  });

  it('derivatives of both orders, beside zeros', async () => {
    const x = tensor([
      [1.5, 0, 0.5, 2],
      [0, 1, 0, -1],
    ]);
    for (const order of [1, 2] as const) {
      await gradCheck((each) => prod(each, 1), [x], { order });
      await gradCheck((each) => prod(each, 0), [numbers.real([5, 2])], { order });
    }
    const pair = tensor([0, 0]);
    const first = grad(prod(pair), pair);
    expect(await grad(first.sum(), pair).array()).toEqual([1, 1]);
  });
});

describe('any and all', () => {
  const x = tensor([
    [true, false],
    [true, true],
  ]);

  it('over axes', async () => {
    expect(await any(x).item()).toBe(1);
    expect(await x.all().item()).toBe(0);
    expect(await x.any(0).array()).toEqual([true, true]);
    expect(await all(x, -1, { keepDims: true }).array()).toEqual([[false], [true]]);
    expect(x.any(0).dtype).toBe('bool');
  });

  it('of numbers: not 0; NaN is not 0', async () => {
    const rows = tensor([
      [0, -0],
      [Number.NaN, 1e-45],
      [0, 2],
    ]);
    expect(await any(rows, 1).array()).toEqual([false, true, true]);
    expect(await all(rows, 1).array()).toEqual([false, true, false]);
    expect(await any(tensor([0, 0], { dtype: 'int32' })).item()).toBe(0);
  });

  it('of nothing: false and true', async () => {
    expect(await zeros([0], 'bool').any().item()).toBe(0);
    expect(await zeros([2, 0]).all(1).array()).toEqual([true, true]);
  });
});

/** Loops for the running operations, along the last axis. */
function running(rows: number[][], join: (before: number, own: number) => number): number[][] {
  return rows.map((row) => {
    const result: number[] = [];
    for (const own of row) result.push(result.length === 0 ? own : join(result.at(-1)!, own));
    return result;
  });
}

describe('cumulativeProduct', () => {
  it('along axes of any length', async () => {
    for (let length = 0; length <= 18; length++) {
      const x = numbers.ints([2, length], -2, 2);
      const expected = running((await x.array()) as number[][], Math.imul);
      expect(await cumulativeProduct(x).array(), `${length}`).toEqual(expected);
      expect(await x.transpose().cumulativeProduct(0).transpose().array()).toEqual(expected);
    }
    expect(cumulativeProduct(tensor([true, false])).dtype).toBe('int32');
  });

  it('derivatives of both orders, beside zeros', async () => {
    const x = tensor([
      [1.5, 0, 0.5, 2, -1],
      [0, 1, 0, -1, 0.5],
    ]);
    for (const order of [1, 2] as const) await gradCheck((each) => cumulativeProduct(each), [x], { order });
  });
});

describe('cumulativeMax', () => {
  it('along axes of any length', async () => {
    for (let length = 0; length <= 18; length++) {
      const x = numbers.ints([2, length], -9, 9);
      const expected = running((await x.array()) as number[][], Math.max);
      expect(await x.cumulativeMax().array(), `${length}`).toEqual(expected);
      expect(await x.cast('float32').cumulativeMax(-1).array()).toEqual(expected);
    }
  });

  it('NaN from the first one on; infinities and the smallest int32', async () => {
    const [infinity, nan] = [Number.POSITIVE_INFINITY, Number.NaN];
    const x = tensor([-infinity, -1, nan, 5, infinity]);
    expect(await cumulativeMax(x).array()).toEqual([-infinity, -1, nan, nan, nan]);
    const least = -(2 ** 31);
    expect(await cumulativeMax(tensor([least, least, 0], { dtype: 'int32' })).array()).toEqual([
      least,
      least,
      0,
    ]);
  });

  it('of equal maxima the last one has the gradient', async () => {
    const x = tensor([1, 2, 2, 0, 2, 1]);
    const weights: Tensor = tensor([1, 2, 4, 8, 16, 32]);
    expect(await grad(cumulativeMax(x).mul(weights).sum(), x).array()).toEqual([1, 2, 12, 0, 48, 0]);
    for (const order of [1, 2] as const) {
      await gradCheck((each) => cumulativeMax(each, 0).square(), [numbers.distinct([7, 2])], { order });
    }
  });
});

it('wrong arguments', () => {
  expect(() => prod(zeros([2]), 1)).toThrow(OptionError);
  expect(() => any(zeros([2]), 0, { keepdims: true } as never)).toThrow('unknown option');
  expect(() => cumulativeMax(zeros([]))).toThrow('a scalar has none');
});
