/** Softmax and its logarithm on the GPU: two reductions over the rows, and one elementwise pass. */
import { type BoundLoad, storePass, type ThreadProgram } from '../elementwise/gpu/thread-program.ts';
import type { Instruction } from '../elementwise/index.ts';
import { reducePasses } from '../reduce/gpu.ts';
import { sizeOf } from '../support/contract.ts';
import { type GpuArray, type GpuKernel, input, output, temporary } from '../support/gpu/gpu-kernel.ts';
import type { SoftmaxAttributes } from './index.ts';

export const softmaxGpu = byRows(() => [
  { operator: 'subtract', a: 0, b: 1, dtype: 'float32' },
  { operator: 'exp', a: 3, dtype: 'float32' },
  { operator: 'divide', a: 4, b: 2, dtype: 'float32' },
]);

// In this order: the maximum may be 1e4 and the logarithm 1e-7, and their sum would lose the latter.
export const logSoftmaxGpu = byRows(() => [
  { operator: 'subtract', a: 0, b: 1, dtype: 'float32' },
  { operator: 'log', a: 2, dtype: 'float32' },
  { operator: 'subtract', a: 3, b: 4, dtype: 'float32' },
]);

/** The kernel whose last pass computes, of an element, its row's maximum and its row's sum of powers, what it stores. */
function byRows(instructions: () => readonly Instruction[]): GpuKernel<SoftmaxAttributes> {
  return ({ inputs: [{ shape }] }, target) => {
    const size = sizeOf(shape);
    if (size === 0) return { passes: [] };
    const length = shape[shape.length - 1];
    const space = [size / length, length];
    const elements = load(input(0), size, [length, 1]);
    const rowsOf = (array: GpuArray): BoundLoad => load(array, size / length, [1, 0]);
    const maxima: ThreadProgram = { shape: space, loads: [elements], instructions: [] };
    const largest = reducePasses(
      { program: maxima, value: 0, axes: [1], operator: 'max' },
      temporary(0),
      target,
      2,
    );
    const powers: ThreadProgram = {
      shape: space,
      loads: [elements, rowsOf(temporary(0))],
      instructions: [
        { operator: 'subtract', a: 0, b: 1, dtype: 'float32' },
        { operator: 'exp', a: 2, dtype: 'float32' },
      ],
    };
    const sums = reducePasses(
      { program: powers, value: 3, axes: [1], operator: 'sum' },
      temporary(1),
      target,
      largest.temporaries,
    );
    const last = instructions();
    const program: ThreadProgram = {
      shape: space,
      loads: [elements, rowsOf(temporary(0)), rowsOf(temporary(1))],
      instructions: last,
    };
    const stored = program.loads.length + last.length - 1;
    return { passes: [...largest.passes, ...sums.passes, storePass(program, stored, output(0))] };
  };
}

function load(array: GpuArray, size: number, strides: readonly number[]): BoundLoad {
  return { array, size, view: { offset: 0, strides }, dtype: 'float32' };
}
