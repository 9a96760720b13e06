/**
 * Decides which values get memory of their own and which are computed inside the kernel that uses them.
 *
 * Movement operations are views (moves.ts). An elementwise operation joins its consumer's kernel when every use of it
 * is in that kernel. Kernels over one space that share operands are then merged and ordered (merge.ts).
 */
import type { ReduceOperator } from '../../kernels/reduce/index.ts';
import { isDense, type View } from '../../kernels/support/view.ts';
import { type Shape, sameShape, sizeOf } from '../tensor/shape.ts';
import type { Graph, ValueId } from './graph.ts';
import { type Group, storesOf } from './groups.ts';
import { keyOf } from './key.ts';
import { mergeGroups, orderGroups } from './merge.ts';
import { isKernel, isView, Moves, type Resolved } from './moves.ts';

/** What the planner asks of the fusion. */
export interface Fusion {
  /** In an order in which every kernel comes after those it reads from. */
  readonly groups: readonly Group[];
  /** The buffer and view behind any value. */
  resolve(value: ValueId): Resolved;
  /** Whether a value has memory of its own. */
  isStored(value: ValueId): boolean;
  /** What a fused operation reads. */
  operandsOf(value: ValueId): readonly Resolved[];
  /** The values a kernel reads from memory, and whether each is read in its own order over the kernel's space. */
  readsOf(group: Group): ReadonlyMap<ValueId, boolean>;
}

/** Turns a graph into kernels. */
export function fuse(graph: Graph): Fusion {
  return new Fuser(new Moves(graph));
}

interface Use {
  /** The operation (by its first output) or copied value that reads, or -1 for the outside world. */
  readonly consumer: ValueId;
  readonly view: View;
  /** Whether the consumer computes element by element, so that the value could be computed inside it. */
  readonly fusable: boolean;
}

class Fuser implements Fusion {
  readonly groups: readonly Group[];
  readonly #moves: Moves;
  readonly #uses: ReadonlyMap<ValueId, readonly Use[]>;
  /** Elementwise values with memory of their own. */
  readonly #stored = new Set<ValueId>();
  readonly #uniform = new Map<ValueId, boolean>();
  /** The kernel that computes each value, by the value at its end. */
  readonly #groupOf = new Map<ValueId, ValueId>();
  readonly #reads = new WeakMap<Group, ReadonlyMap<ValueId, boolean>>();

