/**
 * Matrix product, batched: the contract.
 *
 *     y[n,i,j] = Σ over k < K of  a[n,i,k] · b[n,k,j]
 *
 * `cpu` packs b four columns at a time and keeps a 3×4 tile of sums, in doubles, in local variables. `wasm` packs eight columns
 * at a time, keeps a 4×8 tile of float32 sums in vector registers, and takes the depth in blocks whose panels stay in the
 * cache; threads share the rows. On the `gpu` a thread computes one element, because threads share nothing; a deep product
 * with few elements is computed in parts of the depth, so that enough threads have work.
 */

import type { KernelCall, KernelContract } from '../support/contract.ts';

export interface MatmulAttributes {
  /** a is stored [BA, K, M]. */
  readonly transposeA: boolean;
  /** b is stored [BB, N, K]. */
  readonly transposeB: boolean;
}

/** The lengths in the product [rows, depth] · [depth, columns], and how many products there are. */
export interface MatmulSizes {
  /** B: the larger of BA and BB; 0 if one of them is. */
  readonly batch: number;
  /** M. */
  readonly rows: number;
  /** K. */
  readonly depth: number;
  /** N. */
  readonly columns: number;
  /** One a serves every product (BA = 1 < B). */
  readonly sharedA: boolean;
  /** One b serves every product (BB = 1 < B). */
  readonly sharedB: boolean;
}

/**
 * y [B,M,N] = a [BA,M,K] · b [BB,K,N]; with `transposeA` a is [BA,K,M], with `transposeB` b is [BB,N,K].
 * BA and BB are equal, or one of them is 1 and that matrix is shared by all products.
 */
export const matmul: KernelContract<MatmulAttributes> = {
  name: 'matmul',
  flops(call) {
    const { batch, rows, depth, columns } = matmulSizes(call);
    return 2 * batch * rows * depth * columns;
  },
};

/** The sizes of one call, from its shapes and transposition flags. */
export function matmulSizes({ inputs, attributes }: KernelCall<MatmulAttributes>): MatmulSizes {
  const [batchA, firstA, secondA] = inputs[0].shape;
  const [batchB, firstB, secondB] = inputs[1].shape;
  // The larger of the two, except that an empty batch meets a shared matrix as an empty batch.
  const batch = batchA === 1 ? batchB : batchA;
  return {
    batch,
    rows: attributes.transposeA ? secondA : firstA,
    depth: attributes.transposeA ? firstA : secondA,
    columns: attributes.transposeB ? firstB : secondB,
    sharedA: batchA === 1 && batch !== 1,
    sharedB: batchB === 1 && batch !== 1,
  };
}
