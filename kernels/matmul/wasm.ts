/**
 * Matrix product, batched, as WebAssembly. Items are the rows of one product, or whole products. A thread computes its rows so:
 *
 *     for each 64 rows                         only with a shared packed b: they stay in the second-level cache
 *       for each block of 512 depths           a panel of it is 16 KiB: first-level cache
 *         for each panel of 8 columns
 *           for each tile of 4 rows            4×8 sums in registers
 *             for each depth of the block
 *               sums[4][8] += a[4] · b[8]
 *             add the sums to y, or to totals
 *
 * A small b is packed once, in a stage of its own, into memory that all threads share. A large one would only pass through
 * the cache, so each thread packs one panel at a time into memory that stays in its first-level cache. With few rows packing
 * costs more than it gives, and up to 8 columns are a panel as they lie: then b is read where it is, unless it is transposed.
 *
 * The sums of a block are added to what y has of the blocks before. A deep product has too many blocks (more than 32, so
 * more than 16,384 depths) for that to stay exact: it keeps totals in doubles, and y gets them with the last block.
 */
import {
  type FunctionBuilder,
  type Integer,
  i32,
  i32x4,
  type Local,
  type Target,
} from '../support/wasm/assembler/index.ts';
import type { WasmKernel, WasmKernelCode, WasmStage } from '../support/wasm/wasm-kernel.ts';
import { type MatmulAttributes, matmulSizes } from './index.ts';
import {
  forEachPanel,
  packedBytes,
  packedWidth,
  packPanel,
  packPanels,
  panelBytes,
  panelCount,
  type RightOperand,
} from './wasm/packing.ts';
import {
  addTile,
  addToTotals,
  mostPartialSums,
  panelColumns,
  storeSums,
  sumProducts,
  type TileRow,
  tileRows,
  tileSums,
  vectorWidth,
} from './wasm/tile.ts';

/** Depths of a block: a panel of so many is 16 KiB and stays in the first-level cache. */
const depthBlock = 512;
/** The most that is packed once for all: more would not stay in the second-level cache. */
const sharedPackingBytes = 1 << 20;
/** Rows that meet all panels of a packed b before the next rows do: so many stay in the second-level cache. */
const rowsAtOnce = 64;
/** Below so many rows b is read where it lies, if its columns are neighbors. */
const fewestRowsToPack = 16;

/** One product out[rows, columns] = left · right, all steps in bytes. */
interface Product {
  readonly rows: number;
  readonly depth: number;
  readonly columns: number;
  /** Bytes from one row of the left operand to the next, and from one depth to the next. */
  readonly leftRowStep: number;
  readonly leftDepthStep: number;
  readonly rightDepthStep: number;
  readonly rightColumnStep: number;
}

/** Whether there are totals, doubles of [rows, columns], in scratch memory. */
function isDeep({ depth }: Product): boolean {
  return depth > mostPartialSums * depthBlock;
}

/** Totals are loaded in vectors of whole tiles, so that up to three doubles past the last one are read. */
function totalsBytes(product: Product): number {
  return isDeep(product) ? product.rows * product.columns * 8 + 3 * 8 : 0;
}

/** y [B,M,N] = a · b, see the contract. */
export const matmulWasm: WasmKernel<MatmulAttributes> = (call, target) => {
  const { rows, depth, columns, batch, sharedA, sharedB } = matmulSizes(call);
  const { transposeA, transposeB } = call.attributes;
  // With one b for all products the batch is just more rows.
  const folded = batch === 1 || (sharedB && !transposeA);
  const product: Product = {
    rows: folded ? batch * rows : rows,
    depth,
    columns,
    leftRowStep: transposeA ? 4 : depth * 4,
    leftDepthStep: transposeA ? rows * 4 : 4,
    rightDepthStep: transposeB ? 4 : columns * 4,
    rightColumnStep: transposeB ? depth * 4 : 4,
  };
  if (batch * rows * columns === 0) return { stages: [] };
  if (folded) return oneProduct(product, target);
  return manyProducts(
    product,
    batch,
    sharedA ? 0 : rows * depth * 4,
    sharedB ? 0 : depth * columns * 4,
    target,
  );
};

