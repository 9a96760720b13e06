/**
 * Identities that give a graph fewer or smaller kernels without changing a bit of its results: constants move and fold,
 * opposite movements cancel, a slice of what is joined is one of its part, transposes disappear into the flags of the matrix
 * product, and long lists are joined in groups.
 */
import type { MatmulAttributes } from '../../kernels/matmul/index.ts';
import { reshapePrimitive } from '../ops/broadcast.ts';
import { cast } from '../ops/cast.ts';
import { add, divide, multiply, negate, stopGradient, subtract } from '../ops/elementwise.ts';
import { matmulPrimitive } from '../ops/matmul.ts';
import {
  concatPrimitive,
  padPrimitive,
  permutePrimitive,
  type SliceAttributes,
  slicePrimitive,
} from '../ops/movement.ts';
import type { DType } from '../tensor/dtype.ts';
import type { Primitive } from '../tensor/primitive.ts';
import { type Shape, sameShape } from '../tensor/shape.ts';
import { type GraphBuilder, isOf, type ValueId, type WantedOperation } from './graph.ts';
import { mostOperands } from './limits.ts';

/** The outputs of an operation: an existing value where it is equal to one. */
export function addOperation(builder: GraphBuilder, wanted: WantedOperation): readonly ValueId[] {
  const simpler = simplify(builder, wanted);
  return simpler === undefined ? builder.operation(wanted) : [simpler];
}

/** The value an operation is equal to, or undefined where it has to be computed. */
type Simplification<Attributes extends object = object> = (
  builder: GraphBuilder,
  wanted: WantedOperation<Attributes>,
) => ValueId | undefined;

function simplify(builder: GraphBuilder, wanted: WantedOperation): ValueId | undefined {
  const { primitive, inputs, specs } = wanted;
  if (inputs.length === 0) return undefined;
  const constants = inputs.map((input) => builder.constantOf(input));
  if (constants[0] !== undefined && keepsConstant(wanted, constants[0])) {
    return builder.constant(constants[0], specs[0]);
  }
  const fold = specs[0].dtype === 'float32' ? foldable.get(primitive) : undefined;
  if (fold && constants.every((value) => value !== undefined)) {
    return builder.constant(Math.fround(fold(constants[0], constants[1] ?? 0)), specs[0]);
  }
  return rules.get(primitive)?.(builder, wanted);
}

const foldable = new Map<Primitive, (a: number, b: number) => number>([
  [add.primitive, (a, b) => a + b],
  [subtract.primitive, (a, b) => a - b],
  [multiply.primitive, (a, b) => a * b],
  [divide.primitive, (a, b) => a / b],
  [negate.primitive, (a) => -a],
]);

/** Whether an operation on a constant gives the same constant everywhere. */
function keepsConstant(wanted: WantedOperation, constant: number): boolean {
  if (isOf(wanted, cast.primitive)) return convertsExactly(constant, wanted.specs[0].dtype);
  if (isOf(wanted, padPrimitive)) return Object.is(wanted.attributes.value, constant);
  return wanted.primitive.kind === 'movement';
}

/** Whether a cast leaves a constant as it is, apart from the rounding that every constant gets. */
function convertsExactly(value: number, dtype: DType): boolean {
  return dtype !== 'bool' && Number.isInteger(value) && Math.abs(value) < 2 ** 31;
}

/** The rules, by the row whose operations they simplify. */
const rules: ReadonlyMap<Primitive, Simplification> = new Map([
  rule(stopGradient.primitive, (_, { inputs }) => inputs[0]),
  rule(multiply.primitive, (builder, { inputs: [a, b] }) => {
    if (builder.constantOf(a) === 1) return b;
    return builder.constantOf(b) === 1 ? a : undefined;
  }),
  rule(divide.primitive, (builder, { inputs: [a, b] }) => (builder.constantOf(b) === 1 ? a : undefined)),
  rule(negate.primitive, (builder, { inputs: [x] }) => {
    const inner = builder.producer(x);
    return isOf(inner, negate.primitive) ? inner.inputs[0] : undefined;
  }),
  rule(reshapePrimitive, (builder, wanted) => {
    const { inputs, specs } = wanted;
    if (sameShape(builder.value(inputs[0]).spec.shape, specs[0].shape)) return inputs[0];
    const inner = builder.producer(inputs[0]);
    return isOf(inner, reshapePrimitive)
      ? addOperation(builder, { ...wanted, inputs: inner.inputs })[0]
      : undefined;
  }),
  rule(permutePrimitive, (builder, wanted) => {
    const { inputs, attributes } = wanted;
    if (attributes.order.every((axis, k) => axis === k)) return inputs[0];
    const inner = builder.producer(inputs[0]);
    if (!isOf(inner, permutePrimitive)) return undefined;
    const order = attributes.order.map((axis) => inner.attributes.order[axis]);
    return addOperation(builder, { ...wanted, inputs: inner.inputs, attributes: { order } })[0];
  }),
  rule(slicePrimitive, (builder, wanted) => {
    const [x] = wanted.inputs;
    return sameShape(builder.value(x).spec.shape, wanted.specs[0].shape)
      ? x
      : withoutJoining(builder, wanted);
  }),
  rule(matmulPrimitive, simplifyMatmul),
  rule(concatPrimitive, simplifyConcat),
]);

