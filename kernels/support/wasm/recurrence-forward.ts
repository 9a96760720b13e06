/**
 * What the recurrent kernels of the `wasm` device share: the packed recurrent weight, and the walk through time. The
 * walk back of the gradients is in recurrence-gradient.ts.
 *
 * The rows of a batch do not depend on each other, so items are rows: a thread walks all steps of its own rows, and
 * there is no barrier between steps. It takes a block of rows at a time, whose states stay in the cache.
 */

import {
  clearSums,
  sumProducts,
  type TileRow,
  type TileSums,
  tileSums,
  vectorWidth,
} from '../../matmul/wasm/tile.ts';
import type { Sequence } from '../recurrent-calls.ts';
import { bytes, type FunctionBuilder, i32, i32x4, type Local, type Target, v128 } from './assembler/index.ts';
import type { KernelMemory, WasmKernelCode, WasmStage } from './wasm-kernel.ts';

/**
 * Rows that a thread takes through all steps together: so many that each panel that comes from the second-level cache
 * is used often, so few that their states and a panel stay in the first. Of an LSTM with 128 units these are 26 KiB.
 */
export const blockRows = 12;
/** For so few tiles, all steps counted, the weight is read where it lies: to pack it costs about as much as two. */
const fewestTilesToPack = 3;

/** One tile of the forward walk: a few rows of the batch, four units of the state, all gates of these units. */
export interface ForwardTile {
  readonly f: FunctionBuilder;
  readonly rows: number;
  /** How many of the four units there are; the other lanes hold anything, and are not stored. */
  readonly units: number;
  /** The sums that go into the gates: `sums[row][gate]`. */
  readonly sums: TileSums;
  /** Bytes from the first unit of a row to the tile's first. */
  readonly unitOffset: Local<'i32'>;
  /** All ones in each lane if the step of the row is real, all zeros if it is masked out. Undefined without a mask. */
  readonly isReal: readonly Local<'v128'>[] | undefined;
  /** The address of the tile's units of its first row, now, in an array [N,T,width]; the next row is at `rowStep`. */
  at(array: Local<'i32'>, width: number): Local<'i32'>;
  /** Bytes from one row of the batch to the next in an array [N,T,width]. */
  rowStep(width: number): number;
  /** State number `state` of a row before this step. */
  before(state: number, row: number): Local<'v128'>;
  /** Sets state number `state` of a row after this step. */
  setAfter(state: number, row: number, value: Local<'v128'>): void;
}

/** What a forward kernel gives the walk. */
export interface ForwardWalk {
  /** Rows of a tile: as many as leave registers for the products. */
  readonly tileRows: number;
  /** The arrays, out of a call's memory. */
  arrays(memory: KernelMemory): {
    readonly recurrentWeight: Local<'i32'>;
    /** The states [N,H] before the first step. State 0 is h, which the weight multiplies. */
    readonly initial: readonly Local<'i32'>[];
    /** [N,T] bool. */
    readonly mask: Local<'i32'> | undefined;
  };
  /** Adds to the products in the sums of a tile what else goes into the gates. */
  add(tile: ForwardTile, memory: KernelMemory): void;
  /** Computes gates and states from the sums, and stores them. */
  finish(tile: ForwardTile, memory: KernelMemory): void;
}

/** What a stage is given. */
export interface StageContext {
  readonly f: FunctionBuilder;
  readonly target: Target;
  readonly sequence: Sequence;
  /** Items are rows of the batch. */
  readonly range: { readonly first: Local<'i32'>; readonly end: Local<'i32'> };
  readonly memory: KernelMemory;
}

