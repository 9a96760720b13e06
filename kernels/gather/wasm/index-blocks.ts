/**
 * What gather and scatterAdd do first in WebAssembly: look at all indices, in blocks of 1024.
 *
 *     for block:  smallest[block], largest[block] = over its indices     // a stage of its own if there are many blocks
 *     for block:  if smallest[block] < 0 or largest[block] ≥ length      // one item: the first bad index is reported
 *                   report the first index of the block outside [0, length)
 *
 * The smallest and largest indices stay in the scratch memory, for scatterAdd.
 */
import {
  type FunctionBuilder,
  type Integer,
  i32,
  i32x4,
  type Local,
  v128,
} from '../../support/wasm/assembler/index.ts';
import { type KernelMemory, reportIndexFault, type WasmStage } from '../../support/wasm/wasm-kernel.ts';

/** Indices of a block. */
const blockIndices = 1024;
/** With more blocks than this, threads share them. */
const fewBlocks = 16;
/** Bytes of the scratch memory for a block: its smallest index, then its largest. */
const bytesPerRange = 8;
/** Bytes of the indices that one turn of the loop over a block looks at: four vectors. */
const turnBytes = 64;

/** How many blocks `count` indices make; the last one may be shorter. */
export function indexBlocks(count: number): number {
  return Math.ceil(count / blockIndices);
}

/** Bytes of the scratch memory for the ranges of all blocks. */
export function scratchBytesOf(count: number): number {
  return bytesPerRange * indexBlocks(count);
}

/** Stages that leave the range of every block in the scratch memory, and report the first index outside [0, length). */
export function checkStages(count: number, length: number): WasmStage[] {
  const blocks = indexBlocks(count);
  if (blocks === 0) return [];
  const check: WasmStage = {
    items: 1,
    mayFail: true,
    write: (f, _, memory) => {
      if (blocks <= fewBlocks) writeRanges(f, 0, blocks, count, memory);
      writeCheck(f, count, length, memory);
    },
  };
  if (blocks <= fewBlocks) return [check];
  return [
    {
      items: blocks,
      write: (f, { first, end }, memory) => writeRanges(f, first, end, count, memory),
    },
    check,
  ];
}

/** A block of indices, while code for it is written. */
export interface IndexBlock {
  /** The number of its first index. */
  readonly start: Local<'i32'>;
  /** How many it has. */
  readonly count: Local<'i32'>;
  /** The address of its smallest and its largest index. */
  readonly range: Local<'i32'>;
}

/** for block = first; block < end: `body`. `count` is that of all indices. */
export function forIndexBlocks(
  f: FunctionBuilder,
  first: Integer,
  end: Integer,
  count: number,
  { scratch }: KernelMemory,
  body: (block: IndexBlock) => void,
): void {
  f.for(first, end, 1, (block) => {
    const start = f.keep(i32.multiply(block, blockIndices));
    const left = f.keep(i32.subtract(count, start));
    body({
      start,
      count: f.keep(i32.minimum(left, blockIndices)),
      range: f.keep(i32.add(scratch, i32.multiply(block, bytesPerRange))),
    });
  });
}

/** The smallest index of a block. */
export function smallestOf({ range }: IndexBlock) {
  return i32.load(range);
}

/** The largest index of a block. */
export function largestOf({ range }: IndexBlock) {
  return i32.load(range, 4);
}

/** Where an index is in memory. */
export function indexAddress({ inputs }: KernelMemory, number: Integer) {
  return i32.add(inputs[1], i32.shiftLeft(number, 2));
}

function writeRanges(
  f: FunctionBuilder,
  first: Integer,
  end: Integer,
  count: number,
  memory: KernelMemory,
): void {
  forIndexBlocks(f, first, end, count, memory, ({ start, count: size, range }) => {
    const at = f.keep(indexAddress(memory, start));
    const stop = f.keep(i32.add(at, i32.shiftLeft(size, 2)));
    const low = f.keep(v128.loadSplat32(at));
    const high = f.keep(low);
    const include = (vector: Local<'v128'>): void => {
      f.set(low, i32x4.minimum(low, vector));
      f.set(high, i32x4.maximum(high, vector));
    };
    f.while(i32.lessEqualUnsigned(i32.add(at, turnBytes), stop), () => {
      for (let offset = 0; offset < turnBytes; offset += 16) include(f.keep(v128.load(at, offset)));
      f.increase(at, turnBytes);
    });
    f.while(i32.lessUnsigned(at, stop), () => {
      include(f.keep(v128.loadSplat32(at)));
      f.increase(at, 4);
    });
    const [smallest, largest] = [f.keep(i32x4.extractLane(low, 0)), f.keep(i32x4.extractLane(high, 0))];
    for (let lane = 1; lane < 4; lane++) {
      f.set(smallest, i32.minimum(smallest, f.keep(i32x4.extractLane(low, lane))));
      f.set(largest, i32.maximum(largest, f.keep(i32x4.extractLane(high, lane))));
    }
    f.do(i32.store(range, smallest));
    f.do(i32.store(range, largest, 4));
  });
}

function writeCheck(f: FunctionBuilder, count: number, length: number, memory: KernelMemory): void {
  forIndexBlocks(f, 0, indexBlocks(count), count, memory, (block) => {
    const isBad = i32.or(i32.less(smallestOf(block), 0), i32.greaterEqual(largestOf(block), length));
    f.if(isBad, () => {
      const at = f.keep(indexAddress(memory, block.start));
      // There is a bad one, so this ends.
      f.forever(() => {
        const index = f.keep(i32.load(at));
        f.if(i32.greaterEqualUnsigned(index, length), () => {
          reportIndexFault(f, memory, index, length);
          f.return();
        });
        f.increase(at, 4);
      });
    });
  });
}
