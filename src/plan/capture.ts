/** From tensors to a graph: the nodes behind them that still have to be computed, in topological order. */
import { TraceError } from '../errors.ts';
import type { LoopBody } from '../ops/loop-body.ts';
import { type ScanAttributes, scanPrimitive } from '../ops/scan-primitive.ts';
import type { NumericArray } from '../tensor/dtype.ts';
import { fillPrimitive } from '../tensor/leaves.ts';
import { type Node, nodesBehind, type VariableSource } from '../tensor/node.ts';
import { leftBehind } from '../tensor/recorder.ts';
import type { StepPart } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Variable } from '../tensor/variable.ts';
import { type Bindings, copyPrimitive, type Graph, GraphBuilder, isOf, type ValueId } from './graph.ts';
import { captureBody, loopPrimitive } from './loop.ts';
import { addOperation } from './simplify.ts';

/**
 * Captures what is needed to compute `outputs` and the new values of `updates`.
 *
 * @param start the first node of the function that is being captured, if one is: what an earlier function left behind
 * stands for arguments and values of its own calls
 * @param standIns where the body of a loop is captured, what it is built on
 * @throws TraceError for what was made inside another function, or inside one at all where none is being captured
 */
export function captureGraph(
  outputs: readonly Tensor[],
  updates: ReadonlyMap<Variable, Tensor> = new Map(),
  start = Number.POSITIVE_INFINITY,
  standIns: ReadonlySet<Node> = new Set(),
): { graph: Graph; bindings: Bindings } {
  const builder = new GraphBuilder();
  const roots = [...outputs, ...updates.values()];
  const { nodes, loops } = withoutUnused(reachable(roots), roots);
  /** By node and output; an output of a loop that nobody uses has none. */
  const ids = new Map<Node, readonly ValueId[]>();
  const known = new Map<NumericArray, ValueId>();
  const idOf = (tensor: Tensor): ValueId => {
    const { node, output } = tensor;
    const data = node.values[output];
    if (isUnknown(tensor) || data === undefined) return ids.get(node)![output];
    // Computed before: an input like any other.
    const id = known.get(data) ?? builder.input({ kind: 'data', data }, node.outputs[output]);
    known.set(data, id);
    return id;
  };
  for (const node of nodes) {
    if (node.id < start && standsForCall(node)) throw leftBehind();
    if (node.source?.kind === 'standIn' && !standIns.has(node)) throw leftBehind();
    const loop = loops.get(node);
    ids.set(node, loop ? addLoop(builder, node, loop, idOf) : addNode(builder, node, idOf));
  }
  const claimed = new Set<ValueId>();
  const outputIds = outputs.map((tensor) => ownValue(builder, idOf(tensor), claimed));
  const updateIds = [...updates].map(([variable, value]) => {
    builder.variable(variable);
    return { variable: builder.numberOf(variable), value: ownValue(builder, idOf(value), claimed, 'update') };
  });
  const tail = `outputs ${outputIds.join(',')} updates ${updateIds.map((each) => `${each.variable}=${each.value}`).join(',')}`;
  return {
    graph: {
      values: builder.values,
      operations: builder.operations,
      outputs: outputIds,
      updates: updateIds,
      key: `${builder.key}\n${tail}`,
    },
    bindings: { inputs: builder.inputs, variables: builder.variables },
  };
}

/**
 * A value that may be written to a place of its own. Leaves, constants, views of them, and values that already go
 * somewhere else are copied.
 */
function ownValue(builder: GraphBuilder, id: ValueId, claimed: Set<ValueId>, part?: StepPart): ValueId {
  let base = id;
  let producer = builder.producer(base);
  while (producer?.primitive.kind === 'movement') {
    base = producer.inputs[0];
    producer = builder.producer(base);
  }
  if (producer && !claimed.has(base)) {
    claimed.add(base);
    return id;
  }
  const spec = builder.value(id).spec;
  // The destination's number keeps two copies of one value apart.
  const attributes = { destination: claimed.size };
  const [copy] = builder.operation({
    primitive: copyPrimitive,
    inputs: [id],
    attributes,
    specs: [spec],
    scope: '',
    part: part ?? builder.producer(id)?.part ?? 'forward',
  });
  claimed.add(copy);
  return copy;
}

/** Whether a tensor has to be looked up or computed: it is a leaf, or nobody has awaited it yet. */
function isUnknown({ node, output }: Pick<Tensor, 'node' | 'output'>): boolean {
  if (node.values[output] === undefined) return true;
  return node.source !== undefined && node.source.kind !== 'variable';
}

/** All nodes behind the tensors that still have to be computed, and the leaves they start from, in creation order. */
export function reachable(tensors: readonly Tensor[]): Node[] {
  return nodesBehind(tensors.filter(isUnknown), unknownInputs);
}

function unknownInputs({ source, inputs }: Node): readonly Tensor[] {
  const sources = source?.kind === 'variable' && source.assigned ? [source.assigned] : inputs;
  return sources.filter(isUnknown);
}

/** A loop with those of its results and inputs that are needed, by their places among all of them. */
type NeededLoop = ReturnType<LoopBody['only']> & Pick<ScanAttributes, 'steps' | 'reverse'>;

