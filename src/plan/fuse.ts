/**
 * Decides which values get memory of their own and which are computed inside the kernel that uses them.
 *
 * Movement operations become views. An elementwise operation joins its consumer's kernel when every use of it is in
 * that kernel; kernels over one space that share operands are then merged. The result is an ordered list of kernels.
 */
import type { ReduceOperator } from '../../kernels/reduce/index.ts';
import { isDense, type View } from '../../kernels/support/view.ts';
import { sameShape, sizeOf } from '../tensor/shape.ts';
import type { Graph, Operation, ValueId } from './graph.ts';
import { keyOf } from './key.ts';
import { denseView, moveView } from './views.ts';

/** A value read through a view. */
export interface Resolved {
  readonly source: ValueId;
  readonly view: View;
}

/** Elementwise work over one iteration space: the values it computes and stores. */
export interface ElementwiseGroup {
  readonly kind: 'elementwise';
  readonly stores: ValueId[];
  /** Whether it computes new values of variables and nothing else: those kernels run last. */
  readonly updates: boolean;
}

/** A reduction with the elementwise work that feeds it. */
export interface ReduceGroup {
  readonly kind: 'reduce';
  readonly operation: Operation;
  readonly operator: ReduceOperator;
}

/** A primitive that is a kernel by itself. */
export interface KernelGroup {
  readonly kind: 'kernel';
  readonly operation: Operation;
}

export type Group = ElementwiseGroup | ReduceGroup | KernelGroup;

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

/** A merged kernel has at most this many stores: beyond it, registers fall out of the cache. */
const maximumStores = 8;

export function fuse(graph: Graph): Fusion {
  return new Fuser(graph).run();
}

interface Use {
  /** The operation (by its first output) or copied value that reads, or -1 for the outside world. */
  readonly consumer: ValueId;
  readonly view: View;
  /** Whether the consumer computes element by element, so that the value could be computed inside it. */
  readonly fusable: boolean;
}

class Fuser implements Fusion {
  readonly groups: Group[] = [];
  readonly #graph: Graph;
  readonly #live = new Set<Operation>();
  /** Movement values that are written out, because a view cannot express what follows, or somebody needs them dense. */
  readonly #copies = new Set<ValueId>();
  readonly #stored = new Set<ValueId>();
  readonly #resolved = new Map<ValueId, Resolved>();
  readonly #uniform = new Map<ValueId, boolean>();
  readonly #uses = new Map<ValueId, Use[]>();
  readonly #groupOf = new Map<ValueId, ValueId>();
  #producerOf: ReadonlyMap<ValueId, Group> | undefined;
  readonly #reads = new WeakMap<Group, ReadonlyMap<ValueId, boolean>>();

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  run(): Fusion {
    this.#markLive();
    this.#chooseCopies();
    this.#collectUses();
    this.#inline();
    this.#makeGroups();
    this.#merge();
    this.#dropUnreadStores();
    this.#order();
    return this;
  }

