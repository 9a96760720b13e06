/** Applying a primitive: the shape rule runs at once, the arithmetic when somebody awaits the result. */
import { DTypeError, OptionError } from '../errors.ts';
import { requireList } from '../options.ts';
import type { DType } from '../tensor/dtype.ts';
import { Node } from '../tensor/node.ts';
import type { Primitive } from '../tensor/primitive.ts';
import { inScope } from '../tensor/scope.ts';
import { checkSize } from '../tensor/shape.ts';
import { notATensor, Tensor } from '../tensor/tensor.ts';

/**
 * All outputs of a primitive applied to tensors.
 *
 * @throws ShapeError for a result that no tensor can be, even one that takes no memory
 */
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
  for (const { shape } of outputs) checkSize(primitive.name, shape);
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

/** Throws DTypeError unless `x` is a tensor; returns it. `operation` may name the argument too: `gather indices`. */
export function requireTensor(operation: string, x: Tensor): Tensor {
  if (x instanceof Tensor) return x;
  throw notATensor(inScope(operation), x);
}

/** Throws DTypeError unless `tensors` is an array of tensors; returns it. */
export function requireTensors(operation: string, tensors: readonly Tensor[]): readonly Tensor[] {
  const list = requireList(inScope(operation), 'tensors', tensors);
  list.forEach((each, position) => {
    requireTensor(`${operation}, position ${position}`, each);
  });
  return list;
}

/** Throws DTypeError unless `x` is a tensor and its dtype is one of `allowed`. */
export function requireDType(operation: string, x: Tensor, ...allowed: DType[]): void {
  const { dtype } = requireTensor(operation, x);
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
