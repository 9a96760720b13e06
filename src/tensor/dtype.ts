/** Element types: float32, int32 and bool, how they combine, and the typed arrays that hold them. */
import { allocate, bytesPerElement, type DType, type NumericArray } from '../../kernels/support/contract.ts';

export type { TensorSpec } from '../../kernels/support/contract.ts';
export { allocate, bytesPerElement, type DType, type NumericArray };

const rank: Record<DType, number> = { bool: 0, int32: 1, float32: 2 };

/** The dtype two operands meet in: float32 over int32 over bool. */
export function promote(a: DType, b: DType): DType {
  return rank[a] >= rank[b] ? a : b;
}

/** The dtype of a typed array. */
export function dtypeOf(array: NumericArray): DType {
  if (array instanceof Float32Array) return 'float32';
  return array instanceof Int32Array ? 'int32' : 'bool';
}

/** The dtype a plain JS number takes beside a tensor: the tensor's, unless that cannot hold it. */
export function dtypeOfScalar(value: number | boolean, beside: DType): DType {
  if (typeof value === 'boolean') return beside;
  if (beside === 'float32') return 'float32';
  return Number.isInteger(value) && Math.abs(value) < 2 ** 31 ? promote('int32', beside) : 'float32';
}
