/**
 * Static memory: offsets in one arena for values with known lifetimes, so that dead values give their place away.
 *
 * What is taken is kept by time: a segment tree over the steps has, for each of its spans of time, the places that are
 * taken in it. So a block is not compared with every other one, but with some 2·log₂(steps) lists of places, which are
 * short, since neighbors are joined.
 */

/** A block of memory that is alive from one step to another, both inclusive. */
export interface Lifetime {
  readonly bytes: number;
  readonly from: number;
  readonly to: number;
}

/** Every offset is a multiple of this: a cache line, and more than any vector. */
const alignment = 64;

/**
 * Offsets for blocks such that blocks alive at the same time never overlap. Largest first, each at the lowest place
 * where it fits (Pisarchyk & Lee 2020, "greedy by size").
 */
export function placeInArena(blocks: readonly Lifetime[]): { offsets: number[]; bytes: number } {
  const offsets = new Array<number>(blocks.length).fill(0);
  const order = blocks.map((_, index) => index).sort((a, b) => blocks[b].bytes - blocks[a].bytes || a - b);
  const timetable = new Timetable(blocks.reduce((last, { to }) => Math.max(last, to), 0));
  let bytes = 0;
  for (const index of order) {
    const size = Math.ceil(blocks[index].bytes / alignment) * alignment;
    const begin = timetable.take(size, blocks[index]);
    offsets[index] = begin;
    bytes = Math.max(bytes, begin + size);
  }
  return { offsets, bytes };
}

/** Which places are taken when. A node of the tree is a span of steps; its halves are the nodes 2k and 2k + 1. */
class Timetable {
  readonly #last: number;
  /** By node: the places that are taken in all of its steps. */
  readonly #always: (Places | undefined)[];
  /** By node: the places that are taken in any of its steps. */
  readonly #sometimes: (Places | undefined)[];

  /** For steps from 0 to `last`. */
  constructor(last: number) {
    this.#last = last;
    // Nodes are numbered level by level, each level twice as long as the one above.
    const nodes = 2 ** (Math.ceil(Math.log2(last + 1)) + 1);
    this.#always = new Array(nodes);
    this.#sometimes = new Array(nodes);
  }

  /** Takes the lowest place of so many bytes that is free for a lifetime, and returns where it begins. */
  take(size: number, { from, to }: Lifetime): number {
    /** The largest spans that lie whole in the lifetime, and the spans around them. */
    const [whole, around]: [number[], number[]] = [[], []];
    const divide = (node: number, first: number, last: number): void => {
      if (from <= first && last <= to) {
        whole.push(node);
        return;
      }
      around.push(node);
      const middle = (first + last) >> 1;
      if (from <= middle) divide(2 * node, first, middle);
      if (to > middle) divide(2 * node + 1, middle + 1, last);
    };
    divide(1, 0, this.#last);
    const taken = [
      ...whole.map((node) => this.#sometimes[node]),
      ...around.map((node) => this.#always[node]),
    ].filter((places) => places !== undefined);
    const begin = lowestFree(size, taken);
    if (size > 0) {
      for (const node of whole) placesOf(this.#always, node).add(begin, begin + size);
      for (const node of [...whole, ...around]) placesOf(this.#sometimes, node).add(begin, begin + size);
    }
    return begin;
  }
}

function placesOf(lists: (Places | undefined)[], node: number): Places {
  lists[node] ??= new Places();
  return lists[node];
}

/** The lowest place of a size that none of the lists has a part of. */
function lowestFree(size: number, lists: readonly Places[]): number {
  let [place, before] = [0, -1];
  while (place !== before) {
    before = place;
    for (const list of lists) place = list.freeFrom(place, size);
  }
  return place;
}

/** Places as ascending stretches [begin, end) that do not touch. */
class Places {
  readonly #begins: number[] = [];
  readonly #ends: number[] = [];

  /** The lowest place from `begin` on where so many bytes are free. */
  freeFrom(begin: number, size: number): number {
    let place = begin;
    for (let at = this.#firstEndingAt(begin + 1); this.#begins[at] < place + size; at++)
      place = this.#ends[at];
    return place;
  }

  /** Adds a stretch that is not empty, and joins it with what it touches. */
  add(begin: number, end: number): void {
    const [begins, ends] = [this.#begins, this.#ends];
    const first = this.#firstEndingAt(begin);
    let behind = first;
    while (begins[behind] <= end) behind++;
    if (behind === first) {
      begins.splice(first, 0, begin);
      ends.splice(first, 0, end);
      return;
    }
    begins[first] = Math.min(begin, begins[first]);
    ends[first] = Math.max(end, ends[behind - 1]);
    if (behind === first + 1) return;
    begins.splice(first + 1, behind - first - 1);
    ends.splice(first + 1, behind - first - 1);
  }

  /** The index of the first stretch whose end is not below. */
  #firstEndingAt(end: number): number {
    let [low, high] = [0, this.#ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#ends[middle] < end) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
