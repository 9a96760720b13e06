/**
 * The operator loops over float32 registers: each computes in double precision and rounds once, in the store. They
 * repeat on purpose: a function that sees one type of array and operator runs faster than a shared one (see loops.ts).
 */

import type { BinaryOperator, UnaryOperator } from '../index.ts';
import { erf } from './erf.ts';
import type { BinaryLoop, Comparison, Logical, UnaryLoop } from './loop-types.ts';

/** Halves go to the even neighbor, as IEEE 754 and every array library round; Math.round sends them up. */
function roundHalfToEven(x: number): number {
  const up = Math.round(x);
  return up - x === 0.5 && up % 2 !== 0 ? up - 1 : up;
}

/** IEEE 754 pow: JavaScript's differs where the base is ±1 and the exponent is NaN or infinite. */
function power(base: number, exponent: number): number {
  if (base === 1 || (base === -1 && Math.abs(exponent) === Number.POSITIVE_INFINITY)) return 1;
  return base ** exponent;
}

/** Python's %: the result, a zero included, has the sign of the divisor. */
function remainder(dividend: number, divisor: number): number {
  const rest = dividend % divisor;
  if (rest === 0) return divisor < 0 ? -0 : 0;
  return rest < 0 !== divisor < 0 ? rest + divisor : rest;
}

export const float32Unary: Record<Exclude<UnaryOperator, 'logicalNot'>, UnaryLoop<Float32Array>> = {
  negate(count, out, outAt, a, aAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = -a[aAt + i];
  },
  abs(count, out, outAt, a, aAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = Math.abs(a[aAt + i]);
  },
  sign(count, out, outAt, a, aAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = Math.sign(a[aAt + i]);
  },
  floor(count, out, outAt, a, aAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = Math.floor(a[aAt + i]);
  },
  ceil(count, out, outAt, a, aAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = Math.ceil(a[aAt + i]);
  },
  round(count, out, outAt, a, aAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = roundHalfToEven(a[aAt + i]);
  },
  exp(count, out, outAt, a, aAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = Math.exp(a[aAt + i]);
  },
  expm1(count, out, outAt, a, aAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = Math.expm1(a[aAt + i]);
  },
  log(count, out, outAt, a, aAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = Math.log(a[aAt + i]);
  },
  log1p(count, out, outAt, a, aAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = Math.log1p(a[aAt + i]);
  },
  sqrt(count, out, outAt, a, aAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = Math.sqrt(a[aAt + i]);
  },
  rsqrt(count, out, outAt, a, aAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = 1 / Math.sqrt(a[aAt + i]);
  },
  reciprocal(count, out, outAt, a, aAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = 1 / a[aAt + i];
  },
  sin(count, out, outAt, a, aAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = Math.sin(a[aAt + i]);
  },
  cos(count, out, outAt, a, aAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = Math.cos(a[aAt + i]);
  },
  tanh(count, out, outAt, a, aAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = Math.tanh(a[aAt + i]);
  },
  /** Where exp overflows to Infinity the double-precision result is 0, so one formula is stable on both sides. */
  sigmoid(count, out, outAt, a, aAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = 1 / (1 + Math.exp(-a[aAt + i]));
  },
  erf(count, out, outAt, a, aAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = erf(a[aAt + i]);
  },
};

export const float32Binary: Record<
  Exclude<BinaryOperator, Comparison | Logical>,
  BinaryLoop<Float32Array>
> = {
  add(count, out, outAt, a, aAt, b, bAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] + b[bAt + i];
  },
  subtract(count, out, outAt, a, aAt, b, bAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] - b[bAt + i];
  },
  multiply(count, out, outAt, a, aAt, b, bAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] * b[bAt + i];
  },
  divide(count, out, outAt, a, aAt, b, bAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] / b[bAt + i];
  },
  power(count, out, outAt, a, aAt, b, bAt) {
    for (let i = 0; i < count; i++) out[outAt + i] = power(a[aAt + i], b[bAt + i]);
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

export const float32Comparison: Record<Comparison, BinaryLoop<Float32Array, Uint8Array>> = {
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