/**
 * A loop can give a stack of everything that its body computes: only what is used is, and only what that needs stays.
 * From the last node to the first, since what a loop needs depends on what is needed of it.
 */
function withoutUnused(
  nodes: readonly Node[],
  roots: readonly Tensor[],
): { readonly nodes: readonly Node[]; readonly loops: ReadonlyMap<Node, NeededLoop> } {
  const loops = new Map<Node, NeededLoop>();
  if (!nodes.some((node) => isOf(node, scanPrimitive))) return { nodes, loops };
  const used = new Map<Node, Set<number>>();
  const use = (tensor: Tensor): void => {
    if (!isUnknown(tensor)) return;
    const known = used.get(tensor.node);
    if (known) known.add(tensor.output);
    else used.set(tensor.node, new Set([tensor.output]));
  };
  roots.forEach(use);
  for (const node of nodes.toReversed()) {
    const outputs = used.get(node);
    if (!outputs) continue;
    if (isOf(node, scanPrimitive)) {
      const { body, steps, reverse } = node.attributes;
      const loop = { ...body.only(outputs), steps, reverse };
      loops.set(node, loop);
      for (const input of loop.inputs) use(node.inputs[input]);
    } else unknownInputs(node).forEach(use);
  }
  return { nodes: nodes.filter((node) => used.has(node)), loops };
}

function addLoop(
  builder: GraphBuilder,
  node: Node,
  { body, inputs, results, steps, reverse }: NeededLoop,
  idOf: (tensor: Tensor) => ValueId,
): readonly ValueId[] {
  const { carries, sequences } = body;
  const standIns = new Set(body.inputs.map((input) => input.node));
  // Inside a body everything stands for something of each step.
  const captured = captureBody(body, (outputs) => captureGraph(outputs, new Map(), 0, standIns));
  const ids: ValueId[] = [];
  builder
    .operation({
      primitive: loopPrimitive,
      attributes: { steps, reverse, carries, sequences, body: captured },
      inputs: inputs.map((input) => idOf(node.inputs[input])),
      specs: results.map((result) => node.outputs[result]),
      scope: node.scope,
      part: node.part,
    })
    .forEach((id, at) => {
      ids[results[at]] = id;
    });
  return ids;
}

function addNode(builder: GraphBuilder, node: Node, idOf: (tensor: Tensor) => ValueId): readonly ValueId[] {
  const { source, primitive, attributes, scope, part, outputs: specs } = node;
  if (source?.kind === 'variable') return [source.assigned ? idOf(source.assigned) : held(builder, source)];
  if (source) return [builder.input(source, specs[0])];
  if (isOf(node, fillPrimitive)) return [builder.constant(node.attributes.value, specs[0])];
  return addOperation(builder, { primitive, attributes, inputs: node.inputs.map(idOf), scope, part, specs });
}

/** A variable as the device holds it. */
function held(builder: GraphBuilder, { variable, version = variable.version }: VariableSource): ValueId {
  if (version >= variable.version) return builder.variable(variable);
  throw new Error(`version ${version} of "${variable.name}" was taken to be out of reach: please report it`);
}

/** Whether a leaf stands for something that each call of a captured function has anew. */
function standsForCall({ source }: Node): boolean {
  if (source?.kind === 'variable') return source.version === undefined && !source.assigned;
  return source?.kind === 'placeholder' || (source?.kind === 'host' && source.traced);
}

/**
 * Throws TraceError when a captured function uses an expression of a variable that was built outside it: that means the
 * value of one moment, and the function is for many. `nodes` are those reachable from the tensors.
 */
export function refuseEarlierReads(nodes: readonly Node[], tensors: readonly Tensor[]): void {
  const isEarlier = ({ node }: Tensor): boolean =>
    node.source?.kind === 'variable' && node.source.version !== undefined && isUnknown({ node, output: 0 });
  for (const node of nodes) {
    const read = node.inputs.find(isEarlier);
    if (read) throw builtOutside(node.primitive.name, read);
  }
  const read = tensors.find(isEarlier);
  if (read) throw builtOutside('tensor', read);
}

function builtOutside(what: string, read: Tensor): TraceError {
  const { variable } = read.node.source as VariableSource;
  return new TraceError({
    where: 'compile',
    got: `a ${what} of "${variable.name}" that was built outside the function`,
    expected: 'expressions of variables built inside, or values',
    cure: 'Build it inside the function to follow the variable, or await it first to keep its value of now.',
  });
}

/** Throws TraceError when one of the nodes that a captured function needs was built after an await: from node `end` on. */
export function refuseLaterNodes(nodes: readonly Node[], end: number): void {
  const later = nodes.findLast((node) => node.id >= end && node.source?.kind !== 'variable');
  if (!later) return;
  throw new TraceError({
    where: 'compile',
    got: `a ${later.primitive.name} that was built after an await inside the function`,
    expected: 'a function that builds everything before its first await',
    cure: 'Move what is built in front of `await optimizer.step()`, or return the tensor and go on outside.',
  });
}
