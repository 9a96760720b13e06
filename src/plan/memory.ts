/** Static memory: offsets in one arena for values with known lifetimes, so that dead values give their place away. */

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
  const count = blocks.length;
  const offsets = new Array<number>(count).fill(0);
  const order = blocks.map((_, index) => index).sort((a, b) => blocks[b].bytes - blocks[a].bytes || a - b);
  // The blocks placed so far, sorted by where they begin. Plans have tens of thousands, each compared with all: columns.
  const [begins, ends] = [new Float64Array(count), new Float64Array(count)];
  const [froms, tos] = [new Int32Array(count), new Int32Array(count)];
  let bytes = 0;
  for (const [placed, index] of order.entries()) {
    const { bytes: needed, from, to } = blocks[index];
    const size = Math.ceil(needed / alignment) * alignment;
    let begin = 0;
    let at = 0;
    for (; at < placed && begin + size > begins[at]; at++) {
      if (ends[at] > begin && froms[at] <= to && from <= tos[at]) begin = ends[at];
    }
    while (at > 0 && begins[at - 1] > begin) at--;
    for (const column of [begins, ends, froms, tos]) column.copyWithin(at + 1, at, placed);
    begins[at] = begin;
    ends[at] = begin + size;
    froms[at] = from;
    tos[at] = to;
    offsets[index] = begin;
    bytes = Math.max(bytes, begin + size);
  }
  return { offsets, bytes };
}
