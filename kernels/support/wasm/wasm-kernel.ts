/**
 * The contract of a kernel's WebAssembly version: one or more stages, each a loop over independent items.
 *
 * The device gives every thread a range of a stage's items, or all of a small stage to the first one, and has all threads
 * wait where a stage meets what others read or write, as in the scratch memory of the stage before. So a kernel never
 * mentions threads, and because an item is always computed in the same way, results do not depend on how many there are.
 */

import type { KernelCall } from '../contract.ts';
import { type FunctionBuilder, type Integer, i32, type Local, type Target } from './assembler/index.ts';

/**
 * Addresses (bytes) of the arrays of one call. Every array begins at a multiple of 64 (in a loop, slices begin where the one
 * before ends), and may be read up to 64 bytes past its end, where the contents are unknown. Nothing may be written there.
 */
export interface KernelMemory {
  readonly inputs: readonly Local<'i32'>[];
  readonly outputs: readonly Local<'i32'>[];
  /** The scratch memory that all threads share, `scratchBytes` of it. It keeps its contents from stage to stage. */
  readonly scratch: Local<'i32'>;
  /** The scratch memory of this thread alone, `threadScratchBytes` of it. */
  readonly threadScratch: Local<'i32'>;
  /** Where a fault is reported; see `reportIndexFault`. */
  readonly fault: Local<'i32'>;
}

/** Items [first, end) of a stage, while their code is written. */
export interface ItemRange {
  readonly first: Local<'i32'>;
  readonly end: Local<'i32'>;
}

/** A loop over independent items: rows of a product, elements, images. */
export interface WasmStage {
  /** How many there are. */
  readonly items: number;
  /**
   * Ranges begin at multiples of this many items: a tile of rows, a vector of elements. Only the last one, which ends with
   * the items, may end elsewhere. Default 1.
   */
  readonly grain?: number;
  /** Writes the code that computes items [first, end); first is a multiple of `grain`. */
  readonly write: (f: FunctionBuilder, range: ItemRange, memory: KernelMemory) => void;
  /**
   * Elements of output 0 per item, if items [first, end) complete exactly elements [first·n, end·n) of it, in order, and
   * no other item reads them. Then the device may run an elementwise kernel over them at once, while they are in the cache,
   * which may write over them.
   */
  readonly elementsPerItem?: number;
  /**
   * Of a first stage that only brings operands into another order, in the scratch memory: which inputs. In a loop in which they
   * never change it is run once, before the first step.
   */
  readonly packs?: readonly number[];
  /** Whether it may report a fault; the plan then stops after it. */
  readonly mayFail?: boolean;
}

/** The WebAssembly version of one kernel call. */
export interface WasmKernelCode {
  readonly stages: readonly WasmStage[];
  /** Bytes of scratch memory shared by all threads. Default 0. */
  readonly scratchBytes?: number;
  /** Bytes of scratch memory for each thread. Default 0. */
  readonly threadScratchBytes?: number;
}

/** The `wasm` version of a kernel: called once per distinct call, it describes the code for just these sizes. */
export type WasmKernel<Attributes extends object = object> = (
  call: KernelCall<Attributes>,
  target: Target,
) => WasmKernelCode;

/** The words of a fault record: whether there is a fault, the index that was out of range, and the axis' length. */
export const faultRecord = { raised: 0, index: 4, length: 8, bytes: 12 } as const;

/** Writes code that reports an index outside [0, length). The stage goes on, so it should then return by itself. */
export function reportIndexFault(
  f: FunctionBuilder,
  { fault }: KernelMemory,
  index: Integer,
  length: number,
): void {
  f.do(i32.store(fault, index, faultRecord.index));
  f.do(i32.store(fault, length, faultRecord.length));
  f.do(i32.store(fault, 1, faultRecord.raised));
}
