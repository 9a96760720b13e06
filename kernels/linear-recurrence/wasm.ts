/**
 * The linear recurrence in WebAssembly. Items are blocks of 16 features of a sequence; a thread walks its blocks of one
 * sequence together:
 *
 *     for each sequence n of which the range has blocks:
 *       s = initial[n, blocks]                              // doubles, in registers if a sequence is one block
 *       for t:  for block:  h[n, t, block] = s = a[n, t, block] ⊙ s + b[n, t, block]
 *
 * So rows of a, b and h are read and written as they lie. Block by block, all steps of each, it took twice as long where the
 * arrays do not fit in a cache. There doubles cost a tenth more than floats, in a cache twice as much; but with floats h is
 * wrong by up to 4e-5 of its size after 4096 steps.
 */
import {
  type FunctionBuilder,
  f32,
  f64,
  f64x2,
  type Integer,
  i32,
  type Local,
  type Vector,
  v128,
} from '../support/wasm/assembler/index.ts';
import { storeLanes } from '../support/wasm/store-lanes.ts';
import { narrow } from '../support/wasm/vector-math/lanes.ts';
import type { ItemRange, KernelMemory, WasmKernel } from '../support/wasm/wasm-kernel.ts';
import {
  type LinearRecurrenceAttributes,
  type LinearRecurrenceSizes,
  linearRecurrenceSizes,
} from './index.ts';

/** A line of the cache. */
const blockFeatures = 16;
const blockBytes = 4 * blockFeatures;
/** Blocks of a sequence that are walked together: their s, 16 KiB of complex numbers, stays in the first-level cache. */
const mostBlocks = 64;

type KnownCall = LinearRecurrenceSizes & LinearRecurrenceAttributes;

/** Bytes of the s of a block. */
function stateBytes({ parts }: KnownCall): number {
  return parts * 2 * blockBytes;
}

/** See the contract. */
export const linearRecurrenceWasm: WasmKernel<LinearRecurrenceAttributes> = (call) => {
  const known: KnownCall = { ...linearRecurrenceSizes(call), ...call.attributes };
  const { batch, time, features } = known;
  if (batch * time * features === 0) return { stages: [] };
  const blocks = Math.ceil(features / blockFeatures);
  const write = blocks === 1 ? writeSequences : writeBlocks;
  return {
    stages: [{ items: batch * blocks, write: (f, range, memory) => write(f, range, memory, known) }],
    threadScratchBytes: blocks === 1 ? 0 : Math.min(blocks, mostBlocks) * stateBytes(known),
  };
};

/** Items are sequences of one block. */
function writeSequences(
  f: FunctionBuilder,
  { first, end }: ItemRange,
  memory: KernelMemory,
  known: KnownCall,
): void {
  f.for(first, end, 1, (sequence) => walkBlock(f, memory, known, sequence));
}

/** Items are blocks of sequences. */
function writeBlocks(
  f: FunctionBuilder,
  { first, end }: ItemRange,
  memory: KernelMemory,
  known: KnownCall,
): void {
  const blocks = Math.ceil(known.features / blockFeatures);
  const item = f.keep(first);
  f.while(i32.less(item, end), () => {
    const sequence = f.keep(i32.divideUnsigned(item, blocks));
    const block = f.keep(i32.subtract(item, i32.multiply(sequence, blocks)));
    const ofRange = f.keep(i32.minimum(f.keep(i32.subtract(end, item)), mostBlocks));
    const count = f.keep(i32.minimum(ofRange, f.keep(i32.subtract(blocks, block))));
    walkBlocks(f, memory, known, { sequence, block, count });
    f.increase(item, count);
  });
}

/** Addresses of the parts of what a step reads and writes; they move along. */
interface StepPointers {
  readonly a: readonly Local<'i32'>[];
  readonly b: readonly Local<'i32'>[];
  readonly h: readonly Local<'i32'>[];
}