/** The code of a forward kernel with so many states (1: h, 2: h and c). */
export function forwardCode(
  sequence: Sequence,
  target: Target,
  states: number,
  walk: ForwardWalk,
): WasmKernelCode {
  const { batch, time, hidden, gates } = sequence;
  if (batch * time * hidden === 0) return { stages: [] };
  const panels = Math.ceil(hidden / vectorWidth);
  const gatePanelBytes = hidden * gates * 16;
  const packed = Math.ceil(batch / walk.tileRows) * time >= fewestTilesToPack;
  const packing: WasmStage = {
    items: panels,
    write: (f, { first, end }, memory) => {
      const from = f.keep(i32.add(walk.arrays(memory).recurrentWeight, i32.multiply(first, 16)));
      const to = f.keep(i32.add(memory.scratch, i32.multiply(first, gatePanelBytes)));
      f.for(first, end, 1, () => {
        packGates(f, sequence, from, to);
        f.increase(from, 16);
      });
    },
  };
  const walking: WasmStage = {
    items: batch,
    grain: walk.tileRows,
    elementsPerItem: time * hidden,
    write: (f, range, memory) => walkForward({ f, target, sequence, range, memory }, states, walk, packed),
  };
  return {
    stages: packed ? [packing, walking] : [walking],
    scratchBytes: packed ? panels * gatePanelBytes : 0,
    // h before and after each step, and the other states, which are changed in place.
    threadScratchBytes: (states + 1) * Math.min(batch, blockRows) * panels * 16,
  };
}

/** Packs the panel [H, gates, 4] of four units, whose columns of the first gate begin at `from`; leaves `to` after it. */
function packGates(
  f: FunctionBuilder,
  { hidden, gates }: Sequence,
  from: Local<'i32'>,
  to: Local<'i32'>,
): void {
  const source = f.keep(from);
  f.for(0, hidden, 1, () => {
    // The last panel may have less than four units: the other lanes are whatever comes next.
    for (let gate = 0; gate < gates; gate++) {
      f.do(v128.store(to, v128.load(source, gate * hidden * 4), gate * 16));
    }
    f.increase(source, gates * hidden * 4);
    f.increase(to, gates * 16);
  });
}

/**
 * All steps of rows [first, end):
 *
 *     for each block of up to 12 rows          their states are in the thread's scratch memory
 *       for each step
 *         for each panel of four units         all gates of the units, packed one beside the other
 *           for each tile of 2 rows            sums → gates → states
 */
