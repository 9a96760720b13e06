/** The same values in another order of memory: inputs as views of leaves that are larger, transposed or turned round. */
import { allocate, type NumericArray } from '../../kernels/support/contract.ts';
import { reshape } from '../../src/ops/broadcast.ts';
import { tensor } from '../../src/ops/creation.ts';
import { flip, permute, slice } from '../../src/ops/movement.ts';
import { type Shape, sizeOf } from '../../src/tensor/shape.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';

/** A view of a leaf that has the values of some tensor. */
export interface View {
  readonly leaf: Tensor;
  readonly view: Tensor;
}

/** Where element [i, j, …] of a tensor lies in the leaf, and how the view is made of it. */
interface Layout {
  readonly shape: Shape;
  readonly offset: number;
  readonly strides: readonly number[];
  readonly view: (leaf: Tensor) => Tensor;
}

/** What the elements hold that no view shows: a NaN, an index far out of range, a true. */
const hidden = { float32: Number.NaN, int32: -1_000_000_000, bool: 1 } as const;

function denseStrides(shape: Shape): number[] {
  return shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
}

/** The part in the middle of a leaf, every element or every second one. */
function within(shape: Shape, step: number): Layout {
  if (shape.length === 0) {
    const view = (leaf: Tensor) => slice(leaf, 1);
    return { shape: [3], offset: 1, strides: [], view };
  }
  const larger = shape.map((length) => step * length + 2);
  const strides = denseStrides(larger);
  return {
    shape: larger,
    offset: strides.reduce((total, stride) => total + stride, 0),
    strides: strides.map((stride) => stride * step),
    view: (leaf) => slice(leaf, ...shape.map((length) => [1, 1 + step * length, step] as const)),
  };
}

/** A leaf whose axes lie the other way round; with fewer than two of them, a column of a pair. */
function transposed(shape: Shape): Layout {
  if (shape.length < 2) {
    const view = (leaf: Tensor) => slice(leaf, ...shape.map(() => null), 1);
    return { shape: [...shape, 2], offset: 1, strides: shape.map(() => 2), view };
  }
  const order = shape.map((_, axis) => shape.length - 1 - axis);
  const strides = denseStrides([...shape].reverse()).reverse();
  return { shape: [...shape].reverse(), offset: 0, strides, view: (leaf) => permute(leaf, order) };
}

function flipped(shape: Shape): Layout {
  if (shape.length === 0)
    return { shape: [1], offset: 0, strides: [], view: (leaf) => reshape(flip(leaf), []) };
  const strides = denseStrides(shape).map((stride) => -stride);
  return { shape, offset: sizeOf(shape) - 1, strides, view: (leaf) => flip(leaf) };
}

const layouts = {
  transposed,
  middle: (shape: Shape) => within(shape, 1),
  stepped: (shape: Shape) => within(shape, 2),
  flipped,
} satisfies Record<string, (shape: Shape) => Layout>;

export type LayoutName = keyof typeof layouts;

export const layoutNames = Object.keys(layouts) as LayoutName[];

/** A view with the values of a leaf that holds data. */
export function viewWith(name: LayoutName, { node, shape, dtype }: Tensor): View {
  const values = node.values[0]!;
  const { offset, strides, ...layout } = layouts[name](shape);
  const data: NumericArray = allocate(dtype, sizeOf(layout.shape)).fill(hidden[dtype]);
  const dense = denseStrides(shape);
  for (let k = 0; k < values.length; k++) {
    let at = offset;
    for (let axis = 0; axis < shape.length; axis++) {
      at += (Math.floor(k / dense[axis]) % shape[axis]) * strides[axis];
    }
    data[at] = values[k];
  }
  const leaf = tensor(data, { shape: layout.shape, dtype });
  return { leaf, view: layout.view(leaf) };
}