/** Addresses in the first step of a sequence, from so many bytes of its features on; and of its initial state. */
function pointersOf(
  f: FunctionBuilder,
  { inputs, outputs }: KernelMemory,
  { time, features, parts, strides, reverse }: KnownCall,
  sequence: Local<'i32'>,
  bytes: Integer,
): StepPointers & { readonly initial: readonly Local<'i32'>[] } {
  const pointers = (arrays: readonly Local<'i32'>[], [ofBatch, ofTime, ofFeatures]: readonly number[]) => {
    const lastStep = reverse ? 4 * (time - 1) * ofTime : 0;
    const inSequence = i32.add(ofFeatures === 0 ? 0 : bytes, lastStep);
    return arrays.map((array) =>
      f.keep(i32.add(array, i32.add(i32.multiply(sequence, 4 * ofBatch), inSequence))),
    );
  };
  return {
    a: pointers(inputs.slice(0, parts), strides),
    b: pointers(inputs.slice(parts, 2 * parts), [time * features, features, 1]),
    h: pointers(outputs, [time * features, features, 1]),
    initial: pointers(inputs.slice(2 * parts), [features, 0, 1]),
  };
}

/** Doubles by the pair: of vector v of a block, part p and half, pair 2 · (v · parts + p) + half. */
interface DoublePairs {
  get(pair: number): Vector;
  set(pair: number, value: Vector): void;
}

/** Sets pairs to the elements of vectors 0 … vectors - 1 of the parts of an array. */
function widenInto(
  f: FunctionBuilder,
  pairs: DoublePairs,
  pointers: readonly Local<'i32'>[],
  vectors: number,
): void {
  for (let vector = 0; vector < vectors; vector++) {
    const all = pointers.flatMap((pointer) => loadPairs(f, pointer, vector));
    for (const [at, pair] of all.entries()) pairs.set(vector * all.length + at, pair);
  }
}

/** Four floats as two pairs of doubles. An engine can load and widen a pair in one instruction. */
function loadPairs(f: FunctionBuilder, pointer: Local<'i32'>, vector: number): readonly Local<'v128'>[] {
  return [0, 8].map((half) => f.keep(f64x2.promoteLow(v128.loadZero64(pointer, 16 * vector + half))));
}

/** The parts of a_t for the four features of a vector, each as two pairs of doubles. */
type Factors = (vector: number) => readonly (readonly Vector[])[];

/** a_t from memory; if it is the same for all features, it is read here and once. */
function loadFactors(f: FunctionBuilder, a: readonly Local<'i32'>[], { strides }: KnownCall): Factors {
  if (strides[2] > 0) return (vector) => a.map((pointer) => loadPairs(f, pointer, vector));
  const all = a.map((pointer) => f.keep(f64x2.splat(f64.promote(f32.load(pointer)))));
  return () => all.map((pair) => [pair, pair]);
}

/** All steps of a sequence of one block. */
function walkBlock(f: FunctionBuilder, memory: KernelMemory, known: KnownCall, sequence: Local<'i32'>): void {
  const { time, features, parts, strides, reverse } = known;
  const { initial, ...pointers } = pointersOf(f, memory, known, sequence, 0);
  const vectors = Math.ceil(features / 4);
  const registers = Array.from({ length: 2 * parts * vectors }, () => f.local('v128'));
  const s: DoublePairs = {
    get: (pair) => registers[pair],
    set: (pair, value) => f.set(registers[pair], value),
  };
  widenInto(f, s, initial, vectors);
  const step = reverse ? -4 : 4;
  f.for(0, time, 1, () => {
    takeStep(f, known, features, pointers, loadFactors(f, pointers.a, known), s);
    for (const pointer of pointers.a) f.increase(pointer, step * strides[1]);
    for (const pointer of [...pointers.b, ...pointers.h]) f.increase(pointer, step * features);
  });
}

/** Blocks [block, block + count) of a sequence. */
interface BlockSpan {
  readonly sequence: Local<'i32'>;
  readonly block: Local<'i32'>;
  readonly count: Local<'i32'>;
}

