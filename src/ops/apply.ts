/** Applying a primitive: the shape rule runs at once, the arithmetic when somebody awaits the result. */
import { DTypeError, OptionError } from '../errors.ts';
import type { DType } from '../tensor/dtype.ts';
import { Node } from '../tensor/node.ts';
import type { Primitive } from '../tensor/primitive.ts';
import { inScope } from '../tensor/scope.ts';
import { Tensor } from '../tensor/tensor.ts';

/** All outputs of a primitive applied to tensors. */
export function applyAll<Attributes extends object>(
  primitive: Primitive<Attributes>,
  inputs: readonly Tensor[],
  attributes: Attributes,
): Tensor[] {
  const current = inputs.map((input) => input.operand());
  const outputs = primitive.outputs(
    current.map(({ shape, dtype }) => ({ shape, dtype })),
    attributes,
  );
  const node = new Node(primitive, current, { attributes, outputs });
  return outputs.map((_, output) => new Tensor(node, output));
}

/** The first output of a primitive applied to tensors. */
export function apply<Attributes extends object>(
  primitive: Primitive<Attributes>,
  inputs: readonly Tensor[],
  attributes: Attributes,
): Tensor {
  return applyAll(primitive, inputs, attributes)[0];
}

/** Throws DTypeError unless `dtype` is one of `allowed`. */
export function requireDType(operation: string, dtype: DType, ...allowed: DType[]): void {
  if (allowed.includes(dtype)) return;
  throw new DTypeError({
    where: inScope(operation),
    got: dtype,
    expected: allowed.join(' or '),
    cure: `Convert it first: x.cast('${allowed[0]}').`,
  });
}

/** Throws OptionError with the given parts unless `condition` holds. */
export function requireOption(
  condition: boolean,
  operation: string,
  got: string,
  expected: string,
  cure: string,
): asserts condition {
  if (!condition) throw new OptionError({ where: inScope(operation), got, expected, cure });
}