  isStored(value: ValueId): boolean {
    if (this.#stored.has(value) || this.#copies.has(value)) return true;
    const { producer } = this.#graph.values[value];
    if (producer.kind !== 'operation') return producer.kind !== 'constant';
    const operation = this.#graph.operations[producer.index];
    return isKernel(operation) || operation.primitive.kind === 'reduce';
  }

  resolve(value: ValueId): Resolved {
    const known = this.#resolved.get(value);
    if (known) return known;
    const resolved = this.#resolve(value);
    this.#resolved.set(value, resolved);
    return resolved;
  }

  #resolve(value: ValueId): Resolved {
    const itself = { source: value, view: denseView(this.#shape(value)) };
    return this.#copies.has(value) ? itself : (this.movedFrom(value) ?? itself);
  }

  /** For a movement value: the source and view it reads. */
  movedFrom(value: ValueId): Resolved | undefined {
    const operation = this.#operation(value);
    if (!operation || !isView(operation)) return undefined;
    const input = operation.inputs[0];
    const move = (from: Resolved) =>
      moveView(
        from.view,
        this.#shape(input),
        operation.primitive.name,
        operation.attributes,
        this.#shape(value),
      );
    const before = this.resolve(input);
    const view = move(before);
    if (view) {
      // Around a padded constant there is something else than the constant: it is loaded like data.
      if (this.#isConstant(before.source) && view.bounds) this.#copies.add(before.source);
      return { source: before.source, view };
    }
    // No single view does it: write the input out and move that.
    this.#copies.add(input);
    const copied = { source: input, view: denseView(this.#shape(input)) };
    this.#resolved.set(input, copied);
    return { source: input, view: move(copied)! };
  }

  #shape(value: ValueId): readonly number[] {
    return this.#graph.values[value].spec.shape;
  }

  #isConstant(value: ValueId): boolean {
    return this.#graph.values[value].producer.kind === 'constant';
  }

  #operation(value: ValueId): Operation | undefined {
    const { producer } = this.#graph.values[value];
    return producer.kind === 'operation' ? this.#graph.operations[producer.index] : undefined;
  }

  #markLive(): void {
    const pending = [...this.#graph.outputs, ...this.#graph.updates.map((each) => each.value)];
    while (pending.length > 0) {
      const operation = this.#operation(pending.pop()!);
      if (!operation || this.#live.has(operation)) continue;
      this.#live.add(operation);
      pending.push(...operation.inputs);
    }
  }

  /** Operations that are needed, in topological order. */
  #liveOperations(): Operation[] {
    return this.#graph.operations.filter((operation) => this.#live.has(operation));
  }

  /**
   * Kernels want dense operands, and the outside world wants dense results. A copy changes the views of what follows
   * it, which may ask for another copy, so this repeats until nothing changes.
   */
  #chooseCopies(): void {
    const operations = this.#liveOperations();
    const { outputs, updates } = this.#graph;
    let before: number;
    do {
      before = this.#copies.size;
      this.#resolved.clear();
      for (const operation of operations) {
        if (isView(operation)) this.resolve(operation.outputs[0]);
        if (isKernel(operation)) for (const input of operation.inputs) this.#requireDense(input);
      }
      for (const value of outputs) this.#requireDense(value);
      for (const { value } of updates) this.#requireDense(value);
    } while (this.#copies.size > before);
  }

  #requireDense(value: ValueId): void {
    const { source, view } = this.resolve(value);
    const whole = isDense(view, this.#shape(value)) && this.#size(source) === this.#size(value);
    if (whole && !this.#isConstant(source)) return;
    this.#copies.add(value);
    this.#resolved.set(value, { source: value, view: denseView(this.#shape(value)) });
  }

  #size(value: ValueId): number {
    return sizeOf(this.#shape(value));
  }

  /** What a fused operation reads: for a copied movement the value it moves, else the operation's inputs. */
  operandsOf(value: ValueId): Resolved[] {
    const operation = this.#operation(value);
    if (!operation) return [];
    if (isView(operation)) return [this.movedFrom(value)!];
    return operation.inputs.map((input) => this.resolve(input));
  }

  #collectUses(): void {
    const add = (source: ValueId, use: Use) => {
      const uses = this.#uses.get(source);
      if (uses) uses.push(use);
      else this.#uses.set(source, [use]);
    };
    for (const operation of this.#liveOperations()) {
      const [consumer] = operation.outputs as [ValueId];
      if (isView(operation) && !this.#copies.has(consumer)) continue;
      for (const { source, view } of this.operandsOf(consumer)) {
        add(source, { consumer, view, fusable: !isKernel(operation) });
      }
    }
    const { outputs, updates } = this.#graph;
    for (const value of [...outputs, ...updates.map((update) => update.value)]) {
      const { source, view } = this.resolve(value);
      add(source, { consumer: -1, view, fusable: false });
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
      if (this.#isConstant(source) && !view.bounds) return true;
      if (!isDense(view, this.#shape(value)) || this.#size(source) !== this.#size(value)) return false;
      return this.#isElementwise(source) ? this.#isUniform(source) : true;
    });
    this.#uniform.set(value, uniform);
    return uniform;
  }

  #isElementwise(value: ValueId): boolean {
    return this.#operation(value)?.primitive.kind === 'elementwise';
  }

  /** From the last operation to the first: joins each elementwise value to the one kernel that uses it. */
  #inline(): void {
    for (const operation of this.#liveOperations().reverse()) {
      const [value] = operation.outputs as [ValueId];
      if (operation.primitive.kind !== 'elementwise') {
        this.#groupOf.set(value, value);
        continue;
      }
      const group = this.#soleConsumer(value);
      if (group === undefined) this.#stored.add(value);
      this.#groupOf.set(value, group ?? value);
    }
  }

  #soleConsumer(value: ValueId): ValueId | undefined {
    const uses = this.#uses.get(value) ?? [];
    if (uses.length === 0 || !uses.every((use) => use.fusable)) return undefined;
    const groups = new Set(uses.map((use) => this.#groupOf.get(use.consumer)!));
    if (groups.size !== 1) return undefined;
    const views = new Set(uses.map((use) => keyOf(use.view)));
    if (views.size !== 1) return undefined;
    const { consumer, view } = uses[0];
    const space = this.#spaceOf(consumer);
    if (isDense(view, space) && sameShape(space, this.#shape(value))) return [...groups][0];
    const repeats = sizeOf(space) > this.#size(value);
    return !repeats && !view.bounds && this.#isUniform(value) ? [...groups][0] : undefined;
  }

  /** The iteration space a consumer reads its operands over: its own shape, or the input's for a reduction. */
  #spaceOf(consumer: ValueId): readonly number[] {
    const operation = this.#operation(consumer)!;
    return operation.primitive.kind === 'reduce' ? this.#shape(operation.inputs[0]) : this.#shape(consumer);
  }

  #makeGroups(): void {
    const updateOnly = this.#updateOnly();
    for (const operation of this.#liveOperations()) {
      const [value] = operation.outputs as [ValueId];
      if (isKernel(operation)) this.groups.push({ kind: 'kernel', operation });
      else if (operation.primitive.kind === 'reduce') {
        this.groups.push({ kind: 'reduce', operation, operator: operation.primitive.name as ReduceOperator });
      } else if (this.isStored(value)) {
        this.groups.push({ kind: 'elementwise', stores: [value], updates: updateOnly.has(value) });
      }
    }
    for (const value of this.#copies) {
      if (this.#operation(value)) continue;
      this.groups.push({ kind: 'elementwise', stores: [value], updates: updateOnly.has(value) });
    }
  }

  /** Values that only updates of variables depend on. */
  #updateOnly(): Set<ValueId> {
    const updated = new Set(this.#graph.updates.map(({ value }) => this.resolve(value).source));
    const returned = new Set(this.#graph.outputs.map((value) => this.resolve(value).source));
    const only = new Set<ValueId>();
    for (const operation of this.#liveOperations().reverse()) {
      const [value] = operation.outputs as [ValueId];
      if (operation.primitive.kind !== 'elementwise' || returned.has(value)) continue;
      const inside = (this.#uses.get(value) ?? []).every((use) =>
        use.consumer === -1 ? updated.has(value) : only.has(use.consumer),
      );
      if (inside) only.add(value);
    }
    return only;
  }

  /** Values that a group reads from memory, with whether each is read in its own order over the group's space. */
  readsOf(group: Group): ReadonlyMap<ValueId, boolean> {
    const known = this.#reads.get(group);
    if (known) return known;
    const reads = new Map<ValueId, boolean>();
    this.#reads.set(group, reads);
    const visit = (value: ValueId, inOrder: boolean, space: readonly number[]): void => {
      for (const { source, view } of this.operandsOf(value)) {
        // Fused kernels have constants in their program; other kernels read them from memory.
        if (this.#isConstant(source) && !view.bounds && group.kind !== 'kernel') continue;
        const dense = inOrder && isDense(view, space) && this.#size(source) === sizeOf(space);
        if (this.isStored(source)) {
          if (group.kind === 'elementwise' && group.stores.includes(source) && dense) continue;
          reads.set(source, (reads.get(source) ?? true) && dense);
        } else visit(source, dense, this.#shape(source));
      }
    };
    if (group.kind === 'elementwise') for (const value of group.stores) this.#visitRoot(value, visit, reads);
    else {
      const [value] = group.operation.outputs as [ValueId];
      visit(value, true, this.#spaceOf(value));
    }
    return reads;
  }

  #visitRoot(
    value: ValueId,
    visit: (value: ValueId, inOrder: boolean, space: readonly number[]) => void,
    reads: Map<ValueId, boolean>,
  ): void {
    const operation = this.#operation(value);
    if (operation) visit(value, true, this.#shape(value));
    else if (!this.#isConstant(value)) reads.set(value, true);
  }

  /** Merges elementwise kernels over one space that share operands, unless something between them depends on both. */
  #merge(): void {
    for (let first = 0; first < this.groups.length; first++) {
      for (let second = first + 1; second < this.groups.length; second++) {
        if (!this.#mergeable(this.groups[first], this.groups[second])) continue;
        const a = this.groups[first] as ElementwiseGroup;
        const b = this.groups[second] as ElementwiseGroup;
        this.groups[first] = { ...a, stores: [...a.stores, ...b.stores] };
        this.groups.splice(second, 1);
        this.#producerOf = undefined;
        second = first;
      }
    }
  }

  /** What only its own kernel reads, now that kernels are merged, stays in a register. */
  #dropUnreadStores(): void {
    const results = [...this.#graph.outputs, ...this.#graph.updates.map(({ value }) => value)];
    const wanted = new Set(results.map((value) => this.resolve(value).source));
    for (const group of this.groups) for (const value of this.readsOf(group).keys()) wanted.add(value);
    this.groups.forEach((group, index) => {
      if (group.kind !== 'elementwise') return;
      const stores = group.stores.filter((value) => wanted.has(value));
      for (const value of group.stores) if (!wanted.has(value)) this.#stored.delete(value);
      this.groups[index] = { ...group, stores };
    });
    this.#producerOf = undefined;
  }

  #mergeable(a: Group, b: Group): boolean {
    if (a.kind !== 'elementwise' || b.kind !== 'elementwise' || a.updates !== b.updates) return false;
    if (a.stores.length + b.stores.length > maximumStores) return false;
    if (!sameShape(this.#shape(a.stores[0]), this.#shape(b.stores[0]))) return false;
    const [readsA, readsB] = [this.readsOf(a), this.readsOf(b)];
    // What one stores, the other may only read in order: other elements may not have been written yet.
    if (a.stores.some((value) => readsB.get(value) === false)) return false;
    if (b.stores.some((value) => readsA.get(value) === false)) return false;
    const shared =
      [...readsA].some(([value, inOrder]) => inOrder && readsB.get(value)) ||
      a.stores.some((value) => readsB.has(value)) ||
      b.stores.some((value) => readsA.has(value));
    return shared && !this.#reaches(a, b) && !this.#reaches(b, a);
  }

  /** Whether `to` depends on `from` through some third group. */
  #reaches(from: ElementwiseGroup, to: ElementwiseGroup): boolean {
    const producers = this.#producers();
    const direct = this.#dependencies(to, producers).filter((each) => each !== from);
    const seen = new Set<Group>(direct);
    const pending = [...direct];
    while (pending.length > 0) {
      for (const before of this.#dependencies(pending.pop()!, producers)) {
        if (before === from) return true;
        if (seen.has(before)) continue;
        seen.add(before);
        pending.push(before);
      }
    }
    return false;
  }

  /** The group that stores each value; kept until two groups merge. */
  #producers(): ReadonlyMap<ValueId, Group> {
    if (this.#producerOf) return this.#producerOf;
    const producers = new Map<ValueId, Group>();
    for (const group of this.groups) {
      const stores = group.kind === 'elementwise' ? group.stores : group.operation.outputs;
      for (const value of stores) producers.set(value, group);
    }
    this.#producerOf = producers;
    return producers;
  }

  #dependencies(group: Group, producers: ReadonlyMap<ValueId, Group>): Group[] {
    const before = new Set<Group>();
    for (const value of this.readsOf(group).keys()) {
      const producer = producers.get(value);
      if (producer && producer !== group) before.add(producer);
    }
    return [...before];
  }

  /** Topological order; among the groups that are ready, updates wait, and earlier operations go first. */
  #order(): void {
    const producers = this.#producers();
    const before = new Map(
      this.groups.map((group) => [group, new Set(this.#dependencies(group, producers))]),
    );
    const rank = (group: Group): number => {
      const last = group.kind === 'elementwise' ? Math.max(...group.stores) : group.operation.outputs[0];
      return last + (group.kind === 'elementwise' && group.updates ? this.#graph.values.length : 0);
    };
    const waiting = [...this.groups].sort((a, b) => rank(a) - rank(b));
    this.groups.length = 0;
    const done = new Set<Group>();
    while (waiting.length > 0) {
      const next = waiting.findIndex((group) => [...before.get(group)!].every((each) => done.has(each)));
      const [group] = waiting.splice(next, 1) as [Group];
      done.add(group);
      this.groups.push(group);
    }
  }
}

/** Movement that is a view of its input; padding between elements is not. */
export function isView({ primitive, attributes }: Operation): boolean {
  if (primitive.kind !== 'movement') return false;
  return (
    primitive.name !== 'pad' ||
    (attributes as { interior: readonly number[] }).interior.every((each) => each === 0)
  );
}

/** An operation that runs as a kernel of its own. */
export function isKernel(operation: Operation): boolean {
  const { primitive } = operation;
  return primitive.kind === 'kernel' || (primitive.kind === 'movement' && !isView(operation));
}
