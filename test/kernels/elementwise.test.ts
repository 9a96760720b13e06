/** The elementwise kernel against the naive evaluator, over generated views, and its numerics case by case. */
import { describe, expect, it } from 'vitest';
import { elementwiseCpu } from '../../kernels/elementwise/cpu.ts';
import {
  type BinaryOperator,
  type ElementwiseAttributes,
  elementwise,
  type Instruction,
  type Load,
  type UnaryOperator,
} from '../../kernels/elementwise/index.ts';
import { allocate, type DType, type NumericArray, sizeOf } from '../../kernels/support/contract.ts';
import { denseStrides } from '../../kernels/support/view.ts';
import { instructionsOn } from '../support/operators.ts';
import { generator, makeView, naiveRegisters, randomArray, shapes, viewKinds } from './naive-program.ts';

const none = new Float32Array(0);

function dtypesOf(attributes: ElementwiseAttributes): DType[] {
  const types = [...attributes.loads, ...attributes.instructions].map(({ dtype }) => dtype);
  return attributes.stores.map((register) => types[register]);
}

function prepare(attributes: ElementwiseAttributes) {
  const outputs = dtypesOf(attributes).map((dtype) => ({ shape: attributes.shape, dtype }));
  return elementwiseCpu({ inputs: [], outputs, attributes });
}

function run(attributes: ElementwiseAttributes, inputs: readonly NumericArray[]): NumericArray[] {
  const outputs = dtypesOf(attributes).map((dtype) => allocate(dtype, sizeOf(attributes.shape)));
  prepare(attributes)(inputs, outputs, none);
  return outputs;
}

function denseLoad(input: number, shape: readonly number[], dtype: DType = 'float32'): Load {
  return { input, view: { offset: 0, strides: denseStrides(shape) }, dtype };
}

/** One operator applied to dense vectors. */
function apply(instruction: Instruction, ...inputs: readonly NumericArray[]): number[] {
  const shape = [inputs[0].length];
  const loads = inputs.map((array, i) => {
    if (array instanceof Float32Array) return denseLoad(i, shape);
    return denseLoad(i, shape, array instanceof Int32Array ? 'int32' : 'bool');
  });
  return [...run({ shape, loads, instructions: [instruction], stores: [inputs.length] }, inputs)[0]];
}

const unaryOf = (operator: UnaryOperator, values: number[]): number[] =>
  apply({ operator, a: 0, dtype: 'float32' }, Float32Array.from(values));
const floatOf = (operator: BinaryOperator, a: number[], b: number[], dtype: DType = 'float32'): number[] =>
  apply({ operator, a: 0, b: 1, dtype }, Float32Array.from(a), Float32Array.from(b));
const intOf = (operator: BinaryOperator, a: number[], b: number[], dtype: DType = 'int32'): number[] =>
  apply({ operator, a: 0, b: 1, dtype }, Int32Array.from(a), Int32Array.from(b));

