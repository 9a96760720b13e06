/** Finding the operation that made a value NaN or infinite, by looking at every value of its graph. */
import { OptionError } from '../errors.ts';
import { cast } from '../ops/cast.ts';
import { maximum, minimum, stopGradient, where } from '../ops/elementwise.ts';
import { concatPrimitive } from '../ops/movement.ts';
import { maxPrimitive } from '../ops/reduce.ts';
import { describeValue } from '../options.ts';
import { fillPrimitive } from '../tensor/leaves.ts';
import { type Node, nodesBehind } from '../tensor/node.ts';
import type { Primitive } from '../tensor/primitive.ts';
import { runtime } from '../tensor/runtime.ts';
import { formatShape, type Shape } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';

/** An input of the operation that was found. */
export interface InputSummary {
  /** What made it: a primitive, or the name of a variable. */
  readonly from: string;
  /** Axis lengths, outermost first. */
  readonly shape: Shape;
  /** The element beside the bad one, where the operation works element by element. */
  readonly value: number | undefined;
  /** The largest magnitude among its elements. */
  readonly largest: number;
}

/** The first operation whose result is NaN or infinite. */
export interface NonFiniteFinding {
  /** The primitive: `log`, `matmul`; `input` for host data, `variable` for a parameter that was so before. */
  readonly operation: string;
  /** The path of the layer it ran in, or of the layer whose values it uses; empty outside layers. */
  readonly layer: string;
  /** The variable's name, if it is one. */
  readonly variable: string | undefined;
  /** Of the result. */
  readonly shape: Shape;
  /** Where in the result the first bad element stands: one number per axis. */
  readonly index: readonly number[];
  /** NaN, Infinity or -Infinity. */
  readonly value: number;
  /** What the operation was applied to. */
  readonly inputs: readonly InputSummary[];
}

/**
 * The first operation behind a tensor whose result is NaN or infinite although its inputs are finite; `undefined` when
 * the tensor is finite. Infinities that somebody wrote down (the -Infinity of a mask or a padding) are not taken for
 * faults, nor are values that never reach the tensor.
 *
 * It computes the tensor once more, keeping every intermediate value: meant for finding out, not for every step.
 */
export async function findNonFinite(tensor: Tensor): Promise<NonFiniteFinding | undefined> {
  if (!(tensor instanceof Tensor)) {
    throw new OptionError({
      where: 'findNonFinite',
      got: describeValue(tensor),
      expected: 'a tensor',
      cure: 'Pass the loss, or another tensor that is not finite.',
    });
  }
  const target = tensor.snapshot();
  const nodes = nodesBehind([target]);
  await runtime().evaluate(nodes.filter((node) => node.primitive !== fillPrimitive).flatMap(floatOutputs));
  const kinds = new Map<Node, ValueKind>();
  for (const node of nodes) kinds.set(node, kindOf(node, kinds));
  const first = firstBad(target.node, kinds);
  return first && describe(first);
}

/** The finding in words: `log in layer "head" gave NaN at [0, 3] (from -0.25)`. */
export function describeFinding({
  operation,
  layer,
  variable,
  shape,
  index,
  value,
  inputs,
}: NonFiniteFinding): string {
  if (variable !== undefined) return `"${variable}" was ${value} at ${formatShape(index)} before the step`;
  const place = layer ? ` in layer "${layer}"` : '';
  const from = inputs.map((input) =>
    input.value === undefined
      ? `${formatShape(input.shape)} with values up to ${rounded(input.largest)}`
      : rounded(input.value),
  );
  const given = from.length > 0 ? ` from ${from.join(' and ')}` : '';
  const at = shape.length > 0 ? ` at ${formatShape(index)} of ${formatShape(shape)}` : '';
  return `${operation}${place} gave ${value}${at}${given}`;
}

/** The likely cause of a finding, in words that say what to look at. */
export function likelyCause({ operation, variable, inputs }: NonFiniteFinding): string {
  if (variable !== undefined) {
    return `"${variable}" overflowed in an earlier step, or was loaded like that; a lower learning rate or clipNorm keeps it finite`;
  }
  if (operation === 'input') return 'data given by the caller is not finite';
  const values = inputs.map((input) => input.value);
  if (operation === 'log' || operation === 'log1p') {
    return `the logarithm of ${rounded(values[0] ?? 0)}, which is not positive; keep its input away from 0, with clamp for example`;
  }
  if (operation === 'sqrt' || operation === 'rsqrt') {
    return `the root of ${rounded(values[0] ?? 0)}; keep its input above 0, by adding a small number for example`;
  }
  if (operation === 'reciprocal' || (operation === 'divide' && values[1] === 0)) {
    return 'a division by 0; add a small number to the divisor';
  }
  return 'values that grew beyond what float32 holds (3.4e38): mostly a learning rate that is too high; lower it, warm up, or set clipNorm';
}

