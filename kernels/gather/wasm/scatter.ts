/** ScatterAdd in WebAssembly: every thread owns rows of the output and adds the updates that fall on them, in order. */

import { bytesPerElement, type DType, sizeOf } from '../../support/contract.ts';
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
import { forRows, type ItemRange } from '../../support/wasm/copy-code.ts';
import type { KernelMemory, WasmKernel } from '../../support/wasm/wasm-kernel.ts';
import type { GatherAttributes } from '../index.ts';
import {
  blocksOf,
  forBlocks,
  indexAddress,
  indexStages,
  largestOf,
  rangesBytes,
  smallestOf,
} from './index-ranges.ts';

/** Bytes of a line of the cache, which only one thread should write. */
const lineBytes = 64;
/** Elements of a row that are added without a loop. */
const longestUnrolled = 32;

/**
 * Rows of up to so many bytes are added whether they are the thread's own or not, the others to places of no meaning:
 * where indices are in no order, a branch would be mispredicted half the time, which takes longer than an addition.
 */
const longestDecoy = 128;
/** Places for such additions, taken in turn: one alone would make every addition wait for the one before it. */
const decoys = 64;

/** Updates [outer, count, inner], output [outer, length, inner]. */
interface Sizes {
  readonly count: number;
  readonly length: number;
  readonly inner: number;
  readonly dtype: DType;
  readonly rowBytes: number;
}

/** Zeros, plus each update at its index; equal indices in the order of the updates. */
export const scatterAddWasm: WasmKernel<GatherAttributes> = ({ inputs, outputs, attributes: { axis } }) => {
  const { shape, dtype } = outputs[0];
  const count = sizeOf(inputs[1].shape);
  const length = shape[axis];
  const stages = indexStages(count, length);
  const scratchBytes = rangesBytes(count);
  if (sizeOf(shape) === 0) return { stages, scratchBytes };
  const inner = sizeOf(shape.slice(axis + 1));
  const rowBytes = inner * bytesPerElement[dtype];
  const sizes: Sizes = { count, length, inner, dtype, rowBytes };
  stages.push({
    items: sizeOf(shape.slice(0, axis)) * length,
    grain: Math.ceil(lineBytes / rowBytes),
    // Every range reads the ranges of all blocks, so pieces for the steps behind would cost more than they save.
    write: (f, range, memory) => writeRows(f, range, memory, sizes),
  });
  return { stages, scratchBytes, threadScratchBytes: rowBytes > longestDecoy ? 0 : decoys * rowBytes };
};

function writeRows(f: FunctionBuilder, range: ItemRange, memory: KernelMemory, sizes: Sizes): void {
  const { count, length, rowBytes } = sizes;
  const { first, end } = range;
  const begin = i32.add(memory.outputs[0], i32.multiply(first, rowBytes));
  f.do(bytes.fill(begin, 0, i32.multiply(i32.subtract(end, first), rowBytes)));
  forRows(f, range, length, (outer, from, to) => {
    const target = f.keep(i32.add(memory.outputs[0], i32.multiply(outer, length * rowBytes)));
    const updates = f.keep(i32.add(memory.inputs[0], i32.multiply(outer, count * rowBytes)));
    forBlocks(f, 0, blocksOf(count), count, memory, (block) => {
      const [smallest, largest] = [f.keep(smallestOf(block)), f.keep(largestOf(block))];
      const touches = i32.and(i32.greaterEqual(largest, from), i32.less(smallest, to));
      f.if(touches, () => {
        const at = f.keep(indexAddress(memory, block.start));
        const update = f.keep(i32.add(updates, i32.multiply(block.start, rowBytes)));
        const stop = f.keep(i32.add(at, i32.shiftLeft(block.count, 2)));
        const addAll = (
          addOne: (index: Local<'i32'>, add: (row: Expression<'i32'>) => void) => void,
        ): void => {
          f.while(i32.lessUnsigned(at, stop), () => {
            addOne(f.keep(i32.load(at)), (row) => addRow(f, f.keep(row), update, sizes));
            f.increase(at, 4);
            f.increase(update, rowBytes);
          });
        };
        f.if(
          i32.and(i32.greaterEqual(smallest, from), i32.less(largest, to)),
          () => addAll((index, add) => add(i32.add(target, i32.multiply(index, rowBytes)))),
          () => {
            const rows = f.keep(i32.subtract(to, from));
            const isMine = (index: Local<'i32'>) => i32.lessUnsigned(i32.subtract(index, from), rows);
            addAll((index, add) => {
              const row = i32.add(target, i32.multiply(index, rowBytes));
              if (rowBytes > longestDecoy) f.if(isMine(index), () => add(row));
              else {
                const place = i32.and(i32.shiftRightUnsigned(at, 2), decoys - 1);
                const decoy = i32.add(memory.threadScratch, i32.multiply(place, rowBytes));
                add(select(row, decoy, isMine(index)));
              }
            });
          },
        );
      });
    });
  });
}

/** Adds one row of the updates to one of the output. */
function addRow(f: FunctionBuilder, to: Local<'i32'>, from: Local<'i32'>, { inner, dtype }: Sizes): void {
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
