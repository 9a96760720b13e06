/**
 * A view: how an index of one iteration space finds its element in a dense buffer. Movement operations (permute,
 * broadcast, slice, flip, pad, some reshapes) cost nothing because they become views of the buffer they move.
 */

/**
 * `element(i0, i1, …) = buffer[offset + Σ strides[k]·ik]`, or `fill` where an index lies outside `bounds`.
 * Strides count elements; a broadcast axis has stride 0, a flipped one a negative stride.
 */
export interface View {
  readonly offset: number;
  readonly strides: readonly number[];
  /** Per axis the half-open range `[low, high)` that holds real elements; outside it the view reads `fill`. */
  readonly bounds?: readonly (readonly [low: number, high: number])[];
  /** What a padded element reads. Default 0. */
  readonly fill?: number;
}

/** The strides of a dense row-major array of `shape`, in elements. */
export function denseStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

/** Whether the view reads a dense array of `shape` in order, so that no index arithmetic is needed. */
export function isDense(view: View, shape: readonly number[]): boolean {
  if (view.offset !== 0 || view.bounds) return false;
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && view.strides[axis] !== stride) return false;
    stride *= shape[axis];
  }
  return true;
}

/** How many elements of a buffer a view of `shape` reads: a repeated one counts once, a padded one is none. */
export function placesIn({ strides, bounds }: View, shape: readonly number[]): number {
  return shape.reduce((places, length, axis) => {
    const [low, high] = bounds?.[axis] ?? [0, length];
    const inside = Math.max(0, Math.min(high, length) - Math.max(low, 0));
    return places * (strides[axis] === 0 ? Math.min(1, inside) : inside);
  }, 1);
}
