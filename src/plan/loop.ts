/** Loops in a graph: an operation whose body is a graph of its own. */
import type { LoopBody } from '../ops/loop-body.ts';
import type { Primitive } from '../tensor/primitive.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Bindings, Graph } from './graph.ts';

/** Where the stack of one result of a loop comes from: an output of the body's graph, or a carry as each step finds it. */
export type StackSource =
  | { readonly kind: 'output'; readonly index: number }
  | { readonly kind: 'carry'; readonly index: number };

/** The body of a loop as a graph. In the key of an operation its structure stands for it. */
export class CapturedBody {
  /** The structure of the graph. */
  readonly key: string;
  /** By input of the graph, which of the operation's inputs it is: a carry, a slice of a sequence, or what never changes. */
  readonly inputs: readonly number[];
  /** By output of the operation behind the carries. The first outputs of the graph are the next carries. */
  readonly stacks: readonly StackSource[];
  readonly #graph: Graph;

  constructor(graph: Graph, inputs: readonly number[], stacks: readonly StackSource[]) {
    this.key = graph.key;
    this.inputs = inputs;
    this.stacks = stacks;
    this.#graph = graph;
  }

  get graph(): Graph {
    return this.#graph;
  }
}

/** What a loop is, apart from its arrays. Inputs are the carries, sequences [T, …], and what is the same at every step. */
export interface LoopAttributes {
  readonly steps: number;
  readonly reverse: boolean;
  readonly carries: number;
  readonly sequences: number;
  readonly body: CapturedBody;
}

/** The row of loops in a graph. Outputs are the carries after the last step, then stacks [T, …]. */
export const loopPrimitive: Primitive<LoopAttributes> = {
  name: 'scan',
  kind: 'loop',
  outputs: () => {
    throw new Error('a captured loop has its shapes already');
  },
};

/** The body of a loop as a graph; `capture` captures what is behind tensors. */
export function captureBody(
  { inputs, carries, results }: LoopBody,
  capture: (outputs: readonly Tensor[]) => { readonly graph: Graph; readonly bindings: Bindings },
): CapturedBody {
  const outputs = results.slice(0, carries);
  const stacks = results.slice(carries).map((result): StackSource => {
    const carry = inputs.findIndex((input, place) => place < carries && isSame(input, result));
    if (carry >= 0) return { kind: 'carry', index: carry };
    const known = outputs.findIndex((output) => isSame(output, result));
    return { kind: 'output', index: known >= 0 ? known : outputs.push(result) - 1 };
  });
  const { graph, bindings } = capture(outputs);
  const placeOf = new Map(inputs.map(({ node }, place) => [node.source!, place]));
  const places = bindings.inputs.map((source) => placeOf.get(source)!);
  return new CapturedBody(graph, places, stacks);
}

function isSame(a: Tensor, b: Tensor): boolean {
  return a.node === b.node && a.output === b.output;
}
