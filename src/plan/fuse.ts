/**
 * Decides which values get memory of their own and which are computed inside the kernel that uses them.
 *
 * Movement operations are views (moves.ts). An elementwise operation joins its consumer's kernel when every use of it
 * is in that kernel. Kernels over one space that share operands are then merged (merge.ts), and all are
 * put in order (order.ts).
 */
import type { ReduceOperator } from '../../kernels/reduce/index.ts';
import { isDense, type View } from '../../kernels/support/view.ts';
import { type Shape, sameShape, sizeOf } from '../tensor/shape.ts';
import type { Graph, Operation, ValueId } from './graph.ts';
import { type Group, storesOf } from './kernel-groups.ts';
import { mostOperands, mostWork, workOf } from './limits.ts';
import { mergeGroups } from './merge.ts';
import { isKernel, isView, Moves, type Resolved } from './moves.ts';
import { orderGroups } from './order.ts';
import { sameView } from './views.ts';

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

/** How large a kernel has become. */
interface Extent {
  work: number;
  /** The values it reads from memory, as long as nothing more joins it. */
  readonly operands: Set<ValueId>;
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
  /** See `#findUniform`. */
  readonly #uniform: ReadonlySet<ValueId>;
  /** The kernel that computes each value, by the value at its end. */
  readonly #groupOf = new Map<ValueId, ValueId>();
  /** By the value at a kernel's end. */
  readonly #extents = new Map<ValueId, Extent>();
  readonly #reads = new WeakMap<Group, ReadonlyMap<ValueId, boolean>>();

  constructor(moves: Moves) {
    this.#moves = moves;
    this.#uses = collectUses(moves);
    this.#uniform = this.#findUniform();
    this.#inline();
    const merged = mergeGroups(this.#makeGroups(), {
      shapeOf: (value) => moves.shapeOf(value),
      workOf: (value) => this.#extentOf(value).work,
      readsOf: (group) => this.readsOf(group),
    });
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
    const reads = this.#findReads(group);
    this.#reads.set(group, reads);
    return reads;
  }

  /** Walks from what a kernel stores to what it loads, each value once for each way in which it is needed. */
  #findReads(group: Group): Map<ValueId, boolean> {
    const reads = new Map<ValueId, boolean>();
    const seen = new Map<ValueId, boolean>();
    const own = storesOf(group);
    const pending: { readonly operand: Resolved; readonly inOrder: boolean; readonly space: Shape }[] = [];
    /** `inOrder` says whether the value itself is needed in the order of the kernel's space. */
    const enter = (value: ValueId, inOrder: boolean, space: Shape): void => {
      const before = seen.get(value);
      if (before === inOrder || before === false) return;
      seen.set(value, inOrder);
      const operands = this.operandsOf(value);
      for (let at = operands.length - 1; at >= 0; at--)
        pending.push({ operand: operands[at], inOrder, space });
    };
    for (const end of group.kind === 'elementwise' ? own : own.slice(0, 1)) {
      enter(end, true, this.#spaceOf(end));
      while (pending.length > 0) {
        const { operand, inOrder, space } = pending.pop()!;
        const { source, view } = operand;
        // Fused kernels have constants in their program; other kernels read them from memory.
        if (this.#isInProgram(operand) && group.kind !== 'kernel') continue;
        const dense = inOrder && isDense(view, space) && this.#moves.sizeOf(source) === sizeOf(space);
        if (!this.isStored(source)) enter(source, dense, this.#moves.shapeOf(source));
        else if (!(dense && own.includes(source))) reads.set(source, (reads.get(source) ?? true) && dense);
      }
    }
    return reads;
  }

  /** Whether a fused program holds the operand itself: a constant, unless there is padding around it. */
  #isInProgram({ source, view }: Resolved): boolean {
    return this.#moves.isConstant(source) && !view.bounds;
  }

  /**
   * Elementwise values that are computed from dense operands of their own shape only, so that computing one through a view
   * is reading its operands through that view.
   */
  #findUniform(): Set<ValueId> {
    const uniform = new Set<ValueId>();
    for (const { primitive, outputs } of this.#moves.operations) {
      if (primitive.kind !== 'elementwise') continue;
      const [value] = outputs;
      const [shape, size] = [this.#moves.shapeOf(value), this.#moves.sizeOf(value)];
      const isUniform = this.operandsOf(value).every((operand) => {
        if (this.#isInProgram(operand)) return true;
        const { source, view } = operand;
        if (!isDense(view, shape) || this.#moves.sizeOf(source) !== size) return false;
        const elementwise = this.#moves.operationOf(source)?.primitive.kind === 'elementwise';
        return !elementwise || uniform.has(source);
      });
      if (isUniform) uniform.add(value);
    }
    return uniform;
  }

  /** From the last operation to the first: joins each elementwise value to the one kernel that uses it. */
  #inline(): void {
    for (const operation of [...this.#moves.operations].reverse()) {
      const [value] = operation.outputs;
      const isElementwise = operation.primitive.kind === 'elementwise';
      const consumer = isElementwise ? this.#soleConsumer(value) : undefined;
      const joins = consumer !== undefined && this.#join(consumer, operation);
      if (!joins && isElementwise) this.#stored.add(value);
      this.#groupOf.set(value, joins ? consumer : value);
    }
  }

  /** Adds an operation to a kernel, unless that would become too large. */
  #join(group: ValueId, operation: Operation): boolean {
    const [value] = operation.outputs;
    const extent = this.#extentOf(group);
    const added = [...this.#loadsOf(value)].filter((operand) => !extent.operands.has(operand));
    const work = extent.work + workOf(operation);
    if (work > mostWork || extent.operands.size - 1 + added.length > mostOperands) return false;
    extent.work = work;
    extent.operands.delete(value);
    for (const operand of added) extent.operands.add(operand);
    return true;
  }

  #extentOf(group: ValueId): Extent {
    const known = this.#extents.get(group);
    if (known) return known;
    const operation = this.#moves.operationOf(group);
    const extent = { work: operation ? workOf(operation) : 1, operands: this.#loadsOf(group) };
    this.#extents.set(group, extent);
    return extent;
  }

  /** What has to be loaded to compute a value, where nothing is computed along with it. */
  #loadsOf(value: ValueId): Set<ValueId> {
    const loads = this.operandsOf(value).filter((operand) => !this.#isInProgram(operand));
    return new Set(loads.map(({ source }) => source));
  }

  /** The kernel that has all uses of an elementwise value, if it can compute the value without doing so twice. */
  #soleConsumer(value: ValueId): ValueId | undefined {
    const uses = this.#uses.get(value) ?? [];
    if (uses.length === 0 || !uses.every((use) => use.fusable)) return undefined;
    const [{ consumer, view }] = uses;
    const group = this.#groupOf.get(consumer);
    if (uses.some((use) => this.#groupOf.get(use.consumer) !== group || !sameView(use.view, view))) {
      return undefined;
    }
    const space = this.#spaceOf(consumer);
    if (isDense(view, space) && sameShape(space, this.#moves.shapeOf(value))) return group;
    const repeats = sizeOf(space) > this.#moves.sizeOf(value);
    return !repeats && !view.bounds && this.#uniform.has(value) ? group : undefined;
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
