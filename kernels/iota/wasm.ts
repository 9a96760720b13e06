/**
 * The iota kernel as WebAssembly. Items are elements:
 *
 *     for i = first; i < end; i += 4:  out[i … i + 3] = start + (i … i + 3) · step
 *
 * in doubles for float32, in integers for whole numbers. An int32 whose start or step is no whole number, or whose elements
 * leave 2^53, is computed one element at a time.
 */

import { sizeOf } from '../support/contract.ts';
import {
  type Double,
  type FunctionBuilder,
  f64,
  f64x2,
  i32,
  i32x4,
  type Local,
  select,
  v128,
} from '../support/wasm/assembler/index.ts';
import { narrow } from '../support/wasm/vector-math/lanes.ts';
import type { WasmKernel, WasmStage } from '../support/wasm/wasm-kernel.ts';
import type { Progression } from './index.ts';

/** See the contract. */
export const iotaWasm: WasmKernel<Progression> = ({ outputs: [{ shape, dtype }], attributes }) => {
  const size = sizeOf(shape);
  if (dtype === 'float32') return { stages: [floats(size, attributes)] };
  return {
    stages: [fitsIntegers(size, attributes) ? integers(size, attributes) : wrapped(size, attributes)],
  };
};

/** Elements per vector, and so the grain. */
const lanes = 4;

/** float32: start + i·step in doubles, rounded once. */
function floats(size: number, { start, step }: Progression): WasmStage {
  return {
    items: size,
    grain: lanes,
    elementsPerItem: 1,
    write: (f, { first, end }, { outputs: [output] }) => {
      const [starts, steps] = [f.hoist(f64x2.splat(start)), f.hoist(f64x2.splat(step))];
      const four = f.hoist(f64x2.splat(lanes));
      // The indices of the four elements: exact in doubles, so stepping loses nothing.
      const firstIndex = f.keep(f64.convert(first));
      const low = f.keep(indexPair(firstIndex, 0));
      const high = f.keep(indexPair(firstIndex, 2));
      writeVectors(f, { first, end, output, size }, () => {
        const pairs = [low, high].map((pair) => f64x2.add(starts, f64x2.multiply(pair, steps)));
        const vector = f.keep(narrow(pairs[0], pairs[1]));
        f.set(low, f64x2.add(low, four));
        f.set(high, f64x2.add(high, four));
        return vector;
      });
    },
  };
}

/** The doubles index + offset and index + offset + 1. */
function indexPair(index: Local<'f64'>, offset: number) {
  return f64x2.replaceLane(f64x2.splat(f64.add(index, offset)), 1, f64.add(index, offset + 1));
}

/** Whether every element is exact in doubles, so that integer arithmetic modulo 2^32 gives the same. */
function fitsIntegers(size: number, { start, step }: Progression): boolean {
  return (
    Number.isInteger(start) &&
    Number.isInteger(step) &&
    Math.abs(start) + size * Math.abs(step) <= Number.MAX_SAFE_INTEGER
  );
}

/** int32 from whole start and step: start + i·step modulo 2^32. */
function integers(size: number, { start, step }: Progression): WasmStage {
  return {
    items: size,
    grain: lanes,
    elementsPerItem: 1,
    write: (f, { first, end }, { outputs: [output] }) => {
      const word = step | 0;
      const advance = f.hoist(i32x4.splat(Math.imul(lanes, word)));
      const within = i32x4.constant(0, word, Math.imul(2, word), Math.imul(3, word));
      const next = f.keep(i32x4.add(i32x4.splat(i32.add(start | 0, i32.multiply(first, word))), within));
      writeVectors(f, { first, end, output, size }, () => {
        const vector = f.keep(next);
        f.set(next, i32x4.add(next, advance));
        return vector;
      });
    },
  };
}

/** int32 from anything else: the double start + i·step, truncated, modulo 2^32, as JavaScript stores it. */
function wrapped(size: number, { start, step }: Progression): WasmStage {
  return {
    items: size,
    elementsPerItem: 1,
    write: (f, { first, end }, { outputs: [output] }) => {
      const to = f.keep(i32.add(output, i32.multiply(first, 4)));
      f.for(first, end, 1, (index) => {
        f.do(i32.store(to, wrappedInteger(f, f64.add(start, f64.multiply(f64.convert(index), step)))));
        f.increase(to, 4);
      });
    },
  };
}

/** A double truncated and taken modulo 2^32; what is not finite becomes 0. Every step but the truncation is exact. */
function wrappedInteger(f: FunctionBuilder, value: Double) {
  const whole = f.keep(f64.truncate(value));
  const range = 2 ** 32;
  const turns = f64.truncate(f64.multiply(whole, 1 / range));
  const rest = f.keep(f64.subtract(whole, f64.multiply(turns, range)));
  f.set(rest, select(f64.subtract(rest, range), rest, f64.greaterEqual(rest, range / 2)));
  f.set(rest, select(f64.add(rest, range), rest, f64.less(rest, -range / 2)));
  return i32.truncateDouble(rest);
}

/** Elements [first, end) of an output of `size`, whose address is `output`. */
interface WrittenElements {
  readonly first: Local<'i32'>;
  readonly end: Local<'i32'>;
  readonly output: Local<'i32'>;
  readonly size: number;
}

/**
 * Stores vector after vector. Ranges begin at multiples of four, so only the last one can end within a vector, whose first
 * size % 4 lanes are stored.
 */
function writeVectors(
  f: FunctionBuilder,
  { first, end, output, size }: WrittenElements,
  nextVector: () => Local<'v128'>,
): void {
  const to = f.keep(i32.add(output, i32.multiply(first, 4)));
  const rest = size % lanes;
  const whole = rest === 0 ? end : f.keep(i32.and(end, -lanes));
  f.for(first, whole, lanes, () => {
    f.do(v128.store(to, nextVector()));
    f.increase(to, 4 * lanes);
  });
  if (rest === 0) return;
  f.if(i32.less(whole, end), () => {
    const vector = nextVector();
    for (let lane = 0; lane < rest; lane++) f.do(v128.storeLane32(to, vector, lane, 4 * lane));
  });
}
