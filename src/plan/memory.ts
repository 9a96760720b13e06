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
    const neighbours = placed
      .filter((other) => other.from <= block.to && block.from <= other.to)
      .sort((a, b) => a.begin - b.begin);
    let begin = 0;
    for (const other of neighbours) {
      if (begin + size <= other.begin) break;
      begin = Math.max(begin, other.end);
    }
    offsets[index] = begin;
    placed.push({ from: block.from, to: block.to, begin, end: begin + size });
    bytes = Math.max(bytes, begin + size);
  }
  return { offsets, bytes };
}
