/** The wasm elementwise kernel against the cpu one: views, operators, dtypes, in place, any number of parts. */
import { describe, expect, it } from 'vitest';
import { elementwiseCpu } from '../../kernels/elementwise/cpu.ts';
import type { ElementwiseAttributes, Instruction, Load } from '../../kernels/elementwise/index.ts';
import { SpaceWalk } from '../../kernels/elementwise/wasm/space-walk.ts';
import { elementwiseWasm } from '../../kernels/elementwise/wasm.ts';
import {
  allocate,
  type DType,
  type KernelCall,
  type NumericArray,
  sizeOf,
} from '../../kernels/support/contract.ts';
import { denseStrides, type View } from '../../kernels/support/view.ts';
import { FunctionBuilder, type Target } from '../../kernels/support/wasm/assembler/index.ts';
import { instructionsOn } from '../support/operators.ts';
import { generator, makeView, randomArray, shapes, viewKinds } from './naive-program.ts';
import { runWasmKernel, targets, type WasmRunOptions } from './support/wasm.ts';

const none = new Float32Array(0);

function dtypeOf(array: NumericArray): DType {
  if (array instanceof Float32Array) return 'float32';
  return array instanceof Int32Array ? 'int32' : 'bool';
}

function callOf(
  attributes: ElementwiseAttributes,
  inputs: readonly NumericArray[],
): KernelCall<ElementwiseAttributes> {
  const types = [...attributes.loads, ...attributes.instructions].map(({ dtype }) => dtype);
  return {
    inputs: inputs.map((array) => ({ shape: [array.length], dtype: dtypeOf(array) })),
    outputs: attributes.stores.map((register) => ({ shape: attributes.shape, dtype: types[register] })),
    attributes,
  };
}

function onCpu(attributes: ElementwiseAttributes, inputs: readonly NumericArray[]): NumericArray[] {
  const call = callOf(attributes, inputs);
  const outputs = call.outputs.map(({ dtype }) => allocate(dtype, sizeOf(attributes.shape)));
  elementwiseCpu(call)(inputs, outputs, none);
  return outputs;
}

function onWasm(
  attributes: ElementwiseAttributes,
  inputs: readonly NumericArray[],
  options: WasmRunOptions,
): NumericArray[] {
  return runWasmKernel(elementwiseWasm, callOf(attributes, inputs), inputs, options);
}

/** Compares all outputs bit by bit (every NaN counts as the same), in 1, 2 and 3 parts. */
function expectEqual(
  attributes: ElementwiseAttributes,
  inputs: readonly NumericArray[],
  target: Target,
  message: string,
): void {
  const expected = onCpu(attributes, inputs);
  for (const parts of [1, 2, 3]) {
    const actual = onWasm(attributes, inputs, { target, parts });
    actual.forEach((output, at) => {
      for (let i = 0; i < output.length; i++) {
        if (Object.is(output[i], expected[at][i])) continue;
        expect.fail(
          `${message}, output ${at}, element ${i}: ${output[i]}, expected ${expected[at][i]}, ${parts} parts`,
        );
      }
    });
  }
}

function denseLoad(input: number, shape: readonly number[], dtype: DType = 'float32'): Load {
  return { input, view: { offset: 0, strides: denseStrides(shape) }, dtype };
}

/** A program that combines two loads of one dtype in some ways, and stores what it has. */
function combination(shape: readonly number[], dtype: DType, views: readonly View[]): ElementwiseAttributes {
  return {
    shape,
    loads: views.map((view, input) => ({ input, view, dtype })),
    instructions: [
      dtype === 'bool'
        ? { operator: 'notEqual', a: 0, b: 1, dtype }
        : { operator: 'multiply', a: 0, b: 1, dtype },
      { operator: 'less', a: 0, b: 1, dtype: 'bool' },
      { operator: 'where', a: 3, b: 2, c: 0, dtype },
      { operator: 'constant', value: 1, dtype },
      { operator: 'cast', a: 4, dtype: 'float32' },
    ],
    stores: [4, 3, 0, 4, 6, 5, 1],
  };
}

/** Floats whose treatment differs most: zeros, halves, huge, tiny, not finite. */
const special = [
  0, -0, 0.5, -0.5, 1.5, 2.5, -2.5, 1, -1, 3e38, -3e38, 1e-40, 8388609, 2147483648, -2147483648,
];
const notFinite = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

/** Every pair of the given values, as two arrays. */
function pairs(values: readonly number[]): [number[], number[]] {
  return [values.flatMap((a) => values.map(() => a)), values.flatMap(() => [...values])];
}

