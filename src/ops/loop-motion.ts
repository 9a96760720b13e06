/**
 * What leaves a loop. Of the expressions of one step, those that depend on no carry are computed for all steps at once,
 * before the loop, where that is work worth moving; what no carry depends on, such as the gradient of a weight, behind it, from
 * what the loop stacked. The rest becomes the body.
 */
import { fill, fillPrimitive } from '../tensor/leaves.ts';
import type { Node } from '../tensor/node.ts';
import { isOf, type Primitive } from '../tensor/primitive.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { broadcastPrimitive, broadcastTo, reshape, sum } from './broadcast.ts';
import {
  conv2dInputGradientPrimitive,
  conv2dPrimitive,
  conv2dWeightGradientPrimitive,
} from './convolution.ts';
import { add, multiply } from './elementwise.ts';
import { copyNode, LoopBody, nodesBetween, outputsOf, rebuild, standIn, TensorMap } from './loop-body.ts';
import { matmulPrimitive } from './matmul.ts';
import { concatPrimitive } from './movement.ts';
import { isAdditive, overSteps, type StepOperand, sumOverSteps } from './over-steps.ts';

/** A tensor that the expressions of a step are built on, and what it stands for. */
export interface StandIn {
  readonly inside: Tensor;
  readonly outside: Tensor;
}

/** A loop as it was written down: expressions of one step, built on stand-ins. */
export interface LoopDraft {
  readonly steps: number;
  readonly reverse: boolean;
  /** Whether nothing but the carries is kept for the way back, and nothing leaves the loop but what never changes in it. */
  readonly recompute: boolean;
  /** Nodes from this id on may depend on a stand-in. */
  readonly firstNode: number;
  /** Each carry in a step, what it is before the first, and its next value. */
  readonly carries: readonly (StandIn & { readonly next: Tensor })[];
  /** Slices in a step, and the sequences [T, …] that they are of. */
  readonly sequences: readonly StandIn[];
  /** What is the same at every step. */
  readonly constants: readonly StandIn[];
  /** The sequence [T, …] that has a tensor of the expressions, if there is one: then that is read. */
  readonly saved?: (tensor: Tensor) => Tensor | undefined;
  /** To be stacked over the steps. */
  readonly outputs: readonly Tensor[];
  /** To be added up over the steps. */
  readonly sums: readonly Tensor[];
}

/** What comes out of a loop. */
export interface LoopResults {
  /** The carries after the last step. */
  readonly carries: readonly Tensor[];
  /** [T, …] */
  readonly outputs: readonly Tensor[];
  readonly sums: readonly Tensor[];
}

/** Makes the node of a loop: its carries after the last step, then the stacks of the body's other results. */
export type LoopMaker = (body: LoopBody, inputs: readonly Tensor[], draft: LoopDraft) => Node;

/** Turns a draft into a loop, with the work that leaves it before and behind. */
export function buildLoop(draft: LoopDraft, makeLoop: LoopMaker): LoopResults {
  const { carries, outputs, sums, steps } = draft;
  if (steps === 0) {
    return {
      carries: carries.map(({ outside }) => outside),
      outputs: outputs.map(({ shape, dtype }) => fill(0, [0, ...shape], dtype)),
      sums: sums.map(({ shape, dtype }) => fill(0, shape, dtype)),
    };
  }
  const plain = draft.recompute ? undefined : new LoopBuilder(draft, makeLoop);
  // A sum that has no form of its own behind the loop is one more carry.
  const carried = sums.filter((each) => plain?.sumOf(each) === undefined);
  const isPlain = plain !== undefined && carried.length === 0;
  const builder = isPlain ? plain : new LoopBuilder(withAccumulators(draft, carried), makeLoop);
  const finals = builder.carries();
  return {
    carries: finals.slice(0, carries.length),
    outputs: outputs.map((each) => builder.stackOf(each)),
    sums: sums.map((each) => {
      const place = carried.indexOf(each);
      return place < 0 ? builder.sumOf(each)! : finals[carries.length + place];
    }),
  };
}