/** All steps of a span. */
function walkBlocks(f: FunctionBuilder, memory: KernelMemory, known: KnownCall, span: BlockSpan): void {
  const { features, strides, time, reverse } = known;
  const { sequence, block, count } = span;
  const bytes = f.keep(i32.multiply(block, blockBytes));
  const { initial, ...pointers } = pointersOf(f, memory, known, sequence, bytes);
  const at = f.keep(memory.threadScratch);
  const s: DoublePairs = {
    get: (pair) => v128.load(at, 16 * pair),
    set: (pair, value) => f.do(v128.store(at, value, 16 * pair)),
  };
  const moveBlock = (pointers: readonly Local<'i32'>[]): void => {
    for (const pointer of pointers) f.increase(pointer, blockBytes);
    f.increase(at, stateBytes(known));
  };
  f.for(0, count, 1, () => {
    widenInto(f, s, initial, blockFeatures / 4);
    moveBlock(initial);
  });

  const rest = features % blockFeatures;
  const blocks = Math.ceil(features / blockFeatures);
  const hasRest = f.keep(rest === 0 ? i32.constant(0) : i32.equal(i32.add(block, count), blocks));
  const full = f.keep(i32.subtract(count, hasRest));
  const fullBytes = f.keep(i32.multiply(full, blockBytes));
  const isOneFactor = strides[2] === 0;
  const step = reverse ? -4 : 4;
  const next = f.keep(i32.subtract(step * features, fullBytes));
  const nextA = f.keep(i32.subtract(step * strides[1], isOneFactor ? 0 : fullBytes));
  f.for(0, time, 1, () => {
    f.set(at, memory.threadScratch);
    const factors = loadFactors(f, pointers.a, known);
    f.for(0, full, 1, () => {
      takeStep(f, known, blockFeatures, pointers, factors, s);
      moveBlock([...(isOneFactor ? [] : pointers.a), ...pointers.b, ...pointers.h]);
    });
    if (rest > 0) f.if(hasRest, () => takeStep(f, known, rest, pointers, factors, s));
    for (const pointer of pointers.a) f.increase(pointer, nextA);
    for (const pointer of [...pointers.b, ...pointers.h]) f.increase(pointer, next);
  });
}

/** One step of the first `features` features of a block, whose s is given. */
function takeStep(
  f: FunctionBuilder,
  { parts, addFirst }: KnownCall,
  features: number,
  { b, h }: StepPointers,
  factors: Factors,
  s: DoublePairs,
): void {
  for (let vector = 0; 4 * vector < features; vector++) {
    const factor = factors(vector);
    const added = b.map((pointer) => loadPairs(f, pointer, vector));
    const [low, high] = [0, 1].map((half) => {
      const pairOf = (part: number): number => 2 * (vector * parts + part) + half;
      const a = factor.map((pairs) => f.keep(pairs[half]));
      const before = added.map((_, part) => f.keep(s.get(pairOf(part))));
      const plus = (values: readonly Vector[]) =>
        values.map((value, part) => f.keep(f64x2.add(value, added[part][half])));
      const result = plus(addFirst ? before : product(a, before));
      const after = addFirst ? product(a, result) : result;
      for (const [part, value] of after.entries()) s.set(pairOf(part), value);
      return result;
    });
    for (const [part, pointer] of h.entries()) {
      storeLanes(f, pointer, 16 * vector, narrow(low[part], high[part]), features - 4 * vector);
    }
  }
}

/** The parts of the product of pairs of numbers. */
function product([re, im]: readonly Vector[], [x, y]: readonly Vector[]): Vector[] {
  if (im === undefined) return [f64x2.multiply(re, x)];
  return [
    f64x2.subtract(f64x2.multiply(re, x), f64x2.multiply(im, y)),
    f64x2.add(f64x2.multiply(re, y), f64x2.multiply(im, x)),
  ];
}
