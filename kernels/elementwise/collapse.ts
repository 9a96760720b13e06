/** Views in their simplest form, which all devices begin with: as few axes as will do, and how much of the buffer is read. */
import type { View } from '../support/view.ts';

/** A view with axes of length 1 dropped and neighbors that are jointly contiguous merged. */
export interface CollapsedView {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  /** Per axis, real elements are those with `low ≤ index < high`. */
  readonly low: readonly number[];
  readonly high: readonly number[];
  readonly offset: number;
  readonly fill: number;
  /**
   * What is read of the buffer: one `single` element, nothing (all is `fill`), a `dense` range, or a `strided` walk with
   * the axes above.
   */
  readonly kind: 'single' | 'fill' | 'dense' | 'strided';
}

/** Merges what can be merged of `view` over `shape`: a transposed image batch [N, H, W, C] → [C, N, H, W] has 2 axes. */
export function collapse(view: View, shape: readonly number[]): CollapsedView {
  const lengths: number[] = [];
  const strides: number[] = [];
  const low: number[] = [];
  const high: number[] = [];
  let allFill = false;
  for (let axis = 0; axis < shape.length; axis++) {
    const length = shape[axis];
    const stride = view.strides[axis];
    const from = Math.max(0, view.bounds?.[axis][0] ?? 0);
    const to = Math.min(length, view.bounds?.[axis][1] ?? length);
    if (from >= to) allFill = true;
    if (length === 1) continue;
    const outer = lengths.length - 1;
    // An axis without padding folds into its outer neighbor, whose bounds then count inner elements.
    if (outer >= 0 && strides[outer] === stride * length && from === 0 && to === length) {
      lengths[outer] *= length;
      strides[outer] = stride;
      low[outer] *= length;
      high[outer] *= length;
    } else {
      lengths.push(length);
      strides.push(stride);
      low.push(from);
      high.push(to);
    }
  }
  const bounded = lengths.some((length, axis) => low[axis] > 0 || high[axis] < length);
  let kind: CollapsedView['kind'] = 'strided';
  if (allFill) kind = 'fill';
  else if (!bounded && strides.every((stride) => stride === 0)) kind = 'single';
  else if (!bounded && lengths.length === 1 && strides[0] === 1) kind = 'dense';
  return { shape: lengths, strides, low, high, offset: view.offset, fill: view.fill ?? 0, kind };
}
