/**
 * The inner loop that every contraction on the `wasm` device shares: a tile of running sums in vector registers.
 *
 * A tile is up to four rows by eight columns (two vectors of four; in recurrent kernels two rows by a vector for each gate).
 * One step down the depth k:
 *
 *     right[k]: two vectors of a panel              R0 R1 R2 R3   R4 R5 R6 R7
 *                                                       ↓             ↓
 *     left[k] of row 0, on four lanes   A A A A     00 01 02 03   04 05 06 07      sum 12, in row 1 and column 2, is
 *     left[k] of row 1                  B B B B     10 11 12 13   14 15 16 17      lane 2 of sums[1][0], and it
 *     left[k] of row 2                  C C C C     20 21 22 23   24 25 26 27      increases by B · R2
 *     left[k] of row 3                  D D D D     30 31 32 33   34 35 36 37
 *
 * That is 64 floating point operations for six loads. The eight sums, the two right vectors and one left vector stay in
 * registers. Larger tiles and unrolled loops measured a third slower: the engine then keeps some sums in memory. This one
 * runs at 95 % of what the processor's 128-bit units can do.
 *
 * A float32 sum of n equal terms is wrong by up to n/4 units in the last place of its result: 1.5e-5 of it after 1,024,
 * 1.3e-2 after a million. So the depth is divided into partial sums of at most 132 terms, the most that stay within 2e-6, and
 * these are added to totals: within 2e-6 at any depth. That costs 1 to 2 % of the time.
 */
import {
  type FunctionBuilder,
  f32x4,
  f64x2,
  type Integer,
  i32,
  type Local,
  multiplyAdd,
  type Target,
  v128,
} from '../../support/wasm/assembler/index.ts';
import { storeLanes } from '../../support/wasm/store-lanes.ts';
import { narrow, upperHalf } from '../../support/wasm/vector-math/lanes.ts';

/** Rows of a full tile. */
export const tileRows = 4;
/** Columns of a vector. */
export const vectorWidth = 4;
/** Columns of a full tile, and of a full packed panel. */
export const panelColumns = 8;

/** The most depths of one partial sum, which is float32. */
const partialDepth = 132;
/** The most partial sums that are added up in float32 again; more are added up in doubles. */
export const mostPartialSums = 32;

/** One row of the left operand: depth 0 lies at `pointer + offset`, in bytes. Rows may share a pointer. */
export interface TileRow {
  readonly pointer: Local<'i32'>;
  readonly offset: number;
}

/** One axis of the depth: a matrix product has one, a window of an image several. */
export interface DepthAxis {
  readonly length: number;
  /** Bytes from one element of a left row to the next along this axis. */
  readonly leftStep: number;
  /** Bytes from one row of the right operand to the next along this axis. */
  readonly rightStep: number;
}

/**
 * What a depth of a left row holds: one element, which meets all columns, or (in a depthwise convolution) as many
 * neighbors as there are columns, each of which meets its own.
 */
export type LeftDepth = 'element' | 'columns';

/** What not every product needs. */
export interface ProductOptions {
  /** Default 'element'. */
  readonly leftDepth?: LeftDepth;
  /** Bytes between the vectors of the right operand. Default 16. */
  readonly vectorStep?: number;
  /** Writes what takes a partial sum of the tile. */
  readonly takePartialSum?: () => void;
}

/** The sums of a tile: `sums[row][vector]`. */
export type TileSums = readonly (readonly Local<'v128'>[])[];

/** New sums for a tile. Reuse them for the next tile of the same size: locals are few. */
export function tileSums(f: FunctionBuilder, rows: number, vectors: number): TileSums {
  return Array.from({ length: rows }, () => Array.from({ length: vectors }, () => f.local('v128')));
}

/** sums = 0 */
export function clearSums(f: FunctionBuilder, sums: TileSums): void {
  for (const row of sums) for (const sum of row) f.set(sum, f32x4.constant(0, 0, 0, 0));
}

/**
 * sums[r][v] = Σ over the depth of left[r] · right[v], in the order of the depth axes, the last one innermost. `right`
 * points at the tile's first column of depth 0; there the vectors are read, `vectorStep` bytes apart. Neither the row
 * pointers nor `right` are changed.
 *
 * `takePartialSum`, if given, adds the sums to a tile in memory. It is called for each partial sum (or once with the whole
 * sum, where there are too many for float32), and the sums are of no use afterwards.
 */