describe.each(targets)('elementwiseWasm, relaxed $relaxedSimd', (target) => {
  const random = generator(3);
  for (const shape of [...shapes, [7, 5, 4], [3, 4, 1, 16], [5, 64], [130, 3], [37, 70], [3, 20, 101]]) {
    it(`[${shape}]: every kind of view, every dtype`, () => {
      for (const dtype of ['float32', 'int32', 'bool'] as const) {
        for (const kind of viewKinds) {
          const other = viewKinds[Math.floor(random() * viewKinds.length)];
          const made = [kind, other].map((each) => makeView(each, shape, random));
          const inputs = made.map(([, size]) => randomArray(dtype, size, random));
          const attributes = combination(
            shape,
            dtype,
            made.map(([view]) => view),
          );
          expectEqual(attributes, inputs, target, `${kind} and ${other} ${dtype}`);
        }
      }
    });
  }

  it('reads padded images, and rows that are padding as a whole', () => {
    const shape = [2, 9, 11, 8];
    const view: View = {
      offset: -(1 * 6 * 8 + 3 * 8),
      strides: [7 * 6 * 8, 6 * 8, 8, 1],
      bounds: [
        [0, 2],
        [1, 8],
        [3, 9],
        [0, 8],
      ],
      fill: 1,
    };
    for (const dtype of ['float32', 'int32', 'bool'] as const) {
      const inputs = [randomArray(dtype, 2 * 7 * 6 * 8, random), randomArray(dtype, 2 * 9 * 11 * 8, random)];
      const dense = { offset: 0, strides: denseStrides(shape) };
      expectEqual(combination(shape, dtype, [view, dense]), inputs, target, dtype);
    }
  });

  it('computes once what does not change', () => {
    const shape = [6, 37];
    const load = (input: number, ...strides: number[]): Load => ({
      input,
      view: { offset: 1, strides },
      dtype: 'float32',
    });
    const attributes: ElementwiseAttributes = {
      shape,
      loads: [load(0, 37, 1), load(1, 1, 0), load(2, 0, 0), load(2, 0, 1)],
      instructions: [
        { operator: 'constant', value: 0.25, dtype: 'float32' },
        { operator: 'sqrt', a: 2, dtype: 'float32' },
        { operator: 'add', a: 5, b: 4, dtype: 'float32' },
        { operator: 'multiply', a: 1, b: 6, dtype: 'float32' },
        { operator: 'divide', a: 7, b: 2, dtype: 'float32' },
        { operator: 'add', a: 8, b: 0, dtype: 'float32' },
        { operator: 'subtract', a: 9, b: 3, dtype: 'float32' },
      ],
      stores: [10, 8, 6],
    };
    const inputs = [223, 7, 38].map((size) => randomArray('float32', size, random).map(Math.abs));
    expectEqual(attributes, inputs, target, 'levels');
  });

  const apply = (instruction: Instruction, inputs: readonly NumericArray[]): ElementwiseAttributes => ({
    shape: [inputs[0].length],
    loads: inputs.map((array, input) => denseLoad(input, [array.length], dtypeOf(array))),
    instructions: [instruction],
    stores: [inputs.length],
  });

  it('computes the exact operators like the cpu, to the bit', () => {
    const [a, b] = pairs([...special, ...notFinite, 0.1, -7, 100.25]);
    const floats = [Float32Array.from(a), Float32Array.from(b)];
    for (const operator of [
      'negate',
      'abs',
      'sign',
      'floor',
      'ceil',
      'round',
      'sqrt',
      'reciprocal',
    ] as const) {
      expectEqual(apply({ operator, a: 0, dtype: 'float32' }, [floats[0]]), [floats[0]], target, operator);
    }
    for (const operator of ['add', 'subtract', 'multiply', 'divide', 'maximum', 'minimum'] as const) {
      expectEqual(apply({ operator, a: 0, b: 1, dtype: 'float32' }, floats), floats, target, operator);
    }
    const [c, d] = pairs([0, 1, -1, 2, -3, 7, 46341, 123456789, 2147483647, -2147483648]);
    const integers = [Int32Array.from(c), Int32Array.from(d)];
    for (const operator of ['negate', 'abs', 'sign'] as const) {
      expectEqual(apply({ operator, a: 0, dtype: 'int32' }, [integers[0]]), [integers[0]], target, operator);
    }
    for (const operator of ['add', 'subtract', 'multiply', 'maximum', 'minimum', 'remainder'] as const) {
      expectEqual(apply({ operator, a: 0, b: 1, dtype: 'int32' }, integers), integers, target, operator);
    }
    const [e, g] = pairs([0, 1]);
    const bools = [Uint8Array.from(e), Uint8Array.from(g)];
    expectEqual(
      apply({ operator: 'logicalNot', a: 0, dtype: 'bool' }, [bools[0]]),
      [bools[0]],
      target,
      'not',
    );
    for (const operator of ['logicalAnd', 'logicalOr'] as const) {
      expectEqual(apply({ operator, a: 0, b: 1, dtype: 'bool' }, bools), bools, target, operator);
    }
    for (const operands of [floats, integers, bools]) {
      for (const operator of ['equal', 'notEqual', 'less', 'lessEqual'] as const) {
        expectEqual(apply({ operator, a: 0, b: 1, dtype: 'bool' }, operands), operands, target, operator);
      }
      for (const dtype of ['float32', 'int32', 'bool'] as const) {
        expectEqual(apply({ operator: 'cast', a: 0, dtype }, [operands[0]]), [operands[0]], target, dtype);
      }
    }
  });

  it('bounds by a constant like the cpu, to the bit', () => {
    const x = Float32Array.from([...special, ...notFinite]);
    for (const value of [...special, ...notFinite]) {
      for (const operator of ['maximum', 'minimum'] as const) {
        for (const [a, b] of [
          [0, 1],
          [1, 0],
        ]) {
          const attributes: ElementwiseAttributes = {
            shape: [x.length],
            loads: [denseLoad(0, [x.length])],
            instructions: [
              { operator: 'constant', value, dtype: 'float32' },
              { operator, a, b, dtype: 'float32' },
            ],
            stores: [2],
          };
          expectEqual(attributes, [x], target, `${operator} with ${value}`);
        }
      }
    }
  });

  it('computes all operators of floats within 4 units in the last place', () => {
    const x = Float32Array.from([...randomArray('float32', 999, random), ...special, ...notFinite]);
    const y = Float32Array.from([...randomArray('float32', 999, random), ...special.map(() => 2), 0, 1, 2]);
    for (const instruction of instructionsOn('float32', 0, 1)) {
      const { operator } = instruction;
      const inputs = 'b' in instruction ? [x, y] : [x];
      const attributes = apply(instruction, inputs);
      const [expected] = onCpu(attributes, inputs);
      const [actual] = onWasm(attributes, inputs, { target });
      for (let i = 0; i < expected.length; i++) {
        if (Object.is(actual[i], expected[i])) continue;
        const distance = unitsApart(actual[i], expected[i]);
        expect(distance, `${operator} of ${x[i]}: ${actual[i]}, not ${expected[i]}`).toBeLessThanOrEqual(4);
      }
      for (const parts of [2, 3]) expect(onWasm(attributes, inputs, { target, parts })[0]).toEqual(actual);
    }
  });

  it('updates inputs in place, and swaps them', () => {
    for (const size of [1, 3, 64, 1501]) {
      const inputs = [0, 1, 2].map(() => randomArray('float32', size, random));
      const attributes: ElementwiseAttributes = {
        shape: [size],
        loads: [0, 1, 2].map((input) => denseLoad(input, [size])),
        instructions: [
          { operator: 'add', a: 0, b: 1, dtype: 'float32' },
          { operator: 'multiply', a: 3, b: 0, dtype: 'float32' },
        ],
        stores: [3, 4, 0],
      };
      const aliases = new Map([
        [0, 0],
        [1, 1],
        [2, 2],
      ]);
      const expected = onCpu(attributes, inputs);
      for (const parts of [1, 2, 3]) {
        expect(onWasm(attributes, inputs, { target, parts, aliases })).toEqual(expected);
      }
    }
  });

  it('writes no code at a place to which no walk has gone, or gone twice', () => {
    const space = { axes: [{ length: 8, kept: true, strides: [], bounds: [] }], loads: [] };
    const walk = new SpaceWalk(new FunctionBuilder(0), space, []);
    expect(() => walk.nextInColumn([])).toThrow('goTo');
    const place = { axes: [0], position: 1 };
    expect(() => walk.goTo(place, place)).toThrow('one axis');
  });

  it('refuses an operator that its dtype does not have', () => {
    const x = new Int32Array(2);
    expect(() => onWasm(apply({ operator: 'exp', a: 0, dtype: 'int32' }, [x]), [x], { target })).toThrow(
      /"exp".*int32/,
    );
  });
});

/** How many floats lie between two. */
function unitsApart(a: number, b: number): number {
  const ordered = [a, b].map((value) => {
    const bits = new Int32Array(Float32Array.of(value).buffer)[0];
    return bits < 0 ? -(bits & 0x7fffffff) : bits;
  });
  return Number.isNaN(a) || Number.isNaN(b) ? Number.POSITIVE_INFINITY : Math.abs(ordered[0] - ordered[1]);
}
