/** What the tests of layers share: numbers that look random but are the same everywhere, and comparing arrays. */
import { expect } from 'vitest';
import { type Tensor, tensor } from '../../src/index.ts';
import type { AnyModule } from '../../src/nn/index.ts';

/** Smooth values in about [-1, 1], different for each `salt`. */
export function values(shape: readonly number[], salt = 0): Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  const data = Float32Array.from({ length: size }, (_, index) => Math.sin(1.7 * index + 0.3 + salt * 2.1));
  return tensor(data, { shape });
}

export function int32(source: number[]): Tensor {
  return tensor(source, { dtype: 'int32' });
}

/** The largest difference, relative to the largest magnitude (at least 1). */
export async function expectClose(actual: Tensor, wanted: Tensor | ArrayLike<number>, bound = 1e-5) {
  const a = Array.from(await actual.data());
  const b = 'data' in wanted ? Array.from(await wanted.data()) : Array.from(wanted);
  expect(a.length).toBe(b.length);
  const scale = Math.max(1, ...b.map(Math.abs));
  const worst = Math.max(0, ...a.map((each, index) => Math.abs(each - b[index])));
  expect(worst / scale).toBeLessThan(bound);
}

/** The error that a call throws. */
export function errorOf(body: () => unknown): Error {
  try {
    body();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('nothing was thrown');
}

/** Puts constant tensors where the parameters of a layer stand, small and different for each; gives them. */
export function withConstants(layer: AnyModule, scale = 0.3): Tensor[] {
  return layer.namedParameters().map(([path, { shape }], index) => {
    const keys = path.split('.');
    const owner = keys.slice(0, -1).reduce<object>((at, key) => Reflect.get(at, key), layer);
    const constant = values(shape, index + 11).mul(scale);
    Reflect.set(owner, keys.at(-1)!, constant);
    return constant;
  });
}
