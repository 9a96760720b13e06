/** Typed arrays as the floats that the GPU holds, and back: see kernels/support/gpu/gpu-kernel.ts. */
import { allocate, type DType, type NumericArray } from '../../../kernels/support/contract.ts';

/** The floats of an array: those of int32 are two planes of 16 bits. */
export function encode(array: NumericArray): Float32Array {
  if (array instanceof Float32Array) return array;
  if (array instanceof Uint8Array) return Float32Array.from(array);
  const { length } = array;
  const floats = new Float32Array(2 * length);
  for (let i = 0; i < length; i++) {
    floats[i] = array[i] & 0xffff;
    floats[length + i] = array[i] >> 16;
  }
  return floats;
}

/** The `size` elements of a dtype that floats stand for. */
export function decode(floats: Float32Array, dtype: DType, size: number): NumericArray {
  if (dtype === 'float32') return floats.length === size ? floats : floats.slice(0, size);
  const array = allocate(dtype, size);
  if (dtype === 'bool') for (let i = 0; i < size; i++) array[i] = floats[i];
  else for (let i = 0; i < size; i++) array[i] = floats[i] + floats[size + i] * 65536;
  return array;
}
