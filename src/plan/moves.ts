/**
 * Movement without moving: finds for every value the buffer and the view behind it, and decides once which values have
 * to be copied because no single view can express what follows, or because somebody needs them dense.
 */
import { isDense, type View } from '../../kernels/support/view.ts';
import { padPrimitive } from '../ops/movement.ts';
import { type Shape, sizeOf } from '../tensor/shape.ts';
import { type Graph, isOf, type Operation, type ValueId } from './graph.ts';
import { denseView, moveView } from './views.ts';

/** A value read through a view. */
export interface Resolved {
  readonly source: ValueId;
  readonly view: View;
}

/** The graph with its movement resolved. */
export class Moves {
  readonly graph: Graph;
  /** Operations that are needed, in topological order. */
  readonly operations: readonly Operation[];
  /** Values that are written out densely although they only move or repeat what exists. */
  readonly copies: ReadonlySet<ValueId>;
  readonly #copies = new Set<ValueId>();
  readonly #resolved = new Map<ValueId, Resolved>();

  constructor(graph: Graph) {
    this.graph = graph;
    this.copies = this.#copies;
    const live = this.#liveOperations();
    this.operations = graph.operations.filter((operation) => live.has(operation));
    this.#chooseCopies();
  }

  shapeOf(value: ValueId): Shape {
    return this.graph.values[value].spec.shape;
  }

  sizeOf(value: ValueId): number {
    return sizeOf(this.shapeOf(value));
  }

  isConstant(value: ValueId): boolean {
    return this.graph.values[value].producer.kind === 'constant';
  }

  /** The operation that produces a value, if one does. */
  operationOf(value: ValueId): Operation | undefined {
    const { producer } = this.graph.values[value];
    return producer.kind === 'operation' ? this.graph.operations[producer.index] : undefined;
  }

  /** The buffer and view behind a value. */
  resolve(value: ValueId): Resolved {
    const known = this.#resolved.get(value);
    if (known) return known;
    const itself = { source: value, view: denseView(this.shapeOf(value)) };
    const resolved = this.#copies.has(value) ? itself : (this.#movedFrom(value) ?? itself);
    this.#resolved.set(value, resolved);
    return resolved;
  }

  /** What a fused operation reads: for a copied movement the value it moves, else the operation's inputs. */
  operandsOf(value: ValueId): Resolved[] {
    const operation = this.operationOf(value);
    if (!operation) return [];
    const moved = this.#movedFrom(value);
    return moved ? [moved] : operation.inputs.map((input) => this.resolve(input));
  }

  /** For a movement value: what it reads. Asks for a copy of its input where no single view does it. */
  #movedFrom(value: ValueId): Resolved | undefined {
    const operation = this.operationOf(value);
    if (!operation || !isView(operation)) return undefined;
    const [input] = operation.inputs;
    const move = ({ view }: Resolved) => moveView(view, operation, this.shapeOf(input), this.shapeOf(value));
    const before = this.resolve(input);
    const view = move(before);
    if (view) {
      // Around a padded constant there is something else than the constant: it is loaded like data.
      if (this.isConstant(before.source) && view.bounds) this.#copies.add(before.source);
      return { source: before.source, view };
    }
    const copied = this.#copy(input);
    return { source: input, view: move(copied)! };
  }

  #copy(value: ValueId): Resolved {
    const itself = { source: value, view: denseView(this.shapeOf(value)) };
    this.#copies.add(value);
    this.#resolved.set(value, itself);
    return itself;
  }

  #liveOperations(): Set<Operation> {
    const live = new Set<Operation>();
    const pending = [...this.graph.outputs, ...this.graph.updates.map((each) => each.value)];
    while (pending.length > 0) {
      const operation = this.operationOf(pending.pop()!);
      if (!operation || live.has(operation)) continue;
      live.add(operation);
      pending.push(...operation.inputs);
    }
    return live;
  }

  /**
   * Kernels want dense operands, and the outside world wants dense results. A copy changes the views of what follows
   * it, which may ask for another copy, so this repeats until nothing changes.
   */
  #chooseCopies(): void {
    const { outputs, updates } = this.graph;
    let before: number;
    do {
      before = this.#copies.size;
      this.#resolved.clear();
      for (const operation of this.operations) {
        if (isView(operation)) this.resolve(operation.outputs[0]);
        if (isKernel(operation)) for (const input of operation.inputs) this.#requireDense(input);
      }
      for (const value of outputs) this.#requireDense(value);
      for (const { value } of updates) this.#requireDense(value);
    } while (this.#copies.size > before);
  }

  #requireDense(value: ValueId): void {
    const { source, view } = this.resolve(value);
    const whole = isDense(view, this.shapeOf(value)) && this.sizeOf(source) === this.sizeOf(value);
    if (!whole || this.isConstant(source)) this.#copy(value);
  }
}

/** Movement that is a view of its input; padding between elements is not. */
export function isView(operation: Operation): boolean {
  if (isOf(operation, padPrimitive)) return operation.attributes.interior.every((each) => each === 0);
  return operation.primitive.kind === 'movement';
}

/** An operation that runs as a kernel of its own. */
export function isKernel(operation: Operation): boolean {
  const { primitive } = operation;
  if (primitive.kind === 'movement') return !isView(operation);
  return primitive.kind === 'kernel' || primitive.kind === 'loop';
}
