/** The fused reduction against a naive one, over every subset of axes of generated shapes. */
import { describe, expect, it } from 'vitest';
import type { Instruction } from '../../kernels/elementwise/index.ts';
import { reduceCpu } from '../../kernels/reduce/cpu.ts';
import { type ReduceAttributes, type ReduceOperator, reduce } from '../../kernels/reduce/index.ts';
import { allocate, type DType, type NumericArray, sizeOf } from '../../kernels/support/contract.ts';
import { denseStrides } from '../../kernels/support/view.ts';
import {
  generator,
  indicesOf,
  makeView,
  naiveRegisters,
  randomArray,
  shapes,
  viewKinds,
} from './naive-program.ts';

const none = new Float32Array(0);

function outDtype(operator: ReduceOperator, dtype: DType): DType {
  if (operator === 'argMax') return 'int32';
  return operator === 'sum' && dtype === 'bool' ? 'int32' : dtype;
}

function run(attributes: ReduceAttributes, dtype: DType, inputs: readonly NumericArray[]): NumericArray {
  const shape = attributes.shape.filter((_, axis) => !attributes.axes.includes(axis));
  const output = allocate(outDtype(attributes.operator, dtype), sizeOf(shape)).fill(77);
  reduceCpu({ inputs: [], outputs: [{ shape, dtype: outDtype(attributes.operator, dtype) }], attributes })(
    inputs,
    [output],
    none,
  );
  return output;
}

function naive(attributes: ReduceAttributes, dtype: DType, inputs: readonly NumericArray[]): NumericArray {
  const { shape, axes, operator, value } = attributes;
  const kept = shape.filter((_, axis) => !axes.includes(axis));
  const groups: { value: number; position: number }[][] = Array.from({ length: sizeOf(kept) }, () => []);
  naiveRegisters(attributes, inputs)[value].forEach((element, point) => {
    const index = indicesOf(shape, point);
    const keptIndex = index.filter((_, axis) => !axes.includes(axis));
    const out = denseStrides(kept).reduce((at, stride, axis) => at + stride * keptIndex[axis], 0);
    groups[out].push({ value: element, position: index[axes[0]] ?? 0 });
  });
  const output = allocate(outDtype(operator, dtype), groups.length);
  const least = { float32: Number.NEGATIVE_INFINITY, int32: -2147483648, bool: 0 }[dtype];
  groups.forEach((members, out) => {
    const values = members.map((member) => member.value);
    if (operator === 'sum') output[out] = values.reduce((total, element) => total + element, 0);
    else if (operator === 'max')
      output[out] = values.reduce((best, element) => Math.max(best, element), least);
    else {
      const nan = values.findIndex(Number.isNaN);
      const best = values.reduce((top, element) => Math.max(top, element), least);
      output[out] = members[nan >= 0 ? nan : values.indexOf(best)]?.position ?? 0;
    }
  });
  return output;
}

function subsets(rank: number): number[][] {
  return Array.from({ length: 2 ** rank }, (_, bits) =>
    Array.from({ length: rank }, (_, axis) => axis).filter((axis) => bits & (1 << axis)),
  );
}

describe('reduce', () => {
  const random = generator(2);
  for (const shape of shapes) {
    it(`[${shape}]: every set of axes, sum, max and argMax, every dtype`, () => {
      for (const axes of subsets(shape.length)) {
        for (const dtype of ['float32', 'int32', 'bool'] as const) {
          for (const operator of ['sum', 'max', 'argMax'] as const) {
            if (operator === 'argMax' && axes.length !== 1) continue;
            const [view, size] = makeView(viewKinds[Math.floor(random() * viewKinds.length)], shape, random);
            const input = randomArray(dtype, size, random);
            // NaN in some places, ties in most.
            if (dtype === 'float32') {
              input.forEach((value, i) => {
                input[i] = random() < 0.002 ? Number.NaN : Math.round(value) + 0;
              });
            }
            const fused: Instruction[] =
              dtype === 'bool' ? [] : [{ operator: 'multiply', a: 0, b: 0, dtype }];
            const attributes: ReduceAttributes = {
              shape,
              loads: [{ input: 0, view, dtype }],
              instructions: fused,
              operator,
              value: fused.length,
              axes,
            };
            expect([...run(attributes, dtype, [input])], `${operator} ${dtype} over ${axes}`).toEqual([
              ...naive(attributes, dtype, [input]),
            ]);
          }
        }
      }
    });
  }

  function plain(operator: ReduceOperator, values: NumericArray, dtype: DType): number {
    const attributes: ReduceAttributes = {
      shape: [values.length],
      loads: [{ input: 0, view: { offset: 0, strides: [1] }, dtype }],
      instructions: [],
      operator,
      value: 0,
      axes: [0],
    };
    expect(reduce.flops({ inputs: [], outputs: [], attributes })).toBe(values.length);
    return run(attributes, dtype, [values])[0];
  }

  it('sums floats in float64 and wraps int32', () => {
    expect(plain('sum', Float32Array.of(1e8, 1, 1, 1, -1e8), 'float32')).toBe(3);
    expect(plain('sum', Int32Array.of(2147483647, 1), 'int32')).toBe(-2147483648);
    expect(plain('sum', new Uint8Array(1000).fill(1), 'bool')).toBe(1000);
  });

  it('finds NaN first, then the first of equal maxima', () => {
    const { NaN: nan, NEGATIVE_INFINITY: lowest } = Number;
    expect(plain('max', Float32Array.of(1, nan, 3), 'float32')).toBe(nan);
    expect(plain('argMax', Float32Array.of(1, nan, 3, nan), 'float32')).toBe(1);
    expect(plain('argMax', Float32Array.of(1, 3, 3), 'float32')).toBe(1);
    expect(plain('argMax', Float32Array.of(lowest, lowest), 'float32')).toBe(0);
    expect(plain('max', new Float32Array(0), 'float32')).toBe(lowest);
  });
});
