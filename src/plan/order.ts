/**
 * Puts kernels in an order in which each comes after those it reads from. Each is looked at once, when the last of what it
 * needs is done; which comes next of those that are ready, a heap knows.
 */
import type { ValueId } from './graph.ts';
import type { Group } from './kernel-groups.ts';
import { newestOf, producersOf, type ReadsOf } from './merge.ts';

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
  const rank = (group: Group): number => {
    const updates = group.kind !== 'reduce' && group.updates;
    const last = group.kind === 'elementwise' ? newestOf(group) : group.operation.outputs[0];
    return last + (updates ? values : 0);
  };
  return new Ordering(
    [...groups].sort((a, b) => rank(a) - rank(b)),
    readsOf,
    sizeOf,
  ).run();
}

/** Groups by number: the earlier one should come, the smaller. */
class Ordering {
  readonly #groups: readonly Group[];
  /** By group: those it reads from. */
  readonly #needed: readonly (readonly number[])[];
  /** By group: those that read from it. */
  readonly #readers: readonly number[][];
  /** By group: those that read the first result of a kernel in order, element by element. */
  readonly #followers: readonly (readonly number[])[];
  /** By group: how many of those it reads from are not done. */
  readonly #missing: number[];
  readonly #begun: boolean[];
  readonly #ready = new SmallestFirst();
  readonly #done: Group[] = [];

  constructor(groups: readonly Group[], readsOf: ReadsOf, sizeOf: (value: ValueId) => number) {
    this.#groups = groups;
    const numbers = new Map(groups.map((group, number) => [group, number]));
    const producers = producersOf(groups);
    this.#readers = groups.map(() => []);
    this.#needed = groups.map((group, reader) => {
      const needed = new Set<number>();
      for (const value of readsOf(group).keys()) {
        const producer = producers.get(value);
        if (producer && producer !== group) needed.add(numbers.get(producer)!);
      }
      for (const number of needed) this.#readers[number].push(reader);
      return [...needed];
    });
    this.#followers = followersOf(groups, readsOf, sizeOf);
    this.#missing = this.#needed.map(({ length }) => length);
    this.#begun = groups.map(() => false);
    for (const [group, missing] of this.#missing.entries()) if (missing === 0) this.#ready.push(group);
  }

  run(): Group[] {
    while (this.#done.length < this.#groups.length) this.#take(this.#ready.pop()!);
    return this.#done;
  }

  /** Does a group that is ready, unless it is done already: before it what its followers need, behind it those. */
  #take(chosen: number): void {
    const tasks: { readonly group: number; readonly prepared: boolean }[] = [
      { group: chosen, prepared: false },
    ];
    while (tasks.length > 0) {
      const { group, prepared } = tasks.pop()!;
      const behind = this.#followers[group];
      if (prepared) {
        this.#finish(group);
        for (let at = behind.length - 1; at >= 0; at--) tasks.push({ group: behind[at], prepared: false });
        continue;
      }
      // Two kernels that one group follows each ask for the other first.
      if (this.#missing[group] > 0 || this.#begun[group]) continue;
      this.#begun[group] = true;
      tasks.push({ group, prepared: true });
      const needed = behind.flatMap((follower) => this.#needed[follower]);
      for (let at = needed.length - 1; at >= 0; at--) {
        if (needed[at] !== group) tasks.push({ group: needed[at], prepared: false });
      }
    }
  }

  #finish(group: number): void {
    this.#done.push(this.#groups[group]);
    for (const reader of this.#readers[group]) {
      this.#missing[reader]--;
      if (this.#missing[reader] === 0) this.#ready.push(reader);
    }
  }
}

/** For each group, if it is a kernel, the groups that read its first result in order, element by element. */
function followersOf(
  groups: readonly Group[],
  readsOf: ReadsOf,
  sizeOf: (value: ValueId) => number,
): number[][] {
  const kernelOf = new Map<ValueId, number>();
  for (const [number, group] of groups.entries()) {
    if (group.kind === 'kernel') kernelOf.set(group.operation.outputs[0], number);
  }
  const followers: number[][] = groups.map(() => []);
  for (const [number, group] of groups.entries()) {
    if (group.kind !== 'elementwise' || group.updates) continue;
    for (const [value, inOrder] of readsOf(group)) {
      const kernel = kernelOf.get(value);
      if (kernel === undefined || !inOrder || sizeOf(value) !== sizeOf(group.stores[0])) continue;
      followers[kernel].push(number);
    }
  }
  return followers;
}

/** Numbers of which the smallest can be had: a binary heap, each number no larger than those at 2k + 1 and 2k + 2. */
class SmallestFirst {
  readonly #numbers: number[] = [];

  push(number: number): void {
    const numbers = this.#numbers;
    let at = numbers.push(number) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (numbers[above] <= number) break;
      numbers[at] = numbers[above];
      at = above;
    }
    numbers[at] = number;
  }

  /** Takes the smallest. */
  pop(): number | undefined {
    const numbers = this.#numbers;
    const smallest = numbers[0];
    const last = numbers.pop();
    if (last === undefined || numbers.length === 0) return smallest;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (numbers[below + 1] < numbers[below]) below++;
      if (!(numbers[below] < last)) break;
      numbers[at] = numbers[below];
      at = below;
    }
    numbers[at] = last;
    return smallest;
  }
}
