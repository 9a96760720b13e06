/** The matrix product: batched, with transposes as flags, so that gradients copy nothing. */
import { type MatmulAttributes, matmul as matmulContract } from '../../kernels/matmul/index.ts';
import { ShapeError } from '../errors.ts';
import { asOne } from '../tensor/exposure.ts';
import type { Primitive } from '../tensor/primitive.ts';
import { inScope } from '../tensor/scope.ts';
import { broadcastShapes, formatShape, sizeOf } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { apply, requireDType } from './apply.ts';
import { broadcastTo, reshape, sum } from './broadcast.ts';

/** [BA, M, K] · [BB, K, N] → [B, M, N]; the batches are equal, or one of them is 1 and shared. */
export const matmulPrimitive: Primitive<MatmulAttributes> = {
  name: 'matmul',
  kind: 'kernel',
  outputs: ([a, b], { transposeA, transposeB }) => [
    {
      shape: [
        a.shape[0] === 1 ? b.shape[0] : a.shape[0],
        a.shape[transposeA ? 2 : 1],
        b.shape[transposeB ? 1 : 2],
      ],
      dtype: 'float32',
    },
  ],
  /** dA = dY·Bᵀ and dB = Aᵀ·dY, with the flags arranged so that each comes out in its operand's storage order. */
  gradient: ({ dY, inputs: [a, b], attributes: { transposeA, transposeB } }) => [
    shareBatch(transposeA ? product(b, dY, transposeB, true) : product(dY, b, false, !transposeB), a),
    shareBatch(transposeB ? product(dY, a, true, transposeA) : product(a, dY, !transposeA, false), b),
  ],
  contract: matmulContract,
};

function product(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Tensor {
  return apply(matmulPrimitive, [a, b], { transposeA, transposeB });
}

/** Sums a gradient over the batch where the operand had one matrix for all. */
function shareBatch(gradient: Tensor, operand: Tensor): Tensor {
  return operand.shape[0] === gradient.shape[0] ? gradient : sum(gradient, 0, { keepDims: true });
}

/**
 * Matrix product of the last two axes; leading axes broadcast (NumPy's `@`). A 1-D operand is a row (left) or column
 * (right) vector, and its axis disappears. float32.
 *
 * @throws ShapeError when the inner lengths differ, naming both shapes.
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  requireDType('matmul', a, 'float32');
  requireDType('matmul', b, 'float32');
  if (a.rank === 0 || b.rank === 0) throw matmulError(a, b, 'at least one axis on both sides');
  const left = a.rank === 1 ? reshape(a, [1, -1]) : a;
  const right = b.rank === 1 ? reshape(b, [-1, 1]) : b;
  const [rows, inner] = left.shape.slice(-2) as [number, number];
  const [innerRight, columns] = right.shape.slice(-2) as [number, number];
  if (inner !== innerRight) throw matmulError(a, b, `equal inner lengths, not ${inner} and ${innerRight}`);
  const batch = broadcastShapes(inScope('matmul'), left.shape.slice(0, -2), right.shape.slice(0, -2));
  const shape = [...batch, ...(a.rank === 1 ? [] : [rows]), ...(b.rank === 1 ? [] : [columns])];
  return asOne(() => {
    // One matrix on the right: all rows of the left side are one tall matrix.
    const isTall = sizeOf(right.shape.slice(0, -2)) === 1;
    const rowsLeft = isTall
      ? reshape(left, [1, sizeOf(left.shape.slice(0, -1)), inner])
      : batched(left, batch);
    const columnsRight = isTall ? reshape(right, [1, inner, columns]) : batched(right, batch);
    return reshape(product(rowsLeft, columnsRight, false, false), shape);
  });
}

/** [..., R, C] as [B, R, C], with B = 1 where the operand has one matrix for the whole batch. */
function batched(x: Tensor, batch: readonly number[]): Tensor {
  const matrix = x.shape.slice(-2);
  const own = x.shape.slice(0, -2);
  const whole = sizeOf(own) === 1 ? x : broadcastTo(x, [...batch, ...matrix]);
  return reshape(whole, [sizeOf(own) === 1 ? 1 : sizeOf(batch), ...matrix]);
}

function matmulError(a: Tensor, b: Tensor, expected: string): ShapeError {
  return new ShapeError({
    where: inScope('matmul'),
    got: `${formatShape(a.shape)} · ${formatShape(b.shape)}`,
    expected,
    cure: 'The last axis of the left side meets the second-last of the right; transpose one side if needed.',
  });
}
