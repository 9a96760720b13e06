/**
 * The rows (u, v, c) of a weight gradient, four at a time. Where they lie in x: row (u, v, c) begins at
 *
 *     left + u · step[0] + v · step[1] + c · step[2]
 *
 * which is one straight line for neighboring axes that fit, step[k] = length[k + 1] · step[k + 1], and those are merged.
 */
import { mergeAxes, tileRows } from '../../matmul/wasm/tile.ts';
import type { FunctionBuilder, Local } from '../../support/wasm/assembler/index.ts';

/** Up to so many rows each tile has code of its own. */
const mostUnrolledRows = 48;

/** One axis of the rows: how many, how far apart in x, in bytes. */
interface RowAxis {
  readonly length: number;
  readonly step: number;
}

/** All rows: how they lie in x from `left` on, and in the sums, one after the other, from `to` on. */
export interface GradientRows {
  readonly axes: readonly RowAxis[];
  readonly left: Local<'i32'>;
  readonly to: Local<'i32'>;
  readonly rowBytes: number;
}

/** Some rows: row number r begins at left + offsets[r] in x, and its sums at to + toOffset + r · rowBytes. */
export interface RowTile {
  readonly left: Local<'i32'>;
  readonly offsets: readonly number[];
  readonly to: Local<'i32'>;
  readonly toOffset: number;
}

type WriteTile = (tile: RowTile) => void;

/** Writes code for all tiles of the rows. */
export function forEachRowTile(f: FunctionBuilder, rows: GradientRows, write: WriteTile): void {
  // In the sums rows follow each other: there is no second step that could keep axes apart.
  const merged = mergeAxes(rows.axes.map(({ length, step }) => ({ length, leftStep: step, rightStep: 0 })));
  const axes = merged.map(({ length, leftStep }) => ({ length, step: leftStep }));
  const count = axes.reduce((product, { length }) => product * length, 1);
  if (count <= mostUnrolledRows) eachTile({ ...rows, axes }, write);
  else loopOverTiles(f, { ...rows, axes }, write);
}

/** Each tile has its own code, so that its rows need not be equally far apart in x. */
function eachTile({ axes, left, to, rowBytes }: GradientRows, write: WriteTile): void {
  const offsets = axes.reduce<number[]>(
    (outer, { length, step }) =>
      outer.flatMap((start) => Array.from({ length }, (_, index) => start + index * step)),
    [0],
  );
  let row = 0;
  for (const { height, count } of tilesOf(offsets.length)) {
    for (let number = 0; number < count; number++) {
      write({ left, offsets: offsets.slice(row, row + height), to, toOffset: row * rowBytes });
      row += height;
    }
  }
}

/** Loops over the outer axes, and over the tiles of the last one, whose rows are equally far apart. */
function loopOverTiles(f: FunctionBuilder, rows: GradientRows, write: WriteTile): void {
  const to = f.keep(rows.to);
  const walk = ([{ length, step }, ...inner]: readonly RowAxis[], start: Local<'i32'>): void => {
    const left = f.keep(start);
    if (inner.length > 0) {
      f.for(0, length, 1, () => {
        walk(inner, left);
        f.increase(left, step);
      });
      return;
    }
    for (const { height, count } of tilesOf(length)) {
      const offsets = Array.from({ length: height }, (_, row) => row * step);
      f.for(0, count, 1, () => {
        write({ left, offsets, to, toOffset: 0 });
        f.increase(left, height * step);
        f.increase(to, height * rows.rowBytes);
      });
    }
  };
  walk(rows.axes, rows.left);
}

/** So many rows as tiles of at most `tileRows`, as equal as possible: 9 are 3 + 3 + 3. */
function tilesOf(rows: number): { readonly height: number; readonly count: number }[] {
  const tiles = Math.ceil(rows / tileRows);
  const low = Math.floor(rows / tiles);
  const high = rows - low * tiles;
  return [
    { height: low + 1, count: high },
    { height: low, count: tiles - high },
  ].filter(({ count }) => count > 0);
}
