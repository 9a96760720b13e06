/** Memory that changes of a picture work in: it is kept from one picture to the next, since garbage costs more than they do. */

const kept: Float32Array[] = [new Float32Array(0), new Float32Array(0)];

function roomFor(place: 0 | 1, length: number): Float32Array {
  if (kept[place].length < length) kept[place] = new Float32Array(length);
  return kept[place];
}

/** The values once more, in memory that holds until the next call; it may be longer than they are. */
export function copyOf(values: Float32Array): Float32Array {
  const copy = roomFor(0, values.length);
  copy.set(values);
  return copy;
}

/** Room for the displacements of each pixel, `[H, W, 2]`, until the next call; it may be longer. */
export function displacementRoom(length: number): Float32Array {
  return roomFor(1, length);
}