  constructor(moves: Moves) {
    this.#moves = moves;
    this.#uses = collectUses(moves);
    this.#inline();
    const shapeOf = ([value]: readonly ValueId[]) => moves.shapeOf(value);
    const merged = mergeGroups(this.#makeGroups(), shapeOf, (group) => this.readsOf(group));
    const kept = this.#withoutUnreadStores(merged);
    this.groups = orderGroups(
      kept,
      (group) => this.readsOf(group),
      (value) => moves.sizeOf(value),
      moves.graph.values.length,
    );
  }

  resolve(value: ValueId): Resolved {
    return this.#moves.resolve(value);
  }

  operandsOf(value: ValueId): readonly Resolved[] {
    return this.#moves.operandsOf(value);
  }

  isStored(value: ValueId): boolean {
    if (this.#stored.has(value) || this.#moves.copies.has(value)) return true;
    const operation = this.#moves.operationOf(value);
    if (operation) return isKernel(operation) || operation.primitive.kind === 'reduce';
    return !this.#moves.isConstant(value);
  }

  readsOf(group: Group): ReadonlyMap<ValueId, boolean> {
    const known = this.#reads.get(group);
    if (known) return known;
    const reads = new Map<ValueId, boolean>();
    for (const value of group.kind === 'elementwise' ? group.stores : group.operation.outputs.slice(0, 1)) {
      this.#addReads(reads, group, value, true, this.#spaceOf(value));
    }
    this.#reads.set(group, reads);
    return reads;
  }

  /** Adds what is read to compute a value over a space; `inOrder` says whether the value itself is needed in order. */
  #addReads(
    reads: Map<ValueId, boolean>,
    group: Group,
    value: ValueId,
    inOrder: boolean,
    space: Shape,
  ): void {
    for (const { source, view } of this.operandsOf(value)) {
      // Fused kernels have constants in their program; other kernels read them from memory.
      if (this.#moves.isConstant(source) && !view.bounds && group.kind !== 'kernel') continue;
      const dense = inOrder && isDense(view, space) && this.#moves.sizeOf(source) === sizeOf(space);
      if (!this.isStored(source)) this.#addReads(reads, group, source, dense, this.#moves.shapeOf(source));
      else if (!(dense && storesOf(group).includes(source))) {
        reads.set(source, (reads.get(source) ?? true) && dense);
      }
    }
  }

  /**
   * Whether a value is computed from dense operands of its own shape only, so that computing it through a view is
   * reading its operands through that view.
   */
  #isUniform(value: ValueId): boolean {
    const known = this.#uniform.get(value);
    if (known !== undefined) return known;
    const uniform = this.operandsOf(value).every(({ source, view }) => {
      if (this.#moves.isConstant(source) && !view.bounds) return true;
      const whole =
        isDense(view, this.#moves.shapeOf(value)) && this.#moves.sizeOf(source) === this.#moves.sizeOf(value);
      if (!whole) return false;
      const elementwise = this.#moves.operationOf(source)?.primitive.kind === 'elementwise';
      return elementwise ? this.#isUniform(source) : true;
    });
    this.#uniform.set(value, uniform);
    return uniform;
  }

  /** From the last operation to the first: joins each elementwise value to the one kernel that uses it. */
  #inline(): void {
    for (const { primitive, outputs } of [...this.#moves.operations].reverse()) {
      const [value] = outputs;
      const group = primitive.kind === 'elementwise' ? this.#soleConsumer(value) : value;
      if (group === undefined) this.#stored.add(value);
      this.#groupOf.set(value, group ?? value);
    }
  }

  /** The kernel that has all uses of an elementwise value, if it can compute the value without doing so twice. */
  #soleConsumer(value: ValueId): ValueId | undefined {
    const uses = this.#uses.get(value) ?? [];
    if (uses.length === 0 || !uses.every((use) => use.fusable)) return undefined;
    const [group, ...others] = new Set(uses.map((use) => this.#groupOf.get(use.consumer)!));
    const views = new Set(uses.map((use) => keyOf(use.view)));
    if (others.length > 0 || views.size !== 1) return undefined;
    const { consumer, view } = uses[0];
    const space = this.#spaceOf(consumer);
    if (isDense(view, space) && sameShape(space, this.#moves.shapeOf(value))) return group;
    const repeats = sizeOf(space) > this.#moves.sizeOf(value);
    return !repeats && !view.bounds && this.#isUniform(value) ? group : undefined;
  }

  /** The iteration space a value is computed over: its own shape, or the input's for a reduction. */
  #spaceOf(value: ValueId): Shape {
    const operation = this.#moves.operationOf(value);
    return this.#moves.shapeOf(operation?.primitive.kind === 'reduce' ? operation.inputs[0] : value);
  }

  /** One group for each kernel, reduction and stored value. */
  #makeGroups(): Group[] {
    const { operations, copies } = this.#moves;
    const updateOnly = this.#updateOnly();
    const elementwise = (value: ValueId): Group => ({
      kind: 'elementwise',
      stores: [value],
      updates: updateOnly.has(value),
    });
    const computed = operations.flatMap((operation): Group[] => {
      const { primitive, outputs } = operation;
      if (isKernel(operation)) return [{ kind: 'kernel', operation, updates: updateOnly.has(outputs[0]) }];
      if (primitive.kind === 'reduce') {
        return [{ kind: 'reduce', operation, operator: primitive.name as ReduceOperator }];
      }
      return this.isStored(outputs[0]) ? [elementwise(outputs[0])] : [];
    });
    const constants = [...copies].filter((value) => this.#moves.isConstant(value));
    return [...computed, ...constants.map(elementwise)];
  }

  /** Values that only updates of variables depend on. */
  #updateOnly(): Set<ValueId> {
    const { graph, operations } = this.#moves;
    const updated = new Set(graph.updates.map(({ value }) => this.resolve(value).source));
    const returned = new Set(graph.outputs.map((value) => this.resolve(value).source));
    const only = new Set<ValueId>();
    for (const operation of [...operations].reverse()) {
      const [value, ...others] = operation.outputs;
      const elementwise = operation.primitive.kind === 'elementwise';
      if (!(elementwise || (isKernel(operation) && others.length === 0)) || returned.has(value)) continue;
      // What an update is computed from stays where it is: only its last step waits.
      const inside = (this.#uses.get(value) ?? []).every((use) =>
        use.consumer === -1 ? updated.has(value) : elementwise && only.has(use.consumer),
      );
      if (inside) only.add(value);
    }
    return only;
  }

  /** What only its own kernel reads, now that kernels are merged, stays in a register. */
  #withoutUnreadStores(groups: readonly Group[]): Group[] {
    const { outputs, updates } = this.#moves.graph;
    const results = [...outputs, ...updates.map(({ value }) => value)];
    const wanted = new Set(results.map((value) => this.resolve(value).source));
    for (const group of groups) for (const value of this.readsOf(group).keys()) wanted.add(value);
    return groups.map((group) => {
      if (group.kind !== 'elementwise') return group;
      for (const value of group.stores) if (!wanted.has(value)) this.#stored.delete(value);
      return { ...group, stores: group.stores.filter((value) => wanted.has(value)) };
    });
  }
}

/** Who reads each value, and how. */
function collectUses(moves: Moves): Map<ValueId, Use[]> {
  const uses = new Map<ValueId, Use[]>();
  const add = ({ source, view }: Resolved, consumer: ValueId, fusable: boolean) => {
    const known = uses.get(source) ?? [];
    known.push({ consumer, view, fusable });
    uses.set(source, known);
  };
  for (const operation of moves.operations) {
    const [consumer] = operation.outputs;
    if (isView(operation) && !moves.copies.has(consumer)) continue;
    for (const operand of moves.operandsOf(consumer)) add(operand, consumer, !isKernel(operation));
  }
  const { outputs, updates } = moves.graph;
  for (const value of [...outputs, ...updates.map((update) => update.value)]) {
    add(moves.resolve(value), -1, false);
  }
  return uses;
}
