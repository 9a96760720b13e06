/** The type of an operation that is one primitive: a public function and its row in one value. */
import type { Operand } from '../tensor/argument-types.ts';
import type { Primitive } from '../tensor/primitive.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** A public function with the primitive that it applies. */
export type Operation<
  Call extends (...operands: never) => Tensor,
  Row extends Primitive<never> = Primitive,
> = Call & {
  /** @internal */
  readonly primitive: Row;
};

/** A row of the primitive table under the name of an operator. */
export interface Named<Name extends string> extends Primitive {
  readonly name: Name;
}

export type UnaryOperation<Name extends string> = Operation<(x: Operand) => Tensor, Named<Name>>;
export type BinaryOperation<Name extends string> = Operation<(a: Operand, b: Operand) => Tensor, Named<Name>>;

/** A function and its primitive as one. */
export function operation<Call extends (...operands: never) => Tensor, Row extends Primitive<never>>(
  primitive: Row,
  call: Call,
): Operation<Call, Row> {
  return Object.assign(call, { primitive });
}