/** Items are rows of the one product. */
function oneProduct(product: Product, target: Target): WasmKernelCode {
  const { rows, depth, columns } = product;
  const stage = (write: WasmStage['write']): WasmStage => ({
    items: rows,
    grain: tileRows,
    elementsPerItem: columns,
    write,
  });
  if (readsInPlace(product)) {
    return {
      stages: [
        stage((f, { first, end }, { inputs: [a, b], outputs: [y], scratch }) => {
          multiplyRows(f, target, product, { a, y, totals: scratch, first, end }, inPlace(product, b));
        }),
      ],
      scratchBytes: totalsBytes(product),
    };
  }
  const packing = packedBytes(depth, columns);
  if (packing > sharedPackingBytes || rows < 2 * tileRows) {
    return {
      threadScratchBytes: panelBytes(Math.min(depth, depthBlock)),
      stages: [
        stage((f, { first, end }, { inputs: [a, b], outputs: [y], scratch, threadScratch }) => {
          const range = { a, y, totals: scratch, first, end };
          multiplyRows(f, target, product, range, packedAsNeeded(product, b, threadScratch));
        }),
      ],
      scratchBytes: totalsBytes(product),
    };
  }
  return {
    scratchBytes: packing + totalsBytes(product),
    stages: [
      {
        items: panelCount(columns),
        packs: [1],
        write: (f, { first, end }, { inputs: [, b], scratch }) => {
          forDepthBlocks(f, depth, ({ start, length }) => {
            const from = i32.add(b, i32.multiply(start, product.rightDepthStep));
            const to = i32.add(scratch, i32.multiply(start, packedBytes(1, columns)));
            packPanels(f, rightOperand(product, length), from, to, first, end);
          });
        },
      },
      stage((f, { first, end }, { inputs: [a], outputs: [y], scratch }) => {
        const right = packedBefore(product, scratch);
        const totals = f.keep(i32.add(scratch, packing));
        if (rows <= rowsAtOnce) multiplyRows(f, target, product, { a, y, totals, first, end }, right);
        else {
          const blockEnd = f.local('i32');
          f.for(first, end, rowsAtOnce, (start) => {
            f.set(blockEnd, i32.add(start, rowsAtOnce));
            f.set(blockEnd, i32.minimum(blockEnd, end));
            multiplyRows(f, target, product, { a, y, totals, first: start, end: blockEnd }, right);
          });
        }
      }),
    ],
  };
}

/** Items are whole products, each with an a and a b of its own (or one of them shared, at step 0). */
function manyProducts(
  product: Product,
  batch: number,
  leftStep: number,
  rightStep: number,
  target: Target,
): WasmKernelCode {
  const { rows, depth, columns } = product;
  const direct = readsInPlace(product);
  const packing = direct ? 0 : panelBytes(Math.min(depth, depthBlock));
  return {
    threadScratchBytes: packing + totalsBytes(product),
    stages: [
      {
        items: batch,
        elementsPerItem: rows * columns,
        write: (f, range, { inputs, outputs, threadScratch }) => {
          const a = f.keep(i32.add(inputs[0], i32.multiply(range.first, leftStep)));
          const b = f.keep(i32.add(inputs[1], i32.multiply(range.first, rightStep)));
          const y = f.keep(i32.add(outputs[0], i32.multiply(range.first, rows * columns * 4)));
          const totals = f.keep(i32.add(threadScratch, packing));
          const first = f.keep(i32.constant(0));
          const end = f.keep(i32.constant(rows));
          f.for(range.first, range.end, 1, () => {
            const right = direct ? inPlace(product, b) : packedAsNeeded(product, b, threadScratch);
            multiplyRows(f, target, product, { a, y, totals, first, end }, right);
            if (leftStep > 0) f.increase(a, leftStep);
            if (rightStep > 0) f.increase(b, rightStep);
            f.increase(y, rows * columns * 4);
          });
        },
      },
    ],
  };
}

function readsInPlace({ rows, rightColumnStep, columns }: Product): boolean {
  return rightColumnStep === 4 && (rows < fewestRowsToPack || columns <= panelColumns);
}

function rightOperand({ columns, rightDepthStep, rightColumnStep }: Product, depth: number): RightOperand {
  return { depth, columns, depthStep: rightDepthStep, columnStep: rightColumnStep };
}

/** One block of the depth. */
interface DepthBlock {
  readonly start: Integer;
  readonly length: number;
  readonly isLast: boolean;
}

/** Calls `write` for each block of the depth: in a loop for the full ones, and once more for the last. */
function forDepthBlocks(f: FunctionBuilder, depth: number, write: (block: DepthBlock) => void): void {
  const last = depth % depthBlock || Math.min(depth, depthBlock);
  f.for(0, depth - last, depthBlock, (start) => write({ start, length: depthBlock, isLast: false }));
  write({ start: depth - last, length: last, isLast: true });
}

/** Where the tile finds the right operand. */
interface RightPanels {
  /** Bytes from one depth to the next in a panel of so many columns. */
  depthStep(width: number): number;
  /** Writes what has to be done before a panel of a block is used, and gives its address. */
  prepare(f: FunctionBuilder, block: DepthBlock, panel: Integer, width: number): Integer;
}

