/** The wasm reduction against the cpu one: every set of axes, blocks, accuracy, any number of parts. */
import { describe, expect, it } from 'vitest';
import type { Instruction, Load } from '../../kernels/elementwise/index.ts';
import { reduceCpu } from '../../kernels/reduce/cpu.ts';
import type { ReduceAttributes, ReduceOperator } from '../../kernels/reduce/index.ts';
import { reduceWasm } from '../../kernels/reduce/wasm.ts';
import {
  allocate,
  type DType,
  type KernelCall,
  type NumericArray,
  sizeOf,
} from '../../kernels/support/contract.ts';
import { denseStrides } from '../../kernels/support/view.ts';
import type { Target } from '../../kernels/support/wasm/assembler/index.ts';
import { generator, makeView, randomArray, shapes, viewKinds } from './naive-program.ts';
import { runWasmKernel, targets } from './support/wasm.ts';

const none = new Float32Array(0);
const operators = ['sum', 'max', 'argMax'] as const;
const dtypes = ['float32', 'int32', 'bool'] as const;

function callOf(
  attributes: ReduceAttributes,
  dtype: DType,
  inputs: readonly NumericArray[],
): KernelCall<ReduceAttributes> {
  const { operator, shape, axes, loads } = attributes;
  const counted = operator === 'argMax' || (operator === 'sum' && dtype === 'bool');
  return {
    inputs: inputs.map((array, input) => ({
      shape: [array.length],
      dtype: loads.find((load) => load.input === input)?.dtype ?? 'float32',
    })),
    outputs: [{ shape: shape.filter((_, axis) => !axes.includes(axis)), dtype: counted ? 'int32' : dtype }],
    attributes,
  };
}

function onCpu(call: KernelCall<ReduceAttributes>, inputs: readonly NumericArray[]): NumericArray {
  const output = allocate(call.outputs[0].dtype, sizeOf(call.outputs[0].shape));
  reduceCpu(call)(inputs, [output], none);
  return output;
}

/** The sums of magnitudes: what the rounding errors of sums in which values cancel are measured against. */
function magnitudes(attributes: ReduceAttributes, inputs: readonly NumericArray[]): NumericArray {
  const { loads, instructions, value } = attributes;
  const absolute: Instruction = { operator: 'abs', a: value, dtype: 'float32' };
  const ofMagnitudes = {
    ...attributes,
    instructions: [...instructions, absolute],
    value: loads.length + instructions.length,
  };
  return onCpu(callOf(ofMagnitudes, 'float32', inputs), inputs);
}

/** Compares with the cpu and 1, 2 and 3 parts with each other. `tolerance` is relative to the magnitudes; 0: to the bit. */
function expectEqual(
  attributes: ReduceAttributes,
  dtype: DType,
  inputs: readonly NumericArray[],
  target: Target,
  tolerance: number,
  message: string,
): void {
  const call = callOf(attributes, dtype, inputs);
  const [whole] = runWasmKernel(reduceWasm, call, inputs, { target });
  const expected = onCpu(call, inputs);
  if (tolerance > 0) {
    const scale = magnitudes(attributes, inputs);
    whole.forEach((result, i) => {
      const difference = Math.abs(result - expected[i]);
      expect(difference, `${message} element ${i}`).toBeLessThanOrEqual(tolerance * scale[i]);
    });
  } else expect(whole, message).toEqual(expected);
  for (const parts of [2, 3]) {
    expect(
      runWasmKernel(reduceWasm, call, inputs, { target, parts })[0],
      `${message}, ${parts} parts`,
    ).toEqual(whole);
  }
}

function dense(shape: readonly number[], dtype: DType = 'float32'): Load {
  return { input: 0, view: { offset: 0, strides: denseStrides(shape) }, dtype };
}

function subsets(rank: number): number[][] {
  return Array.from({ length: 2 ** rank }, (_, bits) =>
    Array.from({ length: rank }, (_, axis) => axis).filter((axis) => bits & (1 << axis)),
  );
}

