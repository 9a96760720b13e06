/**
 * Derivatives as expressions: `grad` walks the graph backwards and builds more graph from the gradient rules, so a
 * derivative can be differentiated, fused and compiled like anything else.
 */
import { GradientError, OptionError, ShapeError } from '../errors.ts';
import { apply } from '../ops/apply.ts';
import { reshapePrimitive } from '../ops/broadcast.ts';
import { add } from '../ops/elementwise.ts';
import { describeValue, requireFunction, requireList } from '../options.ts';
import { concealed, concealedResults, expose } from '../tensor/exposure.ts';
import { fill } from '../tensor/leaves.ts';
import { type Node, nextNodeId, nodesBehind } from '../tensor/node.ts';
import {
  isBuildingLoop,
  leftBehind,
  recordedGradient,
  recorder,
  recordGradient,
} from '../tensor/recorder.ts';
import { buildingPart, withScope } from '../tensor/scope.ts';
import { formatShape, sameShape } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { Parameter, Variable } from '../tensor/variable.ts';
import { sumOfCotangents } from './cotangent-sum.ts';

/** Cotangents of a node's outputs. */
type Cotangents = readonly (Tensor | undefined)[];

/** The cotangents that have arrived at each output of each node. */
type Arrivals = Map<Node, Tensor[][]>;

/**
 * Vector-Jacobian product: the cotangents of `targets` for the given cotangents of `outputs`; `undefined` for targets
 * the outputs do not depend on.
 */
export function backpropagate(
  outputs: readonly Tensor[],
  cotangents: readonly (Tensor | undefined)[],
  targets: readonly Tensor[],
  order: readonly Node[] = nodesBehind(outputs),
): (Tensor | undefined)[] {
  const since = nextNodeId();
  const wanted = new Set(targets.map((target) => target.node));
  const needed = leadingTo(order, wanted);
  const arrivals: Arrivals = new Map();
  const sums = new Map<Node, Cotangents>();
  outputs.forEach((output, index) => {
    const cotangent = cotangents[index];
    if (cotangent) arrive(arrivals, output, cotangent);
  });
  for (const node of order.toReversed()) {
    const arrived = arrivals.get(node);
    if (!arrived || !needed.has(node)) continue;
    if (node.released && !wanted.has(node)) throw releasedError(node);
    // All that use it have been passed: nothing more arrives.
    const sum = node.outputs.map((_, output) => arrived[output] && sumOfCotangents(arrived[output], since));
    sums.set(node, sum);
    arrivals.delete(node);
    if (node.released || !node.inputs.some((input) => needed.has(input.node))) continue;
    // In the layer of the operation, so that plans and messages name it for the derivative, too.
    const contributions = withScope(node.scope, () => pullBack(node, sum));
    node.inputs.forEach((input, index) => {
      const contribution = contributions[index];
      if (contribution && input.dtype === 'float32' && needed.has(input.node)) {
        arrive(arrivals, input, contribution);
      }
    });
  }
  return targets.map((target) => sums.get(target.node)?.[target.output]);
}

/** Those nodes, in creation order, whose value depends on a target. A released node may depend on anything. */
function leadingTo(order: readonly Node[], targets: ReadonlySet<Node>): Set<Node> {
  const needed = new Set<Node>();
  for (const node of order) {
    if (targets.has(node) || node.released || node.inputs.some((input) => needed.has(input.node)))
      needed.add(node);
  }
  return needed;
}

function arrive(arrivals: Arrivals, tensor: Tensor, cotangent: Tensor): void {
  if (!sameShape(cotangent.shape, tensor.shape)) {
    throw new GradientError({
      where: `gradient of ${tensor.node.primitive.name}`,
      got: `a cotangent of shape ${formatShape(cotangent.shape)}`,
      expected: formatShape(tensor.shape),
      cure: 'The gradient rule of the operation that uses it is wrong: please report it.',
    });
  }
  const known = arrivals.get(tensor.node) ?? [];
  arrivals.set(tensor.node, known);
  known[tensor.output] ??= [];
  known[tensor.output].push(cotangent);
}