/** The draft with a carry for each sum, which adds it up. */
function withAccumulators(draft: LoopDraft, sums: readonly Tensor[]): LoopDraft {
  const accumulators = sums.map((each) => {
    const inside = standIn(each);
    return { inside, outside: fill(0, each.shape, each.dtype), next: add(inside, each) };
  });
  return { ...draft, carries: [...draft.carries, ...accumulators] };
}

/** What a tensor of the expressions depends on: nothing that changes, sequences only, or a carry. */
type Dependence = 'constant' | 'sequence' | 'carry';

/** What is moved behind a loop: small products of each step become one large one. Other work gains nothing there. */
const products: ReadonlySet<Primitive<never>> = new Set<Primitive<never>>([
  matmulPrimitive,
  conv2dPrimitive,
  conv2dInputGradientPrimitive,
  conv2dWeightGradientPrimitive,
]);

/** Whether an operation is enough work to be moved before a loop by itself. */
function isWork(node: Node): boolean {
  const { primitive } = node;
  return (primitive.kind === 'kernel' && !isOf(node, concatPrimitive)) || primitive.kind === 'reduce';
}

/**
 * Sorts the expressions of a draft by what they depend on, moves what can be moved before the loop, and makes the loop of
 * the rest. What is asked for afterwards is taken from its stacks.
 */
class LoopBuilder {
  readonly #draft: LoopDraft;
  /** The expressions, in creation order. */
  readonly #order: readonly Node[];
  readonly #dependence = new Map<Node, Dependence>();
  readonly #standIns = new TensorMap<Dependence>();
  /** What constants are outside the loop, where they are built on stand-ins. */
  readonly #outside = new TensorMap<Tensor>();
  /** Constants that are computed in the body all the same: they take no memory there. */
  readonly #remade = new Set<Node>();
  /** Sequences [T, …]: those that were given, and what was computed for all steps. */
  readonly #stacked = new TensorMap<Tensor>();
  readonly #loop: Node;
  /** Which output of the loop has the stack of a tensor. */
  readonly #outputOf = new TensorMap<number>();
  /** Nodes on which a carry depends. */
  readonly #carried: ReadonlySet<Node>;

