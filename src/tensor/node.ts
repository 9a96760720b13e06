/** A node of the graph: one application of a primitive, or a leaf with its source. */
import type { NumericArray, TensorSpec } from './dtype.ts';
import type { Primitive } from './primitive.ts';
import { currentPart, currentScope, type StepPart } from './scope.ts';
import type { Tensor } from './tensor.ts';
import type { Variable } from './variable.ts';

/** Where a leaf's value comes from. */
export type LeafSource =
  /** A typed array the garbage collector owns. */
  | { readonly kind: 'data'; readonly data: NumericArray }
  | VariableSource
  | HostSource
  /** An argument of a compiled function. */
  | { readonly kind: 'placeholder'; readonly index: number }
  /** In the body of a loop, something of each step: a carry, a slice. */
  | { readonly kind: 'standIn' };

/** A variable at one of its versions. The device has the value of one version only: see `Variable`. */
export interface VariableSource {
  readonly kind: 'variable';
  readonly variable: Variable;
  /** Undefined in a trace: the value that the variable has whenever the captured function runs. */
  readonly version: number | undefined;
  /** How the value of this version is computed, until the device has it. */
  assigned: Tensor | undefined;
}

/** Given by the host each time it is asked for: learning rates, random counters. See `hostValue`. */
export interface HostSource {
  readonly kind: 'host';
  readonly begin: () => () => NumericArray;
  /** In a trace: asked anew at each call of the captured function. */
  readonly traced: boolean;
}

/** What is known of a node besides its primitive and inputs. */
export interface NodeDetails {
  readonly attributes?: object;
  readonly outputs: readonly TensorSpec[];
  readonly source?: LeafSource;
}

let created = 0;

const noSiblings: readonly Node[] = [];

/** The id that the next node gets: nodes made from here on have at least this one. */
export function nextNodeId(): number {
  return created;
}

/**
 * One application of a primitive, or a leaf: what tensors are handles to. Values appear on it once they are computed.
 *
 * It counts the nodes that are built on it and still open. A node is closed once nobody can need what it is computed from;
 * that tells whether the old value of a variable may still be read when the variable changes.
 */
export class Node {
  /** Whether nodes that are made now are exposed. Set by `concealed` and `exposed`. */
  static exposing = true;
  /** Where nodes that are made now are listed, if anywhere. Set by `concealedResults`. */
  static list: Node[] | undefined;
  /** Creation order, which is a topological order. */
  readonly id: number = created++;
  /** What is applied. */
  readonly primitive: Primitive;
  /** What the primitive takes besides tensors: axes, strides. */
  readonly attributes: object;
  /** Shape and dtype of each output. */
  readonly outputs: readonly TensorSpec[];
  /** Where the value of a leaf comes from. */
  readonly source: LeafSource | undefined;
  /** The layer that was running when the node was made, such as `encoder.lstm`; empty outside layers. */
  readonly scope: string = currentScope();
  /** The part of a training step that was being built when the node was made. */
  readonly part: StepPart = currentPart();
  /** Values already computed, one per output. */
  readonly values: (NumericArray | undefined)[];
  /** Whether somebody outside the library may hold it, and so ask for its value or its derivative at any time. */
  exposed: boolean = Node.exposing;
  /** Open nodes that are computed from it. */
  uses = 0;
  /** Those of them through which a derivative can come. */
  differentiableUses = 0;
  /** Results of the same operation that somebody may hold beside this one, although neither is behind the other. */
  siblings: readonly Node[] = noSiblings;
  /** The last walk of `nodesBehind` that came by. */
  walk = 0;
  #inputs: readonly Tensor[];
  #closed = false;
  #released = false;

  constructor(primitive: Primitive, inputs: readonly Tensor[], details: NodeDetails) {
    this.primitive = primitive;
    this.#inputs = inputs;
    this.attributes = details.attributes ?? {};
    this.outputs = details.outputs;
    this.source = details.source;
    this.values =
      details.source?.kind === 'data' ? [details.source.data] : details.outputs.map(() => undefined);
    if (inputs.length > 0) this.#use(1);
    Node.list?.push(this);
  }

  /** What the primitive is applied to; nothing after `letGo`. */
  get inputs(): readonly Tensor[] {
    return this.#inputs;
  }

  /** Whether it has no derivative any more, though its value can be had. */
  get released(): boolean {
    return this.#released;
  }

  /** Whether nobody can need what it is computed from. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Whether all its outputs are computed. */
  get known(): boolean {
    return !this.values.includes(undefined);
  }

  /** Nobody can need what it is computed from, unless something is built on it again. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#use(-1);
  }

  /** Takes `close` and `release` back, here and behind. */
  reopen(): void {
    const pending: Node[] = [this];
    while (pending.length > 0) {
      const node = pending.pop()!;
      if (!node.#closed || (node.#released && node.#inputs.length === 0)) continue;
      node.#closed = false;
      node.#released = false;
      node.#use(1);
      for (const input of node.#inputs) pending.push(input.node);
    }
  }

  /** Gives up the derivative: once its value is known, the graph behind it can be let go. */
  release(): void {
    if (this.source) return;
    this.close();
    this.#released = true;
  }

  /** Lets go of the graph behind a released node whose values are known, so that keeping a loss does not keep its step. */
  letGo(): void {
    if (!this.#released || !this.known) return;
    this.#inputs = [];
    this.siblings = noSiblings;
  }

  #use(change: 1 | -1): void {
    const { gradient, composed } = this.primitive;
    const differentiable =
      (gradient ?? composed) !== undefined && this.outputs.some(({ dtype }) => dtype === 'float32');
    for (const { node } of this.#inputs) {
      node.uses += change;
      if (differentiable) node.differentiableUses += change;
      if (change > 0 && node.#closed && !node.#released) node.reopen();
    }
  }
}

let walks = 0;

/**
 * All nodes behind tensors, in creation order, which is topological. `inputsOf` says which inputs of a node to follow;
 * default: all.
 */
export function nodesBehind(
  tensors: readonly Tensor[],
  inputsOf: (node: Node) => readonly Tensor[] = ({ inputs }) => inputs,
): Node[] {
  const walk = ++walks;
  const found: Node[] = [];
  const pending: Node[] = [];
  const visit = ({ node }: Tensor): void => {
    if (node.walk === walk) return;
    node.walk = walk;
    pending.push(node);
  };
  for (const tensor of tensors) visit(tensor);
  for (let node = pending.pop(); node; node = pending.pop()) {
    found.push(node);
    for (const input of inputsOf(node)) visit(input);
  }
  // Found from the last to the first, mostly: turned round, sorting has little to do.
  return found.reverse().sort((a, b) => a.id - b.id);
}
