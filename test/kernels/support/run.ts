/** What the kernel tests share: generated arrays, one run of a cpu kernel, comparison. */

import { expect } from 'vitest';
import {
  allocate,
  type CpuKernel,
  type DType,
  type KernelCall,
  type KernelContract,
  type NumericArray,
  sizeOf,
  type TensorSpec,
} from '../../../kernels/support/contract.ts';

export function specOf(shape: readonly number[], dtype: DType = 'float32'): TensorSpec {
  return { shape, dtype };
}

/** Numbers in [0, 1), the same for the same seed. */
export function randomNumbers(seed: number): () => number {
  let state = (seed * 2654435761 + 12345) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A float32 array of the spec's size with values in [-1, 1). */
export function randomArray(spec: TensorSpec, seed: number): Float32Array {
  const next = randomNumbers(seed);
  return Float32Array.from({ length: sizeOf(spec.shape) }, () => 2 * next() - 1);
}

/**
 * Runs a kernel twice on the same dirty memory, so that what an earlier run left behind shows. Its scratch memory is
 * first larger than it asked for, and must be left alone past that; then it is just as large.
 */
export function runKernel<Attributes extends object>(
  contract: KernelContract<Attributes>,
  kernel: CpuKernel<Attributes>,
  call: KernelCall<Attributes>,
  inputs: readonly NumericArray[],
): NumericArray[] {
  const outputs = call.outputs.map((spec) => allocate(spec.dtype, sizeOf(spec.shape)).fill(77));
  expect(contract.flops(call), `FLOPs of ${contract.name}`).toSatisfy(Number.isSafeInteger);
  const run = kernel(call);
  const workspaceSize = run.workspaceSize ?? 0;
  const workspace = new Float32Array(workspaceSize + 64).fill(Number.NaN);
  run(inputs, outputs, workspace);
  expect(workspace.subarray(workspaceSize).every(Number.isNaN), 'scratch past its end is untouched').toBe(
    true,
  );
  run(inputs, outputs, workspace.slice(0, workspaceSize).fill(Number.NaN));
  return outputs;
}

/** Expects |actual - expected| ≤ tolerance · (1 + |expected|) everywhere; NaN and infinities must be the same. */
export function closeTo(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  message = '',
): void {
  expect(actual.length, message).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i] - expected[i]);
    if (Object.is(actual[i], expected[i]) || difference <= tolerance * (1 + Math.abs(expected[i]))) continue;
    expect.fail(`${message} element ${i}: got ${actual[i]}, expected ${expected[i]}`);
  }
}
