/**
 * The operator loops over int32 registers: arithmetic wraps, as the store into an Int32Array does by itself. They repeat
 * on purpose: a function that sees one type of array and operator runs faster than a shared one (see loops.ts).
 */
import type { BinaryOperator } from '../index.ts';
import type { BinaryLoop, Comparison, Float32Only, Logical, UnaryLoop } from './loop-types.ts';

/** The sign of the divisor; 0 where the divisor is 0. */
function remainder(dividend: number, divisor: number): number {
  const rest = divisor === 0 ? 0 : dividend % divisor;
  return rest !== 0 && rest < 0 !== divisor < 0 ? rest + divisor : rest;
}

export const int32Unary: Record<'negate' | 'abs' | 'sign', UnaryLoop<Int32Array>> = {
  negate(count, out, outAt, a, aAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = -a[aAt + i];
  },
  abs(count, out, outAt, a, aAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = Math.abs(a[aAt + i]);
  },
  sign(count, out, outAt, a, aAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = Math.sign(a[aAt + i]);
  },
};

export const int32Binary: Record<
  Exclude<BinaryOperator, Comparison | Logical | Float32Only>,
  BinaryLoop<Int32Array>
> = {
  add(count, out, outAt, a, aAt, b, bAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] + b[bAt + i];
  },
  subtract(count, out, outAt, a, aAt, b, bAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] - b[bAt + i];
  },
  multiply(count, out, outAt, a, aAt, b, bAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = Math.imul(a[aAt + i], b[bAt + i]);
  },
  maximum(count, out, outAt, a, aAt, b, bAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = Math.max(a[aAt + i], b[bAt + i]);
  },
  minimum(count, out, outAt, a, aAt, b, bAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = Math.min(a[aAt + i], b[bAt + i]);
  },
  remainder(count, out, outAt, a, aAt, b, bAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = remainder(a[aAt + i], b[bAt + i]);
  },
};

export const int32Comparison: Record<Comparison, BinaryLoop<Int32Array, Uint8Array>> = {
  equal(count, out, outAt, a, aAt, b, bAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] === b[bAt + i] ? 1 : 0;
  },
  notEqual(count, out, outAt, a, aAt, b, bAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] !== b[bAt + i] ? 1 : 0;
  },
  less(count, out, outAt, a, aAt, b, bAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] < b[bAt + i] ? 1 : 0;
  },
  lessEqual(count, out, outAt, a, aAt, b, bAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] <= b[bAt + i] ? 1 : 0;
  },
};
