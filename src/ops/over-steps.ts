/**
 * An operation applied at every step of a loop, done for all steps at once: the rules by which the axis of steps, T, joins
 * the axes of each row of the primitive table (jax calls them batching rules). Work that leaves a loop is done so.
 */
import type { Primitive } from '../tensor/primitive.ts';
import { type Shape, sameShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { apply, applyAll } from './apply.ts';
import { broadcastPrimitive, reshapePrimitive, sum, sumPrimitive } from './broadcast.ts';
import {
  conv2dInputGradientPrimitive,
  conv2dPrimitive,
  conv2dWeightGradientPrimitive,
} from './convolution.ts';
import { add, divide, multiply, negate, stopGradient, subtract, where } from './elementwise.ts';
import { gatherPrimitive, scatterAddPrimitive } from './indexing.ts';
import { matmulPrimitive } from './matmul.ts';
import {
  concatPrimitive,
  flipPrimitive,
  padPrimitive,
  permutePrimitive,
  slicePrimitive,
} from './movement.ts';
import { argSortPrimitive } from './ordering.ts';
import {
  asStack,
  folded,
  foldedIntoBatch,
  foldedShape,
  type StepCall,
  type StepOperand,
} from './over-steps/step-call.ts';
import {
  gatherAtSteps,
  maxPool2dAtSteps,
  maxPool2dInputGradientAtSteps,
  scatterAddAtSteps,
  scatterAddSummedOverSteps,
} from './over-steps/step-indices.ts';
import { productAtSteps, productSummedOverSteps } from './over-steps/step-products.ts';
import {
  maxPool2dInputGradientPrimitive,
  maxPool2dPrimitive,
  sumPool2dInputGradientPrimitive,
  sumPool2dPrimitive,
} from './pooling.ts';
import { cumulativeProductPrimitive } from './products.ts';
import { argMaxPrimitive, cumulativeSumPrimitive, maxPrimitive } from './reduce.ts';
import { logSoftmaxPrimitive, softmaxPrimitive } from './softmax.ts';

export type { StepOperand } from './over-steps/step-call.ts';

/** All outputs of `primitive` applied at each of `steps` steps, each stacked [T, …]; undefined where it cannot be done in one. */
export function overSteps(
  primitive: Primitive,
  operands: readonly StepOperand[],
  attributes: object,
  steps: number,
): readonly Tensor[] | undefined {
  const call = { primitive, operands, attributes, steps };
  return primitive.kind === 'elementwise' ? onStacks(call) : rules.get(primitive)?.(call);
}

/**
 * The sum over the steps of the first output, without stacking it: a product contracts the steps along with its depth.
 * Undefined where there is no such form.
 */
export function sumOverSteps(
  primitive: Primitive,
  operands: readonly StepOperand[],
  attributes: object,
  steps: number,
): Tensor | undefined {
  const stacked = operands.flatMap((operand, position) => (operand.stacked ? [position] : []));
  const isLinear = linearIn.get(primitive)?.some((positions) => sameShape(positions, stacked));
  // The sum of bools would be int32, that of int32 might leave its range.
  if (isLinear && stacked.every((position) => operands[position].tensor.dtype === 'float32')) {
    const inputs = operands.map((operand) => (operand.stacked ? sum(operand.tensor, 0) : operand.tensor));
    return apply(primitive, inputs, attributes);
  }
  return sumRules.get(primitive)?.({ primitive, operands, attributes, steps });
}

/** Whether f(Σ_t x_t) = Σ_t f(x_t), all operands stacked: sums may be taken before it. */
export function isAdditive(primitive: Primitive, attributes: object): boolean {
  return additive.has(primitive) && (!('value' in attributes) || attributes.value === 0);
}

type StepRule<Result, Attributes extends object = object> = (
  call: StepCall<Attributes>,
) => Result | undefined;

/** A row with its rule, which may rely on the row's attributes. */
function rule<Result, Attributes extends object>(
  row: Primitive<Attributes>,
  atSteps: StepRule<Result, Attributes>,
): readonly [Primitive, StepRule<Result>] {
  return [row, atSteps as StepRule<Result>];
}

/** The row itself on stacks: it has one more axis in front, which its attributes have to know of. */
function onStacks<Attributes extends object>(
  { primitive, operands, attributes, steps }: StepCall<Attributes>,
  atSteps = attributes,
): readonly Tensor[] {
  return applyAll(
    primitive,
    operands.map((operand) => asStack(operand, steps)),
    atSteps,
  );
}

function stacks<Attributes extends object>(
  row: Primitive<Attributes>,
  attributesOf: (attributes: Attributes, steps: number) => Attributes,
): readonly [Primitive, StepRule<readonly Tensor[]>] {
  return rule(row, (call: StepCall<Attributes>) => onStacks(call, attributesOf(call.attributes, call.steps)));
}

const shifted = (axes: readonly number[]) => axes.map((axis) => axis + 1);
const alongNext = <Attributes extends { readonly axis: number }>(attributes: Attributes) => ({
  ...attributes,
  axis: attributes.axis + 1,
});
const unchanged = <Attributes>(attributes: Attributes) => attributes;

/** The attributes of a gradient whose result [N, …] becomes [T·N, …]. */
function ofFolded<Attributes extends { readonly shape: Shape }>(
  call: StepCall<Attributes>,
): StepCall<Attributes> {
  const { attributes, steps } = call;
  return { ...call, attributes: { ...attributes, shape: foldedShape(attributes.shape, steps) } };
}

/** The rules by row. Elementwise rows need none: they are the same on stacks. */
const rules: ReadonlyMap<Primitive, StepRule<readonly Tensor[]>> = new Map([
  // Movement of a stack is a view as that of a step is.
  stacks(reshapePrimitive, ({ shape }, steps) => ({ shape: [steps, ...shape] })),
  stacks(permutePrimitive, ({ order }) => ({ order: [0, ...shifted(order)] })),
  stacks(broadcastPrimitive, ({ shape, axes }, steps) => ({ shape: [steps, ...shape], axes: shifted(axes) })),
  stacks(slicePrimitive, ({ start, length, step }, steps) => ({
    start: [0, ...start],
    length: [steps, ...length],
    step: [1, ...step],
  })),
  stacks(padPrimitive, ({ low, high, interior, value }) => ({
    low: [0, ...low],
    high: [0, ...high],
    interior: [0, ...interior],
    value,
  })),
  stacks(flipPrimitive, ({ axes }) => ({ axes: shifted(axes) })),
  // A part that is the same at all steps is written out T times, as it is in the result.
  stacks(concatPrimitive, alongNext),
  // Along the other axes, or along the last: a stack is read where it lies.
  stacks(sumPrimitive, ({ axes }) => ({ axes: shifted(axes) })),
  stacks(maxPrimitive, ({ axes }) => ({ axes: shifted(axes) })),
  stacks(argMaxPrimitive, ({ axes }) => ({ axes: shifted(axes) })),
  stacks(cumulativeSumPrimitive, alongNext),
  stacks(cumulativeProductPrimitive, alongNext),
  stacks(argSortPrimitive, unchanged),
  stacks(softmaxPrimitive, unchanged),
  stacks(logSoftmaxPrimitive, unchanged),
  rule(gatherPrimitive, gatherAtSteps),
  rule(scatterAddPrimitive, scatterAddAtSteps),
  rule(matmulPrimitive, (call) => [productAtSteps(call)]),
  // [T, N, …] is [T·N, …] in memory; what is the same at all steps beside the weights is copied T times.
  rule(conv2dPrimitive, (call) => foldedIntoBatch(call, [1])),
  rule(conv2dInputGradientPrimitive, (call) => foldedIntoBatch(ofFolded(call), [1])),
  rule(maxPool2dPrimitive, maxPool2dAtSteps),
  rule(maxPool2dInputGradientPrimitive, maxPool2dInputGradientAtSteps),
  rule(sumPool2dPrimitive, (call) => foldedIntoBatch(call)),
  rule(sumPool2dInputGradientPrimitive, (call) => foldedIntoBatch(ofFolded(call))),
]);

/** Where all operands may be stacked. */
const sumRules: ReadonlyMap<Primitive, StepRule<Tensor>> = new Map([
  rule(matmulPrimitive, productSummedOverSteps),
  // The gradient of a weight is a sum over the images of a batch: over those of all steps, it is the sum of the steps.
  rule(conv2dWeightGradientPrimitive, ({ primitive, operands, attributes, steps }) =>
    apply(
      primitive,
      operands.map((operand) => folded(operand, steps)),
      attributes,
    ),
  ),
  rule(scatterAddPrimitive, scatterAddSummedOverSteps),
]);

/** Operands, by position, that a row is linear in together while the others are the same at all steps. */
const linearIn: ReadonlyMap<Primitive, readonly (readonly number[])[]> = new Map<Primitive, number[][]>([
  [multiply.primitive, [[0], [1]]],
  [divide.primitive, [[0]]],
  [where.primitive, [[1, 2]]],
  [gatherPrimitive, [[0]]],
  [scatterAddPrimitive, [[0]]],
  [matmulPrimitive, [[0], [1]]],
  [conv2dPrimitive, [[0], [1]]],
  [conv2dInputGradientPrimitive, [[0], [1]]],
  [conv2dWeightGradientPrimitive, [[0], [1]]],
  [maxPool2dInputGradientPrimitive, [[0]]],
]);

/** Rows that are linear in all operands together; a padding only with 0. */
const additive: ReadonlySet<Primitive> = new Set<Primitive>([
  add.primitive,
  subtract.primitive,
  negate.primitive,
  stopGradient.primitive,
  reshapePrimitive,
  permutePrimitive,
  broadcastPrimitive,
  slicePrimitive,
  padPrimitive,
  flipPrimitive,
  concatPrimitive,
  sumPrimitive,
  cumulativeSumPrimitive,
  sumPool2dPrimitive,
  sumPool2dInputGradientPrimitive,
]);
