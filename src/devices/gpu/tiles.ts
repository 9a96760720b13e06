/** Arrays of more floats than one buffer or texture takes lie in tiles, one after the other; the last one may be shorter. */
import type { GpuFunctions } from './compiled-functions.ts';
import type { GpuHandle } from './library.ts';

/** The floats of each tile of an array. One of no floats has one tile of none. */
export function tileLengths(floats: number, tileLength: number): number[] {
  const count = Math.max(1, Math.ceil(floats / tileLength));
  return Array.from({ length: count }, (_, tile) => Math.min(tileLength, floats - tile * tileLength));
}

/** The part of an array's floats that each tile holds: views, no copies. */
export function tilesOfFloats(floats: Float32Array, tileLength: number): Float32Array[] {
  return tileLengths(floats.length, tileLength).map((length, tile) =>
    floats.subarray(tile * tileLength, tile * tileLength + length),
  );
}

/** Copies the tiles of an array to the host, and joins them. */
export async function downloadTiles(
  functions: GpuFunctions,
  handles: readonly GpuHandle[],
): Promise<Float32Array> {
  const tiles = await Promise.all(handles.map((handle) => functions.download(handle)));
  if (tiles.length === 1) return tiles[0];
  const floats = new Float32Array(tiles.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const tile of tiles) {
    floats.set(tile, at);
    at += tile.length;
  }
  return floats;
}
