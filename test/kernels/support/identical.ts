/** Comparing large arrays bit by bit, which `toEqual` does slowly. */
import { expect } from 'vitest';
import type { NumericArray } from '../../../kernels/support/contract.ts';

/** Expects the same values, NaN like NaN and -0 unlike 0. */
export function identical(actual: NumericArray, expected: NumericArray, message = ''): void {
  expect(actual.length, message).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    if (Object.is(actual[i], expected[i])) continue;
    expect.fail(`${message} element ${i}: got ${actual[i]}, expected ${expected[i]}`);
  }
}
