/** The movement kernels (concat, pad, gather, scatterAdd, iota, cumulativeSum) against naive per-element references. */
import { describe, expect, it } from 'vitest';
import { concatCpu } from '../../kernels/concat/cpu.ts';
import { cumulativeCpu } from '../../kernels/cumulative/cpu.ts';
import { cumulative } from '../../kernels/cumulative/index.ts';
import { gatherCpu, scatterAddCpu } from '../../kernels/gather/cpu.ts';
import { iotaCpu } from '../../kernels/iota/cpu.ts';
import { padCpu } from '../../kernels/pad/cpu.ts';
import {
  allocate,
  type CpuKernel,
  type DType,
  type NumericArray,
  sizeOf,
  type TensorSpec,
} from '../../kernels/support/contract.ts';
import { IndexOutOfRangeError } from '../../kernels/support/errors.ts';
import { denseStrides } from '../../kernels/support/view.ts';
import { generator, indicesOf, randomArray, shapes } from './naive-program.ts';

const dtypes = ['float32', 'int32', 'bool'] as const;

/** Runs a kernel of one output, whose memory starts out dirty. */
function run<Attributes extends object>(
  kernel: CpuKernel<Attributes>,
  attributes: Attributes,
  inputs: readonly (readonly [readonly number[], NumericArray])[],
  outShape: readonly number[],
  dtype: DType,
): number[] {
  const output = allocate(dtype, sizeOf(outShape)).fill(1);
  const specs = inputs.map(([shape, array]): TensorSpec => {
    if (array instanceof Float32Array) return { shape, dtype: 'float32' };
    return { shape, dtype: array instanceof Int32Array ? 'int32' : 'bool' };
  });
  const prepared = kernel({ inputs: specs, outputs: [{ shape: outShape, dtype }], attributes });
  prepared(
    inputs.map(([, array]) => array),
    [output],
    new Float32Array(0),
  );
  return [...output];
}

function flatIndex(shape: readonly number[], index: readonly number[]): number {
  return denseStrides(shape).reduce((at, stride, axis) => at + stride * index[axis], 0);
}

function replaced<T>(list: readonly T[], at: number, ...items: T[]): T[] {
  return [...list.slice(0, at), ...items, ...list.slice(at + 1)];
}

/** Every generated shape with each of its axes. */
const shapesAndAxes = shapes.flatMap((shape) => shape.map((_, axis) => [shape, axis] as const));

describe('concat', () => {
  const random = generator(3);
  it.each(shapesAndAxes)('%j along axis %i', (shape, axis) => {
    for (const dtype of dtypes) {
      for (const lengths of [[3], [1, 2], [2, 0, 1, 70]]) {
        const inputs = lengths.map((length) => {
          const inputShape = replaced(shape, axis, length);
          return [inputShape, randomArray(dtype, sizeOf(inputShape), random)] as const;
        });
        const total = lengths.reduce((sum, length) => sum + length, 0);
        const outShape = replaced(shape, axis, total);
        const expected = Array.from({ length: sizeOf(outShape) }, (_, point) => {
          const index = indicesOf(outShape, point);
          let k = 0;
          while (index[axis] >= lengths[k]) index[axis] -= lengths[k++];
          return inputs[k][1][flatIndex(inputs[k][0], index)];
        });
        expect(run(concatCpu, { axis }, inputs, outShape, dtype)).toEqual(expected);
      }
    }
  });
});

describe('pad', () => {
  const random = generator(4);
  it.each(shapes.map((shape) => [shape]))('[%j]', (shape) => {
    for (const dtype of dtypes) {
      for (let round = 0; round < 12; round++) {
        // Some axes stay as they are, so that trailing axes move together.
        const amount = (): number[] => shape.map(() => (random() < 0.5 ? 0 : Math.floor(random() * 3)));
        const [low, high, interior] = [amount(), amount(), amount()];
        const outShape = shape.map(
          (length, axis) => low[axis] + length + Math.max(length - 1, 0) * interior[axis] + high[axis],
        );
        const input = randomArray(dtype, sizeOf(shape), random);
        const expected = Array.from({ length: sizeOf(outShape) }, (_, point) => {
          const index = indicesOf(outShape, point).map((at, axis) => (at - low[axis]) / (interior[axis] + 1));
          const real = index.every((at, axis) => Number.isInteger(at) && at >= 0 && at < shape[axis]);
          return real ? input[flatIndex(shape, index)] : 1;
        });
        const attributes = { low, high, interior, value: 1 };
        expect(run(padCpu, attributes, [[shape, input]], outShape, dtype)).toEqual(expected);
      }
    }
  });
});

