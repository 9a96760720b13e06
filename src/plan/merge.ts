/**
 * Merges elementwise kernels that work over one space on the same data.
 *
 * The work grows with the number of kernels. Each is compared with the next few that touch what it touches (`mostCandidates`);
 * whether a third kernel lies between two is looked for no further than `mostVisited` kernels, among those alone that are
 * newer than what is looked for (`Leads`); and a kernel that is merged is looked at anew, but bounded in what it holds.
 */
import { type Shape, sameShape } from '../tensor/shape.ts';
import type { ValueId } from './graph.ts';
import { type ElementwiseGroup, type Group, storesOf } from './kernel-groups.ts';
import { mostCandidates, mostOperands, mostVisited, mostWork } from './limits.ts';

/** The values a group reads from memory, and whether each is read in its own order. */
export type ReadsOf = (group: Group) => ReadonlyMap<ValueId, boolean>;

/** A merged kernel has at most this many stores: beyond it, registers fall out of the cache. */
const maximumStores = 8;

/** What merging asks about the groups. */
export interface GroupFacts {
  shapeOf(value: ValueId): Shape;
  /** The work (limits.ts) of the kernel that ends in a value. */
  workOf(value: ValueId): number;
  readonly readsOf: ReadsOf;
}

/** Merges elementwise groups that share operands, unless something between them depends on both. */
export function mergeGroups(groups: readonly Group[], about: GroupFacts): Group[] {
  const { readsOf } = about;
  const merged: (Group | undefined)[] = [...groups];
  const positions = new Map<ValueId, number[]>();
  for (const [position, group] of groups.entries()) {
    for (const value of group.kind === 'elementwise' ? touchedInOrder(group, readsOf) : []) {
      const known = positions.get(value);
      if (known) known.push(position);
      else positions.set(value, [position]);
    }
  }
  const producers = producersOf(groups);
  const leads = new Leads(groups);
  for (let first = 0; first < merged.length; first++) {
    for (;;) {
      const group = merged[first];
      if (group?.kind !== 'elementwise' || group.stores.length === maximumStores) break;
      const second = candidatesOf(group, first, positions, merged, readsOf).find((position) => {
        const other = merged[position];
        return other?.kind === 'elementwise' && canMerge(group, other, about, producers, leads);
      });
      if (second === undefined) break;
      // The merged kernel may now share operands with one that was passed over.
      const both = { ...group, stores: [...group.stores, ...storesOf(merged[second]!)] };
      merged[first] = both;
      merged[second] = undefined;
      for (const value of both.stores) producers.set(value, both);
      leads.add(both);
    }
  }
  return merged.filter((group) => group !== undefined);
}

/** The values that one group may share with another. */
function touchedInOrder(group: ElementwiseGroup, readsOf: ReadsOf): Set<ValueId> {
  const inOrder = [...readsOf(group)].flatMap(([value, isInOrder]) => (isInOrder ? [value] : []));
  return new Set([...group.stores, ...inOrder]);
}

/** Where the next groups behind `first` are that touch what that one touches. */
function candidatesOf(
  group: ElementwiseGroup,
  first: number,
  positions: ReadonlyMap<ValueId, readonly number[]>,
  merged: readonly (Group | undefined)[],
  readsOf: ReadsOf,
): number[] {
  const found = new Set<number>();
  for (const value of touchedInOrder(group, readsOf)) {
    const all = positions.get(value) ?? [];
    let taken = 0;
    for (let at = firstAbove(all, first); at < all.length && taken < mostCandidates; at++) {
      if (merged[all[at]] === undefined) continue;
      found.add(all[at]);
      taken++;
    }
  }
  return [...found].sort((a, b) => a - b).slice(0, mostCandidates);
}

/** The index of the first number above a limit, in ascending numbers. */
function firstAbove(numbers: readonly number[], limit: number): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle] > limit) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The group that stores each value. */
export function producersOf(groups: readonly Group[]): Map<ValueId, Group> {
  return new Map(groups.flatMap((group) => storesOf(group).map((value) => [value, group] as const)));
}

/** The groups whose stores a group reads. */
function readsThrough(group: Group, producers: ReadonlyMap<ValueId, Group>, readsOf: ReadsOf): Group[] {
  const before = new Set<Group>();
  for (const value of readsOf(group).keys()) {
    const producer = producers.get(value);
    if (producer && producer !== group) before.add(producer);
  }
  return [...before];
}

function canMerge(
  a: ElementwiseGroup,
  b: ElementwiseGroup,
  { shapeOf, workOf, readsOf }: GroupFacts,
  producers: ReadonlyMap<ValueId, Group>,
  leads: Leads,
): boolean {
  const stores = [...a.stores, ...b.stores];
  if (a.updates !== b.updates || stores.length > maximumStores) return false;
  if (!sameShape(shapeOf(a.stores[0]), shapeOf(b.stores[0])) || !shareOperands(a, b, readsOf)) return false;
  if (stores.reduce((total, value) => total + workOf(value), 0) > mostWork) return false;
  if (readsOf(a).size + readsOf(b).size > mostOperands) return false;
  const dependencies = (group: Group) => readsThrough(group, producers, readsOf);
  return !reaches(a, b, dependencies, leads) && !reaches(b, a, dependencies, leads);
}

function shareOperands(a: ElementwiseGroup, b: ElementwiseGroup, readsOf: ReadsOf): boolean {
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

/** The newest value that a group stores. */
export function newestOf(group: Group): ValueId {
  return storesOf(group).reduce((newest, value) => Math.max(newest, value));
}

function oldestOf(group: Group): ValueId {
  return storesOf(group).reduce((oldest, value) => Math.min(oldest, value));
}

/**
 * How new the values are that a group may depend on. What a value is computed from is older than it; but a group with
 * several stores also needs what the newest of them needs, so who reads an older one depends on newer values.
 */
class Leads {
  /** A Fenwick tree: maxima, over the values up to one, of the newest store of groups whose oldest store that is. */
  readonly #newest: ValueId[];

  constructor(groups: readonly Group[]) {
    const values = groups.reduce((most, group) => Math.max(most, newestOf(group)), 0) + 1;
    this.#newest = new Array<ValueId>(values + 1).fill(-1);
    for (const group of groups) if (storesOf(group).length > 1) this.add(group);
  }

  add(group: Group): void {
    const newest = newestOf(group);
    for (let at = oldestOf(group) + 1; at < this.#newest.length; at += at & -at) {
      this.#newest[at] = Math.max(this.#newest[at], newest);
    }
  }

  /** The newest value that the group may depend on. */
  of(group: Group): ValueId {
    let newest = newestOf(group);
    for (;;) {
      let further = newest;
      for (let at = newest + 1; at > 0; at -= at & -at) further = Math.max(further, this.#newest[at]);
      if (further === newest) return newest;
      newest = further;
    }
  }
}

/**
 * Whether `to` depends on `from` through some third group, or that takes too long to find out: where there is a way, it
 * leads through all of the network between the two, and kernels so far apart share nothing that is still in a cache.
 */
function reaches(
  from: Group,
  to: Group,
  dependencies: (group: Group) => readonly Group[],
  leads: Leads,
): boolean {
  const oldest = oldestOf(from);
  const pending = dependencies(to).filter((each) => each !== from);
  const seen = new Set(pending);
  while (pending.length > 0) {
    const group = pending.pop()!;
    if (leads.of(group) < oldest) continue;
    if (seen.size > mostVisited) return true;
    for (const before of dependencies(group)) {
      if (before === from) return true;
      if (seen.has(before)) continue;
      seen.add(before);
      pending.push(before);
    }
  }
  return false;
}
