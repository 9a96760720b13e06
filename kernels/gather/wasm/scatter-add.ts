/**
 * ScatterAdd in WebAssembly, after the check of the indices (index-blocks.ts). Items are rows of the output: item
 * o · length + l is out[o, l, :]. A thread owns rows [first, end): nobody else adds to them, and they add up in the order of
 * the updates, however many threads there are.
 *
 *     rows [first, end) = 0
 *     for each o of which the thread owns rows [from, to)
 *       for block of 1024 indices, smallest … largest, if that range meets [from, to)
 *         for i in the block
 *           if from ≤ indices[i] < to:  out[o, indices[i], :] += updates[o, i, :]
 *
 * Where smallest … largest lies in [from, to) as a whole, the condition is left out. Otherwise a short row is added
 * whatever the condition says, to out or to a decoy: indices in no order would be mispredicted half the time, which
 * takes longer than an addition.
 */
import { bytesPerElement, type DType } from '../../support/contract.ts';
import {
  bytes,
  type Expression,
  type FunctionBuilder,
  f32,
  f32x4,
  i32,
  i32x4,
  type Local,
  select,
  v128,
} from '../../support/wasm/assembler/index.ts';
import { forRows } from '../../support/wasm/copy-code.ts';
import type { ItemRange, KernelMemory, WasmKernel } from '../../support/wasm/wasm-kernel.ts';
import type { GatherAttributes } from '../index.ts';
import { type IndexedRows, indexedRows } from '../indexed-rows.ts';
import {
  checkStages,
  forIndexBlocks,
  indexAddress,
  indexBlocks,
  largestOf,
  scratchBytesOf,
  smallestOf,
} from './index-blocks.ts';

/** Bytes of a line of the cache, which only one thread should write. */
const lineBytes = 64;
/** Elements of a row that are added without a loop. */
const longestUnrolled = 32;
/** Bytes of a row, at most, that is added to a decoy if it is not the thread's own. */
const longestDecoy = 128;
/** Decoys, which are taken in turn: one alone would make every addition wait for the one before it. */
const decoys = 64;

/** The rows of a call. */
interface AddedRows extends IndexedRows {
  readonly dtype: DType;
  readonly rowBytes: number;
}

/** See the contract. */
export const scatterAddWasm: WasmKernel<GatherAttributes> = ({ inputs, outputs: [output], attributes }) => {
  const sizes = indexedRows(output, inputs[1], attributes.axis);
  const { outer, length, count, inner } = sizes;
  const check = checkStages(count, length);
  const scratchBytes = scratchBytesOf(count);
  if (outer * length * inner === 0) return { stages: check, scratchBytes };
  const rowBytes = inner * bytesPerElement[output.dtype];
  const rows: AddedRows = { ...sizes, dtype: output.dtype, rowBytes };
  const add = {
    items: outer * length,
    grain: Math.ceil(lineBytes / rowBytes),
    // No elementsPerItem, which lets the device cut a thread's rows into pieces: each would look at all blocks of indices.
    write: (f: FunctionBuilder, range: ItemRange, memory: KernelMemory) => writeRows(f, range, memory, rows),
  };
  const threadScratchBytes = rowBytes > longestDecoy ? 0 : decoys * rowBytes;
  return { stages: [...check, add], scratchBytes, threadScratchBytes };
};

function writeRows(f: FunctionBuilder, range: ItemRange, memory: KernelMemory, rows: AddedRows): void {
  const { count, length, rowBytes } = rows;
  const { first, end } = range;
  const begin = i32.add(memory.outputs[0], i32.multiply(first, rowBytes));
  f.do(bytes.fill(begin, 0, i32.multiply(i32.subtract(end, first), rowBytes)));
  forRows(f, range, length, (outer, from, to) => {
    const target = f.keep(i32.add(memory.outputs[0], i32.multiply(outer, length * rowBytes)));
    const updates = f.keep(i32.add(memory.inputs[0], i32.multiply(outer, count * rowBytes)));
    forIndexBlocks(f, 0, indexBlocks(count), count, memory, (block) => {
      const [smallest, largest] = [f.keep(smallestOf(block)), f.keep(largestOf(block))];
      const meets = i32.and(i32.greaterEqual(largest, from), i32.less(smallest, to));
      f.if(meets, () => {
        const at = f.keep(indexAddress(memory, block.start));
        const update = f.keep(i32.add(updates, i32.multiply(block.start, rowBytes)));
        const stop = f.keep(i32.add(at, i32.shiftLeft(block.count, 2)));
        /** for i in the block: `addOne` with indices[i], and a function that writes row += update. */
        const forUpdates = (
          addOne: (index: Local<'i32'>, add: (row: Expression<'i32'>) => void) => void,
        ): void => {
          f.while(i32.lessUnsigned(at, stop), () => {
            addOne(f.keep(i32.load(at)), (row) => addRow(f, f.keep(row), update, rows));
            f.increase(at, 4);
            f.increase(update, rowBytes);
          });
        };
        const rowOf = (index: Local<'i32'>) => i32.add(target, i32.multiply(index, rowBytes));
        const addAll = (): void => forUpdates((index, add) => add(rowOf(index)));
        const addOwn = (): void => {
          const owned = f.keep(i32.subtract(to, from));
          const isOwn = (index: Local<'i32'>) => i32.lessUnsigned(i32.subtract(index, from), owned);
          forUpdates((index, add) => {
            const row = rowOf(index);
            if (rowBytes > longestDecoy) f.if(isOwn(index), () => add(row));
            else {
              const number = i32.and(i32.shiftRightUnsigned(at, 2), decoys - 1);
              const decoy = i32.add(memory.threadScratch, i32.multiply(number, rowBytes));
              add(select(row, decoy, isOwn(index)));
            }
          });
        };
        f.if(i32.and(i32.greaterEqual(smallest, from), i32.less(largest, to)), addAll, addOwn);
      });
    });
  });
}

/** to[k] += from[k] for k from 0 to inner - 1. */
function addRow(f: FunctionBuilder, to: Local<'i32'>, from: Local<'i32'>, { inner, dtype }: AddedRows): void {
  if (dtype === 'bool') {
    f.for(0, inner, 1, (at) => {
      const target = f.keep(i32.add(to, at));
      f.do(i32.storeByte(target, i32.add(i32.loadByte(target), i32.loadByte(i32.add(from, at)))));
    });
    return;
  }
  const addVector = (target: Local<'i32'>, source: Local<'i32'>, offset: number): void => {
    const sum = dtype === 'float32' ? f32x4.add : i32x4.add;
    f.do(v128.store(target, sum(v128.load(target, offset), v128.load(source, offset)), offset));
  };
  const looped = inner > longestUnrolled ? inner - (inner % 16) : 0;
  f.for(0, 4 * looped, 64, (at) => {
    const [target, source] = [f.keep(i32.add(to, at)), f.keep(i32.add(from, at))];
    for (let offset = 0; offset < 64; offset += 16) addVector(target, source, offset);
  });
  let done = looped;
  for (; done + 4 <= inner; done += 4) addVector(to, from, 4 * done);
  for (; done < inner; done++) {
    const at = 4 * done;
    if (dtype === 'float32') f.do(f32.store(to, f32.add(f32.load(to, at), f32.load(from, at)), at));
    else f.do(i32.store(to, i32.add(i32.load(to, at), i32.load(from, at)), at));
  }
}
