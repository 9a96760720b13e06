/** The vectors computed by PyTorch: what a file holds, and its parts as tensors and numbers. */
import { type Tensor, tensor } from '../../src/index.ts';

/** An array in row-major order, in PyTorch's own layout. */
export interface GoldenArray {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

type Arrays = Readonly<Record<string, GoldenArray>>;

/** One file. */
export interface Golden {
  readonly name: string;
  readonly layout: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly inputs: Arrays;
  readonly outputs: Arrays;
  readonly grads: Arrays;
}

/** As float32. */
export function floats({ data, shape }: GoldenArray): Tensor {
  return tensor(Float32Array.from(data), { shape });
}

/** As int32. */
export function integers({ data, shape }: GoldenArray): Tensor {
  return tensor(Int32Array.from(data), { shape });
}

/** A number of a vector's config. */
export function numberIn(config: Golden['config'], name: string): number {
  const value = config[name];
  if (typeof value === 'number') return value;
  throw new Error(`config ${name} is ${value}, not a number`);
}

/** A pair of numbers of a vector's config. */
export function pairIn(config: Golden['config'], name: string): readonly [number, number] {
  const value = config[name];
  if (Array.isArray(value) && value.length === 2) return value as [number, number];
  throw new Error(`config ${name} is ${value}, not a pair`);
}

/** What a case computed, by name: a second way of computing the same is named "y (composed)". */
export interface Computed {
  readonly outputs: Readonly<Record<string, ArrayLike<number>>>;
  readonly grads: Readonly<Record<string, ArrayLike<number>>>;
}

/** The error of each array that a case computed. Throws if one is missing, or nobody asked for it. */
export function errorsOf(
  { outputs, grads }: Computed,
  golden: Golden,
): { readonly array: string; readonly error: number }[] {
  const compared = [
    ['output', outputs, golden.outputs],
    ['gradient of', grads, golden.grads],
  ] as const;
  return compared.flatMap(([kind, actual, expected]) => {
    const nameOf = (each: string): string => each.split(' (')[0];
    const names = [...new Set(Object.keys(actual).map(nameOf))].sort().join();
    const wanted = Object.keys(expected).sort().join();
    if (names !== wanted) throw new Error(`${golden.name}: computed ${names}, not ${wanted}`);
    return Object.entries(actual).map(([each, values]) => ({
      array: `${golden.name}: ${kind} ${each}`,
      error: relativeError(values, expected[nameOf(each)]),
    }));
  });
}

/** The largest error beside the largest expected value. */
function relativeError(actual: ArrayLike<number>, { data }: GoldenArray): number {
  if (actual.length !== data.length) return Number.POSITIVE_INFINITY;
  let [largest, error] = [0, 0];
  data.forEach((expected, k) => {
    largest = Math.max(largest, Math.abs(expected));
    const difference = Math.abs(actual[k] - expected);
    error = Math.max(error, Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference);
  });
  return largest === 0 ? error : error / largest;
}