describe('elementwise over views', () => {
  const random = generator(1);
  for (const shape of shapes) {
    it(`[${shape}]: every kind of view, every dtype`, () => {
      for (const dtype of ['float32', 'int32', 'bool'] as const) {
        for (const kind of viewKinds) {
          const [view, size] = makeView(kind, shape, random);
          const [otherView, otherSize] = makeView(
            viewKinds[Math.floor(random() * viewKinds.length)],
            shape,
            random,
          );
          const inputs = [randomArray(dtype, size, random), randomArray(dtype, otherSize, random)];
          const combine: Instruction =
            dtype === 'bool'
              ? { operator: 'notEqual', a: 0, b: 1, dtype }
              : { operator: 'multiply', a: 0, b: 1, dtype };
          const attributes: ElementwiseAttributes = {
            shape,
            loads: [
              { input: 0, view, dtype },
              { input: 1, view: otherView, dtype },
            ],
            instructions: [
              combine,
              { operator: 'less', a: 0, b: 1, dtype: 'bool' },
              { operator: 'where', a: 3, b: 2, c: 0, dtype },
              { operator: 'constant', value: 1, dtype },
              { operator: 'cast', a: 4, dtype: 'float32' },
            ],
            stores: [4, 3, 0, 4, 6, 5, 1],
          };
          const expected = naiveRegisters(attributes, inputs);
          run(attributes, inputs).forEach((output, i) => {
            expect([...output], `${kind} output ${i}`).toEqual(expected[attributes.stores[i]]);
          });
        }
      }
    });
  }

  it('evaluates every operator like the naive evaluator', () => {
    const shape = [3, 431];
    const values = randomArray('float32', 1293, random);
    const instructions = [
      ...instructionsOn('float32', 0, 1),
      ...instructionsOn('int32', 2, 3),
      ...instructionsOn('bool', 4, 5),
    ];
    const loads = [
      denseLoad(0, shape),
      denseLoad(1, shape),
      denseLoad(2, shape, 'int32'),
      denseLoad(3, shape, 'int32'),
      denseLoad(4, shape, 'bool'),
      denseLoad(5, shape, 'bool'),
    ];
    const attributes = { shape, loads, instructions, stores: instructions.map((_, i) => i + 6) };
    const inputs = [
      values,
      randomArray('float32', 1293, random),
      randomArray('int32', 1293, random),
      randomArray('int32', 1293, random),
      randomArray('bool', 1293, random),
      randomArray('bool', 1293, random),
    ];
    const expected = naiveRegisters(attributes, inputs);
    run(attributes, inputs).forEach((output, i) => {
      const plainZeros = (numbers: Iterable<number>): number[] => Array.from(numbers, (value) => value + 0);
      expect(plainZeros(output), instructions[i].operator).toEqual(plainZeros(expected[i + 6]));
    });
    expect(elementwise.flops({ inputs: [], outputs: [], attributes })).toBe(instructions.length * 1293);
  });

  it('refuses an operator that its dtype does not have', () => {
    expect(() => apply({ operator: 'exp', a: 0, dtype: 'int32' }, new Int32Array(2))).toThrow(/"exp".*int32/);
    expect(() => intOf('divide', [1], [2])).toThrow(/"divide".*int32/);
    expect(() => intOf('power', [1], [2])).toThrow(/"power".*int32/);
  });
});

describe('elementwise in place', () => {
  const shape = [1500];
  const fresh = (): NumericArray[] => [0, 1, 2].map((k) => randomArray('float32', 1500, generator(k + 9)));
  const loads = [0, 1, 2].map((input) => denseLoad(input, shape));

  it('updates inputs that are read again after the output was computed', () => {
    const attributes: ElementwiseAttributes = {
      shape,
      loads,
      instructions: [
        { operator: 'add', a: 0, b: 1, dtype: 'float32' },
        { operator: 'multiply', a: 3, b: 0, dtype: 'float32' },
        { operator: 'subtract', a: 1, b: 4, dtype: 'float32' },
      ],
      stores: [3, 5, 4],
    };
    const expected = naiveRegisters(attributes, fresh());
    const [p, m, g] = fresh();
    const third = new Float32Array(1500);
    prepare(attributes)([p, m, g], [p, m, third], none);
    expect([...p]).toEqual(expected[3]);
    expect([...m]).toEqual(expected[5]);
    expect([...third]).toEqual(expected[4]);
  });

  it('swaps and rotates its inputs, in one arena as well', () => {
    const arena = new ArrayBuffer(3 * 6000);
    const arrays = [0, 1, 2].map((k) => new Float32Array(arena, k * 6000, 1500));
    for (const [k, values] of fresh().entries()) arrays[k].set(values);
    prepare({ shape, loads, instructions: [], stores: [1, 2, 0] })(arrays, arrays, none);
    const [a, b, c] = fresh();
    expect(arrays.map((array) => [...array])).toEqual([[...b], [...c], [...a]]);
  });

  it('gives the same on every run of one prepared kernel', () => {
    const double = prepare({
      shape,
      loads: [denseLoad(0, shape), { input: 1, view: { offset: 0, strides: [0] }, dtype: 'float32' }],
      instructions: [{ operator: 'multiply', a: 0, b: 1, dtype: 'float32' }],
      stores: [2],
    });
    const [x] = fresh();
    for (const factor of [2, 3, 0.5]) {
      const output = new Float32Array(1500);
      double([x, Float32Array.of(factor)], [output], none);
      expect([...output]).toEqual(Array.from(x, (value) => Math.fround(value * factor)));
    }
  });
});

