/** How far the operators of floats are from exact results, in units in the last place, over operands of all sizes. */
import { expect } from 'vitest';
import type { Operator } from '../../kernels/elementwise/index.ts';
import type { Accuracy, Range } from '../../kernels/elementwise/operators/row.ts';
import { floatsOfAllSizes, pairsOfAllSizes } from './float-samples.ts';
import { binaryNames, binaryRows, unaryNames, unaryRows } from './operators.ts';

/** A function of floats, exact as far as double precision goes. */
type Exact = (a: number, b: number) => number;

/** An operator of float32 as its row has it. */
export interface FloatOperator {
  readonly name: Operator;
  readonly isBinary: boolean;
  readonly value: Exact;
  readonly accuracy: Accuracy;
}

/** Comparisons are true or false. */
const noError: Accuracy = { cpu: 0, wasm: 0, gpu: 0 };

/** All operators that are defined on float32. */
export const floatOperators: readonly FloatOperator[] = [
  ...unaryNames.flatMap((name) => floatOperator(name, false, unaryRows[name].float32)),
  ...binaryNames.flatMap((name) => floatOperator(name, true, binaryRows[name].float32)),
];

function floatOperator(
  name: FloatOperator['name'],
  isBinary: boolean,
  version: { readonly value: (a: number, b: number) => number; readonly accuracy?: Accuracy } | undefined,
): FloatOperator[] {
  if (!version) return [];
  return [{ name, isBinary, value: version.value, accuracy: version.accuracy ?? noError }];
}

type Device = 'cpu' | 'wasm' | 'gpu';

/** The bound of an operator on a device, as a function of its operands. */
export function boundOf(accuracy: Accuracy, device: Device): (a: number, b: number) => number {
  const bound = accuracy[device];
  return typeof bound === 'number' ? () => bound : bound;
}

/** The error that is the largest part of its bound, and where. */
export interface Worst {
  /** In units in the last place; Infinity where NaN, an infinity or the sign of a zero is wrong. */
  readonly error: number;
  readonly bound: number;
  readonly operands: readonly number[];
  readonly actual: number;
  readonly exact: number;
}

/** Where floats end, were there a larger exponent. */
const beyondFloats = 2 ** 128;
const smallestNormal = 2 ** -126;

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** One unit in the last place of the floats of each exponent, as it is stored. */
const lastPlaces = Float64Array.from({ length: 256 }, (_, exponent) => {
  return 2 ** (Math.min(Math.max(exponent, 1), 254) - 150);
});

/** The distance of a float32 result from the exact one, in units in the last place of the float next to that. */
function errorInPlaces(actual: number, exact: number): number {
  if (Object.is(actual, exact)) return 0;
  if (Number.isNaN(actual) || Number.isNaN(exact)) return Number.POSITIVE_INFINITY;
  if (Math.abs(exact) === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
  const isNegative = exact < 0 || Object.is(exact, -0);
  if (actual === 0 && Object.is(actual, -0) !== isNegative) return Number.POSITIVE_INFINITY;
  float[0] = exact;
  return Math.abs(withinFloats(actual) - withinFloats(exact)) / lastPlaces[(bits[0] >>> 23) & 0xff];
}

/** Infinity is the float after the largest. */
function withinFloats(value: number): number {
  return Math.max(-beyondFloats, Math.min(value, beyondFloats));
}

/** The same on a GPU, which may take any number below the normal range for 0, and loses the signs of zeros. */
function errorOnGpu(actual: number, exact: Exact, a: number, b: number): number {
  const values = flushed(a).flatMap((x) => flushed(b).flatMap((y) => flushed(exact(x, y))));
  const errors = flushed(actual).flatMap((result) => values.map((value) => errorInPlaces(result, value)));
  return Math.min(...errors);
}

function flushed(value: number): readonly number[] {
  return Math.abs(value) < smallestNormal ? [value, 0, -0] : [value];
}

/** How much of a bound an error takes: up to 1 it is within. */
function shareOf(error: number, bound: number): number {
  if (error === 0) return 0;
  return bound > 0 ? error / bound : Number.POSITIVE_INFINITY; // Also where there is no bound, but NaN.
}

/** The worst of results, one for each set of operands. */
function worstOf(
  actual: ArrayLike<number>,
  { value, accuracy }: FloatOperator,
  operands: readonly Float32Array[],
  device: Device,
): Worst {
  const [a, b = a] = operands;
  const boundAt = boundOf(accuracy, device);
  let [worst, worstAt, share] = [0, 0, 0];
  for (let at = 0; at < actual.length; at++) {
    let error = errorInPlaces(actual[at], value(a[at], b[at]));
    if (error === 0) continue;
    const bound = boundAt(a[at], b[at]);
    if (device === 'gpu' && shareOf(error, bound) > share)
      error = errorOnGpu(actual[at], value, a[at], b[at]);
    if (shareOf(error, bound) > share) [worst, worstAt, share] = [error, at, shareOf(error, bound)];
  }
  return {
    error: worst,
    bound: boundAt(a[worstAt], b[worstAt]),
    operands: operands.map((operand) => operand[worstAt]),
    actual: actual[worstAt],
    exact: value(a[worstAt], b[worstAt]),
  };
}

/** The operands of magnitudes in a range, and those that are 0, infinite or NaN. */
function within(all: readonly Float32Array[], [least, most]: Range): readonly Float32Array[] {
  const counts = (x: number): boolean => {
    const size = Math.abs(x);
    return size === 0 || !Number.isFinite(x) || (size >= least && size <= most);
  };
  return all.map((operands) => operands.filter((_, at) => all.every((each) => counts(each[at]))));
}

/** An operator of one or two arrays on some device. */
type Run = (operands: readonly Float32Array[]) => ArrayLike<number> | Promise<ArrayLike<number>>;

/** What operators are tried on: [x] or [a, b]. */
export interface Samples {
  readonly unary: readonly Float32Array[];
  readonly binary: readonly Float32Array[];
}

/** By every `step`-th float. */
export function samplesOf(step: number): Samples {
  return { unary: [floatsOfAllSizes(step)], binary: pairsOfAllSizes(step) };
}

/** So many operands at a time. */
const sliceLength = 2 ** 20;

/** The worst result of an operator as a device computes it. */
export async function measure(
  operator: FloatOperator,
  device: Device,
  run: Run,
  { unary, binary }: Samples,
): Promise<Worst> {
  const { isBinary, accuracy } = operator;
  const all = isBinary ? binary : unary;
  const operands = device === 'gpu' && accuracy.gpuMagnitudes ? within(all, accuracy.gpuMagnitudes) : all;
  let worst: Worst | undefined;
  for (let from = 0; from < operands[0].length; from += sliceLength) {
    const slice = operands.map((operand) => operand.subarray(from, from + sliceLength));
    const found = worstOf(await run(slice), operator, slice, device);
    if (!worst || shareOf(found.error, found.bound) > shareOf(worst.error, worst.bound)) worst = found;
  }
  return worst!;
}

/** Expects an error within its bound, naming the operands. */
export function requireWithin({ error, bound, operands, actual, exact }: Worst): void {
  expect(error, `of (${operands.join(', ')}): ${actual}, exactly ${exact}`).toBeLessThanOrEqual(bound);
}
