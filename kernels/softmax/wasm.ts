/**
 * Softmax and its logarithm over the last axis as WebAssembly, four elements at a time:
 *
 *     for row                                                // items: rows
 *       maximum = max over i of x[i]
 *       sum     = Σ over i of exp(x[i] - maximum)            // total in doubles; softmax keeps the powers, of a long row in y
 *       y[i]    = power[i] · (1 / sum)                       // softmax
 *       y[i]    = x[i] - maximum - log(sum)                  // its logarithm
 */

import { sizeOf } from '../support/contract.ts';
import {
  type FunctionBuilder,
  f32x4,
  f64x2,
  i8x16,
  i32,
  i32x4,
  type Local,
  type Target,
  type Vector,
  v128,
} from '../support/wasm/assembler/index.ts';
import { exp, logOfDoubles } from '../support/wasm/vector-math/index.ts';
import type { WasmKernel } from '../support/wasm/wasm-kernel.ts';
import type { SoftmaxAttributes } from './index.ts';

type Kind = 'softmax' | 'logSoftmax';

/** y = exp(x) / Σ exp(x) over the last axis. */
export const softmaxWasm: WasmKernel<SoftmaxAttributes> = byRows('softmax');

/** y = x - log Σ exp(x) over the last axis. */
export const logSoftmaxWasm: WasmKernel<SoftmaxAttributes> = byRows('logSoftmax');

/** Rows of up to so many vectors of four stay in locals from the load to the store. */
const longestUnrolled = 8;

/** Vectors per turn of the loops over longer rows. */
const unroll = 4;

/** The rest of such a row is up to three whole vectors, or up to four and one that repeats elements. */
const longestGroup = unroll + 1;

/** One row while its code is written. */
interface Row {
  readonly f: FunctionBuilder;
  readonly target: Target;
  /** The addresses of the row in x and in y. */
  readonly x: Local<'i32'>;
  readonly y: Local<'i32'>;
  /** Its elements. */
  readonly length: number;
}

/** The kernel whose items are rows. */
function byRows(kind: Kind): WasmKernel<SoftmaxAttributes> {
  return ({ inputs: [{ shape }] }, target) => {
    const size = sizeOf(shape);
    const length = shape[shape.length - 1];
    return {
      stages: [
        {
          items: size === 0 ? 0 : size / length,
          elementsPerItem: length,
          write: (f, { first, end }, { inputs, outputs }) => {
            const bytesPerRow = 4 * length;
            const x = f.keep(i32.add(inputs[0], i32.multiply(first, bytesPerRow)));
            const y = f.keep(i32.add(outputs[0], i32.multiply(first, bytesPerRow)));
            f.for(first, end, 1, () => {
              const row = { f, target, x, y, length };
              if (length < 4) writeTinyRow(row, kind);
              else if (length <= 4 * longestUnrolled) writeShortRow(row, kind);
              else writeLongRow(row, kind);
              f.increase(x, bytesPerRow);
              f.increase(y, bytesPerRow);
            });
          },
        },
      ],
    };
  };
}

/** Rows of one to three elements: the other lanes are -Infinity, whose exponential is 0. */
function writeTinyRow(row: Row, kind: Kind): void {
  const { f, x, y, length } = row;
  const lanes = f.keep(negativeInfinity(f));
  for (let lane = 0; lane < length; lane++) f.set(lanes, v128.loadLane32(x, lanes, lane, 4 * lane));
  const [result] = resultsOf(row, kind, [lanes], undefined);
  for (let lane = 0; lane < length; lane++) f.do(v128.storeLane32(y, result, lane, 4 * lane));
}

/** Rows that fit locals. */
function writeShortRow(row: Row, kind: Kind): void {
  const { f, x, y, length } = row;
  const offsets = vectorOffsets(0, length);
  const vectors = offsets.map((offset) => f.keep(v128.load(x, offset)));
  resultsOf(row, kind, vectors, newLanes(row)).forEach((result, at) => {
    f.do(v128.store(y, result, offsets[at]));
  });
}

