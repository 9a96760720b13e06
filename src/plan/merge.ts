/** Merges elementwise kernels that work over one space on the same data, and puts all kernels in order. */
import { type Shape, sameShape } from '../tensor/shape.ts';
import type { ValueId } from './graph.ts';
import { type ElementwiseGroup, type Group, storesOf } from './groups.ts';

/** The values a group reads from memory, and whether each is read in its own order. */
type ReadsOf = (group: Group) => ReadonlyMap<ValueId, boolean>;

/** A merged kernel has at most this many stores: beyond it, registers fall out of the cache. */
const maximumStores = 8;

/** Merges elementwise groups that share operands, unless something between them depends on both. */
export function mergeGroups(
  groups: readonly Group[],
  shapeOf: (stores: readonly ValueId[]) => Shape,
  readsOf: ReadsOf,
): Group[] {
  const merged = [...groups];
  let dependencies = dependenciesOf(merged, readsOf);
  for (let first = 0; first < merged.length; first++) {
    for (let second = first + 1; second < merged.length; second++) {
      const [a, b] = [merged[first], merged[second]];
      if (a.kind !== 'elementwise' || b.kind !== 'elementwise') continue;
      if (!sameShape(shapeOf(a.stores), shapeOf(b.stores)) || !shareOperands(a, b, readsOf)) continue;
      if (reaches(a, b, dependencies) || reaches(b, a, dependencies)) continue;
      merged[first] = { ...a, stores: [...a.stores, ...b.stores] };
      merged.splice(second, 1);
      dependencies = dependenciesOf(merged, readsOf);
      // The merged kernel may now share operands with one that was passed over.
      second = first;
    }
  }
  return merged;
}

/**
 * Topological order; among the groups that are ready, updates wait, and earlier operations go first. What works element
 * by element on the result of a kernel comes directly behind it, and what else that needs comes before the kernel: so a
 * device can do both in one pass (`joins` in plan.ts).
 */
export function orderGroups(
  groups: readonly Group[],
  readsOf: ReadsOf,
  sizeOf: (value: ValueId) => number,
  values: number,
): Group[] {
  const dependencies = dependenciesOf(groups, readsOf);
  const rank = (group: Group): number => {
    const updates = group.kind !== 'reduce' && group.updates;
    const last = group.kind === 'elementwise' ? Math.max(...group.stores) : group.operation.outputs[0];
    return last + (updates ? values : 0);
  };
  const waiting = new Set([...groups].sort((a, b) => rank(a) - rank(b)));
  const followers = followersOf(groups, readsOf, sizeOf);
  const done = new Set<Group>();
  const isReady = (group: Group): boolean => dependencies(group).every((each) => done.has(each));
  const take = (group: Group): void => {
    // Two kernels that one group follows each ask for the other first.
    if (!waiting.delete(group)) return;
    const behind = followers.get(group) ?? [];
    for (const follower of behind) {
      for (const needed of dependencies(follower)) if (needed !== group && isReady(needed)) take(needed);
    }
    done.add(group);
    for (const follower of behind) if (isReady(follower)) take(follower);
  };
  while (waiting.size > 0) take([...waiting].find(isReady)!);
  return [...done];
}

/** For each kernel the groups that read its first result in order, element by element. */
function followersOf(
  groups: readonly Group[],
  readsOf: ReadsOf,
  sizeOf: (value: ValueId) => number,
): Map<Group, ElementwiseGroup[]> {
  const kernelOf = new Map(
    groups.flatMap((group) =>
      group.kind === 'kernel' ? [[group.operation.outputs[0], group] as const] : [],
    ),
  );
  const followers = new Map<Group, ElementwiseGroup[]>();
  for (const group of groups) {
    if (group.kind !== 'elementwise' || group.updates) continue;
    for (const [value, inOrder] of readsOf(group)) {
      const kernel = kernelOf.get(value);
      if (!kernel || !inOrder || sizeOf(value) !== sizeOf(group.stores[0])) continue;
      followers.set(kernel, [...(followers.get(kernel) ?? []), group]);
    }
  }
  return followers;
}

/** For each group the groups whose stores it reads; worked out when first asked for. */
function dependenciesOf(groups: readonly Group[], readsOf: ReadsOf): (group: Group) => readonly Group[] {
  const producers = new Map(
    groups.flatMap((group) => storesOf(group).map((value) => [value, group] as const)),
  );
  const known = new Map<Group, readonly Group[]>();
  return (group) => {
    const found = known.get(group);
    if (found) return found;
    const before = new Set<Group>();
    for (const value of readsOf(group).keys()) {
      const producer = producers.get(value);
      if (producer && producer !== group) before.add(producer);
    }
    known.set(group, [...before]);
    return [...before];
  };
}

function shareOperands(a: ElementwiseGroup, b: ElementwiseGroup, readsOf: ReadsOf): boolean {
  if (a.updates !== b.updates || a.stores.length + b.stores.length > maximumStores) return false;
  const [readsA, readsB] = [readsOf(a), readsOf(b)];
  // What one stores, the other may only read in order: other elements may not have been written yet.
  if (a.stores.some((value) => readsB.get(value) === false)) return false;
  if (b.stores.some((value) => readsA.get(value) === false)) return false;
  return (
    [...readsA].some(([value, inOrder]) => inOrder && readsB.get(value)) ||
    a.stores.some((value) => readsB.has(value)) ||
    b.stores.some((value) => readsA.has(value))
  );
}

/** Whether `to` depends on `from` through some third group. */
function reaches(from: Group, to: Group, dependencies: (group: Group) => readonly Group[]): boolean {
  const pending = dependencies(to).filter((each) => each !== from);
  const seen = new Set(pending);
  while (pending.length > 0) {
    for (const before of dependencies(pending.pop()!)) {
      if (before === from) return true;
      if (seen.has(before)) continue;
      seen.add(before);
      pending.push(before);
    }
  }
  return false;
}
