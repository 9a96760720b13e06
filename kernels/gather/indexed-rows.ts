/** The sizes of a gather or a scatterAdd, as the versions of all devices compute with them. */
import { sizeOf, type TensorSpec } from '../support/contract.ts';

/**
 * x [A.., L, B..] as [outer, length, inner], and what indices [I..] pick along its axis L as [outer, count, inner]. A row
 * is `inner` consecutive elements.
 */
export interface IndexedRows {
  readonly outer: number;
  readonly length: number;
  readonly count: number;
  readonly inner: number;
}

export function indexedRows({ shape }: TensorSpec, indices: TensorSpec, axis: number): IndexedRows {
  return {
    outer: sizeOf(shape.slice(0, axis)),
    length: shape[axis],
    count: sizeOf(indices.shape),
    inner: sizeOf(shape.slice(axis + 1)),
  };
}
