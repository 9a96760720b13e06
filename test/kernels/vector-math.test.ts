/** What the four-lane float functions promise besides accuracy (accuracy.test.ts): lanes apart, bounds kept, used twice. */
import { describe, expect, it } from 'vitest';
import { binaryOperators, unaryOperators } from '../../kernels/elementwise/operators/index.ts';
import {
  type FunctionBuilder,
  i32,
  type Local,
  type Target,
  type Vector,
  v128,
} from '../../kernels/support/wasm/assembler/index.ts';
import * as vectorMath from '../../kernels/support/wasm/vector-math/index.ts';
import type { WasmKernel } from '../../kernels/support/wasm/wasm-kernel.ts';
import { floatsOfAllSizes, pairsOfAllSizes } from '../support/float-samples.ts';
import { specOf } from './support/run.ts';
import { runWasmKernel, targets } from './support/wasm.ts';

type VectorFunction = (f: FunctionBuilder, target: Target, ...operands: readonly Vector[]) => Vector;

/** A kernel whose items are vectors: output = function(inputs). */
function kernelOf(compute: VectorFunction): WasmKernel {
  return ({ inputs }, target) => ({
    stages: [
      {
        items: inputs[0].shape[0] / 4,
        write: (f, { first, end }, memory) =>
          f.for(first, end, 1, (item) => {
            const at = f.local('i32');
            const operands = memory.inputs.map((input): Vector => {
              pointTo(f, at, input, item);
              return f.keep(v128.load(at));
            });
            const result = compute(f, target, ...operands);
            pointTo(f, at, memory.outputs[0], item);
            f.do(v128.store(at, result));
          }),
      },
    ],
  });
}

/** pointer = base + 16 bytes per vector */
function pointTo(f: FunctionBuilder, pointer: Local<'i32'>, base: Local<'i32'>, item: Local<'i32'>): void {
  f.set(pointer, i32.add(base, i32.shiftLeft(item, 4)));
}

/** Of operands whose number is a multiple of four. */
function run(compute: VectorFunction, target: Target, operands: readonly Float32Array[]): Float32Array {
  const inputs = operands.map(({ length }) => specOf([length]));
  const call = { inputs, outputs: [inputs[0]], attributes: {} };
  return runWasmKernel(kernelOf(compute), call, operands, { target })[0] as Float32Array;
}

const wholeVectors = (all: Float32Array): Float32Array => all.subarray(0, all.length - (all.length % 4));

const { erf, log2, log10, sigmoid, sin, tanh } = vectorMath;
/** All functions that operators are computed by. */
const functions: [string, VectorFunction][] = Object.entries(vectorMath).flatMap(([name, compute]) =>
  name in unaryOperators || name in binaryOperators ? [[name, compute as VectorFunction]] : [],
);

/** The first lane comes last. */
function moved(operand: Float32Array): Float32Array {
  const result = new Float32Array(operand.length);
  result.set(operand.subarray(1));
  result[operand.length - 1] = operand[0];
  return result;
}

/** Coarser than where accuracy is measured. */
const step = 99_991;

describe.each(targets)('with %o', (target) => {
  const x = wholeVectors(floatsOfAllSizes(step));
  const pairs = pairsOfAllSizes(step).map(wholeVectors);

  it.each(functions)('%s of a lane does not depend on the other lanes', (name, compute) => {
    const operands = name in binaryOperators ? pairs : [x];
    const [result, movedResult] = [operands, operands.map(moved)].map((each) => run(compute, target, each));
    const differs = result.findIndex((value, at) => !Object.is(value, movedResult.at(at - 1)));
    expect(differs, `the place of ${operands.map((operand) => operand[differs])}`).toBe(-1);
  });

  it.each(Object.entries<VectorFunction>({ tanh, sigmoid, erf }))(
    '%s stays within its bounds and saturates',
    (name, compute) => {
      const result = run(compute, target, [x]);
      const least = name === 'sigmoid' ? 0 : -1;
      const bad = result.findIndex((value, at) => {
        if (Number.isNaN(x[at])) return !Number.isNaN(value);
        return !(value >= least && value <= 1) || (x[at] > 18 && value !== 1);
      });
      expect(bad, `the place of ${x[bad]}, where it is ${result[bad]}`).toBe(-1);
    },
  );

  it('finds the logarithms of powers of two and ten exactly', () => {
    const whole = (from: number, to: number): number[] =>
      Array.from({ length: to - from }, (_, at) => from + at);
    const [ofTwo, ofTen] = [whole(-149, 127), whole(0, 8)];
    expect([...run(log2, target, [Float32Array.from(ofTwo, (k) => 2 ** k)])]).toEqual(ofTwo);
    expect([...run(log10, target, [Float32Array.from(ofTen, (k) => 10 ** k)])]).toEqual(ofTen);
  });

  it('works on a function twice in one body, and on its own results', () => {
    const points = Float32Array.from({ length: 64 }, (_, at) => at / 8 - 4);
    const thrice: VectorFunction = (f, t, operand) => tanh(f, t, sin(f, t, sin(f, t, operand)));
    const steps = [sin, sin, tanh].reduce<Float32Array>(
      (values, compute) => run(compute, target, [values]),
      points,
    );
    expect(run(thrice, target, [points])).toEqual(steps);
  });
});
