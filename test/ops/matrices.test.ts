/** outer, diag, tril, triu, roll, unfold, zerosLike, onesLike: edge cases, dtypes and gradients. */
import { describe, expect, it } from 'vitest';
import {
  conv2d,
  diag,
  gradCheck,
  matmul,
  ones,
  onesLike,
  outer,
  roll,
  ShapeError,
  type Tensor,
  tensor,
  tril,
  triu,
  unfold,
  zeros,
  zerosLike,
} from '../../src/index.ts';
import { Numbers } from '../support/numbers.ts';

const numbers = new Numbers(8);

/** A matrix by its rule, as nested arrays. */
function matrix(rows: number, columns: number, rule: (row: number, column: number) => number): number[][] {
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (_, column) => rule(row, column)),
  );
}

describe('outer', () => {
  it('multiplies all pairs; dtypes promote', async () => {
    const a = tensor([1, 2], { dtype: 'int32' });
    expect(await outer(a, tensor([3, 4, 5])).array()).toEqual([
      [3, 4, 5],
      [6, 8, 10],
    ]);
    expect(outer(a, a).dtype).toBe('int32');
    expect(outer(zeros([0]), ones([3])).shape).toEqual([0, 3]);
    await gradCheck((x, y) => outer(x, y), [numbers.real([3]), numbers.real([4])]);
  });
});

const offsets = [-6, -4, -3, -1, 0, 1, 2, 4, 5, 7];

describe('diag', () => {
  it.each(offsets)('a vector on diagonal %d', async (offset) => {
    for (const length of [0, 1, 3]) {
      const values = Array.from({ length }, (_, k) => k + 1);
      const size = length + Math.abs(offset);
      const expected = matrix(size, size, (row, column) =>
        column === row + offset ? values[Math.min(row, column)]! : 0,
      );
      for (const dtype of ['float32', 'int32'] as const) {
        const made = diag(tensor(values, { dtype, shape: [length] }), offset);
        expect(made.shape).toEqual([size, size]);
        expect(await made.array()).toEqual(expected);
      }
    }
  });

  it.each(offsets)('diagonal %d of a matrix', async (offset) => {
    for (const [rows, columns] of [
      [4, 5],
      [5, 3],
      [0, 3],
    ] as const) {
      const x = tensor(
        Float32Array.from({ length: rows * columns }, (_, k) => k),
        { shape: [rows, columns] },
      );
      const expected: number[] = [];
      for (let row = 0; row < rows; row++) {
        const column = row + offset;
        if (column >= 0 && column < columns) expected.push(row * columns + column);
      }
      expect(await x.diag(offset).array()).toEqual(expected);
    }
  });

  it('of bools, and gradients', async () => {
    expect(await diag(tensor([true, true])).array()).toEqual([
      [true, false],
      [false, true],
    ]);
    await gradCheck((x) => diag(x, -1).square(), [numbers.real([3])]);
    await gradCheck((x) => diag(x, 1).square(), [numbers.real([3, 4])]);
    expect(() => diag(zeros([2, 2, 2]))).toThrow(ShapeError);
  });
});

describe('tril and triu', () => {
  it.each([...offsets, 2 ** 40, -(2 ** 40)])('offset %d', async (offset) => {
    for (const shape of [
      [4, 5],
      [5, 3],
      [1, 1],
      [0, 2],
    ] as const) {
      const x = numbers.real(shape);
      const values = (await x.array()) as number[][];
      const kept = (isKept: (row: number, column: number) => boolean) =>
        values.map((row, r) => row.map((value, c) => (isKept(r, c) ? value : 0)));
      expect(await tril(x, offset).array()).toEqual(kept((row, column) => column <= row + offset));
      expect(await triu(x, offset).array()).toEqual(kept((row, column) => column >= row + offset));
    }
  });

  it('leading axes, other dtypes, NaN outside, gradients', async () => {
    expect(await ones([2, 2, 2], 'int32').tril().array()).toEqual([
      [
        [1, 0],
        [1, 1],
      ],
      [
        [1, 0],
        [1, 1],
      ],
    ]);
    expect(triu(ones([2, 2], 'bool')).dtype).toBe('bool');
    const nan = tensor([
      [1, Number.NaN],
      [2, 3],
    ]);
    expect(await tril(nan).array()).toEqual([
      [1, 0],
      [2, 3],
    ]);
    await gradCheck((x) => triu(x, 1).square(), [numbers.real([2, 3, 3])]);
    expect(() => tril(zeros([3]))).toThrow('matrices');
  });
});