describe.each(targets)('reduceWasm, relaxed $relaxedSimd', (target) => {
  const random = generator(5);

  for (const shape of [...shapes, [9, 37], [5, 4, 8], [40, 70]]) {
    it(`[${shape}]: every set of axes, sum, max and argMax, every dtype`, () => {
      for (const axes of subsets(shape.length)) {
        for (const dtype of dtypes) {
          for (const operator of operators) {
            if (operator === 'argMax' && axes.length !== 1) continue;
            const kind = viewKinds[Math.floor(random() * viewKinds.length)];
            const [view, size] = makeView(kind, shape, random);
            const input = randomArray(dtype, size, random);
            // NaN in some places, ties in most; sums of small integers are exact.
            if (dtype === 'float32') {
              input.forEach((value, i) => {
                input[i] = random() < 0.002 ? Number.NaN : Math.round(value) + 0;
              });
            }
            const instructions: Instruction[] =
              dtype === 'bool' ? [] : [{ operator: 'multiply', a: 0, b: 0, dtype }];
            const attributes: ReduceAttributes = {
              shape,
              loads: [{ input: 0, view, dtype }],
              instructions,
              operator,
              value: instructions.length,
              axes,
            };
            expectEqual(attributes, dtype, [input], target, 0, `${operator} ${dtype} ${kind} over ${axes}`);
          }
        }
      }
    });
  }

  const cases: readonly (readonly [number[], number[]])[] = [
    [[70001], [0]],
    [[2, 70003], [1]],
    [
      [300, 301],
      [0, 1],
    ],
    [[9001, 10], [0]],
    [[5003, 33], [0]],
    [[701, 130], [0]],
    [[17, 2500], [0]],
    [[3, 2000, 29], [1]],
    [
      [2, 111, 7, 64],
      [0, 1, 2],
    ],
    [
      [5, 300, 60, 2],
      [1, 3],
    ],
    [
      [3, 100, 5, 80],
      [0, 2],
    ],
  ];
  for (const [shape, axes] of cases) {
    it(`[${shape}] over ${axes}: large enough for blocks, or for wide rows`, () => {
      for (const dtype of dtypes) {
        const input = randomArray(dtype, sizeOf(shape), random);
        for (const operator of operators) {
          if (operator === 'argMax' && axes.length !== 1) continue;
          const attributes = {
            shape,
            loads: [dense(shape, dtype)],
            instructions: [],
            operator,
            value: 0,
            axes,
          };
          const tolerance = dtype === 'float32' && operator === 'sum' ? 5e-7 : 0;
          expectEqual(attributes, dtype, [input], target, tolerance, `${operator} ${dtype}`);
        }
      }
    });
  }

  it('sums long columns and rows of like sign to float32 precision', () => {
    for (const [shape, axes] of [
      [[1000003], [0]],
      [[31250, 32], [0]],
      [[4, 250001], [1]],
    ] as const) {
      const input = randomArray('float32', sizeOf(shape), random).map((value) => Math.abs(value) + 0.1);
      const attributes = { shape, loads: [dense(shape)], instructions: [], operator: 'sum', value: 0, axes };
      const call = callOf(attributes as ReduceAttributes, 'float32', [input]);
      const [actual] = runWasmKernel(reduceWasm, call, [input], { target, parts: 2 });
      const expected = onCpu(call, [input]);
      actual.forEach((sum, i) => {
        expect(Math.abs(sum / expected[i] - 1)).toBeLessThan(2e-7);
      });
    }
  });

  it('reduces heavy programs over broadcast rows', () => {
    const shape = [37, 3, 22];
    const loads: Load[] = [
      dense(shape),
      { input: 1, view: { offset: 0, strides: [0, 0, 1] }, dtype: 'float32' },
      { input: 2, view: { offset: 0, strides: [3, 1, 0] }, dtype: 'float32' },
    ];
    const instructions: Instruction[] = [
      { operator: 'subtract', a: 0, b: 2, dtype: 'float32' },
      { operator: 'exp', a: 3, dtype: 'float32' },
      { operator: 'multiply', a: 4, b: 1, dtype: 'float32' },
    ];
    const inputs = [37 * 66, 22, 111].map((size) => randomArray('float32', size, random));
    for (const axes of subsets(3)) {
      for (const operator of ['sum', 'max'] as const) {
        const attributes = { shape, loads, instructions, operator, value: 5, axes };
        expectEqual(attributes, 'float32', inputs, target, 5e-7, `${operator} over ${axes}`);
      }
    }
  });

  function plain(operator: ReduceOperator, values: NumericArray, dtype: DType): number {
    const shape = [values.length];
    const attributes = {
      shape,
      loads: [dense(shape, dtype)],
      instructions: [],
      operator,
      value: 0,
      axes: [0],
    };
    return runWasmKernel(reduceWasm, callOf(attributes, dtype, [values]), [values], { target })[0][0];
  }

  it('wraps int32, counts bools, reduces nothing', () => {
    expect(plain('sum', Float32Array.of(1e8, 1, 1, 1, -1e8), 'float32')).toBe(3);
    expect(plain('sum', Int32Array.of(2147483647, 1), 'int32')).toBe(-2147483648);
    expect(plain('sum', new Uint8Array(1000).fill(1), 'bool')).toBe(1000);
    expect(plain('max', new Float32Array(0), 'float32')).toBe(Number.NEGATIVE_INFINITY);
    expect(plain('max', new Int32Array(0), 'int32')).toBe(-2147483648);
    expect(plain('sum', new Float32Array(0), 'float32')).toBe(0);
  });

  it('finds NaN first, then the first of equal maxima', () => {
    const { NaN: nan, NEGATIVE_INFINITY: lowest } = Number;
    const many = new Float32Array(50).fill(lowest);
    expect(plain('argMax', many, 'float32')).toBe(0);
    many[41] = many[30] = 7;
    expect(plain('argMax', many, 'float32')).toBe(30);
    many[38] = many[39] = nan;
    expect(plain('argMax', many, 'float32')).toBe(38);
    expect(plain('max', many, 'float32')).toBe(nan);
    expect(plain('argMax', Float32Array.of(1, nan, 3, nan), 'float32')).toBe(1);
    expect(plain('argMax', Int32Array.of(-5, -2, -9, -2, -2, -7), 'int32')).toBe(1);
  });
});
