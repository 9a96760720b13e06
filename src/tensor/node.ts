/** A node of the graph: one application of a primitive, or a leaf with its source. */
import type { NumericArray, TensorSpec } from './dtype.ts';
import type { Primitive } from './primitive.ts';
import { currentScope } from './scope.ts';
import type { Tensor } from './tensor.ts';
import type { Variable } from './variable.ts';

/** Where a leaf's value comes from. */
export type LeafSource =
  /** A typed array the garbage collector owns. */
  | { readonly kind: 'data'; readonly data: NumericArray }
  | VariableSource
  | HostSource
  /** An argument of a compiled function. */
  | { readonly kind: 'placeholder'; readonly index: number };

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
}

/** What is known of a node besides its primitive and inputs. */
export interface NodeDetails {
  readonly attributes?: object;
  readonly outputs: readonly TensorSpec[];
  readonly source?: LeafSource;
}

let created = 0;

/** The id that the next node gets: nodes made from here on have at least this one. */
export function nextNodeId(): number {
  return created;
}

/**
 * One application of a primitive, or a leaf: what tensors are handles to. Values appear on it once they are computed.
 */
export class Node {
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
  #inputs: readonly Tensor[];
  /** Values already computed, one per output. */
  readonly values: (NumericArray | undefined)[];
  #released = false;

  constructor(primitive: Primitive, inputs: readonly Tensor[], details: NodeDetails) {
    this.primitive = primitive;
    this.#inputs = inputs;
    this.attributes = details.attributes ?? {};
    this.outputs = details.outputs;
    this.source = details.source;
    this.values =
      details.source?.kind === 'data' ? [details.source.data] : details.outputs.map(() => undefined);
  }

  /** What the primitive is applied to; nothing after `release`. */
  get inputs(): readonly Tensor[] {
    return this.#inputs;
  }

  /** Whether the graph behind the node was let go: its value stays, its derivative is gone. */
  get released(): boolean {
    return this.#released;
  }

  /** Lets go of the graph behind a node whose values are known, so that keeping a loss does not keep its step. */
  release(): void {
    if (this.source || this.values.includes(undefined)) return;
    this.#inputs = [];
    this.#released = true;
  }
}

/**
 * All nodes behind tensors, in creation order, which is topological. `inputsOf` says which inputs of a node to follow;
 * default: all.
 */
export function nodesBehind(
  tensors: readonly Tensor[],
  inputsOf: (node: Node) => readonly Tensor[] = ({ inputs }) => inputs,
): Node[] {
  const seen = new Set<Node>();
  const pending = tensors.map((tensor) => tensor.node);
  while (pending.length > 0) {
    const node = pending.pop()!;
    if (seen.has(node)) continue;
    seen.add(node);
    for (const input of inputsOf(node)) pending.push(input.node);
  }
  return [...seen].sort((a, b) => a.id - b.id);
}