/** `deliberate`: infinite, but only because somebody wrote infinity down. */
type ValueKind = 'finite' | 'deliberate' | 'bad';

/** Operations that carry an infinity on without making one. */
const carriers = new Set<Primitive>([
  where.primitive,
  cast.primitive,
  stopGradient.primitive,
  concatPrimitive,
  maximum.primitive,
  minimum.primitive,
  maxPrimitive,
]);

function kindOf(node: Node, kinds: ReadonlyMap<Node, ValueKind>): ValueKind {
  const { primitive, inputs, attributes } = node;
  const written = 'value' in attributes ? Number(attributes.value) : 0;
  if (primitive === fillPrimitive) {
    if (Number.isNaN(written)) return 'bad';
    return Number.isFinite(written) ? 'finite' : 'deliberate';
  }
  const bad = firstBadElement(node);
  if (bad === undefined) return 'finite';
  const carries = primitive.kind === 'movement' || carriers.has(primitive);
  const faulty = inputs.some((input) => kinds.get(input.node) === 'bad');
  const infinite = written !== 0 || inputs.some((input) => kinds.get(input.node) === 'deliberate');
  return carries && infinite && !faulty && !hasNaN(node) ? 'deliberate' : 'bad';
}

/** The earliest bad node that reaches the target through bad nodes. */
function firstBad(target: Node, kinds: ReadonlyMap<Node, ValueKind>): Node | undefined {
  if (kinds.get(target) !== 'bad') return undefined;
  const seen = new Set([target]);
  let first = target;
  for (const node of seen) {
    if (node.id < first.id) first = node;
    for (const input of node.inputs) if (kinds.get(input.node) === 'bad') seen.add(input.node);
  }
  return first;
}

function floatOutputs(node: Node): Tensor[] {
  return node.outputs.flatMap(({ dtype }, output) => (dtype === 'float32' ? [new Tensor(node, output)] : []));
}

function firstBadElement(node: Node): { output: number; position: number } | undefined {
  for (const { output } of floatOutputs(node)) {
    const values = node.values[output] ?? [];
    for (let position = 0; position < values.length; position++) {
      if (!Number.isFinite(values[position])) return { output, position };
    }
  }
  return undefined;
}

function hasNaN(node: Node): boolean {
  return floatOutputs(node).some(({ output }) => node.values[output]!.some(Number.isNaN));
}

function describe(node: Node): NonFiniteFinding {
  const { output, position } = firstBadElement(node) ?? { output: 0, position: 0 };
  const { shape } = node.outputs[output];
  const { source, primitive } = node;
  return {
    operation: primitive.name,
    layer: node.scope || node.inputs.map((input) => input.node.scope).find(Boolean) || '',
    variable: source?.kind === 'variable' ? source.variable.name : undefined,
    shape,
    index: indexAt(position, shape),
    value: node.values[output]?.[position] ?? Number.NaN,
    inputs: node.inputs
      .filter(({ dtype }) => dtype === 'float32')
      .map((input) => summarize(input, primitive.kind === 'elementwise' ? position : undefined)),
  };
}

function summarize({ node, output, shape }: Tensor, position: number | undefined): InputSummary {
  const variable = node.source?.kind === 'variable' ? node.source.variable.name : undefined;
  const origin = variable === undefined ? originOf(node) : `"${variable}"`;
  if (node.primitive === fillPrimitive) {
    const { value } = node.attributes as { value: number };
    return {
      from: origin,
      shape,
      value: position === undefined ? undefined : value,
      largest: Math.abs(value),
    };
  }
  const values = node.values[output]!;
  let largest = 0;
  for (const value of values) if (Math.abs(value) > largest) largest = Math.abs(value);
  return { from: origin, shape, value: position === undefined ? undefined : values[position], largest };
}

function originOf({ primitive, scope }: Node): string {
  return scope ? `${primitive.name} in layer "${scope}"` : primitive.name;
}

/** A position in row-major order as one number per axis. */
function indexAt(position: number, shape: Shape): number[] {
  const index = new Array<number>(shape.length);
  let rest = position;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis] = rest % shape[axis];
    rest = Math.floor(rest / shape[axis]);
  }
  return index;
}

function rounded(value: number): string {
  return `${Number(value.toPrecision(4))}`;
}
