/**
 * The iteration space of a fused program as the WebAssembly kernels walk it: axes that all loads can walk as one are
 * merged, so that one nest of loops serves every load and its innermost loop is as long as can be.
 */
import type { DType } from '../../support/contract.ts';
import { collapse } from '../collapse.ts';
import type { Program } from '../index.ts';

/** One axis of the space: one loop of the nest. */
export interface SpaceAxis {
  readonly length: number;
  /** Whether the output has this axis. Kept and reduced axes do not merge. */
  readonly kept: boolean;
  /** By load: elements from one index to the next. */
  readonly strides: readonly number[];
  /** By load: the half-open range of indices that hold real elements. */
  readonly bounds: readonly (readonly [low: number, high: number])[];
}

/** One load of the program. Only `walked` loads have strides and bounds. */
export interface SpaceLoad {
  readonly input: number;
  readonly dtype: DType;
  /** One element for the whole space, no element at all (all of it is padding), or a walk. */
  readonly kind: 'single' | 'fill' | 'walked';
  /** Elements from the start of the input to the element with all indices 0. */
  readonly offset: number;
  readonly fill: number;
}

/** A space that has points. There is at least one axis; the last one, the innermost loop, is its row. */
export interface Space {
  readonly axes: readonly SpaceAxis[];
  readonly loads: readonly SpaceLoad[];
}

/** Whether a load has padding on this axis. */
export function isBounded({ length, bounds }: SpaceAxis, load: number): boolean {
  const [low, high] = bounds[load];
  return low > 0 || high < length;
}

/** The space of a program with at least one point; `reducedAxes` are axes of its shape. */
export function iterationSpaceOf({ shape, loads }: Program, reducedAxes: readonly number[] = []): Space {
  const spaceLoads = loads.map(({ input, dtype, view }): SpaceLoad => {
    const { kind, fill, offset } = collapse(view, shape);
    return { input, dtype, fill, offset, kind: kind === 'single' || kind === 'fill' ? kind : 'walked' };
  });
  const isWalked = spaceLoads.map(({ kind }) => kind === 'walked');
  const axes = shape.map(
    (length, axis): SpaceAxis => ({
      length,
      kept: !reducedAxes.includes(axis),
      strides: loads.map(({ view }, load) => (isWalked[load] ? view.strides[axis] : 0)),
      bounds: loads.map(({ view }, load) => {
        const [low, high] = (isWalked[load] && view.bounds?.[axis]) || [0, length];
        return [Math.max(0, low), Math.min(length, high)];
      }),
    }),
  );
  return { axes: mergeAxes(axes), loads: spaceLoads };
}

/**
 * Drops axes of length 1 and merges neighbors [.., M, N, ..] → [.., M·N, ..] wherever, for every load, a step on the outer
 * one is N steps on the inner one.
 */
export function mergeAxes(axes: readonly SpaceAxis[]): SpaceAxis[] {
  const merged: SpaceAxis[] = [];
  for (const axis of axes) {
    if (axis.length === 1) continue;
    const outer = merged.at(-1);
    if (outer && canMerge(outer, axis)) merged[merged.length - 1] = mergePair(outer, axis);
    else merged.push(axis);
  }
  if (merged.length > 0) return merged;
  const loads = axes[0]?.strides.length ?? 0;
  return [
    {
      length: 1,
      kept: true,
      strides: new Array<number>(loads).fill(0),
      bounds: Array.from({ length: loads }, () => [0, 1] as const),
    },
  ];
}

function canMerge(outer: SpaceAxis, inner: SpaceAxis): boolean {
  if (outer.kept !== inner.kept) return false;
  return inner.strides.every(
    (stride, load) => outer.strides[load] === stride * inner.length && !isBounded(inner, load),
  );
}

function mergePair(outer: SpaceAxis, inner: SpaceAxis): SpaceAxis {
  return {
    length: outer.length * inner.length,
    kept: outer.kept,
    strides: inner.strides,
    // The bounds of the outer axis, counted in elements of the inner one, which has none.
    bounds: outer.bounds.map(([low, high]) => [low * inner.length, high * inner.length]),
  };
}
