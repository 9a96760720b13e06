/**
 * The inner loops that every contraction on the `cpu` device shares: packed panels and a tile of running sums.
 *
 * A product is computed a tile at a time, three rows by four columns, whose twelve sums stay in local variables (and so
 * in registers): each element read is used three or four times. The right operand is first copied into panels of four
 * columns, so that one step down the depth reads four neighbors instead of one element every row length. Sums are JS
 * numbers (doubles), run from depth 0 upwards, and are rounded to float32 once, on the store.
 */

import type { Matrix } from '../../support/cpu/matrix.ts';

/** Rows of a tile. 3×4 and 2×4 measured alike; 4×4 has more sums than registers and is a little slower. */
const tileRows = 3;

/** Columns of a tile and of a packed panel. */
const panelWidth = 4;

/** Below this many rows, packing costs more than it saves. */
const fewestRowsToPack = 4;

/** float32 elements that `multiply` needs as scratch for a product of this depth: one panel. */
export function panelSize(depth: number): number {
  return panelWidth * depth;
}

/** float32 elements of a whole [depth, columns] matrix packed by `packPanels`. */
export function packedSize(depth: number, columns: number): number {
  return Math.ceil(columns / panelWidth) * panelSize(depth);
}

/** Packs the whole of `right` [depth, columns] into `packed`, panel after panel, for `multiplyPacked`. */
export function packPanels(right: Matrix, depth: number, columns: number, packed: Float32Array): void {
  for (let column = 0; column < columns; column += panelWidth) {
    packPanel(right, depth, column, columns, packed, column * depth);
  }
}

/**
 * out [rows, columns] = left [rows, depth] · right [depth, columns], or `out +=` with `accumulate`. Rows of `out` are
 * contiguous (`columnStride` 1). `panel` is scratch of `panelSize(depth)`.
 */
export function multiply(
  left: Matrix,
  right: Matrix,
  out: Matrix,
  rows: number,
  depth: number,
  columns: number,
  panel: Float32Array,
  accumulate = false,
): void {
  if (rows < fewestRowsToPack) {
    multiplyFewRows(left, right, out, rows, depth, columns, accumulate);
    return;
  }
  for (let column = 0; column < columns; column += panelWidth) {
    packPanel(right, depth, column, columns, panel, 0);
    multiplyPanel(
      left,
      panel,
      0,
      out,
      column,
      Math.min(panelWidth, columns - column),
      rows,
      depth,
      accumulate,
    );
  }
}

/** As `multiply`, with a right operand that `packPanels` has packed: for a matrix that is used many times. */
export function multiplyPacked(
  left: Matrix,
  packed: Float32Array,
  out: Matrix,
  rows: number,
  depth: number,
  columns: number,
  accumulate = false,
): void {
  for (let column = 0; column < columns; column += panelWidth) {
    const width = Math.min(panelWidth, columns - column);
    multiplyPanel(left, packed, column * depth, out, column, width, rows, depth, accumulate);
  }
}

/** Copies columns [column, column + 4) of `right` to `packed`, four to a depth; columns past the end become 0. */
function packPanel(
  right: Matrix,
  depth: number,
  column: number,
  columns: number,
  packed: Float32Array,
  packedOffset: number,
): void {
  const { data, rowStride, columnStride } = right;
  const start = right.offset + column * columnStride;
  const width = Math.min(panelWidth, columns - column);
  if (width === panelWidth) {
    let to = packedOffset;
    let from = start;
    for (let k = 0; k < depth; k++) {
      packed[to] = data[from];
      packed[to + 1] = data[from + columnStride];
      packed[to + 2] = data[from + 2 * columnStride];
      packed[to + 3] = data[from + 3 * columnStride];
      to += panelWidth;
      from += rowStride;
    }
    return;
  }
  packed.fill(0, packedOffset, packedOffset + panelWidth * depth);
  for (let j = 0; j < width; j++) {
    let to = packedOffset + j;
    let from = start + j * columnStride;
    for (let k = 0; k < depth; k++) {
      packed[to] = data[from];
      to += panelWidth;
      from += rowStride;
    }
  }
}

/**
 * All the rows of `left` [rows, depth] times one panel, which begins at `panel[panelOffset]`, into columns
 * [column, column + width) of `out`, or added to them with `accumulate`. The tiles below take the same, with `leftOffset`
 * and `outOffset` for the element of `left` and `out` where the tile begins. All are positional, since these calls stand
 * in the inner loops of every product, where an object per call would be garbage.
 */
function multiplyPanel(
  left: Matrix,
  panel: Float32Array,
  panelOffset: number,
  out: Matrix,
  column: number,
  width: number,
  rows: number,
  depth: number,
  accumulate: boolean,
): void {
  let from = left.offset;
  let to = out.offset + column;
  let row = 0;
  for (; row + tileRows <= rows; row += tileRows) {
    tileOfThreeRows(left, from, panel, panelOffset, depth, out, to, width, accumulate);
    from += tileRows * left.rowStride;
    to += tileRows * out.rowStride;
  }
  for (; row < rows; row++) {
    tileOfOneRow(left, from, panel, panelOffset, depth, out.data, to, width, accumulate);
    from += left.rowStride;
    to += out.rowStride;
  }
}

