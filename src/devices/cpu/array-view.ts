/** Typed arrays over a part of a block of memory. */
import { type NumericArray, sizeOf, type TensorSpec } from '../../../kernels/support/contract.ts';

/** The array of a spec that begins at so many bytes. */
export function viewOf(memory: ArrayBufferLike, { dtype, shape }: TensorSpec, offset: number): NumericArray {
  const size = sizeOf(shape);
  if (dtype === 'float32') return new Float32Array(memory, offset, size);
  return dtype === 'int32' ? new Int32Array(memory, offset, size) : new Uint8Array(memory, offset, size);
}
