/** Composing movement operations into one view of a dense buffer, where one view can express them. */
import { denseStrides, type View } from '../../kernels/support/view.ts';
import { broadcastPrimitive, reshapePrimitive } from '../ops/broadcast.ts';
import {
  flipPrimitive,
  type PadAttributes,
  padPrimitive,
  permutePrimitive,
  type SliceAttributes,
  slicePrimitive,
} from '../ops/movement.ts';
import { type Shape, sameShape } from '../tensor/shape.ts';
import { isOf, type Operation } from './graph.ts';
import { keyOf } from './key.ts';

type AxisBounds = readonly (readonly [low: number, high: number])[];

/** The view that reads a dense array of `shape` in order. */
export function denseView(shape: Shape): View {
  return { offset: 0, strides: denseStrides(shape) };
}

/** Whether two views read the same elements; none is the same as none. */
export function sameView(a: View | undefined, b: View | undefined): boolean {
  if (!a || !b || a === b) return a === b;
  return (
    a.offset === b.offset &&
    sameShape(a.strides, b.strides) &&
    keyOf([a.bounds, a.fill]) === keyOf([b.bounds, b.fill])
  );
}

/**
 * The view of the moved tensor (of shape `result`), given the view of the tensor before (of `shape`), or undefined where a single view
 * cannot express it: then the tensor has to be copied first.
 */
export function moveView(view: View, movement: Operation, shape: Shape, result: Shape): View | undefined {
  if (isOf(movement, reshapePrimitive)) return reshapeView(view, shape, result);
  if (isOf(movement, broadcastPrimitive)) return broadcastView(view, shape, result);
  if (isOf(movement, permutePrimitive)) return permuteView(view, movement.attributes.order, result);
  if (isOf(movement, flipPrimitive)) return flipView(view, shape, movement.attributes.axes);
  if (isOf(movement, slicePrimitive)) return sliceView(view, movement.attributes, result);
  if (isOf(movement, padPrimitive)) return padView(view, shape, movement.attributes, result);
  return undefined;
}

/** Sets bounds, or none where they hold the whole of every axis. */
function withBounds(view: View, bounds: AxisBounds | undefined, shape: Shape): View {
  const { offset, strides, fill } = view;
  const plain = { offset, strides };
  if (!bounds || bounds.every(([low, high], axis) => low <= 0 && high >= shape[axis])) return plain;
  return { ...plain, bounds, ...(fill !== undefined && { fill }) };
}

/** Splits and merges axes where their strides allow it (NumPy's no-copy reshape). */
function reshapeView(view: View, from: Shape, to: Shape): View | undefined {
  if (view.bounds) return undefined;
  if (from.includes(0)) return denseView(to);
  const kept = from.flatMap((length, axis) => (length === 1 ? [] : [{ length, stride: view.strides[axis] }]));
  const strides = new Array<number>(to.length).fill(0);
  let source = 0;
  let target = 0;
  while (target < to.length) {
    if (to[target] === 1) {
      target++;
      continue;
    }
    // Take axes from both sides until they hold the same number of elements.
    const firstTarget = target;
    const firstSource = source;
    let wanted = to[target++];
    let available = kept[source++].length;
    while (wanted !== available) {
      if (wanted < available) wanted *= to[target++];
      else available *= kept[source++].length;
    }
    for (let axis = firstSource; axis + 1 < source; axis++) {
      if (kept[axis].stride !== kept[axis + 1].stride * kept[axis + 1].length) return undefined;
    }
    let stride = kept[source - 1].stride;
    for (let axis = target - 1; axis >= firstTarget; axis--) {
      strides[axis] = stride;
      stride *= to[axis];
    }
  }
  return { offset: view.offset, strides };
}

function broadcastView(view: View, from: Shape, to: Shape): View | undefined {
  const repeated = to.map((length, axis) => from[axis] !== length);
  const strides = view.strides.map((stride, axis) => (repeated[axis] ? 0 : stride));
  // A repeated axis has length 1: its bounds hold the element or nothing, and then everything is fill.
  if (view.bounds?.some(([low, high], axis) => repeated[axis] && (low > 0 || high < 1))) return undefined;
  const bounds = view.bounds?.map((range, axis) => (repeated[axis] ? ([0, to[axis]] as const) : range));
  return withBounds({ ...view, strides }, bounds, to);
}

function permuteView(view: View, order: readonly number[], result: Shape): View {
  const strides = order.map((axis) => view.strides[axis]);
  return withBounds({ ...view, strides }, view.bounds && order.map((axis) => view.bounds![axis]), result);
}

function flipView(view: View, shape: Shape, axes: readonly number[]): View {
  let { offset } = view;
  const strides = [...view.strides];
  const bounds = view.bounds?.map((range) => range);
  for (const axis of axes) {
    offset += (shape[axis] - 1) * strides[axis];
    strides[axis] = -strides[axis];
    if (bounds) bounds[axis] = [shape[axis] - bounds[axis][1], shape[axis] - bounds[axis][0]];
  }
  return withBounds({ ...view, offset, strides }, bounds, shape);
}

function sliceView(view: View, { start, step }: SliceAttributes, result: Shape): View | undefined {
  // With a step, a bound may fall between two elements; only whole axes are easy.
  if (view.bounds && step.some((each) => each !== 1)) return undefined;
  let { offset } = view;
  for (let axis = 0; axis < start.length; axis++) offset += start[axis] * view.strides[axis];
  const strides = view.strides.map((stride, axis) => stride * step[axis]);
  const bounds = view.bounds?.map(([low, high], axis) => [low - start[axis], high - start[axis]] as const);
  return withBounds({ ...view, offset, strides }, bounds, result);
}

function padView(
  view: View,
  shape: Shape,
  { low, interior, value }: PadAttributes,
  result: Shape,
): View | undefined {
  if (interior.some((each) => each > 0) || (view.bounds && !Object.is(view.fill ?? 0, value)))
    return undefined;
  let { offset } = view;
  for (let axis = 0; axis < low.length; axis++) offset -= low[axis] * view.strides[axis];
  const bounds = shape.map((length, axis) => {
    const [from, to] = view.bounds?.[axis] ?? [0, length];
    return [Math.max(0, from) + low[axis], Math.min(length, to) + low[axis]] as const;
  });
  return withBounds({ offset, strides: view.strides, fill: value }, bounds, result);
}
