/**
 * The body of a loop as a closed piece of graph: what one step computes, in terms of leaves that stand for the carry, for
 * the step's slices of the sequences, and for what is the same at every step.
 */
import type { TensorSpec } from '../tensor/dtype.ts';
import { leaf } from '../tensor/leaves.ts';
import { Node } from '../tensor/node.ts';
import { buildingPart, withScope } from '../tensor/scope.ts';
import { Tensor } from '../tensor/tensor.ts';

/** A map from tensors to something, whatever handle of a tensor is given. */
export class TensorMap<Value> {
  readonly #byNode = new Map<Node, (Value | undefined)[]>();

  get(tensor: Tensor): Value | undefined {
    const { node, output } = tensor;
    return this.#byNode.get(node)?.[output];
  }

  has(tensor: Tensor): boolean {
    return this.get(tensor) !== undefined;
  }

  set(tensor: Tensor, value: Value): void {
    const { node, output } = tensor;
    const known = this.#byNode.get(node);
    if (known) known[output] = value;
    else this.#byNode.set(node, Object.assign([], { [output]: value }));
  }
}

/** A leaf that stands for something in the body of a loop. */
export function standIn({ shape, dtype }: TensorSpec): Tensor {
  return leaf(shape, dtype, { kind: 'standIn' });
}

/** All outputs of a node, as tensors. */
export function outputsOf(node: Node): Tensor[] {
  return node.outputs.map((_, output) => new Tensor(node, output));
}

/** What one step of a loop computes. All that its results are built on are its inputs. */
export class LoopBody {
  /** Leaves: the carries, then the slices of the sequences, then what is the same at every step. */
  readonly inputs: readonly Tensor[];
  readonly carries: number;
  readonly sequences: number;
  /** The next value of each carry, then what can be stacked over the steps. */
  readonly results: readonly Tensor[];

  constructor(inputs: readonly Tensor[], carries: number, sequences: number, results: readonly Tensor[]) {
    this.inputs = inputs;
    this.carries = carries;
    this.sequences = sequences;
    this.results = results;
  }

  /**
   * The body with some of the results only, and the inputs that they need: those given, and the next values of the carries
   * that they depend on.
   *
   * @returns it, with the places of its inputs and results among those of this body
   */
  only(wanted: Iterable<number>): {
    readonly body: LoopBody;
    readonly inputs: readonly number[];
    readonly results: readonly number[];
  } {
    const live = new Set(wanted);
    const placeOf = new Map(this.inputs.map(({ node }, place) => [node, place]));
    const used = new Set<number>([...live].filter((result) => result < this.carries));
    const seen = new Set<Node>();
    const pending = [...live].map((result) => this.results[result].node);
    for (let node = pending.pop(); node; node = pending.pop()) {
      if (seen.has(node)) continue;
      seen.add(node);
      for (const input of node.inputs) pending.push(input.node);
      const place = placeOf.get(node);
      if (place === undefined) continue;
      used.add(place);
      if (place >= this.carries || live.has(place)) continue;
      live.add(place);
      pending.push(this.results[place].node);
    }
    const ascending = (numbers: Set<number>): number[] => [...numbers].sort((a, b) => a - b);
    const [inputs, results] = [ascending(used), ascending(live)];
    const below = (end: number): number => inputs.filter((place) => place < end).length;
    const carries = below(this.carries);
    const body = new LoopBody(
      inputs.map((place) => this.inputs[place]),
      carries,
      below(this.carries + this.sequences) - carries,
      results.map((result) => this.results[result]),
    );
    return { body, inputs, results };
  }

  /** The results for other inputs. */
  with(inputs: readonly Tensor[]): Tensor[] {
    const given = new TensorMap<Tensor>();
    for (const [place, input] of this.inputs.entries()) given.set(input, inputs[place]);
    const order = nodesBetween(this.results, (tensor) => given.has(tensor));
    rebuild(order, given);
    return this.results.map((result) => given.get(result)!);
  }
}

/** The nodes behind tensors, in creation order, up to those tensors at which `stops` holds. */
export function nodesBetween(tensors: readonly Tensor[], stops: (tensor: Tensor) => boolean): Node[] {
  const seen = new Set<Node>();
  const pending = [...tensors];
  for (let tensor = pending.pop(); tensor; tensor = pending.pop()) {
    if (seen.has(tensor.node) || stops(tensor)) continue;
    seen.add(tensor.node);
    pending.push(...tensor.node.inputs);
  }
  return [...seen].sort((a, b) => a.id - b.id);
}

/** Applies nodes once more, in creation order, to what stands for their inputs; `copies` then has their outputs, too. */
export function rebuild(order: readonly Node[], copies: TensorMap<Tensor>): void {
  for (const node of order) copyNode(node, copies);
}

/** Applies a node once more, to what stands for its inputs, and notes what stands for its outputs. */
export function copyNode(node: Node, copies: TensorMap<Tensor>): void {
  const { primitive, attributes, outputs, scope, part } = node;
  const inputs = node.inputs.map((input) => copies.get(input) ?? input);
  const copy = withScope(scope, () =>
    buildingPart(part, () => new Node(primitive, inputs, { attributes, outputs })),
  );
  outputs.forEach((_, output) => {
    const tensor = new Tensor(node, output);
    if (!copies.has(tensor)) copies.set(tensor, new Tensor(copy, output));
  });
}
