/**
 * The sum of the cotangents that arrive at one value. Where they are pieces among zeros (the gradients of slices), the sum is
 * put together once, from the pieces: what it costs is proportional to them and to the value, not to their product. It is made
 * of ordinary operations, so it can be differentiated.
 *
 *     T slices of one step           one concatenation
 *     a grid of patches              one for each row of the grid, and one of the rows
 *     windows that overlap d deep    d concatenations of windows that do not, added up in one kernel
 *     every second element, twice    one concatenation along an axis of their own: [L] is [L/2, 2]
 */
import { reshape } from '../ops/broadcast.ts';
import { add } from '../ops/elementwise.ts';
import { concat, pad, padWith, slice } from '../ops/movement.ts';
import { fill } from '../tensor/leaves.ts';
import { type Shape, sizeOf } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type PlacedPiece, placedPiece } from './placed-piece.ts';

/** Indices [begin, end) of an axis. */
interface Interval {
  readonly begin: number;
  readonly end: number;
}

/** One interval for each axis. */
type Box = readonly Interval[];

/** What is added at a box. */
interface Patch {
  readonly values: Tensor;
  readonly box: Box;
}

/** Patches that lie in one interval of some axis. */
interface Span extends Interval {
  readonly patches: readonly Patch[];
}

/**
 * The sum of cotangents of one shape, of which there is at least one. `since` is the first node of the walk that made them.
 */
export function sumOfCotangents(cotangents: readonly Tensor[], since: number): Tensor {
  if (cotangents.length === 1) return cotangents[0];
  const { shape, size } = cotangents[0];
  const dense: Tensor[] = [];
  const pieces: PlacedPiece[] = [];
  for (const cotangent of cotangents) {
    const piece = placedPiece(cotangent, since);
    if (!piece || piece.values.size === size) dense.push(cotangent);
    else if (piece.values.size > 0) pieces.push(piece);
  }
  const terms = [...dense, ...sumsOfPieces(pieces, shape)];
  return terms.length === 0 ? cotangents[0] : total(terms);
}

function total(terms: readonly Tensor[]): Tensor {
  return terms.reduce((a, b) => add(a, b));
}

/** Sums of pieces in a value of `shape`, one for each way in which their elements are spread. */
function sumsOfPieces(pieces: readonly PlacedPiece[], shape: Shape): Tensor[] {
  return [...groupedBy(pieces, ({ step }) => step.join()).values()].map((group) => sumOfSpread(group, shape));
}

/** The sum of pieces whose elements have the same distances. */
function sumOfSpread(pieces: readonly PlacedPiece[], shape: Shape): Tensor {
  const [{ values, start, step }] = pieces;
  if (pieces.length === 1) {
    return padWith(values, {
      low: start,
      high: shape.map((length, k) => length - start[k] - (values.shape[k] - 1) * step[k] - 1),
      interior: step.map((each) => each - 1),
      value: 0,
    });
  }
  // An axis of length L with step q is [⌈L/q⌉, q], of which each piece is in one column.
  const whole = shape.flatMap((length, axis) => {
    const q = step[axis];
    return q === 1 ? [interval(0, length)] : [interval(0, Math.ceil(length / q)), interval(0, q)];
  });
  const patches = pieces.map(({ values, start }) => {
    const box = start.flatMap((first, axis) => {
      const q = step[axis];
      const along = interval(Math.floor(first / q), values.shape[axis]);
      return q === 1 ? [along] : [along, interval(first % q, 1)];
    });
    return { values: reshape(values, shapeOf(box)), box };
  });
  const long = step.map((each, axis) => Math.ceil(shape[axis] / each) * each);
  return slice(reshape(sumIn(whole, patches), long), ...shape.map((length) => [0, length] as const));
}

/** The sum of patches in a box that holds them, of the shape of the box. */
function sumIn(outer: Box, patches: readonly Patch[]): Tensor {
  if (patches.length === 1) return padded(patches[0], outer);
  const clusters = outer.map((_, axis) => clustersAlong(patches, axis));
  const most = Math.max(...clusters.map(({ length }) => length));
  const axis = clusters.findIndex(({ length }) => length === most);
  // Along the other axes nothing has to be written around what there is: padding is free for many that read it.
  const box = clusters.map((found, k) =>
    k === axis && most > 1 ? outer[k] : { begin: found[0].begin, end: found[found.length - 1].end },
  );
  const values = most > 1 ? joined(box, clusters[axis], axis) : layered(box, patches);
  return padded({ values, box }, outer);
}

