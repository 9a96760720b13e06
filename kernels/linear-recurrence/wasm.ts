/**
 * The linear recurrence in WebAssembly. Items are blocks of 16 features of a sequence; a thread walks its blocks of a sequence
 * together:
 *
 *     for each sequence n of which the range has blocks:
 *       s = initial[n, blocks]                              // doubles, in registers if a sequence is one block
 *       for t:  for block:  h[n, t, block] = s = a[n, t, block] ⊙ s + b[n, t, block]
 *
 * So rows of a, b and h are read and written as they lie. Block by block, all steps of each, it took twice as long where the
 * arrays do not fit in a cache.
 */
import {
  type FunctionBuilder,
  f32,
  f64,
  f64x2,
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

type Shape = LinearRecurrenceSizes & LinearRecurrenceAttributes;

/** See the contract. */
export const linearRecurrenceWasm: WasmKernel<LinearRecurrenceAttributes> = (call) => {
  const shape: Shape = { ...linearRecurrenceSizes(call), ...call.attributes };
  const { batch, time, features, parts } = shape;
  if (batch * time * features === 0) return { stages: [] };
  const blocks = Math.ceil(features / blockFeatures);
  return {
    stages: [{ items: batch * blocks, write: (f, range, memory) => writeItems(f, range, memory, shape) }],
    threadScratchBytes: blocks === 1 ? 0 : Math.min(blocks, mostBlocks) * parts * 2 * blockBytes,
  };
};

function writeItems(f: FunctionBuilder, { first, end }: ItemRange, memory: KernelMemory, shape: Shape): void {
  const blocks = Math.ceil(shape.features / blockFeatures);
  if (blocks === 1) {
    f.for(first, end, 1, (sequence) => walk(f, memory, shape, { sequence, block: 0, count: 1 }));
    return;
  }
  const item = f.keep(first);
  f.while(i32.less(item, end), () => {
    const sequence = f.keep(i32.divideUnsigned(item, blocks));
    const block = f.keep(i32.subtract(item, i32.multiply(sequence, blocks)));
    const ofRange = f.keep(i32.minimum(f.keep(i32.subtract(end, item)), mostBlocks));
    const count = f.keep(i32.minimum(ofRange, f.keep(i32.subtract(blocks, block))));
    walk(f, memory, shape, { sequence, block, count });
    f.increase(item, count);
  });
}

/** Blocks [block, block + count) of a sequence. */
interface Span {
  readonly sequence: Local<'i32'>;
  readonly block: Local<'i32'> | 0;
  readonly count: Local<'i32'> | 1;
}

/** s of a block, in pairs of doubles: the two pairs of the first vector's real part, those of its imaginary part, … */
interface State {
  get(pair: number): Vector;
  set(pair: number, value: Vector): void;
}

/** All steps of a span. */
function walk(f: FunctionBuilder, memory: KernelMemory, shape: Shape, span: Span): void {
  const { time, features, parts, strides, reverse } = shape;
  const { sequence, block, count } = span;
  const [ofBatch, ofTime, ofFeatures] = strides;
  const rest = features % blockFeatures;
  const stateBytes = parts * 2 * blockBytes;
  const column = i32.multiply(block, blockBytes);
  /** Addresses that move along, of the parts of an array whose sequences are so many elements apart. */
  const pointers = (arrays: readonly Local<'i32'>[], ofSequence: number, start: typeof column) =>
    arrays.map((array) => f.keep(i32.add(i32.add(array, i32.multiply(sequence, 4 * ofSequence)), start)));
  const lastStep = (stride: number): number => (reverse ? 4 * (time - 1) * stride : 0);
  const startOfA = i32.add(ofFeatures === 0 ? i32.constant(0) : column, lastStep(ofTime));
  const start = i32.add(column, lastStep(features));
  const { inputs, outputs, threadScratch } = memory;
  const a = pointers(inputs.slice(0, parts), ofBatch, startOfA);
  const b = pointers(inputs.slice(parts, 2 * parts), time * features, start);
  const h = pointers(outputs, time * features, start);
  const initial = pointers(inputs.slice(2 * parts), features, column);

  const state = f.keep(i32.add(threadScratch, 0));
  const registers = Array.from({ length: count === 1 ? stateBytes >> 4 : 0 }, () => f.local('v128'));
  const s: State =
    count === 1
      ? { get: (pair) => registers[pair], set: (pair, value) => f.set(registers[pair], value) }
      : {
          get: (pair) => v128.load(state, 16 * pair),
          set: (pair, value) => f.do(v128.store(state, value, 16 * pair)),
        };
  const begin = (): void => {
    for (let vector = 0; vector < blockFeatures / 4; vector++) {
      initial.forEach((pointer, part) => {
        for (const [half, pair] of loadPairs(f, pointer, vector).entries()) {
          s.set(2 * (vector * parts + part) + half, pair);
        }
      });
    }
  };
  const takeStep = (features: number, factors: Factors): void =>
    writeStep(f, shape, features, { a: factors, b, h, s });
  const direction = reverse ? -4 : 4;

  if (count === 1) {
    begin();
    f.for(0, time, 1, () => {
      takeStep(rest || blockFeatures, factorsOf(f, a, ofFeatures));
      for (const pointer of [...b, ...h]) f.increase(pointer, direction * features);
      for (const pointer of a) f.increase(pointer, direction * ofTime);
    });
    return;
  }
  const lastBlock = Math.ceil(features / blockFeatures) - 1;
  const hasRest = f.keep(rest === 0 ? i32.constant(0) : i32.greater(i32.add(block, count), lastBlock));
  const full = f.keep(i32.subtract(count, hasRest));
  const fullBytes = f.keep(i32.multiply(full, blockBytes));
  const moving = ofFeatures === 0 ? [...b, ...h] : [...a, ...b, ...h];
  f.for(0, count, 1, () => {
    begin();
    for (const pointer of initial) f.increase(pointer, blockBytes);
    f.increase(state, stateBytes);
  });
  const toNext = f.keep(i32.subtract(direction * features, fullBytes));
  const toNextOfA = f.keep(i32.subtract(direction * ofTime, ofFeatures === 0 ? 0 : fullBytes));
  f.for(0, time, 1, () => {
    f.set(state, threadScratch);
    const factors = factorsOf(f, a, ofFeatures);
    f.for(0, full, 1, () => {
      takeStep(blockFeatures, factors);
      for (const pointer of moving) f.increase(pointer, blockBytes);
      f.increase(state, stateBytes);
    });
    if (rest > 0) f.if(hasRest, () => takeStep(rest, factors));
    for (const pointer of [...b, ...h]) f.increase(pointer, toNext);
    for (const pointer of a) f.increase(pointer, toNextOfA);
  });
}

/** Four floats as two pairs of doubles. An engine can load and widen a pair in one instruction. */
function loadPairs(f: FunctionBuilder, pointer: Local<'i32'>, vector: number): readonly Local<'v128'>[] {
  return [0, 8].map((half) => f.keep(f64x2.promoteLow(v128.loadZero64(pointer, 16 * vector + half))));
}

/** The parts of a_t for the four features of a vector, each as two pairs of doubles. */
type Factors = (vector: number) => readonly (readonly Vector[])[];

function factorsOf(f: FunctionBuilder, a: readonly Local<'i32'>[], ofFeatures: number): Factors {
  if (ofFeatures > 0) return (vector) => a.map((pointer) => loadPairs(f, pointer, vector));
  const all = a.map((pointer) => f.keep(f64x2.splat(f64.promote(f32.load(pointer)))));
  return () => all.map((pair) => [pair, pair]);
}

interface Operands {
  readonly a: Factors;
  readonly b: readonly Local<'i32'>[];
  readonly h: readonly Local<'i32'>[];
  readonly s: State;
}

/** One step of the first `features` features of a block. */
function writeStep(
  f: FunctionBuilder,
  { parts, addFirst }: Shape,
  features: number,
  { a, b, h, s }: Operands,
): void {
  for (let vector = 0; 4 * vector < features; vector++) {
    const factors = a(vector);
    const added = b.map((pointer) => loadPairs(f, pointer, vector));
    const results = [0, 1].map((half) => {
      const pairOf = (part: number): number => 2 * (vector * parts + part) + half;
      const factor = factors.map((pairs) => pairs[half]);
      const before = added.map((_, part) => f.keep(s.get(pairOf(part))));
      const plus = (values: readonly Vector[]) =>
        values.map((value, part) => f.keep(f64x2.add(value, added[part][half])));
      const result = addFirst ? plus(before) : plus(product(factor, before));
      const after = addFirst ? product(factor, result) : result;
      for (const [part, value] of after.entries()) s.set(pairOf(part), value);
      return result;
    });
    const [low, high] = results;
    h.forEach((pointer, part) => {
      storeLanes(f, pointer, 16 * vector, narrow(low[part], high[part]), features - 4 * vector);
    });
  }
}

/** The parts of the product of two pairs of numbers. */
function product(a: readonly Vector[], b: readonly Vector[]): Vector[] {
  const [re, im] = a;
  const [x, y] = b;
  if (im === undefined) return [f64x2.multiply(re, x)];
  return [
    f64x2.subtract(f64x2.multiply(re, x), f64x2.multiply(im, y)),
    f64x2.add(f64x2.multiply(re, y), f64x2.multiply(im, x)),
  ];
}
