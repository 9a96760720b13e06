/** The type of an operation that is one primitive: a public function and its row in one value. */
import type { Operand } from '../tensor/argument-types.ts';
import type { Primitive } from '../tensor/primitive.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** A public function with the primitive that it applies. */
export type PrimitiveFunction<
  Call extends (...operands: never) => Tensor,
  Row extends Primitive<never> = Primitive,
> = Call & {
  /** @internal */
  readonly primitive: Row;
};

/** A row of the primitive table under the name of an operator. */
export interface NamedPrimitive<Name extends string> extends Primitive {
  readonly name: Name;
}

export type UnaryOperation<Name extends string> = PrimitiveFunction<
  (x: Operand) => Tensor,
  NamedPrimitive<Name>
>;
export type BinaryOperation<Name extends string> = PrimitiveFunction<
  (a: Operand, b: Operand) => Tensor,
  NamedPrimitive<Name>
>;

/** A function and its primitive as one. */
export function operation<Call extends (...operands: never) => Tensor, Row extends Primitive<never>>(
  primitive: Row,
  call: Call,
): PrimitiveFunction<Call, Row> {
  return Object.assign(call, { primitive });
}