describe('roll', () => {
  const x = tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);

  it('along axes, and all elements', async () => {
    expect(await roll(x, 1, 1).array()).toEqual([
      [3, 1, 2],
      [6, 4, 5],
    ]);
    expect(await x.roll([1, -1], [0, -1]).array()).toEqual([
      [5, 6, 4],
      [2, 3, 1],
    ]);
    expect(await x.roll(-1).array()).toEqual([
      [2, 3, 4],
      [5, 6, 1],
    ]);
    expect(await x.roll([1, 1], [1, 1]).array()).toEqual(await x.roll(2, 1).array());
  });

  it('by more than the length, by 0, of nothing, of a scalar', async () => {
    expect(await x.roll(7, 1).array()).toEqual(await x.roll(1, 1).array());
    expect(await x.roll(-300, 1).array()).toEqual(await x.array());
    expect(await x.roll(0).array()).toEqual(await x.array());
    expect(await zeros([2, 0]).roll(1, 1).array()).toEqual([[], []]);
    expect(await tensor(3).roll(1).item()).toBe(3);
  });

  it('gradients, and wrong arguments', async () => {
    await gradCheck((each) => roll(each, 2, 0).square(), [numbers.real([5, 2])]);
    expect(() => roll(x, [1, 2])).toThrow('one whole number');
    expect(() => roll(x, 1, [0, 1])).toThrow('for each axis');
    expect(() => roll(x, 0.5, 0)).toThrow('whole number');
  });
});

describe('unfold', () => {
  it('patches in row-major order: rows of the window, columns, channels', async () => {
    const x = tensor(
      Float32Array.from({ length: 12 }, (_, k) => k),
      { shape: [1, 3, 2, 2] },
    );
    expect(await unfold(x, [2, 1]).array()).toEqual([
      [
        [
          [0, 1, 4, 5],
          [2, 3, 6, 7],
        ],
        [
          [4, 5, 8, 9],
          [6, 7, 10, 11],
        ],
      ],
    ]);
    expect(unfold(zeros([0, 3, 3, 2], 'int32'), 2).shape).toEqual([0, 2, 2, 8]);
  });

  it.each([
    { stride: 1 },
    { stride: [2, 1], padding: 'same' },
    {
      padding: [
        [1, 0],
        [2, 1],
      ],
      dilation: [2, 1],
    },
    { stride: 2, padding: 1, dilation: [1, 2] },
  ] as const)('times a weight is the convolution: %o', async (options) => {
    const x = numbers.real([2, 6, 5, 3]);
    const weight = numbers.real([2, 3, 3, 4]);
    const product = matmul(unfold(x, [2, 3], options), weight.reshape(18, 4));
    const difference: Tensor = product
      .sub(conv2d(x, weight, options))
      .abs()
      .max();
    expect(await difference.item()).toBeLessThan(1e-5);
  });

  it('gradients, and windows that are too large', async () => {
    await gradCheck((x) => unfold(x, 2, { padding: 1 }).square(), [numbers.real([1, 3, 2, 2])]);
    expect(() => unfold(zeros([1, 2, 2, 1]), 3)).toThrow(ShapeError);
    expect(() => unfold(zeros([1, 3, 3, 1]), 2, { dilation: 3 })).toThrow('with its dilation');
  });
});

describe('zerosLike and onesLike', () => {
  it('shape and dtype of the tensor, or another dtype', async () => {
    const x = tensor([1, 2], { dtype: 'int32' });
    expect(zerosLike(x).dtype).toBe('int32');
    expect(await onesLike(x).array()).toEqual([1, 1]);
    expect(await onesLike(x, 'bool').array()).toEqual([true, true]);
    expect(zerosLike(zeros([2, 0]), { dtype: 'float32' }).shape).toEqual([2, 0]);
  });
});
