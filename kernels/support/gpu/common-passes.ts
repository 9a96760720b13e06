/** Passes that several kernels need. */
import type { DType } from '../contract.ts';
import { floatsOf, type GpuArray, type GpuPass, pass } from './gpu-kernel.ts';
import { halfOfFloat } from './whole-functions.ts';

/** A pass that writes one float everywhere. */
export function fillPass(writes: GpuArray, size: number, value: number): GpuPass {
  return pass(writes, size, (f) => f.return(f.literal(value)));
}

/** A pass that makes an int32 array of floats that hold whole numbers. */
export function wholePass(from: GpuArray, writes: GpuArray, size: number): GpuPass {
  const dtype: DType = 'int32';
  return pass(writes, floatsOf(dtype, size), (f) => {
    const { index, plane } = f.planes(dtype, size);
    f.return(f.call(halfOfFloat, f.keep(f.read(from, index), 'x'), plane));
  });
}