describe('gather and scatterAdd', () => {
  const random = generator(5);
  it.each(shapesAndAxes)('%j along axis %i', (shape, axis) => {
    for (const dtype of dtypes) {
      for (const indexShape of [[], [0], [1], [3, 2], [65]]) {
        if (shape[axis] === 0 && sizeOf(indexShape) > 0) continue;
        const picks = Int32Array.from({ length: sizeOf(indexShape) }, () =>
          Math.floor(random() * shape[axis]),
        );
        const outShape = replaced(shape, axis, ...indexShape);
        const x = randomArray(dtype, sizeOf(shape), random);
        // Where in x each element of the gathered array comes from.
        const origins = Array.from({ length: sizeOf(outShape) }, (_, point) => {
          const index = indicesOf(outShape, point);
          const pick = picks[flatIndex(indexShape, index.slice(axis, axis + indexShape.length))];
          const inX = [...index.slice(0, axis), pick, ...index.slice(axis + indexShape.length)];
          return flatIndex(shape, inX);
        });
        expect(
          run(
            gatherCpu,
            { axis },
            [
              [shape, x],
              [indexShape, picks],
            ],
            outShape,
            dtype,
          ),
        ).toEqual(origins.map((at) => x[at]));

        if (dtype === 'bool') continue;
        const updates = randomArray(dtype, sizeOf(outShape), random);
        const sums = allocate(dtype, sizeOf(shape));
        origins.forEach((at, point) => {
          sums[at] += updates[point];
        });
        const inputs = [
          [outShape, updates],
          [indexShape, picks],
        ] as const;
        expect(run(scatterAddCpu, { axis }, inputs, shape, dtype)).toEqual([...sums]);
      }
    }
  });

  it.each([-1, 5, 2147483647])('throws for index %i', (index) => {
    const inputs = [
      [[5], new Float32Array(5)],
      [[2], Int32Array.of(0, index)],
    ] as const;
    const attempt = (): unknown => run(gatherCpu, { axis: 0 }, inputs, [2], 'float32');
    expect(attempt).toThrow(IndexOutOfRangeError);
    expect(attempt).toThrow(`gather: index ${index} lies outside [0, 5)`);
    const updates = [[[2], new Float32Array(2)], inputs[1]] as const;
    expect(() => run(scatterAddCpu, { axis: 0 }, updates, [5], 'float32')).toThrow(
      expect.objectContaining({ kernel: 'scatterAdd', index, length: 5 }),
    );
  });
});

describe('iota', () => {
  it.each([0, 1, 513])('counts to %i', (size) => {
    const count = (start: number, step: number, dtype: DType): number[] =>
      run(iotaCpu, { start, step }, [], [size], dtype);
    const steps = Array.from({ length: size }, (_, i) => i);
    expect(count(-3, 2, 'int32')).toEqual(steps.map((i) => 2 * i - 3));
    expect(count(0.5, 0.1, 'float32')).toEqual(steps.map((i) => Math.fround(0.5 + i * 0.1)));
  });
});

describe.each(['sum', 'product'] as const)('cumulative %s', (operator) => {
  const random = generator(6);
  it.each(shapesAndAxes)('%j along axis %i', (shape, axis) => {
    for (const dtype of ['float32', 'int32'] as const) {
      for (const reverse of [false, true]) {
        const x = randomArray(dtype, sizeOf(shape), random);
        const expected = Array.from(x, (_, point) => {
          const index = indicesOf(shape, point);
          let total = operator === 'sum' ? 0 : 1;
          const direction = reverse ? -1 : 1;
          for (let i = reverse ? shape[axis] - 1 : 0; i !== index[axis] + direction; i += direction) {
            const value = x[flatIndex(shape, replaced(index, axis, i))];
            if (operator === 'sum') total += value;
            else total = dtype === 'int32' ? Math.imul(total, value) : total * value;
          }
          return dtype === 'int32' ? total : Math.fround(total);
        });
        expect(run(cumulativeCpu, { operator, axis, reverse }, [[shape, x]], shape, dtype)).toEqual(expected);
      }
    }
  });

  it('wraps int32 and counts one operation an element', () => {
    const x = Int32Array.of(2147483647, operator === 'sum' ? 1 : 3);
    const attributes = { operator, axis: 0, reverse: false };
    expect(run(cumulativeCpu, attributes, [[[2], x]], [2], 'int32')).toEqual([
      2147483647,
      operator === 'sum' ? -2147483648 : 2147483645,
    ]);
    const spec: TensorSpec = { shape: [2], dtype: 'int32' };
    expect(cumulative.flops({ inputs: [spec], outputs: [spec], attributes })).toBe(2);
  });
});