/** Clusters beside each other along an axis, with zeros in between. */
function joined(box: Box, clusters: readonly Span[], axis: number): Tensor {
  const parts: Tensor[] = [];
  const along = ({ begin, end }: Interval): Box => box.with(axis, { begin, end });
  let { begin } = box[axis];
  const fillUpTo = (end: number): void => {
    if (end > begin) parts.push(fill(0, shapeOf(along({ begin, end }))));
  };
  for (const cluster of clusters) {
    fillUpTo(cluster.begin);
    parts.push(sumIn(along(cluster), cluster.patches));
    begin = cluster.end;
  }
  fillUpTo(box[axis].end);
  return concat(parts, axis);
}

/**
 * Patches that overlap along every axis, and reach all sides of a box. Those that fill most of it are added as they are; then
 * the others are a sum of their own, which costs no more. Where there are none, the patches are divided into layers in which
 * they do not overlap.
 */
function layered(box: Box, patches: readonly Patch[]): Tensor {
  const size = sizeOf(shapeOf(box));
  const large = patches.filter(({ values }) => 2 * values.size > size);
  const small = patches.filter(({ values }) => 2 * values.size <= size);
  if (large.length === 0) return total(layersOf(box, small).map((layer) => sumIn(box, layer)));
  const terms = large.map((patch) => padded(patch, box));
  return total(small.length === 0 ? terms : [...terms, sumIn(box, small)]);
}

/**
 * Divides patches into layers. Layer by layer a chain of patches is taken that covers as much of one axis as the rest does,
 * until that is less than half of it: what is left is one layer, to be summed in smaller boxes. A chain is one layer or two,
 * so at least a quarter of them are values. (Of the axis: patches that are small along others too leave more zeros.)
 */
function layersOf(box: Box, patches: readonly Patch[]): (readonly Patch[])[] {
  const ways = box.map((_, axis) => placesAlong(patches, axis));
  const most = Math.max(...ways.map(({ length }) => length));
  const axis = ways.findIndex(({ length }) => length === most);
  const layers: (readonly Span[])[] = [];
  let rest = ways[axis];
  while (rest.length > 0) {
    const chain = coverOf(rest);
    if (2 * coveredBy(chain) < box[axis].end - box[axis].begin) {
      layers.push(rest);
      break;
    }
    layers.push(...withoutOverlap(chain));
    const taken = new Set(chain);
    rest = rest.filter((span) => !taken.has(span));
  }
  return layers.map((spans) => spans.flatMap((span) => span.patches));
}

/** The fewest of some spans, ordered by their beginnings, that cover what all of them cover. */
function coverOf(spans: readonly Span[]): Span[] {
  const chain: Span[] = [];
  let reach = spans[0].begin;
  for (let next = 0; next < spans.length; ) {
    let furthest: Span | undefined;
    for (; next < spans.length && spans[next].begin <= reach; next++) {
      if (spans[next].end > (furthest?.end ?? reach)) furthest = spans[next];
    }
    if (furthest) chain.push(furthest);
    reach = furthest?.end ?? spans[next]?.begin ?? reach;
  }
  return chain;
}

/** How many indices a chain covers. */
function coveredBy(chain: readonly Span[]): number {
  let [covered, reach] = [0, 0];
  for (const { begin, end } of chain) {
    covered += end - Math.max(begin, reach);
    reach = end;
  }
  return covered;
}

/** A chain as one list without overlap, or as two: of three in a row that overlap, the outer ones do not. */
function withoutOverlap(chain: readonly Span[]): Span[][] {
  const [first, second]: [Span[], Span[]] = [[], []];
  let reach = 0;
  for (const span of chain) {
    if (span.begin < reach) second.push(span);
    else {
      first.push(span);
      reach = span.end;
    }
  }
  return second.length > 0 ? [first, second] : [first];
}

/** Patches by the interval they take of an axis, in order. */
function placesAlong(patches: readonly Patch[], axis: number): Span[] {
  const places = groupedBy(patches, ({ box }) => `${box[axis].begin},${box[axis].end}`);
  return [...places.values()]
    .map((group) => ({ ...group[0].box[axis], patches: group }))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
}

/** Patches in the fewest intervals of an axis that do not overlap, in order. */
function clustersAlong(patches: readonly Patch[], axis: number): Span[] {
  const clusters: { begin: number; end: number; patches: Patch[] }[] = [];
  for (const { begin, end, patches: group } of placesAlong(patches, axis)) {
    const last = clusters.at(-1);
    if (!last || begin >= last.end) clusters.push({ begin, end, patches: [...group] });
    else {
      last.end = Math.max(last.end, end);
      for (const patch of group) last.patches.push(patch);
    }
  }
  return clusters;
}

function padded({ values, box }: Patch, outer: Box): Tensor {
  return pad(
    values,
    outer.map(({ begin, end }, axis) => [box[axis].begin - begin, end - box[axis].end] as const),
  );
}

function interval(begin: number, length: number): Interval {
  return { begin, end: begin + length };
}

function shapeOf(box: Box): Shape {
  return box.map(({ begin, end }) => end - begin);
}

function groupedBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const known = groups.get(key);
    if (known) known.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
