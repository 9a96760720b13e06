/** Tensors as text, the way NumPy prints them, and as nested arrays. */
import type { DType, NumericArray } from './dtype.ts';
import type { Shape } from './shape.ts';

/** A JS value nested as deep as the tensor's rank. */
export type NestedArray = number | boolean | NestedArray[];

/** Row-major elements as nested arrays. */
export function nest(data: NumericArray, shape: Shape, dtype: DType): NestedArray {
  let position = 0;
  const build = (axis: number): NestedArray => {
    if (axis === shape.length) {
      const value = data[position++];
      return dtype === 'bool' ? value !== 0 : value;
    }
    return Array.from({ length: shape[axis] }, () => build(axis + 1));
  };
  return build(0);
}

/** Above this many elements the middle of each long axis is left out. */
const summarizeAbove = 1000;
/** How many elements stay at each end of an axis that is summarized. */
const edgeItems = 3;

/** NumPy-like text: aligned columns, at most 4 decimals that matter, `...` in the middle of large tensors. */
export function formatTensor(data: NumericArray, shape: Shape, dtype: DType): string {
  const summarize = data.length > summarizeAbove;
  const shown: number[] = [];
  const visit = (axis: number, base: number, stride: number): void => {
    if (axis === shape.length) {
      shown.push(data[base]);
      return;
    }
    const inner = stride / shape[axis];
    for (const index of visibleIndices(shape[axis], summarize)) {
      if (index >= 0) visit(axis + 1, base + index * inner, inner);
    }
  };
  if (data.length > 0) visit(0, 0, data.length);
  const format = elementFormat(shown, dtype);
  const texts = shown.map(format);
  const width = texts.reduce((widest, text) => Math.max(widest, text.length), 0);
  let next = 0;
  const render = (axis: number, indent: string): string => {
    if (axis === shape.length) return texts[next++].padStart(width);
    const parts = visibleIndices(shape[axis], summarize).map((index) =>
      index < 0 ? '...' : render(axis + 1, `${indent} `),
    );
    const last = axis === shape.length - 1;
    const separator = last ? ', ' : `,${'\n'.repeat(shape.length - axis - 1)}${indent} `;
    return `[${parts.join(separator)}]`;
  };
  if (data.length === 0) return '[]';
  return render(0, '');
}

/** Indices to show along an axis; -1 stands for the gap. */
function visibleIndices(length: number, summarize: boolean): number[] {
  if (!summarize || length <= 2 * edgeItems) return Array.from({ length }, (_, index) => index);
  const first = Array.from({ length: edgeItems }, (_, index) => index);
  return [...first, -1, ...first.map((index) => length - edgeItems + index)];
}

function elementFormat(values: readonly number[], dtype: DType): (value: number) => string {
  if (dtype === 'bool') return (value) => (value ? 'true' : 'false');
  if (dtype === 'int32') return (value) => `${value}`;
  const finite = values.filter((value) => Number.isFinite(value) && value !== 0).map(Math.abs);
  const largest = finite.reduce((a, b) => Math.max(a, b), 0);
  const smallest = finite.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const special = (value: number): string | undefined =>
    Number.isNaN(value) ? 'nan' : Number.isFinite(value) ? undefined : value > 0 ? 'inf' : '-inf';
  if (largest >= 1e8 || smallest < 1e-4) return (value) => special(value) ?? value.toExponential(4);
  const decimals = values.every((value) => !Number.isFinite(value) || Number.isInteger(value)) ? 0 : 4;
  return (value) => special(value) ?? (decimals === 0 ? `${value}.` : value.toFixed(decimals));
}
