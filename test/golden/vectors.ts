/** Loads the vectors computed by PyTorch. WEFT_GOLDEN names another folder: other seeds, other shapes. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
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

const folder = process.env['WEFT_GOLDEN'] ?? join(import.meta.dirname, 'vectors');

/** The names of all vectors, sorted. */
export function goldenNames(): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();
}

export function loadGolden(name: string): Golden {
  return JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Golden;
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
