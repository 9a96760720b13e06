/** What the tests of bad input share: the check of a refusal (class, four parts, message), and small models and data. */
import { expect } from 'vitest';
import { Dense, Flatten, type ImageDataset, Sequential, tensor, WeftError } from '../../src/index.ts';

/** The class of an error. */
export type ErrorClass = new (...parameters: never[]) => WeftError;

/** Runs `act` and checks that it throws exactly this class, with four parts, and that the message has these pieces. */
export async function refuses(act: () => unknown, kind: ErrorClass, ...pieces: string[]): Promise<WeftError> {
  let thrown: unknown;
  try {
    await act();
  } catch (error) {
    thrown = error;
  }
  expect(thrown, 'nothing was thrown').toBeInstanceOf(WeftError);
  const error = thrown as WeftError;
  expect(error.constructor, error.message).toBe(kind);
  expect(error.name).toBe(kind.name);
  for (const piece of pieces) expect(error.message).toContain(piece);
  for (const part of [error.where, error.got, error.expected, error.cure]) expect(part).toMatch(/\S/);
  expect(error.message).toMatch(/[^.]\.$/);
  expect(error.message).not.toMatch(/ a undefined|\[object|\bnull\b.*\bnull\b/);
  return error;
}

/** What TypeScript would refuse, as JavaScript would pass it. */
export const untyped = <Value>(value: unknown): Value => value as Value;

/** A vector of int32. */
export const int32 = (values: number[]) => tensor(values, { dtype: 'int32' });

/** Six pictures of 4×4, two of each of three classes. */
export function toy(changes: Partial<ImageDataset> = {}): ImageDataset {
  return {
    name: 'toy',
    images: new Uint8Array(6 * 16).map((_, index) => index * 2),
    shape: [6, 4, 4, 1],
    labels: Int32Array.of(0, 1, 2, 0, 1, 2),
    classNames: ['a', 'b', 'c'],
    ...changes,
  };
}

/** A model of one dense layer, for the pictures of `toy`. */
export function denseModel(outputs = 3, inputs = 16): Sequential {
  return new Sequential({ flat: new Flatten(), head: new Dense(inputs, outputs) });
}