/** Applies a node's gradient rule, or differentiates its composed form. */
function pullBack(node: Node, cotangents: Cotangents): Cotangents {
  const { primitive, inputs, attributes } = node;
  const outputs = node.outputs.map((_, output) => new Tensor(node, output));
  if (primitive.gradient) {
    const first = node.outputs[0];
    return primitive.gradient({
      dY: cotangents[0] ?? fill(0, first.shape, 'float32'),
      cotangents,
      inputs,
      output: outputs[0],
      outputs,
      attributes,
      backpropagate: (...call) => backpropagate(...call),
    });
  }
  if (primitive.composed) {
    // One stand-in per input: where an input depends on another, or is given twice, each still gets its own share.
    const standIns = inputs.map((input) => apply(reshapePrimitive, [input], { shape: input.shape }));
    const results = primitive.composed(standIns, attributes);
    const given = new Set(standIns.map((standIn) => standIn.node));
    const inside = nodesBehind(results, (each) => (given.has(each) ? [] : each.inputs));
    return backpropagate(results, cotangents, standIns, inside);
  }
  throw new GradientError({
    where: primitive.name,
    got: 'a request for its derivative',
    expected: 'an operation with a gradient rule',
    cure: 'Keep it out of the path, or wrap it in stopGradient.',
  });
}

function releasedError(node: Node): GradientError {
  return new GradientError({
    where: 'gradient',
    got: `the result of ${node.primitive.name}, whose graph was let go after optimizer.step()`,
    expected: 'a tensor with its graph',
    cure: 'Take gradients before the step, or compute the loss again.',
  });
}

/** Throws GradientError unless `tensor` is a float32 tensor. */
function requireFloat(where: string, tensor: unknown): void {
  if (tensor instanceof Tensor && tensor.dtype === 'float32') return;
  throw new GradientError({
    where,
    got: tensor instanceof Tensor ? `dtype ${tensor.dtype}` : describeValue(tensor),
    expected: 'a float32 tensor',
    cure: 'Integers, booleans and JS numbers have no derivative; cast before the loss, not after.',
  });
}

/** Throws unless the cotangent has the shape of the output. */
function requireCotangent(where: string, output: Tensor, cotangent: Tensor): void {
  requireFloat(where, output);
  requireFloat(`${where}, cotangent`, cotangent);
  if (sameShape(cotangent.shape, output.shape)) return;
  throw new ShapeError({
    where,
    got: `a cotangent of shape ${formatShape(cotangent.shape)}`,
    expected: `${formatShape(output.shape)}, the shape of the tensor that is differentiated`,
    cure: 'Cotangents do not broadcast, because that hides mistakes: use broadcastTo where it is meant.',
  });
}

/** Throws unless `output` can be differentiated without naming a cotangent. */
function requireScalar(where: string, output: Tensor): void {
  requireFloat(where, output);
  if (output.size !== 1) {
    throw new ShapeError({
      where,
      got: `a tensor of shape ${formatShape(output.shape)}`,
      expected: 'a scalar',
      cure: 'Reduce it with sum or mean, or give a cotangent of its shape.',
    });
  }
}

/**
 * The tensors that stand for targets in a graph: each itself, or for a variable its leaves. There are several where the
 * graph was built from values before and after a change; the derivative is the sum over them, so that the gradient of a
 * sum of losses is the sum of their gradients.
 */
function standingFor(graph: readonly Node[], targets: readonly Tensor[]): Tensor[][] {
  const leaves = new Map<Tensor, Tensor[]>();
  for (const target of targets) leaves.set(target, target instanceof Variable ? [] : [target]);
  for (const node of graph) {
    if (node.source?.kind === 'variable') leaves.get(node.source.variable)?.push(new Tensor(node));
  }
  return targets.map((target) => leaves.get(target)!);
}

function gradientsOf(
  where: string,
  output: Tensor,
  targets: readonly Tensor[],
  cotangent?: Tensor,
  known?: readonly Node[],
): Tensor[] {
  if (cotangent) requireCotangent(where, output, cotangent);
  else requireScalar(where, output);
  for (const target of targets) requireFloat(`${where}, target`, target);
  const seed = cotangent ?? fill(1, output.shape);
  const graph = known ?? nodesBehind([output]);
  // What left the body of a loop would have no gradient, and nobody would know.
  if (!isBuildingLoop() && graph.some(({ source }) => source?.kind === 'standIn')) throw leftBehind();
  const places = standingFor(graph, targets);
  return buildingPart('gradient', () => {
    const gradients = concealedResults(() => backpropagate([output], [seed], places.flat(), graph));
    let next = 0;
    return targets.map(({ shape }, index) => {
      const shares = places[index].map(() => gradients[next++]).filter((share) => share !== undefined);
      return shares.length > 0 ? concealed(() => shares.reduce((a, b) => add(a, b))) : fill(0, shape);
    });
  });
}

/** A function of tensors, differentiated with respect to its first argument. */
export type ScalarFunction<Arguments extends readonly unknown[]> = (x: Tensor, ...rest: Arguments) => Tensor;

