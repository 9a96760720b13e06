/** Conversion to another dtype. */
import { type DType, requireDTypeName } from '../tensor/dtype.ts';
import type { Primitive } from '../tensor/primitive.ts';
import { inScope } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { apply, requireTensor } from './apply.ts';
import { operation, type PrimitiveFunction } from './operation.ts';

/**
 * Converts to another dtype: to int32 towards zero, to bool as "not zero".
 *
 * @throws DTypeError for an unknown dtype
 */
export const cast: PrimitiveFunction<
  (x: Tensor, dtype: DType) => Tensor,
  Primitive<{ readonly dtype: DType }>
> = operation(
  {
    name: 'cast',
    kind: 'elementwise',
    outputs: ([x], { dtype }) => [{ shape: x.shape, dtype }],
    gradient: ({ dY, inputs: [x] }) => [x.dtype === 'float32' ? dY : undefined],
  },
  (x, dtype) => {
    if (requireTensor('cast', x).dtype === dtype) return x.snapshot();
    return apply(cast.primitive, [x], { dtype: requireDTypeName(inScope('cast'), dtype) });
  },
);