function tileOfThreeRows(
  left: Matrix,
  leftOffset: number,
  panel: Float32Array,
  panelOffset: number,
  depth: number,
  out: Matrix,
  outOffset: number,
  width: number,
  accumulate: boolean,
): void {
  const { data, rowStride, columnStride } = left;
  let row0 = leftOffset;
  let row1 = row0 + rowStride;
  let row2 = row1 + rowStride;
  // sumRC: the running sum of tile row R and tile column C.
  let sum00 = 0;
  let sum01 = 0;
  let sum02 = 0;
  let sum03 = 0;
  let sum10 = 0;
  let sum11 = 0;
  let sum12 = 0;
  let sum13 = 0;
  let sum20 = 0;
  let sum21 = 0;
  let sum22 = 0;
  let sum23 = 0;
  const end = panelOffset + panelWidth * depth;
  for (let at = panelOffset; at < end; at += panelWidth) {
    const right0 = panel[at];
    const right1 = panel[at + 1];
    const right2 = panel[at + 2];
    const right3 = panel[at + 3];
    const left0 = data[row0];
    sum00 += left0 * right0;
    sum01 += left0 * right1;
    sum02 += left0 * right2;
    sum03 += left0 * right3;
    const left1 = data[row1];
    sum10 += left1 * right0;
    sum11 += left1 * right1;
    sum12 += left1 * right2;
    sum13 += left1 * right3;
    const left2 = data[row2];
    sum20 += left2 * right0;
    sum21 += left2 * right1;
    sum22 += left2 * right2;
    sum23 += left2 * right3;
    row0 += columnStride;
    row1 += columnStride;
    row2 += columnStride;
  }
  const step = out.rowStride;
  storeRow(out.data, outOffset, width, accumulate, sum00, sum01, sum02, sum03);
  storeRow(out.data, outOffset + step, width, accumulate, sum10, sum11, sum12, sum13);
  storeRow(out.data, outOffset + 2 * step, width, accumulate, sum20, sum21, sum22, sum23);
}

function tileOfOneRow(
  left: Matrix,
  leftOffset: number,
  panel: Float32Array,
  panelOffset: number,
  depth: number,
  out: Float32Array | Float64Array,
  outOffset: number,
  width: number,
  accumulate: boolean,
): void {
  const { data, columnStride } = left;
  let row = leftOffset;
  let sum0 = 0;
  let sum1 = 0;
  let sum2 = 0;
  let sum3 = 0;
  const end = panelOffset + panelWidth * depth;
  for (let at = panelOffset; at < end; at += panelWidth) {
    const element = data[row];
    sum0 += element * panel[at];
    sum1 += element * panel[at + 1];
    sum2 += element * panel[at + 2];
    sum3 += element * panel[at + 3];
    row += columnStride;
  }
  storeRow(out, outOffset, width, accumulate, sum0, sum1, sum2, sum3);
}

/** The product without packing: four columns of `right` at a time, read where they lie. */
function multiplyFewRows(
  left: Matrix,
  right: Matrix,
  out: Matrix,
  rows: number,
  depth: number,
  columns: number,
  accumulate: boolean,
): void {
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column += panelWidth) {
      const width = Math.min(panelWidth, columns - column);
      let at = left.offset + row * left.rowStride;
      let right0 = right.offset + column * right.columnStride;
      // A column past the end repeats the first one; its sum is not stored.
      let right1 = right0 + (width > 1 ? right.columnStride : 0);
      let right2 = right0 + (width > 2 ? 2 * right.columnStride : 0);
      let right3 = right0 + (width > 3 ? 3 * right.columnStride : 0);
      let sum0 = 0;
      let sum1 = 0;
      let sum2 = 0;
      let sum3 = 0;
      for (let k = 0; k < depth; k++) {
        const element = left.data[at];
        sum0 += element * right.data[right0];
        sum1 += element * right.data[right1];
        sum2 += element * right.data[right2];
        sum3 += element * right.data[right3];
        at += left.columnStride;
        right0 += right.rowStride;
        right1 += right.rowStride;
        right2 += right.rowStride;
        right3 += right.rowStride;
      }
      const to = out.offset + row * out.rowStride + column;
      storeRow(out.data, to, width, accumulate, sum0, sum1, sum2, sum3);
    }
  }
}

/** Stores the first `width` of four sums, added to what is there with `accumulate`. */
function storeRow(
  out: Float32Array | Float64Array,
  at: number,
  width: number,
  accumulate: boolean,
  sum0: number,
  sum1: number,
  sum2: number,
  sum3: number,
): void {
  out[at] = accumulate ? out[at] + sum0 : sum0;
  if (width > 1) out[at + 1] = accumulate ? out[at + 1] + sum1 : sum1;
  if (width > 2) out[at + 2] = accumulate ? out[at + 2] + sum2 : sum2;
  if (width > 3) out[at + 3] = accumulate ? out[at + 3] + sum3 : sum3;
}