describe('elementwise numerics', () => {
  const infinity = Number.POSITIVE_INFINITY;
  const nan = Number.NaN;

  it('erf is accurate to float32 everywhere, relatively so near 0', () => {
    // Values of the C library's erf, by way of Python's math.erf.
    const table: [number, number][] = [
      [1e-30, 1.128379167095e-30],
      [1e-4, 1.1283791633342489e-4],
      [0.5, 0.5204998778130465],
      [1, 0.8427007929497149],
      [1.5, 0.9661051464753108],
      [2, 0.9953222650189527],
      [2.5, 0.999593047982555],
      [3, 0.9999779095030014],
      [5, 1],
      [infinity, 1],
    ];
    const x = table.map(([at]) => Math.fround(at));
    const results = unaryOf('erf', [...x, ...x.map((at) => -at)]);
    table.forEach(([, value], i) => {
      expect(Math.abs(results[i] / value - 1)).toBeLessThan(1.2e-7);
      expect(results[i + x.length]).toBe(-results[i]);
    });
    expect(unaryOf('erf', [nan, 0])).toEqual([nan, 0]);
    // No step where the series hands over to the continued fraction.
    const [below, above] = unaryOf('erf', [1.9999999, 2]);
    expect(above - below).toBeLessThan(2e-7);
  });

  it('treats extremes as IEEE 754 does', () => {
    expect(unaryOf('sigmoid', [-infinity, -1000, 0, 1000, infinity, nan])).toEqual([0, 0, 0.5, 1, 1, nan]);
    expect(unaryOf('sigmoid', [-80])[0]).toBeCloseTo(1.8048514e-35, 40);
    expect(unaryOf('round', [0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 2.4, nan])).toEqual([
      0,
      2,
      2,
      -0,
      -2,
      -2,
      2,
      nan,
    ]);
    expect(unaryOf('sign', [nan, -3, 0, 2])).toEqual([nan, -1, 0, 1]);
    expect(floatOf('maximum', [nan, 1, -infinity], [1, nan, 2])).toEqual([nan, nan, 2]);
    expect(floatOf('minimum', [nan, 1, -infinity], [1, nan, 2])).toEqual([nan, nan, -infinity]);
    expect(floatOf('power', [1, nan, -1, 1, 2, -8], [nan, 0, infinity, infinity, -1, 3])).toEqual([
      1, 1, 1, 1, 0.5, -512,
    ]);
    expect(floatOf('remainder', [5, -5, 5, -5, -6, 1, -1], [3, 3, -3, -3, 3, infinity, infinity])).toEqual([
      2,
      1,
      -1,
      -2,
      0,
      1,
      infinity,
    ]);
    expect(floatOf('remainder', [1], [0])).toEqual([nan]);
    expect(floatOf('equal', [nan, 1, 0], [nan, 1, -0], 'bool')).toEqual([0, 1, 1]);
    expect(floatOf('notEqual', [nan, 1], [nan, 1], 'bool')).toEqual([1, 0]);
    expect(floatOf('lessEqual', [nan, 1], [1, 1], 'bool')).toEqual([0, 1]);
  });

  it('wraps int32', () => {
    const big = 2147483647;
    expect(intOf('add', [big, -big - 1], [1, -1])).toEqual([-big - 1, big]);
    expect(intOf('multiply', [123456789], [987654321])).toEqual([Math.imul(123456789, 987654321)]);
    expect(intOf('remainder', [7, -7, 7, -7, 5], [3, 3, -3, -3, 0])).toEqual([1, 2, -2, -1, 0]);
  });

  it('casts', () => {
    const floats = Float32Array.of(2.9, -2.9, nan, 1e20, -1e20, infinity, 0.25, -0);
    expect(apply({ operator: 'cast', a: 0, dtype: 'int32' }, floats)).toEqual([
      2, -2, 0, 2147483647, -2147483648, 2147483647, 0, 0,
    ]);
    expect(apply({ operator: 'cast', a: 0, dtype: 'bool' }, floats)).toEqual([1, 1, 1, 1, 1, 1, 1, 0]);
    expect(apply({ operator: 'cast', a: 0, dtype: 'float32' }, Int32Array.of(16777217, -3))).toEqual([
      16777216, -3,
    ]);
    expect(apply({ operator: 'cast', a: 0, dtype: 'bool' }, Int32Array.of(256, 0))).toEqual([1, 0]);
    expect(apply({ operator: 'logicalNot', a: 0, dtype: 'bool' }, Uint8Array.of(0, 1))).toEqual([1, 0]);
    expect(
      apply({ operator: 'logicalOr', a: 0, b: 1, dtype: 'bool' }, Uint8Array.of(0, 1), Uint8Array.of(0, 0)),
    ).toEqual([0, 1]);
  });
});
