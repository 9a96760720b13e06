/**
 * Where a cotangent has values, if it is a piece among zeros: the gradient of a slice is a padding, and what moves it
 * afterwards moves its place. Read from the graph of the cotangent.
 */
import { reshape, reshapePrimitive } from '../ops/broadcast.ts';
import { flip, flipPrimitive, padPrimitive, permute, permutePrimitive } from '../ops/movement.ts';
import type { Node } from '../tensor/node.ts';
import { isOf } from '../tensor/primitive.ts';
import { type Shape, sizeOf } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** A tensor among zeros. Its element i along an axis lies at start + i · step; the step of an axis of one element is 1. */
export interface PlacedPiece {
  readonly values: Tensor;
  readonly start: readonly number[];
  readonly step: readonly number[];
}

/**
 * The piece that a cotangent places, or undefined where it is no such thing. Only nodes from `since` on are looked into:
 * those that were made on the same walk, whose inputs are there for sure.
 */
export function placedPiece(cotangent: Tensor, since: number): PlacedPiece | undefined {
  const movements: Node[] = [];
  let padded = 0;
  for (let { node } = cotangent; node.id >= since && isMovement(node); node = node.inputs[0].node) {
    movements.push(node);
    if (isOf(node, padPrimitive)) padded = movements.length;
  }
  let piece: PlacedPiece | undefined;
  for (const node of movements.slice(0, padded).reverse()) {
    piece = moved(piece ?? whole(node.inputs[0]), node);
  }
  return piece;
}

function isMovement(node: Node): boolean {
  const { primitive } = node;
  if (isOf(node, padPrimitive)) return node.attributes.value === 0;
  return primitive === reshapePrimitive || primitive === permutePrimitive || primitive === flipPrimitive;
}

function whole(values: Tensor): PlacedPiece {
  return { values, start: values.shape.map(() => 0), step: values.shape.map(() => 1) };
}

/** The piece after a movement of what it is placed in, or undefined where it is none any more. */
function moved({ values, start, step }: PlacedPiece, node: Node): PlacedPiece | undefined {
  const [{ shape }] = node.inputs;
  if (isOf(node, padPrimitive)) {
    const { low, interior } = node.attributes;
    return {
      values,
      start: start.map((first, axis) => low[axis] + first * (interior[axis] + 1)),
      step: step.map((each, axis) => (values.shape[axis] === 1 ? 1 : each * (interior[axis] + 1))),
    };
  }
  if (isOf(node, permutePrimitive)) {
    const { order } = node.attributes;
    return {
      values: permute(values, order),
      start: order.map((axis) => start[axis]),
      step: order.map((axis) => step[axis]),
    };
  }
  if (isOf(node, flipPrimitive)) {
    const { axes } = node.attributes;
    const last = (axis: number): number => start[axis] + (values.shape[axis] - 1) * step[axis];
    return {
      values: flip(values, axes),
      start: start.map((first, axis) => (axes.includes(axis) ? shape[axis] - 1 - last(axis) : first)),
      step,
    };
  }
  return reshaped({ values, start, step }, shape, node.outputs[0].shape);
}

/** One axis of a piece, and of what it is placed in. */
interface PlacedAxis {
  readonly start: number;
  readonly length: number;
  readonly step: number;
  readonly total: number;
}

/** The piece after what it is placed in gets another shape: undefined where it is no box there. */
function reshaped({ values, start, step }: PlacedPiece, from: Shape, to: Shape): PlacedPiece | undefined {
  if (sizeOf(values.shape) === 0) return undefined;
  const axes: PlacedAxis[] = [];
  for (const [source, target] of matchingAxes(from, to)) {
    const before = source.map((axis) => ({
      start: start[axis],
      length: values.shape[axis],
      step: step[axis],
      total: from[axis],
    }));
    const after = regrouped(
      before,
      target.map((axis) => to[axis]),
    );
    if (!after) return undefined;
    axes.push(...after);
  }
  return {
    values: reshape(
      values,
      axes.map(({ length }) => length),
    ),
    start: axes.map((axis) => axis.start),
    step: axes.map((axis) => axis.step),
  };
}

/** Axes of two shapes of one size, in the smallest groups that hold the same elements: [N, T·F] and [N, T, F] agree in N. */
function matchingAxes(from: Shape, to: Shape): [source: number[], target: number[]][] {
  const groups: [number[], number[]][] = [];
  const sources = [...from.keys()];
  const targets = [...to.keys()];
  while (sources.length + targets.length > 0) {
    const source = sources.splice(0, 1);
    const target = targets.splice(0, 1);
    const sizeIn = (shape: Shape, axes: readonly number[]): number => sizeOf(axes.map((axis) => shape[axis]));
    while (sizeIn(from, source) !== sizeIn(to, target)) {
      if (sizeIn(from, source) < sizeIn(to, target)) source.push(...sources.splice(0, 1));
      else target.push(...targets.splice(0, 1));
    }
    groups.push([source, target]);
  }
  return groups;
}

/** A place along axes that become axes of other lengths, which hold the same elements. */
function regrouped(axes: readonly PlacedAxis[], totals: Shape): PlacedAxis[] | undefined {
  const [long, ...more] = axes.filter(({ total }) => total !== 1);
  // Axes of length 1 come and go.
  if (more.length === 0 && totals.filter((total) => total !== 1).length <= 1) {
    return totals.map((total) => (total === 1 ? { start: 0, length: 1, step: 1, total } : long));
  }
  // Else the piece has to be a run in row-major order: `count` elements from `begin` on.
  let [begin, count, inner] = [0, 1, 1];
  for (const { start, length, step, total } of axes.toReversed()) {
    if (step !== 1 || (length !== 1 && count !== inner)) return undefined;
    begin += start * inner;
    count *= length;
    inner *= total;
  }
  const result: PlacedAxis[] = [];
  for (const total of totals) {
    inner /= total;
    const fills = begin % inner === 0 && count % inner === 0;
    const start = Math.floor(begin / inner);
    if (!fills && Math.floor((begin + count - 1) / inner) !== start) return undefined;
    result.push({ start, length: fills ? count / inner : 1, step: 1, total });
    begin = fills ? 0 : begin - start * inner;
    count = fills ? inner : count;
  }
  return result;
}
