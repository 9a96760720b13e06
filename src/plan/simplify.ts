/**
 * Identities that give a graph fewer or smaller kernels without changing a bit of its results: constants move and fold,
 * opposite movements cancel, transposes disappear into the flags of the matrix product, and long lists are joined in groups.
 */

import type { DType, TensorSpec } from '../tensor/dtype.ts';
import type { Primitive } from '../tensor/primitive.ts';
import { type Shape, sameShape } from '../tensor/shape.ts';
import type { GraphBuilder, ValueId } from './graph.ts';
import { mostOperands } from './limits.ts';

const foldable: Record<string, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
  negate: (a) => -a,
};

/** The value an operation is equal to, or undefined where it has to be computed. */
export function simplify(
  builder: GraphBuilder,
  primitive: Primitive,
  inputs: readonly ValueId[],
  attributes: object,
  outputs: readonly TensorSpec[],
  scope: string,
): ValueId | undefined {
  const [first, second] = inputs;
  const spec = outputs[0];
  if (first === undefined) return undefined;
  if (primitive.name === 'stopGradient') return first;
  const constants = inputs.map((input) => builder.constantOf(input));
  if (constants[0] !== undefined && (primitive.kind === 'movement' || primitive.name === 'cast')) {
    const padded =
      primitive.name === 'pad' && !Object.is((attributes as { value: number }).value, constants[0]);
    const exact = primitive.name !== 'cast' || convertsExactly(constants[0], spec.dtype);
    if (!padded && exact) return builder.constant(constants[0], spec);
  }
  if (
    spec.dtype === 'float32' &&
    primitive.name in foldable &&
    constants.every((value) => value !== undefined)
  ) {
    return builder.constant(Math.fround(foldable[primitive.name](constants[0], constants[1] ?? 0)), spec);
  }
  switch (primitive.name) {
    case 'multiply':
      if (constants[0] === 1) return second;
      return constants[1] === 1 ? first : undefined;
    case 'divide':
      return constants[1] === 1 ? first : undefined;
    case 'negate': {
      const inner = builder.producer(first);
      return inner?.primitive.name === 'negate' ? inner.inputs[0] : undefined;
    }
    case 'reshape':
      return simplifyReshape(builder, primitive, first, spec, scope);
    case 'permute':
      return simplifyPermute(builder, primitive, first, attributes as { order: number[] }, spec, scope);
    case 'slice':
      return sameShape(builder.value(first).spec.shape, spec.shape) ? first : undefined;
    case 'matmul':
      return simplifyMatmul(builder, primitive, inputs, attributes as MatmulFlags, outputs, scope);
    case 'concat':
      return simplifyConcat(builder, primitive, inputs, attributes as { axis: number }, spec, scope);
    default:
      return undefined;
  }
}

/** Whether a cast leaves a constant as it is, apart from the rounding that every constant gets. */
function convertsExactly(value: number, dtype: DType): boolean {
  return dtype !== 'bool' && Number.isInteger(value) && Math.abs(value) < 2 ** 31;
}

function simplifyReshape(
  builder: GraphBuilder,
  primitive: Primitive,
  input: ValueId,
  spec: TensorSpec,
  scope: string,
): ValueId | undefined {
  if (sameShape(builder.value(input).spec.shape, spec.shape)) return input;
  const inner = builder.producer(input);
  if (inner?.primitive.name !== 'reshape') return undefined;
  return builder.operation(primitive, inner.inputs, { shape: spec.shape }, [spec], scope)[0];
}

function simplifyPermute(
  builder: GraphBuilder,
  primitive: Primitive,
  input: ValueId,
  { order }: { order: readonly number[] },
  spec: TensorSpec,
  scope: string,
): ValueId | undefined {
  if (order.every((axis, k) => axis === k)) return input;
  const inner = builder.producer(input);
  if (inner?.primitive.name !== 'permute') return undefined;
  const innerOrder = (inner.attributes as { order: readonly number[] }).order;
  const composed = order.map((axis) => innerOrder[axis]);
  return builder.operation(primitive, inner.inputs, { order: composed }, [spec], scope)[0];
}

/** More parts than one kernel reads are joined in groups first. */
function simplifyConcat(
  builder: GraphBuilder,
  primitive: Primitive,
  inputs: readonly ValueId[],
  { axis }: { readonly axis: number },
  spec: TensorSpec,
  scope: string,
): ValueId | undefined {
  if (inputs.length <= mostOperands) return undefined;
  const join = (parts: readonly ValueId[]): ValueId => {
    const length = parts.reduce((total, part) => total + builder.value(part).spec.shape[axis], 0);
    const joined = { ...spec, shape: spec.shape.map((each, k) => (k === axis ? length : each)) };
    return parts.length === 1 ? parts[0] : builder.operation(primitive, parts, { axis }, [joined], scope)[0];
  };
  const size = Math.ceil(inputs.length / Math.ceil(inputs.length / mostOperands));
  const groups = Array.from({ length: Math.ceil(inputs.length / size) }, (_, group) =>
    join(inputs.slice(group * size, (group + 1) * size)),
  );
  return join(groups);
}

interface MatmulFlags {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

function simplifyMatmul(
  builder: GraphBuilder,
  primitive: Primitive,
  inputs: readonly ValueId[],
  flags: MatmulFlags,
  outputs: readonly TensorSpec[],
  scope: string,
): ValueId | undefined {
  const a = withoutTranspose(builder, inputs[0], scope);
  const b = withoutTranspose(builder, inputs[1], scope);
  if (a === undefined && b === undefined) return undefined;
  const attributes: MatmulFlags = {
    transposeA: flags.transposeA !== (a !== undefined),
    transposeB: flags.transposeB !== (b !== undefined),
  };
  return builder.operation(primitive, [a ?? inputs[0], b ?? inputs[1]], attributes, outputs, scope)[0];
}

/** For a [B, C, R] operand that is a transpose of [B, R, C]: the latter. Sees through the reshape that adds B = 1. */
function withoutTranspose(builder: GraphBuilder, operand: ValueId, scope: string): ValueId | undefined {
  const outer = builder.producer(operand);
  if (outer?.primitive.name === 'permute') {
    const { order } = outer.attributes as { order: readonly number[] };
    return order.join() === '0,2,1' ? outer.inputs[0] : undefined;
  }
  if (outer?.primitive.name !== 'reshape') return undefined;
  const inner = builder.producer(outer.inputs[0]);
  if (inner?.primitive.name !== 'permute') return undefined;
  const { order } = inner.attributes as { order: readonly number[] };
  const matrix = builder.value(inner.outputs[0]).spec.shape;
  const shape = builder.value(operand).spec.shape;
  if (order.join() !== '1,0' || !sameShape(shape, [1, ...matrix])) return undefined;
  const stored: Shape = [1, matrix[1], matrix[0]];
  const dtype = builder.value(operand).spec.dtype;
  return builder.operation(
    outer.primitive,
    inner.inputs,
    { shape: stored },
    [{ shape: stored, dtype }],
    scope,
  )[0];
}