/**
 * The derivative of a scalar with respect to tensors or parameters, as new tensors of their shapes. Zero where the
 * scalar does not depend on one. A function instead of a tensor gives the function that computes the derivative with
 * respect to its first argument, so `grad(grad(f))` is the second derivative.
 *
 * ```ts
 * const x = tensor([1, 2, 3]);
 * const slope = grad(x.mul(x).sum(), x);
 * await slope.array(); // [2, 4, 6]
 * ```
 *
 * @throws ShapeError when the tensor is not a scalar and no `cotangent` of its shape is given; GradientError for
 * tensors that are not float32.
 */
export function grad(output: Tensor, target: Tensor, cotangent?: Tensor): Tensor;
export function grad(output: Tensor, targets: readonly Tensor[], cotangent?: Tensor): Tensor[];
export function grad<Arguments extends readonly unknown[]>(
  f: ScalarFunction<Arguments>,
): (x: Tensor, ...rest: Arguments) => Tensor;
export function grad<Arguments extends readonly unknown[]>(
  output: Tensor | ScalarFunction<Arguments>,
  targets?: Tensor | readonly Tensor[],
  cotangent?: Tensor,
): Tensor | Tensor[] | ScalarFunction<Arguments> {
  if (typeof output === 'function') return (x, ...rest) => valueAndGrad(output)(x, ...rest)[1];
  if (targets instanceof Tensor) return expose(gradientsOf('grad', output, [targets], cotangent)[0]);
  return expose(gradientsOf('grad', output, requireList('grad', 'targets', targets ?? []), cotangent));
}

/** The value of a scalar function and its derivative with respect to its first argument. */
export function valueAndGrad<Arguments extends readonly unknown[]>(
  f: ScalarFunction<Arguments>,
): (x: Tensor, ...rest: Arguments) => [value: Tensor, gradient: Tensor] {
  requireFunction('valueAndGrad', 'its first argument', f);
  return (x, ...rest) => {
    const value = f(x, ...rest);
    return [value, expose(gradientsOf('valueAndGrad', value, [x])[0])];
  };
}

/**
 * Sets `.grad` on the trainable parameters behind the loss; a second call before the optimizer's step adds to it.
 * `optimizer.step()` reads and clears it.
 *
 * @param parameters those to set it on; default: all behind the loss. In a game of two networks, those of one player.
 * @throws ShapeError when the loss is not a scalar; GradientError when none of the parameters is behind it, or none is
 * trainable; OptionError for a list of something else.
 */
export function backward(loss: Tensor, parameters?: readonly Parameter[]): void {
  if (parameters !== undefined) requireParameters(parameters);
  requireFloat('backward()', loss);
  const graph = nodesBehind([loss]);
  const wanted = parameters && new Set(parameters);
  const list = [...parametersIn(graph)].filter(
    (parameter) => parameter.isTrained && (wanted?.has(parameter) ?? true),
  );
  if (list.length === 0) {
    const released = graph.find((node) => node.released);
    if (released) throw releasedError(released);
    const frozen = [...parametersIn(graph)].find(({ trainable }) => !trainable);
    throw new GradientError({
      where: 'backward()',
      got: `a loss that depends on no trainable parameter${wanted ? ' of those given' : ''}${frozen ? `, but on "${frozen.name}", which is frozen` : ''}`,
      expected: 'at least one',
      cure: frozen
        ? 'Unfreeze what is to be trained, such as a new head: model.head.unfreeze(). freeze() is of all parameters that a module has by then.'
        : 'Check that the loss was built from the model, and that neither stopGradient nor a dropout rate of 1 cuts it off; use grad for other tensors.',
    });
  }
  const found = gradientsOf('backward()', loss, list, undefined, graph);
  list.forEach((parameter, index) => {
    const before = recordedGradient(parameter);
    const sum = (): Tensor => (before ? concealed(() => add(before.value, found[index])) : found[index]);
    const value = buildingPart('gradient', sum);
    recordGradient(parameter, { value, losses: [...(before?.losses ?? []), loss.snapshot()] });
  });
  recorder().leftBy.set(loss.node, list);
}

function parametersIn(graph: readonly Node[]): Set<Parameter> {
  return new Set(
    graph.flatMap(({ source }) =>
      source?.kind === 'variable' && source.variable instanceof Parameter ? [source.variable] : [],
    ),
  );
}

function requireParameters(parameters: unknown): void {
  if (Array.isArray(parameters) && parameters.every((each) => each instanceof Parameter)) return;
  throw new OptionError({
    where: 'backward()',
    got: describeValue(parameters),
    expected: 'a list of parameters',
    cure: 'Pass model.parameters(), or nothing for all parameters behind the loss.',
  });
}
