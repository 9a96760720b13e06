/**
 * The contract of a kernel's GPU version: one or more passes, each a function that gpu.js runs once per number written.
 *
 * gpu.js gives every thread one number to compute and every pass one array to write, so a kernel with several outputs,
 * or with sums that many threads share, is several passes. The function is source text that weft builds, with all sizes
 * written in, so that a minifier cannot change it.
 *
 * Arrays on the GPU hold floats alone. An array of float32 or bool is as many floats. One of int32 is two planes, the
 * low 16 bits of every element and then the high ones (with the sign): floats hold both exactly, and all 32 bits survive.
 *
 * An array of more floats than the GPU takes in one buffer or texture is held in segments, one after the other. Kernels know
 * nothing of that: a pass is composed once for each segment that it writes, and `ThreadSource.read` finds the segment to read.
 */
import { type DType, type KernelCall, sizeOf, type TensorSpec } from '../contract.ts';
import type { GpuArray, GpuNumber, GpuSegment } from './gpu-arrays.ts';
import type { ShaderFunction } from './shader-function.ts';
import { type ThreadRange, ThreadSource } from './thread-source.ts';

export type { GpuArray, GpuNumber, GpuSegment };

/** One function over the numbers of one array. */
export interface GpuPass {
  readonly writes: GpuArray;
  /** How many numbers it writes: threads. */
  readonly size: number;
  /** Composes what a thread does. It ends with `return`. */
  readonly write: (f: ThreadSource) => void;
  /** Whether many passes of this call have the same text: they are compiled once, and every run writes a fresh array. */
  readonly shared: boolean;
}

/** A pass composed for one segment of what it writes. */
export interface ComposedPass {
  /** The text of `function (array0, array1, …, number0, …)`; it returns the number at `this.thread.x`. */
  readonly source: string;
  /** The functions that the text calls, and those that they call. */
  readonly functions: readonly ShaderFunction[];
  /** The arrays that are passed first. */
  readonly reads: readonly GpuSegment[];
  /** The numbers that are passed after them: passes that differ in these alone share one compiled kernel. */
  readonly numbers: readonly GpuNumber[];
  /** How many numbers it writes: threads. */
  readonly size: number;
}

/** Indices that must lie in [0, length): the device looks at them before it goes on. */
export interface GpuIndexCheck {
  readonly indices: GpuArray;
  readonly length: number;
}

/** The GPU version of one kernel call. */
export interface GpuKernelCode {
  /** In order. A pass that would write nothing is left out. */
  readonly passes: readonly GpuPass[];
  readonly checks?: readonly GpuIndexCheck[];
}

/** What a backend can do. */
export interface GpuTarget {
  /** The most arrays that one pass may read. */
  readonly mostReads: number;
  /**
   * Whether an input is a few float32 that come from the host with every run: then its elements may be passed as numbers
   * (a learning rate needs no array), by `ThreadSource.numberOf`.
   */
  readonly hasNumbers: (input: number) => boolean;
}

/** The `gpu` version of a kernel: called once per distinct call, it describes the passes for just these sizes. */
export type GpuKernel<Attributes extends object = object> = (
  call: KernelCall<Attributes>,
  target: GpuTarget,
) => GpuKernelCode;

/** Input `index` of the call. */
export function input(index: number): GpuArray {
  return { kind: 'input', index };
}

/** Output `index` of the call. */
export function output(index: number): GpuArray {
  return { kind: 'output', index };
}

/** Array `index` of those that live only between the passes of the call. */
export function temporary(index: number): GpuArray {
  return { kind: 'temporary', index };
}

/** How many floats hold `size` elements of a dtype. */
export function floatsOf(dtype: DType, size: number): number {
  return dtype === 'int32' ? 2 * size : size;
}

/** How many floats hold an array. */
export function floatsOfSpec({ dtype, shape }: TensorSpec): number {
  return floatsOf(dtype, sizeOf(shape));
}

/** A pass that writes `size` numbers. Default: not shared. */
export function pass(
  writes: GpuArray,
  size: number,
  write: (f: ThreadSource) => void,
  { shared = false }: { readonly shared?: boolean } = {},
): GpuPass {
  return { writes, size, write, shared };
}

/** The function of a pass for some of its numbers: by default all, of arrays that each have one segment. */
export function compose({ size, write }: GpuPass, range: Partial<ThreadRange> = {}): ComposedPass {
  const whole: ThreadRange = {
    first: 0,
    size,
    segmentLength: Number.POSITIVE_INFINITY,
    segmentsOf: () => 1,
    steps: [0, 0],
    sliceOf: () => undefined,
    ...range,
  };
  const f = new ThreadSource(whole);
  write(f);
  return { source: f.text(), functions: f.functions, reads: f.reads, numbers: f.numbers, size: whole.size };
}

/**
 * A pass that moves elements without looking at them: `source` composes, for the index of an element written, the index
 * of the element of `from` that it is a copy of. Both arrays hold elements of one dtype, each in one or two planes.
 */
export function movingPass(
  { dtype, from, fromSize }: { readonly dtype: DType; readonly from: GpuArray; readonly fromSize: number },
  writes: GpuArray,
  size: number,
  source: (f: ThreadSource, index: string) => string,
): GpuPass {
  return pass(writes, floatsOf(dtype, size), (f) => {
    const { index, plane } = f.planes(dtype, size);
    f.return(f.read(from, f.offset([f.whole(source(f, index), 'at'), plane], [1, fromSize])));
  });
}
