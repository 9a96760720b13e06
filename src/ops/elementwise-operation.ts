/**
 * How a row of the kernel's operator table becomes an operation: a public function that takes tensors and numbers, and the
 * primitive behind it with its gradient rule. A row's dtypes say what operands become.
 */
import {
  type BinaryOperator,
  type ComparisonOperator,
  leastDType,
  type UnaryOperator,
} from '../../kernels/elementwise/index.ts';
import type { Operand } from '../tensor/argument-types.ts';
import { type DType, dtypeOfScalar, promote } from '../tensor/dtype.ts';
import { concealed } from '../tensor/exposure.ts';
import { fill } from '../tensor/leaves.ts';
import { type GradientCall, likeFirst } from '../tensor/primitive.ts';
import { inScope } from '../tensor/scope.ts';
import { type Shape, sameShape } from '../tensor/shape.ts';
import { notATensor, Tensor } from '../tensor/tensor.ts';
import { apply, requireDType } from './apply.ts';
import { broadcastTogether } from './broadcast.ts';
import { cast } from './cast.ts';
import { type BinaryOperation, type NamedPrimitive, operation, type UnaryOperation } from './operation.ts';

type GradientRule = (call: GradientCall<object>) => readonly (Tensor | undefined)[];

/** Of what is constant between jumps. */
export const zeroDerivative: GradientRule = () => [undefined, undefined];

/** Of one operand, which is converted to the least dtype that the operator is defined on. */
export function unary<Name extends UnaryOperator>(name: Name, gradient: GradientRule): UnaryOperation<Name> {
  const primitive = { name, kind: 'elementwise', outputs: likeFirst, gradient } as const;
  const least = leastDType(name);
  return operation(primitive, (x: Operand) => {
    const input = asTensor(name, x);
    const dtype = promote(input.dtype, least);
    return apply(primitive, [input.dtype === dtype ? input : cast(input, dtype)], {});
  });
}

/** Of two operands, which broadcast and are promoted. The rule sees them with one shape and one dtype. */
export function binary<Name extends BinaryOperator>(
  name: Name,
  gradient: GradientRule,
): BinaryOperation<Name> {
  const primitive = { name, kind: 'elementwise', outputs: likeFirst, gradient } as const;
  const least = leastDType(name);
  return operation(primitive, (a: Operand, b: Operand) => apply(primitive, operands(name, a, b, least), {}));
}

/** As `binary`, with a result that is bool. */
export function comparison<Name extends ComparisonOperator>(name: Name): BinaryOperation<Name> {
  const primitive: NamedPrimitive<Name> = {
    name,
    kind: 'elementwise',
    outputs: ([a]) => [{ shape: a.shape, dtype: 'bool' }],
    gradient: zeroDerivative,
  };
  return operation(primitive, (a: Operand, b: Operand) => apply(primitive, operands(name, a, b, 'bool'), {}));
}

/** A comparison with its operands the other way round, under a name of its own. */
export function swapped(called: string, { primitive }: BinaryOperation<ComparisonOperator>) {
  return (a: Operand, b: Operand): Tensor => {
    const [left, right] = operands(called, a, b, 'bool');
    return apply(primitive, [right, left], {});
  };
}

/** Of two bools, which broadcast. */
export function logical<Name extends 'logicalAnd' | 'logicalOr'>(name: Name): BinaryOperation<Name> {
  const primitive = { name, kind: 'elementwise', outputs: likeFirst, gradient: zeroDerivative } as const;
  return operation(primitive, (a: Operand, b: Operand) => {
    const [left, right] = operands(name, asTensor(name, a, 'bool'), asTensor(name, b, 'bool'), 'bool');
    requireDType(name, left, 'bool');
    return apply(primitive, [left, right], {});
  });
}

/**
 * An operand as a tensor; a JS number takes the dtype of the tensor beside it, where that can hold it, and its shape, so
 * that it need not be broadcast.
 */
function asTensor(name: string, operand: Operand, beside: DType = 'float32', shape: Shape = []): Tensor {
  if (operand instanceof Tensor) return operand;
  if (typeof operand === 'number' || typeof operand === 'boolean') {
    return fill(Number(operand), shape, dtypeOfScalar(operand, beside));
  }
  throw notATensor(inScope(name), operand, 'a tensor or a number');
}

/** Two operands of one shape and one dtype, which is at least `least`. */
export function operands(name: string, a: Operand, b: Operand, least: DType): readonly [Tensor, Tensor] {
  const left = b instanceof Tensor ? asTensor(name, a, b.dtype, b.shape) : asTensor(name, a);
  const right = asTensor(name, b, left.dtype, left.shape);
  const dtype = promote(promote(left.dtype, right.dtype), least);
  if (left.dtype === dtype && right.dtype === dtype && sameShape(left.shape, right.shape))
    return [left, right];
  const [broadLeft, broadRight] = concealed(() =>
    broadcastTogether(name, [cast(left, dtype), cast(right, dtype)]),
  );
  return [broadLeft, broadRight];
}