function walkForward(
  { f, target, sequence, range, memory }: StageContext,
  states: number,
  walk: ForwardWalk,
  packed: boolean,
): void {
  const { first, end } = range;
  const { batch, time, hidden, gates, reverse } = sequence;
  const { recurrentWeight, initial, mask } = walk.arrays(memory);
  const panels = Math.ceil(hidden / vectorWidth);
  const stateBytes = panels * 16;
  const slotBytes = Math.min(batch, blockRows) * stateBytes;
  const block = Math.floor(blockRows / walk.tileRows) * walk.tileRows;
  const rest = hidden % vectorWidth;
  /** Where each state lies before and after a step. */
  const before = Array.from({ length: states }, (_, state) =>
    f.keep(i32.add(memory.threadScratch, state * slotBytes)),
  );
  const after = [f.keep(i32.add(memory.threadScratch, states * slotBytes)), ...before.slice(1)];

  const blockFirst = f.keep(first);
  const blockEnd = f.local('i32');
  const step = f.local('i32');
  const unitOffset = f.local('i32');
  const stateOffset = f.local('i32');

  const writeTile = (rows: number, units: number, panelStart: Local<'i32'>): void => {
    const isReal =
      mask &&
      Array.from({ length: rows }, (_, row) =>
        f.keep(i32x4.splat(i32.subtract(0, i32.loadByte(i32.add(mask, step), row * time)))),
      );
    const hBefore = f.keep(i32.add(before[0], stateOffset));
    const tile: ForwardTile = {
      f,
      rows,
      units,
      sums: tileSums(f, rows, gates),
      unitOffset,
      isReal,
      at: (array, width) => f.keep(i32.add(i32.add(array, i32.multiply(step, width * 4)), unitOffset)),
      rowStep: (width) => time * width * 4,
      before: (state, row) =>
        f.keep(v128.load(i32.add(i32.add(before[state], stateOffset), unitOffset), row * stateBytes)),
      setAfter: (state, row, value) => {
        f.do(v128.store(i32.add(i32.add(after[state], stateOffset), unitOffset), value, row * stateBytes));
      },
    };
    if (mask) clearSums(f, tile.sums);
    ifAnyReal(f, mask, step, rows, time, () => {
      sumProducts(
        f,
        target,
        tile.sums,
        rowsOf(hBefore, rows, stateBytes),
        panelStart,
        [{ length: hidden, leftStep: 4, rightStep: packed ? gates * 16 : gates * hidden * 4 }],
        { vectorStep: packed ? 16 : hidden * 4 },
      );
    });
    walk.add(tile, memory);
    walk.finish(tile, memory);
  };

  /** All rows of the block, of one panel. */
  const writePanel = (t: Local<'i32'>, units: number, panelStart: Local<'i32'>): void => {
    const row = f.keep(blockFirst);
    f.set(step, i32.add(i32.multiply(blockFirst, time), t));
    f.setInteger(stateOffset, 0);
    if (batch >= walk.tileRows) {
      const lastFull = f.keep(i32.subtract(blockEnd, walk.tileRows - 1));
      f.while(i32.less(row, lastFull), () => {
        writeTile(walk.tileRows, units, panelStart);
        f.increase(row, walk.tileRows);
        f.increase(step, walk.tileRows * time);
        f.increase(stateOffset, walk.tileRows * stateBytes);
      });
    }
    const restRows = batch % walk.tileRows;
    if (restRows > 0) f.if(i32.less(row, blockEnd), () => writeTile(restRows, units, panelStart));
  };

  f.while(i32.less(blockFirst, end), () => {
    f.set(blockEnd, i32.add(blockFirst, block));
    f.set(blockEnd, i32.minimum(blockEnd, end));
    f.for(blockFirst, blockEnd, 1, (row) => {
      const slot = i32.multiply(i32.subtract(row, blockFirst), stateBytes);
      initial.forEach((array, state) => {
        const from = i32.add(array, i32.multiply(row, hidden * 4));
        f.do(bytes.copy(i32.add(before[state], slot), from, hidden * 4));
      });
    });
    const t = f.keep(i32.constant(reverse ? time - 1 : 0));
    f.for(0, time, 1, () => {
      const panelStart = f.keep(packed ? memory.scratch : recurrentWeight);
      f.setInteger(unitOffset, 0);
      f.for(0, Math.floor(hidden / vectorWidth), 1, () => {
        writePanel(t, vectorWidth, panelStart);
        f.increase(unitOffset, 16);
        f.increase(panelStart, packed ? hidden * gates * 16 : 16);
      });
      if (rest > 0) writePanel(t, rest, panelStart);
      const swapped = f.keep(before[0]);
      f.set(before[0], after[0]);
      f.set(after[0], swapped);
      f.increase(t, reverse ? -1 : 1);
    });
    f.increase(blockFirst, block);
  });
}

/** Rows of a tile that lie `step` bytes apart. */
export function rowsOf(pointer: Local<'i32'>, rows: number, step: number): TileRow[] {
  return Array.from({ length: rows }, (_, row) => ({ pointer, offset: row * step }));
}

/** Does `work` unless all rows of a tile are masked out at this step: padding then costs little. */
export function ifAnyReal(
  f: FunctionBuilder,
  mask: Local<'i32'> | undefined,
  step: Local<'i32'>,
  rows: number,
  time: number,
  work: () => void,
): void {
  if (!mask) {
    work();
    return;
  }
  const bits = Array.from({ length: rows }, (_, row) => i32.loadByte(i32.add(mask, step), row * time));
  f.if(
    bits.reduce((any, bit) => i32.or(any, bit)),
    work,
  );
}