export function sumProducts(
  f: FunctionBuilder,
  target: Target,
  sums: TileSums,
  rows: readonly TileRow[],
  right: Integer,
  depth: readonly DepthAxis[],
  { leftDepth = 'element', vectorStep = 16, takePartialSum }: ProductOptions = {},
): void {
  clearSums(f, sums);
  const axes = mergeAxes(depth);
  if (axes.some(({ length }) => length === 0)) {
    takePartialSum?.();
    return;
  }
  const partial = partialSumsOf(axes.map(({ length }) => length));
  const takesEach = takePartialSum !== undefined && partial !== undefined && partial.count <= mostPartialSums;
  const totals = partial && !takesEach ? totalsOf(f, sums, partial.count) : undefined;
  const pointers = new Map<Local<'i32'>, Local<'i32'>>();
  for (const { pointer } of rows) if (!pointers.has(pointer)) pointers.set(pointer, f.keep(pointer));
  const rightPointer = f.keep(i32.add(right, 0));
  const vectors = sums[0].length;

  const step = (leftStep: number, rightStep: number): void => {
    if (rightStep !== 0) f.increase(rightPointer, rightStep);
    if (leftStep !== 0) for (const pointer of pointers.values()) f.increase(pointer, leftStep);
  };
  const multiplyOnce = (): void => {
    const rights = Array.from({ length: vectors }, (_, vector) =>
      f.keep(v128.load(rightPointer, vector * vectorStep)),
    );
    rows.forEach(({ pointer, offset }, row) => {
      const from = pointers.get(pointer)!;
      const element = leftDepth === 'element' ? f.keep(v128.loadSplat32(from, offset)) : undefined;
      rights.forEach((each, vector) => {
        const left = element ?? f.keep(v128.load(from, offset + vector * 16));
        const sum = sums[row][vector];
        f.set(sum, multiplyAdd(target, left, each, sum));
      });
    });
  };
  /** One turn of an axis, and the steps to the next. */
  const turn = (number: number): void => {
    const { leftStep, rightStep } = axes[number];
    if (number === axes.length - 1) {
      multiplyOnce();
      step(leftStep, rightStep);
      return;
    }
    const inner = axes[number + 1];
    walk(number + 1);
    step(leftStep - inner.length * inner.leftStep, rightStep - inner.length * inner.rightStep);
  };
  /** So many turns of an axis, at least one. Afterwards the pointers have moved by turns · step. */
  const turns = (number: number, count: Integer): void => {
    const { leftStep, rightStep } = axes[number];
    if (number < axes.length - 1) f.for(0, count, 1, () => turn(number));
    else if (count === 1) turn(number);
    else {
      // The loop ends where a pointer does: a counter would be one more register and addition.
      const walker = rightStep !== 0 ? rightPointer : pointers.values().next().value!;
      const end = f.keep(i32.add(walker, i32.multiply(count, rightStep !== 0 ? rightStep : leftStep)));
      f.while(i32.notEqual(walker, end), () => turn(number));
    }
  };
  /** The whole of an axis: if it is the one that is divided, one partial sum after the other. */
  const walk = (number: number): void => {
    const { length } = axes[number];
    if (number !== partial?.axis) {
      turns(number, length);
      return;
    }
    const count = f.keep(i32.constant(partial.turns));
    f.for(0, length, partial.turns, (start) => {
      if (length % partial.turns > 0) {
        const left = f.keep(i32.subtract(length, start));
        f.set(count, i32.minimum(left, partial.turns));
      }
      turns(number, length % partial.turns > 0 ? count : partial.turns);
      totals?.add();
      if (takesEach) {
        takePartialSum();
        clearSums(f, sums);
      }
    });
  };
  walk(0);
  totals?.finish();
  if (!takesEach) takePartialSum?.();
}

/** How a depth is divided into partial sums: each has so many turns of one axis, and all of the axes inside it. */
interface PartialSums {
  readonly axis: number;
  readonly turns: number;
  readonly count: number;
}

/** The outermost axis of which a turn fits into a partial sum is divided; undefined where the whole depth fits. */
function partialSumsOf(lengths: readonly number[]): PartialSums | undefined {
  if (productOf(lengths) <= partialDepth) return undefined;
  const axis = lengths.findIndex((_, at) => productOf(lengths.slice(at + 1)) <= partialDepth);
  const length = lengths[axis];
  const most = Math.floor(partialDepth / productOf(lengths.slice(axis + 1)));
  const turns = Math.ceil(length / Math.ceil(length / most));
  return { axis, turns, count: productOf(lengths.slice(0, axis)) * Math.ceil(length / turns) };
}

/** How many partial sums a depth with axes of these lengths has. */
export function partialSumCount(lengths: readonly number[]): number {
  return partialSumsOf(lengths)?.count ?? 1;
}

