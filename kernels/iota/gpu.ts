/** The iota kernel on the GPU: each element from its own index. */
import { compute, constant } from '../elementwise/gpu/instructions.ts';
import type { Register } from '../elementwise/operators/row.ts';
import { sizeOf } from '../support/contract.ts';
import { floatsOf, type GpuKernel, output, pass } from '../support/gpu/gpu-kernel.ts';
import type { ThreadSource } from '../support/gpu/thread-source.ts';
import { halfOfFloat } from '../support/gpu/whole-functions.ts';
import type { Progression } from './index.ts';

/**
 * See the contract. There are no doubles here: step and start are rounded to floats, and so are the product and the sum.
 * Whole numbers of an int32 are exact.
 */
export const iotaGpu: GpuKernel<Progression> = ({ outputs: [{ dtype, shape }], attributes }) => {
  const size = sizeOf(shape);
  if (size === 0) return { passes: [] };
  const { start, step } = attributes;
  const write = pass(output(0), floatsOf(dtype, size), (f) => {
    const { index, plane } = f.planes(dtype, size);
    const asFloat = `${f.literal(start)} + ${index} * ${f.literal(step)}`;
    if (dtype !== 'int32') f.return(asFloat);
    else if (!Number.isInteger(start) || !Number.isInteger(step))
      f.return(f.call(halfOfFloat, f.keep(asFloat), plane));
    else f.returnHalf(progression(f, index, attributes), plane);
  });
  return { passes: [write] };
};

/** start + index · step modulo 2^32. */
function progression(f: ThreadSource, index: string, { start, step }: Progression): Register {
  const kept = (register: Register): Register => register.map((half) => f.keep(half));
  const registers = [f.halvesOf(index), kept(constant(f, step, 'int32')), kept(constant(f, start, 'int32'))];
  const types = registers.map(() => 'int32' as const);
  const product = kept(compute(f, { operator: 'multiply', a: 0, b: 1, dtype: 'int32' }, registers, types));
  return kept(
    compute(f, { operator: 'add', a: 3, b: 2, dtype: 'int32' }, [...registers, product], [...types, 'int32']),
  );
}
