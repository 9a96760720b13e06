/** Finding the operation that made a value NaN or infinite, by looking at every value of its graph. */
import { OptionError } from '../errors.ts';
import { cast } from '../ops/cast.ts';
import { maximum, minimum, stopGradient, where } from '../ops/elementwise.ts';
import { concatPrimitive } from '../ops/movement.ts';
import { maxPrimitive } from '../ops/reduce.ts';
import { type ScanAttributes, scanPrimitive } from '../ops/scan-primitive.ts';
import { describeValue } from '../options.ts';
import { fillPrimitive, fromData } from '../tensor/leaves.ts';
import { type Node, nodesBehind } from '../tensor/node.ts';
import { isOf, type Primitive } from '../tensor/primitive.ts';
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
  /** In the body of a `scan`, at which step. */
  readonly step: number | undefined;
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
  return findBehind([tensor.snapshot()]);
}

async function findBehind(targets: readonly Tensor[]): Promise<NonFiniteFinding | undefined> {
  const nodes = nodesBehind(targets);
  // Of a loop only what somebody uses.
  const used = new Map<Node, Set<number>>();
  for (const { node, output } of [...targets, ...nodes.flatMap(({ inputs }) => inputs)]) {
    used.set(node, (used.get(node) ?? new Set()).add(output));
  }
  const outputs = nodes
    .filter((node) => node.primitive !== fillPrimitive)
    .flatMap((node) => floatOutputs(node).filter(({ output }) => used.get(node)?.has(output)));
  await runtime().evaluate(outputs);
  const kinds = new Map<Node, ValueKind>();
  for (const node of nodes) kinds.set(node, kindOf(node, kinds));
  const first = firstBad(
    targets.map(({ node }) => node),
    kinds,
  );
  if (!first) return undefined;
  return isOf(first, scanPrimitive) ? findInLoop(first, first.attributes, used.get(first)!) : describe(first);
}

/** Looks at the first step of a loop that gave something bad, as if it were no loop. */
async function findInLoop(
  loop: Node,
  { body, steps, reverse }: ScanAttributes,
  used: ReadonlySet<number>,
): Promise<NonFiniteFinding | undefined> {
  const { carries, sequences, inputs, results } = body;
  const foundAt = inputs
    .slice(0, carries)
    .map((carry) => results.findIndex((result, place) => place >= carries && result.node === carry.node));
  await runtime().evaluate([...foundAt.map((place) => new Tensor(loop, place)), ...loop.inputs]);
  const slice = (tensor: Tensor, t: number): Tensor => {
    const [, ...shape] = tensor.shape;
    const values = tensor.node.values[tensor.output]!;
    const size = values.length / steps;
    return fromData(values.slice(t * size, (t + 1) * size), shape, tensor.dtype);
  };
  const isBad = (place: number, t: number): boolean =>
    results[place].dtype === 'float32' && !allFinite(slice(new Tensor(loop, place), t));
  const order = Array.from({ length: steps }, (_, at) => (reverse ? steps - 1 - at : at));
  const stacks = [...used].filter((place) => place >= carries);
  const at = order.findIndex((t, position) => {
    const next = order[position + 1];
    // What the last step leaves is bad if nothing before it was.
    return (
      next === undefined ||
      stacks.some((place) => isBad(place, t)) ||
      foundAt.some((place) => isBad(place, next))
    );
  });
  const step = order[at];
  const given = loop.inputs.map((input, place) => {
    if (place < carries) return slice(new Tensor(loop, foundAt[place]), step);
    return place < carries + sequences ? slice(input, step) : input;
  });
  const ends = body
    .with(given)
    .filter(({ dtype }, place) => dtype === 'float32' && (place < carries || used.has(place)));
  const finding = await findBehind(ends);
  return finding && { ...finding, step };
}

function allFinite({ node, output }: Tensor): boolean {
  return node.values[output]!.every((value: number) => Number.isFinite(value));
}

/** The finding in words: `log in layer "head" gave NaN at [0, 3] (from -0.25)`. */
export function describeFinding({
  operation,
  layer,
  variable,
  shape,
  index,
  value,
  step,
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
  const time = step === undefined ? '' : ` at step ${step} of a loop`;
  return `${operation}${place} gave ${value}${at}${time}${given}`;
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
const carriers: ReadonlySet<Primitive<never>> = new Set<Primitive<never>>([
  where.primitive,
  cast.primitive,
  stopGradient.primitive,
  concatPrimitive,
  maximum.primitive,
  minimum.primitive,
  maxPrimitive,
  scanPrimitive,
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

/** The earliest bad node that reaches a target through bad nodes. */
function firstBad(targets: readonly Node[], kinds: ReadonlyMap<Node, ValueKind>): Node | undefined {
  const seen = new Set(targets.filter((target) => kinds.get(target) === 'bad'));
  let [first] = seen;
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
  return floatOutputs(node).some(({ output }) => node.values[output]?.some(Number.isNaN));
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
    step: undefined,
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