/** Four elements of a long row. */
interface Quad {
  /** Addresses of them in x and y less `offset`. */
  readonly from: Local<'i32'>;
  readonly to: Local<'i32'>;
  readonly offset: number;
  /** All ones in the lanes that are in no quad before; undefined if all are. */
  readonly newLanes: Local<'v128'> | undefined;
}

/** A walk over a long row: a loop over groups of `unroll` quads, then the quads that are left. */
function forGroups(row: Row, body: (group: readonly Quad[]) => void): void {
  const { f, x, y, length } = row;
  // A quad that repeats elements is in one group with the quad that has them, so that a group may load all, then store.
  const complete = length % 4 === 0 ? length : length - 4;
  const looped = complete - (complete % (4 * unroll));
  f.for(0, 4 * looped, 16 * unroll, (index) => {
    const [from, to] = [f.keep(i32.add(x, index)), f.keep(i32.add(y, index))];
    body(Array.from({ length: unroll }, (_, at) => ({ from, to, offset: 16 * at, newLanes: undefined })));
  });
  const offsets = vectorOffsets(looped, length);
  const quads = offsets.map((offset, at) => {
    return { from: x, to: y, offset, newLanes: at === offsets.length - 1 ? newLanes(row) : undefined };
  });
  if (quads.length > 0) body(quads);
}

function storeGroup(f: FunctionBuilder, group: readonly Quad[], values: readonly Local<'v128'>[]): void {
  group.forEach(({ to, offset }, at) => {
    f.do(v128.store(to, values[at], offset));
  });
}

/** Rows that do not fit locals: a walk for the maximum, one for the sum, one for the results. */
function writeLongRow(row: Row, kind: Kind): void {
  const { f, target } = row;
  const maxima = Array.from({ length: longestGroup }, () => f.keep(negativeInfinity(f)));
  forGroups(row, (group) => {
    group.forEach(({ from, offset }, at) => {
      f.set(maxima[at], larger(maxima[at], v128.load(from, offset)));
    });
  });
  const maximum = f.keep(maximumOfLanes(f, reduce(maxima, larger)));
  const differenceOf = ({ from, offset }: Quad): Vector => f32x4.subtract(v128.load(from, offset), maximum);

  const sum = new DoubleSum(f);
  forGroups(row, (group) => {
    const powers = group.map((quad) => exp(f, target, differenceOf(quad)));
    sum.add(
      kind,
      powers.map((power, at) => within(f, power, group[at].newLanes)),
    );
    if (kind === 'softmax') storeGroup(f, group, powers);
  });
  const total = sum.total();
  const final = kind === 'softmax' ? reciprocalOf(f, total) : logOf(f, total);

  forGroups(row, (group) => {
    const results = group.map((quad) => {
      return f.keep(
        kind === 'softmax'
          ? f32x4.multiply(v128.load(quad.to, quad.offset), final)
          : f32x4.subtract(differenceOf(quad), final),
      );
    });
    storeGroup(f, group, results);
  });
}

/** The results of a whole row in vectors. Of the last one only lanes in `lastLanes`, if given, count in the sum. */
function resultsOf(
  { f, target }: Row,
  kind: Kind,
  x: readonly Local<'v128'>[],
  lastLanes: Local<'v128'> | undefined,
): readonly Local<'v128'>[] {
  const maximum = f.keep(maximumOfLanes(f, reduce(x, larger)));
  const differences = x.map((vector) => f.keep(f32x4.subtract(vector, maximum)));
  const powers = differences.map((difference) => exp(f, target, difference));
  const sum = new DoubleSum(f);
  sum.add(
    kind,
    powers.map((power, at) => within(f, power, at === powers.length - 1 ? lastLanes : undefined)),
  );
  if (kind === 'softmax') {
    const factor = reciprocalOf(f, sum.total());
    return powers.map((power) => f.keep(f32x4.multiply(power, factor)));
  }
  const logSum = logOf(f, sum.total());
  return differences.map((difference) => f.keep(f32x4.subtract(difference, logSum)));
}

/** The vector, with zeros outside the mask if there is one. */
function within(f: FunctionBuilder, vector: Local<'v128'>, mask: Local<'v128'> | undefined): Local<'v128'> {
  return mask ? f.keep(v128.and(vector, mask)) : vector;
}