/** b as it lies, its columns neighbors. */
function inPlace({ rightDepthStep }: Product, b: Local<'i32'>): RightPanels {
  return {
    depthStep: () => rightDepthStep,
    prepare: (_f, { start }, panel) =>
      i32.add(i32.add(b, i32.multiply(start, rightDepthStep)), i32.multiply(panel, panelColumns * 4)),
  };
}

/** All panels of all blocks, packed by the stage before: block after block, in it panel after panel. */
function packedBefore({ columns }: Product, scratch: Local<'i32'>): RightPanels {
  return {
    depthStep: (width) => packedWidth(width) * 4,
    prepare: (_f, { start, length }, panel) =>
      i32.add(
        i32.add(scratch, i32.multiply(start, packedBytes(1, columns))),
        i32.multiply(panel, panelBytes(length)),
      ),
  };
}

/** One panel at a time, packed where it is needed. */
function packedAsNeeded(product: Product, b: Local<'i32'>, scratch: Local<'i32'>): RightPanels {
  return {
    depthStep: (width) => packedWidth(width) * 4,
    prepare: (f, { start, length }, panel, width) => {
      const { rightDepthStep, rightColumnStep } = product;
      const block = i32.add(b, i32.multiply(start, rightDepthStep));
      const from = f.keep(i32.add(block, i32.multiply(panel, panelColumns * rightColumnStep)));
      packPanel(f, rightOperand(product, length), from, f.keep(scratch), width);
      return scratch;
    },
  };
}

/** The rows of a product that one call computes, and where its operands begin. */
interface RowRange {
  readonly a: Local<'i32'>;
  readonly y: Local<'i32'>;
  /** Of a deep product. */
  readonly totals: Local<'i32'>;
  readonly first: Local<'i32'>;
  readonly end: Local<'i32'>;
}

/** Rows [first, end) of the product: block by block of the depth, panel by panel, tile by tile. */
function multiplyRows(
  f: FunctionBuilder,
  target: Target,
  product: Product,
  range: RowRange,
  right: RightPanels,
): void {
  const { rows, depth, columns, leftRowStep, leftDepthStep } = product;
  const rowBytes = columns * 4;
  const { a, y, totals, first, end } = range;
  const lastFull = f.keep(i32.subtract(end, tileRows - 1));
  const deep = isDeep(product);

  /** All row tiles of one panel. */
  const multiplyPanel = (block: DepthBlock, panel: Integer, width: number): void => {
    const panelStart = f.keep(i32.add(right.prepare(f, block, panel, width), 0));
    const left = f.keep(
      i32.add(i32.add(a, i32.multiply(block.start, leftDepthStep)), i32.multiply(first, leftRowStep)),
    );
    const out = f.keep(
      i32.add(i32.add(y, i32.multiply(panel, panelColumns * 4)), i32.multiply(first, rowBytes)),
    );
    const total = f.keep(
      i32.add(i32.add(totals, i32.multiply(panel, panelColumns * 8)), i32.multiply(first, rowBytes * 2)),
    );
    // All zeros for the first block, else all ones.
    const kept = f.keep(i32x4.splat(i32.subtract(0, i32.notEqual(block.start, 0))));
    const depthAxis = { length: block.length, leftStep: leftDepthStep, rightStep: right.depthStep(width) };
    const tile = (height: number): void => {
      const sums = tileSums(f, height, packedWidth(width) / vectorWidth);
      const rowsOf = (pointer: Local<'i32'>, step: number): TileRow[] =>
        Array.from({ length: height }, (_, row) => ({ pointer, offset: row * step }));
      const outRows = rowsOf(out, rowBytes);
      sumProducts(f, target, sums, rowsOf(left, leftRowStep), panelStart, [depthAxis]);
      if (deep) addToTotals(f, sums, rowsOf(total, rowBytes * 2), width, kept);
      else if (depth > depthBlock) f.if(block.start, () => addTile(f, sums, outRows, width));
      if (!deep || block.isLast) storeSums(f, sums, outRows, width);
    };
    const row = f.keep(first);
    if (rows >= tileRows) {
      f.while(i32.less(row, lastFull), () => {
        tile(tileRows);
        f.increase(row, tileRows);
        f.increase(left, tileRows * leftRowStep);
        f.increase(out, tileRows * rowBytes);
        f.increase(total, tileRows * rowBytes * 2);
      });
    }
    // Ranges begin at multiples of a tile: only the last one has a rest, which is that of all rows.
    const rest = rows % tileRows;
    if (rest > 0) f.if(i32.less(row, end), () => tile(rest));
  };

  forDepthBlocks(f, depth, (block) => {
    forEachPanel(f, columns, (panel, width) => multiplyPanel(block, panel, width));
  });
}
