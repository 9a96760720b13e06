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
  const offsets = new Array<number>(blocks.length).fill(0);
  const placed: { from: number; to: number; begin: number; end: number }[] = [];
  const order = blocks.map((_, index) => index).sort((a, b) => blocks[b].bytes - blocks[a].bytes || a - b);
  let bytes = 0;
  for (const index of order) {
    const block = blocks[index];
    const size = Math.ceil(block.bytes / alignment) * alignment;
    let begin = 0;
    let at = 0;
    for (; at < placed.length; at++) {
      const other = placed[at];
      if (begin + size <= other.begin) break;
      if (other.from <= block.to && block.from <= other.to) begin = Math.max(begin, other.end);
    }
    // The blocks stay sorted by where they begin. Up to `at` all begin before the end of this one.
    while (at > 0 && placed[at - 1].begin > begin) at--;
    offsets[index] = begin;
    placed.splice(at, 0, { from: block.from, to: block.to, begin, end: begin + size });
    bytes = Math.max(bytes, begin + size);
  }
  return { offsets, bytes };
}