/** A sum of many floats in two pairs of doubles, so that its error does not grow with their number. */
class DoubleSum {
  readonly #f: FunctionBuilder;
  readonly #low: Local<'v128'>;
  readonly #high: Local<'v128'>;

  constructor(f: FunctionBuilder) {
    this.#f = f;
    const zero = f.hoist(f64x2.splat(0));
    [this.#low, this.#high] = [f.keep(zero), f.keep(zero)];
  }

  /**
   * Adds the lanes of a few vectors. For softmax they are added up in floats first; for its logarithm not, since that
   * of a sum near 1 is the part that floats lose.
   */
  add(kind: Kind, vectors: readonly Local<'v128'>[]): void {
    const f = this.#f;
    const terms = kind === 'softmax' ? [f.keep(reduce(vectors, f32x4.add))] : vectors;
    for (const term of terms) {
      f.set(this.#low, f64x2.add(this.#low, f64x2.promoteLow(term)));
      f.set(this.#high, f64x2.add(this.#high, f64x2.promoteLow(rotated(term, 8))));
    }
  }

  /** The sum, in both lanes. */
  total(): Local<'v128'> {
    const f = this.#f;
    const pair = f.keep(f64x2.add(this.#low, this.#high));
    return f.keep(f64x2.add(pair, rotated(pair, 8)));
  }
}

/** The reciprocal of a double as a float in all lanes. */
function reciprocalOf(f: FunctionBuilder, sum: Local<'v128'>): Local<'v128'> {
  return splatLow(f, f32x4.demote(f64x2.divide(f.hoist(f64x2.splat(1)), sum)));
}

/** The logarithm of a double that is at least 1, or NaN, as a float in all lanes. */
function logOf(f: FunctionBuilder, sum: Local<'v128'>): Local<'v128'> {
  const notANumber = f64x2.notEqual(sum, sum);
  return splatLow(f, f32x4.demote(v128.or(logOfDoubles(f, sum), notANumber)));
}

function splatLow(f: FunctionBuilder, vector: Vector): Local<'v128'> {
  return f.keep(f32x4.splat(f32x4.extractLane(vector, 0)));
}

function negativeInfinity(f: FunctionBuilder): Local<'v128'> {
  return f.hoist(f32x4.splat(Number.NEGATIVE_INFINITY));
}

/** Combines vectors one after the other. */
function reduce(vectors: readonly Vector[], combine: (a: Vector, b: Vector) => Vector): Vector {
  return vectors.reduce((a, b) => combine(a, b));
}

/** a, or b where it is larger: NaN in b is passed over. It reaches the sum, and so the whole row, by itself. */
function larger(a: Vector, b: Vector): Vector {
  return f32x4.pseudoMaximum(a, b);
}

/** The largest lane in all lanes. */
function maximumOfLanes(f: FunctionBuilder, vector: Vector): Vector {
  // A NaN in `vector` can only come first, from an unrolled row: -Infinity is below everything else.
  const lanes = f.keep(larger(negativeInfinity(f), vector));
  const pairs = f.keep(larger(lanes, rotated(lanes, 8)));
  return larger(pairs, rotated(pairs, 4));
}

/** The bytes of a vector, from byte `by` on and around. */
function rotated(vector: Vector, by: number): Vector {
  return i8x16.shuffle(
    vector,
    vector,
    Array.from({ length: 16 }, (_, at) => (at + by) % 16),
  );
}

/**
 * Where the vectors of elements [from, length) begin, in bytes. A last one that is not full is moved back to end with
 * the row, so that it repeats elements of the one before it.
 */
function vectorOffsets(from: number, length: number): number[] {
  const offsets: number[] = [];
  for (let at = from; at < length; at += 4) offsets.push(4 * Math.min(at, length - 4));
  return offsets;
}

/** All ones in the lanes of the last vector that no vector before it has, if there are others. */
function newLanes({ f, length }: Row): Local<'v128'> | undefined {
  const repeated = (4 - (length % 4)) % 4;
  if (repeated === 0) return undefined;
  const [a, b, c] = [1, 2, 3].map((count) => (repeated >= count ? 0 : -1));
  return f.hoist(i32x4.constant(a, b, c, -1));
}
