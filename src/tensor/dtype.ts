/** Element types: float32, int32 and bool, how they combine, and the typed arrays that hold them. */
import { allocate, bytesPerElement, type DType, type NumericArray } from '../../kernels/support/contract.ts';
import { DTypeError } from '../errors.ts';
import { describeValue, requireKnownOptions } from '../options.ts';

export type { TensorSpec } from '../../kernels/support/contract.ts';
export { allocate, bytesPerElement, type DType, type NumericArray };

const rank: Record<DType, number> = { bool: 0, int32: 1, float32: 2 };

/** The dtype two operands meet in: float32 over int32 over bool. */
export function promote(a: DType, b: DType): DType {
  return rank[a] >= rank[b] ? a : b;
}

const dtypeOfArray: Readonly<Record<string, DType>> = {
  Float32Array: 'float32',
  Int32Array: 'int32',
  Uint8Array: 'bool',
};

/** The dtype whose elements a typed array holds as they are; undefined for other arrays, and for what is none. */
export function dtypeOf(array: NumericArray): DType | undefined {
  // By its name, which the arrays of another page or sandbox share.
  return ArrayBuffer.isView(array) ? dtypeOfArray[array[Symbol.toStringTag]] : undefined;
}

/** Whether an element of the dtype can have this value; float32 rounds, and so has them all. */
function holds(dtype: DType, value: number): boolean {
  if (dtype === 'float32') return true;
  // Through float64 and back: -0 is the 0 of an integer.
  return dtype === 'int32' ? (value | 0) === value : value === 0 || value === 1;
}

/** The dtype a plain JS number takes beside a tensor: the tensor's, unless that cannot hold it. */
export function dtypeOfScalar(value: number | boolean, beside: DType): DType {
  if (typeof value === 'boolean') return beside;
  if (beside === 'float32') return 'float32';
  return holds('int32', value) ? promote('int32', beside) : 'float32';
}

/**
 * A JS value as an element of a dtype.
 *
 * @throws DTypeError for what is neither a number nor a boolean, and for a number that the dtype cannot hold
 */
export function requireElement(where: string, name: string, value: number | boolean, dtype: DType): number {
  if ((typeof value === 'number' || typeof value === 'boolean') && holds(dtype, Number(value))) {
    return Number(value);
  }
  const range = { float32: 'a number', int32: 'a whole number of 32 bits', bool: '0, 1, true or false' };
  throw new DTypeError({
    where,
    got: `${name} ${describeValue(value)}`,
    expected: `${range[dtype]}, for ${dtype}`,
    cure: 'Correct the value, or take another dtype.',
  });
}

/** How every function that makes a tensor takes its dtype. */
export interface DTypeOptions {
  /** float32, int32 or bool. */
  readonly dtype?: DType;
}

/**
 * The dtype of a name that somebody gave.
 *
 * @throws DTypeError for an unknown one, or one that is not `allowed`
 */
export function requireDTypeName(
  where: string,
  dtype: DType,
  allowed: readonly DType[] = ['float32', 'int32', 'bool'],
): DType {
  if (allowed.includes(dtype)) return dtype;
  throw new DTypeError({
    where,
    got: `dtype ${describeValue(dtype)}`,
    expected: allowed.map((each) => `'${each}'`).join(', '),
    cure:
      typeof dtype === 'string' && Object.hasOwn(rank, dtype)
        ? `Convert the result: .cast('${dtype}').`
        : "Numbers are 'float32', whole numbers of 32 bits 'int32', true and false 'bool'.",
  });
}

/** The dtype of options, `{ dtype: 'int32' }`; the bare name says the same. */
export function dtypeFrom(
  where: string,
  options: DType | DTypeOptions,
  otherwise: DType,
  allowed?: readonly DType[],
): DType {
  if (typeof options === 'string') return requireDTypeName(where, options, allowed);
  requireKnownOptions(where, options, ['dtype']);
  return options.dtype === undefined ? otherwise : requireDTypeName(where, options.dtype, allowed);
}