function rule<Attributes extends object>(
  row: Primitive<Attributes>,
  simplified: Simplification<Attributes>,
): readonly [Primitive, Simplification] {
  return [row, simplified as Simplification];
}

/** More parts than one kernel reads are joined in groups first. */
function simplifyConcat(
  builder: GraphBuilder,
  wanted: WantedOperation<{ readonly axis: number }>,
): ValueId | undefined {
  const { inputs, attributes, specs } = wanted;
  const { axis } = attributes;
  const [spec] = specs;
  if (inputs.length <= mostOperands) return undefined;
  const join = (parts: readonly ValueId[]): ValueId => {
    if (parts.length === 1) return parts[0];
    const length = parts.reduce((total, part) => total + builder.value(part).spec.shape[axis], 0);
    const joined = { ...spec, shape: spec.shape.map((each, k) => (k === axis ? length : each)) };
    return addOperation(builder, { ...wanted, inputs: parts, specs: [joined] })[0];
  };
  const size = Math.ceil(inputs.length / Math.ceil(inputs.length / mostOperands));
  const groups = Array.from({ length: Math.ceil(inputs.length / size) }, (_, group) =>
    join(inputs.slice(group * size, (group + 1) * size)),
  );
  return join(groups);
}

/** A slice of joined parts that lies in one of them is a slice of that part: steps that are stacked, then read one by one. */
function withoutJoining(
  builder: GraphBuilder,
  wanted: WantedOperation<SliceAttributes>,
): ValueId | undefined {
  const { inputs, attributes } = wanted;
  const { start, length, step } = attributes;
  const joined = builder.producer(inputs[0]);
  if (!isOf(joined, concatPrimitive)) return undefined;
  const { axis } = joined.attributes;
  const last = start[axis] + (length[axis] - 1) * step[axis];
  let begin = 0;
  // There are at most `mostOperands` of them.
  for (const part of joined.inputs) {
    const end = begin + builder.value(part).spec.shape[axis];
    if (start[axis] >= begin && start[axis] < end) {
      const within = { ...attributes, start: start.map((each, k) => (k === axis ? each - begin : each)) };
      return last < end
        ? addOperation(builder, { ...wanted, inputs: [part], attributes: within })[0]
        : undefined;
    }
    begin = end;
  }
  return undefined;
}

function simplifyMatmul(
  builder: GraphBuilder,
  wanted: WantedOperation<MatmulAttributes>,
): ValueId | undefined {
  const { inputs, attributes } = wanted;
  const a = withoutTranspose(builder, inputs[0], wanted);
  const b = withoutTranspose(builder, inputs[1], wanted);
  if (a === undefined && b === undefined) return undefined;
  const flags: MatmulAttributes = {
    transposeA: attributes.transposeA !== (a !== undefined),
    transposeB: attributes.transposeB !== (b !== undefined),
  };
  return addOperation(builder, { ...wanted, inputs: [a ?? inputs[0], b ?? inputs[1]], attributes: flags })[0];
}

/** For a [B, C, R] operand that is a transpose of [B, R, C]: the latter. Sees through the reshape that adds B = 1. */
function withoutTranspose(
  builder: GraphBuilder,
  operand: ValueId,
  { scope, part }: WantedOperation,
): ValueId | undefined {
  const outer = builder.producer(operand);
  if (isOf(outer, permutePrimitive)) {
    return outer.attributes.order.join() === '0,2,1' ? outer.inputs[0] : undefined;
  }
  if (!isOf(outer, reshapePrimitive)) return undefined;
  const inner = builder.producer(outer.inputs[0]);
  if (!isOf(inner, permutePrimitive)) return undefined;
  const matrix = builder.value(inner.outputs[0]).spec.shape;
  const { shape, dtype } = builder.value(operand).spec;
  if (inner.attributes.order.join() !== '1,0' || !sameShape(shape, [1, ...matrix])) return undefined;
  const stored: Shape = [1, matrix[1], matrix[0]];
  return addOperation(builder, {
    primitive: reshapePrimitive,
    inputs: inner.inputs,
    attributes: { shape: stored },
    specs: [{ shape: stored, dtype }],
    scope,
    part,
  })[0];
}