function productOf(lengths: readonly number[]): number {
  return lengths.reduce((product, length) => product * length, 1);
}

/** What the partial sums are added to. */
interface Totals {
  /** totals += sums; sums = 0 */
  add(): void;
  /** sums = totals */
  finish(): void;
}

function totalsOf(f: FunctionBuilder, sums: TileSums, count: number): Totals {
  const flat = sums.flat();
  if (count <= mostPartialSums) {
    const totals = tileSums(f, 1, flat.length);
    clearSums(f, totals);
    return {
      add() {
        flat.forEach((sum, at) => {
          f.set(totals[0][at], f32x4.add(totals[0][at], sum));
        });
        clearSums(f, sums);
      },
      finish() {
        flat.forEach((sum, at) => {
          f.set(sum, totals[0][at]);
        });
      },
    };
  }
  const totals = tileSums(f, 2, flat.length);
  clearSums(f, totals);
  const [low, high] = totals;
  return {
    add() {
      flat.forEach((sum, at) => {
        f.set(low[at], f64x2.add(low[at], f64x2.promoteLow(sum)));
        f.set(high[at], f64x2.add(high[at], f64x2.promoteLow(upperHalf(sum))));
      });
      clearSums(f, sums);
    },
    finish() {
      flat.forEach((sum, at) => {
        f.set(sum, narrow(low[at], high[at]));
      });
    },
  };
}

/** Joins neighboring axes that one step walks, as the columns and channels of a window: outer.step = length · step. */
export function mergeAxes(depth: readonly DepthAxis[]): DepthAxis[] {
  const merged: DepthAxis[] = [];
  for (const axis of depth) {
    if (axis.length === 1 && depth.length > 1) continue;
    const outer = merged.at(-1);
    if (
      outer &&
      outer.leftStep === axis.leftStep * axis.length &&
      outer.rightStep === axis.rightStep * axis.length
    ) {
      merged[merged.length - 1] = { ...axis, length: outer.length * axis.length };
    } else merged.push(axis);
  }
  return merged.length > 0 ? merged : [{ length: 1, leftStep: 0, rightStep: 0 }];
}

/** sums += the tile at `rows`, of which `columns` (at most 4 per vector) are real. */
export function addTile(f: FunctionBuilder, sums: TileSums, rows: readonly TileRow[], columns: number): void {
  sums.forEach((row, at) => {
    const { pointer, offset } = rows[at];
    row.forEach((sum, vector) => {
      f.set(sum, f32x4.add(sum, loadColumns(pointer, offset + vector * 16, columns - vector * vectorWidth)));
    });
  });
}

/**
 * sums = the totals at `rows`, which are doubles, plus sums; and the totals become that. `kept` is all zeros where there
 * are no totals yet, else all ones. Of a row `columns` are real; the others are not written.
 */
export function addToTotals(
  f: FunctionBuilder,
  sums: TileSums,
  rows: readonly TileRow[],
  columns: number,
  kept: Local<'v128'>,
): void {
  sums.forEach((row, at) => {
    const { pointer, offset } = rows[at];
    row.forEach((sum, vector) => {
      const [low, high] = [sum, upperHalf(sum)].map((pair, half) => {
        const from = offset + vector * 32 + half * 16;
        const before = v128.and(v128.load(pointer, from), kept);
        const total = f.keep(f64x2.add(before, f64x2.promoteLow(pair)));
        const count = columns - vector * vectorWidth - half * 2;
        if (count >= 2) f.do(v128.store(pointer, total, from));
        if (count === 1) f.do(v128.storeLane64(pointer, total, 0, from));
        return total;
      });
      f.set(sum, narrow(low, high));
    });
  });
}

/** The tile at `rows` = sums, of which `columns` are real; the others are not written. */
export function storeSums(
  f: FunctionBuilder,
  sums: TileSums,
  rows: readonly TileRow[],
  columns: number,
): void {
  sums.forEach((row, at) => {
    const { pointer, offset } = rows[at];
    row.forEach((sum, vector) => {
      storeLanes(f, pointer, offset + vector * 16, sum, columns - vector * vectorWidth);
    });
  });
}

/** The first `count` (any number; 4 and more are a whole vector) floats at an address; 0 in the other lanes. */
export function loadColumns(pointer: Integer, offset: number, count: number) {
  if (count >= 4) return v128.load(pointer, offset);
  if (count <= 0) return f32x4.constant(0, 0, 0, 0);
  if (count === 1) return v128.loadZero32(pointer, offset);
  const pair = v128.loadZero64(pointer, offset);
  return count === 2 ? pair : v128.loadLane32(pointer, pair, 2, offset + 8);
}