  constructor(draft: LoopDraft, makeLoop: LoopMaker) {
    this.#draft = draft;
    const { carries, sequences, constants } = draft;
    for (const { inside } of carries) this.#standIns.set(inside, 'carry');
    for (const { inside, outside } of sequences) {
      this.#standIns.set(inside, 'sequence');
      this.#stacked.set(inside, outside);
    }
    for (const { inside, outside } of constants) {
      this.#standIns.set(inside, 'constant');
      this.#outside.set(inside, outside);
    }
    this.#order = this.#findExpressions();
    this.#findDependences();
    if (!draft.recompute) this.#hoist();
    this.#carried = new Set(
      nodesBetween(
        carries.map(({ next }) => next),
        (tensor) => this.#isGiven(tensor),
      ),
    );
    this.#loop = this.#makeLoop(makeLoop);
  }

  /** The carries after the last step. */
  carries(): Tensor[] {
    return outputsOf(this.#loop).slice(0, this.#draft.carries.length);
  }

  /** A tensor at all steps, [T, …]. */
  stackOf(tensor: Tensor): Tensor {
    if (this.#dependenceOf(tensor) === 'constant') return this.#repeated(tensor);
    return this.#stacked.get(tensor) ?? this.#sink(tensor) ?? this.#stackFromLoop(tensor)!;
  }

  /** The sum of a tensor over the steps; undefined where it has to be added up in the loop. */
  sumOf(target: Tensor): Tensor | undefined {
    const sums = new TensorMap<Tensor>();
    const isTerm = (tensor: Tensor): boolean =>
      this.#isGiven(tensor) || !isAdditive(tensor.node.primitive, tensor.node.attributes);
    const region = nodesBetween([target], isTerm);
    const terms = [target, ...region.flatMap(({ inputs }) => inputs)].filter(isTerm);
    for (const term of terms) {
      if (sums.has(term)) continue;
      const total = this.#sumOfTerm(term);
      if (!total) return undefined;
      sums.set(term, total);
    }
    rebuild(region, sums);
    return sums.get(target);
  }

  #sumOfTerm(term: Tensor): Tensor | undefined {
    const { steps } = this.#draft;
    if (this.#dependenceOf(term) === 'constant') return multiply(this.#outsideOf(term), steps);
    const { primitive, attributes, inputs } = term.node;
    if (!this.#isGiven(term)) {
      const operands = this.#operands(inputs);
      const total = operands && sumOverSteps(primitive, operands, attributes, steps);
      if (total || isWork(term.node)) return total;
    }
    const whole = this.#stackFromLoop(term);
    return whole && sum(whole, [0]);
  }

  /** Walks through the expressions, up to where they meet what is given. */
  #findExpressions(): Node[] {
    const { carries, outputs, sums, firstNode, saved } = this.#draft;
    const ends = [...carries.map(({ next }) => next), ...outputs, ...sums];
    return nodesBetween(ends, (tensor) => {
      if (this.#standIns.has(tensor) || tensor.node.id < firstNode) return true;
      const whole = saved?.(tensor);
      if (!whole) return false;
      this.#standIns.set(tensor, 'sequence');
      this.#stacked.set(tensor, whole);
      return true;
    });
  }

  #dependenceOf(tensor: Tensor): Dependence {
    return this.#standIns.get(tensor) ?? this.#dependence.get(tensor.node) ?? 'constant';
  }

  #findDependences(): void {
    for (const node of this.#order) {
      const found = node.inputs.map((input) => this.#dependenceOf(input));
      const dependence = found.includes('carry')
        ? 'carry'
        : found.includes('sequence')
          ? 'sequence'
          : 'constant';
      this.#dependence.set(node, dependence);
      if (dependence !== 'constant') continue;
      // What is built on stand-ins for constants is built once more on what they stand for.
      if (node.inputs.some((input) => this.#outside.has(input))) copyNode(node, this.#outside);
      const isFill = isOf(node, fillPrimitive) || isOf(node, broadcastPrimitive);
      const isBuiltOnFill =
        node.inputs.length > 0 && node.inputs.every((input) => this.#remade.has(input.node));
      if (isFill || isBuiltOnFill) this.#remade.add(node);
    }
  }

  /** Computes for all steps at once what depends on no carry: work, what leads to it, and what directly follows it. */
  #hoist(): void {
    const ofSequences = this.#order.filter((node) => this.#dependence.get(node) === 'sequence');
    const moved = new Set<Node>();
    for (const { node } of this.#draft.outputs) moved.add(node);
    /** What is moved, and slices or other views of it. */
    const follows = new Set<Node>();
    for (const node of ofSequences) {
      const isBehind = moved.has(node) || node.inputs.some((input) => follows.has(input.node));
      if (isWork(node) || (isBehind && node.primitive.kind === 'elementwise')) moved.add(node);
      if (moved.has(node) || isBehind) follows.add(node);
    }
    for (const node of ofSequences.toReversed()) {
      if (moved.has(node)) for (const input of node.inputs) moved.add(input.node);
    }
    for (const node of ofSequences) {
      if (!moved.has(node)) continue;
      const operands = this.#operands(node.inputs);
      if (operands) this.#noteStacks(node, operands);
    }
  }

  /** Computes a node for all steps, if that can be done in one. */
  #noteStacks(node: Node, operands: readonly StepOperand[]): boolean {
    const stacks = overSteps(node.primitive, operands, node.attributes, this.#draft.steps);
    const outputs = outputsOf(node);
    for (const [output, stack] of (stacks ?? []).entries()) this.#stacked.set(outputs[output], stack);
    return stacks !== undefined;
  }

  /** Whether a tensor comes into the body from outside. */
  #isGiven(tensor: Tensor): boolean {
    if (this.#standIns.has(tensor) || this.#stacked.has(tensor)) return true;
    if (tensor.node.id < this.#draft.firstNode) return true;
    return this.#dependenceOf(tensor) === 'constant' && !this.#remade.has(tensor.node);
  }

  #makeLoop(makeLoop: LoopMaker): Node {
    const { carries, outputs, sums } = this.#draft;
    const nexts = carries.map(({ next }) => next);
    const copies = new TensorMap<Tensor>();
    const [insideSequences, insideConstants]: [Tensor[], Tensor[]] = [[], []];
    const enter = (list: Tensor[], tensor: Tensor): void => {
      if (copies.has(tensor)) return;
      copies.set(tensor, standIn(tensor));
      list.push(tensor);
    };
    const insideCarries: Tensor[] = [];
    for (const { inside } of carries) enter(insideCarries, inside);
    const ends = [...outputs, ...sums].filter(
      (each) => !this.#stacked.has(each) && this.#dependenceOf(each) !== 'constant',
    );
    const stops = (tensor: Tensor): boolean => {
      if (!this.#isGiven(tensor)) return false;
      if (this.#dependenceOf(tensor) === 'constant') enter(insideConstants, tensor);
      else if (this.#stacked.has(tensor)) enter(insideSequences, tensor);
      return true;
    };
    const nodes = nodesBetween([...nexts, ...ends], stops);
    rebuild(nodes, copies);
    const stackable: Tensor[] = [];
    const offer = (tensor: Tensor): void => {
      if (!copies.has(tensor) || this.#outputOf.has(tensor)) return;
      this.#outputOf.set(tensor, nexts.length + stackable.length);
      stackable.push(tensor);
    };
    for (const end of ends) offer(end);
    for (const { inside } of carries) offer(inside);
    for (const node of nodes) {
      if (node.primitive.kind === 'movement' || this.#dependence.get(node) === 'constant') continue;
      for (const output of outputsOf(node)) offer(output);
    }
    const copyOf = (tensor: Tensor): Tensor => copies.get(tensor)!;
    const body = new LoopBody(
      [...insideCarries, ...insideSequences, ...insideConstants].map(copyOf),
      insideCarries.length,
      insideSequences.length,
      [...nexts, ...stackable].map(copyOf),
    );
    const inputs = [
      ...carries.map(({ outside }) => outside),
      ...insideSequences.map((each) => this.#stacked.get(each)!),
      ...insideConstants.map((each) => this.#outsideOf(each)),
    ];
    return makeLoop(body, inputs, this.#draft);
  }

  #outsideOf(constant: Tensor): Tensor {
    return this.#outside.get(constant) ?? constant;
  }

  #repeated(constant: Tensor): Tensor {
    const { shape } = constant;
    return broadcastTo(reshape(this.#outsideOf(constant), [1, ...shape]), [this.#draft.steps, ...shape]);
  }

  /** The operands of an operation at all steps; undefined where one of them cannot be had. */
  #operands(inputs: readonly Tensor[]): StepOperand[] | undefined {
    const operands = inputs.map((input): StepOperand | undefined => {
      if (this.#dependenceOf(input) === 'constant') return { tensor: this.#outsideOf(input), stacked: false };
      const tensor = this.#stackFromLoop(input);
      return tensor && { tensor, stacked: true };
    });
    return operands.every((operand) => operand !== undefined) ? operands : undefined;
  }

  /** The stack of a tensor, from what the loop stacks; movement in the body is done to the stacks. */
  #stackFromLoop(tensor: Tensor): Tensor | undefined {
    const isThere = (each: Tensor): boolean =>
      this.#stacked.has(each) || this.#outputOf.has(each) || this.#dependenceOf(each) === 'constant';
    for (const node of nodesBetween([tensor], isThere)) {
      if (node.primitive.kind !== 'movement') return undefined;
      const operands = this.#operands(node.inputs);
      if (!operands || !this.#noteStacks(node, operands)) return undefined;
    }
    const known = this.#stacked.get(tensor);
    if (known) return known;
    const output = this.#outputOf.get(tensor);
    return output === undefined ? undefined : outputsOf(this.#loop)[output];
  }

  /** Computes an output behind the loop if no carry depends on it and it is the result of a product. */
  #sink(target: Tensor): Tensor | undefined {
    if (this.#draft.recompute) return undefined;
    const later = nodesBetween([target], (tensor) => this.#isGiven(tensor) || this.#carried.has(tensor.node));
    const moved = new Set<Node>();
    for (const node of later) {
      const follows = node.inputs.some((input) => moved.has(input.node));
      if (products.has(node.primitive) || follows) moved.add(node);
    }
    if (!moved.has(target.node)) return undefined;
    for (const node of later) {
      if (!moved.has(node)) continue;
      const operands = this.#operands(node.inputs);
      if (!operands || !this.#noteStacks(node, operands)) return undefined;
    }
    return this.#stacked.get(target);
  }
}
