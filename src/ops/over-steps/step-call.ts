/** An operation that is applied at every step of a loop: its operands, and how the axis of steps joins their axes. */
import type { Primitive } from '../../tensor/primitive.ts';
import type { Shape } from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { applyAll } from '../apply.ts';
import { broadcastTo, reshape } from '../broadcast.ts';

/** An operand of an operation that is applied at every step: one tensor for all steps, or stacked [T, …], a slice a step. */
export interface StepOperand {
  readonly tensor: Tensor;
  readonly stacked: boolean;
}

/** A primitive applied at each of `steps` steps (T in shapes). At least one operand is stacked. */
export interface StepCall<Attributes extends object = object> {
  readonly primitive: Primitive<Attributes>;
  readonly operands: readonly StepOperand[];
  readonly attributes: Attributes;
  readonly steps: number;
}

/** The shape that an operand has at one step. */
export function shapeAtStep({ tensor, stacked }: StepOperand): Shape {
  return stacked ? tensor.shape.slice(1) : tensor.shape;
}

/** An operand as [T, …]: a view, which elementwise kernels read where it lies, and which other kernels want as a copy. */
export function asStack({ tensor, stacked }: StepOperand, steps: number): Tensor {
  return stacked ? tensor : broadcastTo(reshape(tensor, [1, ...tensor.shape]), [steps, ...tensor.shape]);
}

/** A shape [N, …] at one step as [T·N, …]. */
export function foldedShape([first, ...rest]: Shape, steps: number): Shape {
  return [steps * first, ...rest];
}

/** An operand [N, …] as [T·N, …]: of a stacked one a view. */
export function folded(operand: StepOperand, steps: number): Tensor {
  return reshape(asStack(operand, steps), foldedShape(shapeAtStep(operand), steps));
}

/**
 * A primitive whose results have one part for each of the N parts of its operands, such as the images of a batch: it sees
 * a batch of T·N, which is a view of what is stacked. The operands at `shared` have no such axis, and must be the same at all steps.
 */
export function foldedIntoBatch<Attributes extends object>(
  { primitive, operands, attributes, steps }: StepCall<Attributes>,
  shared: readonly number[] = [],
): readonly Tensor[] | undefined {
  if (shared.some((position) => operands[position].stacked)) return undefined;
  const [batch] = shapeAtStep(operands.find((_, position) => !shared.includes(position))!);
  const inputs = operands.map((operand, position) =>
    shared.includes(position) ? operand.tensor : folded(operand, steps),
  );
  return applyAll(primitive, inputs, attributes).map((output) =>
    reshape(output, [steps, batch, ...output.shape.slice(1)]),
  );
}
