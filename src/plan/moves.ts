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
  /** By value. */
  readonly #resolved: (Resolved | undefined)[];
  /** By value, once copies are chosen. */
  readonly #operands: (readonly Resolved[] | undefined)[];

  constructor(graph: Graph) {
    this.graph = graph;
    this.copies = this.#copies;
    this.#resolved = graph.values.map(() => undefined);
    this.#operands = graph.values.map(() => undefined);
    this.operations = this.#liveOperations();
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
    const known = this.#resolved[value];
    if (known) return known;
    const moved = this.#copies.has(value) ? undefined : this.#movedFrom(value);
    const resolved = moved ?? { source: value, view: denseView(this.shapeOf(value)) };
    this.#resolved[value] = resolved;
    return resolved;
  }

  /** What a fused operation reads: for a copied movement the value it moves, else the operation's inputs. */
  operandsOf(value: ValueId): readonly Resolved[] {
    const known = this.#operands[value];
    if (known) return known;
    const moved = this.#movedFrom(value);
    const inputs = this.operationOf(value)?.inputs ?? [];
    const operands = moved ? [moved] : inputs.map((input) => this.resolve(input));
    this.#operands[value] = operands;
    return operands;
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
    this.#resolved[value] = itself;
    return itself;
  }

  #liveOperations(): Operation[] {
    const { operations, values, outputs, updates } = this.graph;
    const live = operations.map(() => false);
    const pending = [...outputs, ...updates.map((each) => each.value)];
    while (pending.length > 0) {
      const { producer } = values[pending.pop()!];
      if (producer.kind !== 'operation' || live[producer.index]) continue;
      live[producer.index] = true;
      for (const input of operations[producer.index].inputs) pending.push(input);
    }
    return operations.filter((_, index) => live[index]);
  }

  /**
   * Kernels want dense operands, and the outside world wants dense results. A copy changes the views of what follows
   * it, which may ask for another copy, so this repeats until nothing changes.
   */
  #chooseCopies(): void {
    const { outputs, updates } = this.graph;
    const concerned = this.operations.filter((operation) => isView(operation) || isKernel(operation));
    let before: number;
    do {
      before = this.#copies.size;
      this.#resolved.fill(undefined);
      for (const operation of concerned) {
        if (isView(operation)) this.resolve(operation.outputs[0]);
        else for (const input of operation.inputs) this.#requireDense(input);
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
