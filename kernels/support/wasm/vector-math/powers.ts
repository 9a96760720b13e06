/** Four-lane expm1, log1p, log2, log10 and power, by way of log₂ and 2^x in pairs of doubles. */
import {
  type FunctionBuilder,
  f32x4,
  f64x2,
  i64,
  i64x2,
  type Local,
  type Target,
  type Vector,
  v128,
} from '../assembler/index.ts';
import { doublePolynomial, doubles, floats, inDoubles, narrow, signBits, widen } from './lanes.ts';

/** Added to a small double it leaves round(double) + 1023, the exponent of 2^round(double), in the low bits. */
const exponentOffset = 1.5 * 2 ** 52 + 1023;

/** (exp(r) - 1 - r) / r² for |r| ≤ ln(2)/2: fitted for the least relative error of exp, 5e-11. */
const exponentialCoefficients = [
  0.5000000067682459, 0.1666666586893442, 0.04166629494631316, 0.008333497074568307, 0.0013944659685631283,
  0.00019790341859343314,
];

/** 2^t of two doubles with |t| ≤ 1000. */
export function powerOfTwo(f: FunctionBuilder, t: Local<'v128'>): Vector {
  const shifted = f.keep(f64x2.add(t, doubles(f, exponentOffset)));
  const n = f64x2.subtract(shifted, doubles(f, exponentOffset));
  const r = f.keep(f64x2.multiply(f64x2.subtract(t, n), doubles(f, Math.LN2)));
  const exponential = doublePolynomial(f, r, [1, 1, ...exponentialCoefficients]);
  return f64x2.multiply(exponential, i64x2.shiftLeft(shifted, 52));
}

/** (atanh(√z)/√z - 1) / z for 0 ≤ z ≤ ((√2 - 1) / (√2 + 1))²: fitted for the least relative error, 3e-14. */
const areaTangentCoefficients = [
  0.33333333337923243, 0.19999997802320185, 0.1428605557358111, 0.11088049569340791, 0.09792763896536076,
];

/** The bits of 1, and those of √½ with the lower half cleared, as doubles. */
const [oneBits, squareRootOfHalfBits] = [0x3ff0000000000000n, 0x3fe6a09e00000000n];

/** log₂(x) of two normal, positive, finite doubles: relatively exact near 1. Others give finite nonsense. */
function binaryLogarithm(f: FunctionBuilder, x: Vector): Vector {
  const long = (bits: bigint): Local<'v128'> => f.hoist(i64x2.splat(i64.constant(bits)));
  // x = m · 2^e with m from √½ to √2, so that log₂(m) is small where e is 0.
  const offset = f.keep(i64x2.add(x, long(oneBits - squareRootOfHalfBits)));
  const mantissaBits = v128.and(offset, long(0xfffffffffffffn));
  const m = f.keep(i64x2.add(mantissaBits, long(squareRootOfHalfBits)));
  // The biased exponent, put in the low bits of the double 2^52, makes it 2^52 + exponent.
  const lifted = v128.or(i64x2.shiftRightUnsigned(offset, 52), doubles(f, 2 ** 52));
  const exponent = f64x2.subtract(lifted, doubles(f, 2 ** 52 + 1023));
  // log(m) = 2·atanh(s) with s = (m - 1) / (m + 1).
  const one = doubles(f, 1);
  const s = f.keep(f64x2.divide(f64x2.subtract(m, one), f64x2.add(m, one)));
  const square = f.keep(f64x2.multiply(s, s));
  const series = doublePolynomial(f, square, [1, ...areaTangentCoefficients]);
  return f64x2.add(f64x2.multiply(f64x2.multiply(series, s), doubles(f, 2 * Math.LOG2E)), exponent);
}

/** log(x) of two normal, positive, finite doubles: relatively exact near 1. Others give finite nonsense. */
export function logOfDoubles(f: FunctionBuilder, x: Vector): Vector {
  return f64x2.multiply(binaryLogarithm(f, x), doubles(f, Math.LN2));
}

/** Below this magnitude expm1(x) and log1p(x) are x, to less than half a unit in the last place. */
const linearLimit = 2 ** -25;

/** `result`, but x where |x| is so small that adding 1 to it loses it. */
function unlessTiny(f: FunctionBuilder, x: Local<'v128'>, result: Vector): Vector {
  return v128.select(x, result, f32x4.less(f32x4.absolute(x), floats(f, linearLimit)));
}

/** exp(x) - 1, within 1 ulp. */
export function expm1(f: FunctionBuilder, _target: Target, input: Vector): Local<'v128'> {
  const x = f.keep(input);
  // Beyond these bounds the result is -1 or Infinity as it is at them. pseudoMinimum(NaN, bound) is NaN.
  const bounded = f32x4.pseudoMaximum(f32x4.pseudoMinimum(x, floats(f, 89)), floats(f, -104));
  const result = inDoubles(f, bounded, (pair) => {
    const t = f.keep(f64x2.multiply(pair, doubles(f, Math.LOG2E)));
    return f64x2.subtract(powerOfTwo(f, t), doubles(f, 1));
  });
  return f.keep(unlessTiny(f, x, result));
}

/** log(1 + x), within 1 ulp. */
export function log1p(f: FunctionBuilder, _target: Target, input: Vector): Local<'v128'> {
  const x = f.keep(input);
  const logarithm = inDoubles(f, x, (pair) => logOfDoubles(f, f64x2.add(pair, doubles(f, 1))));
  return mendLogarithm(f, x, -1, f.keep(unlessTiny(f, x, logarithm)));
}

/** log₂(x), within 1 ulp; exact for powers of two. */
export function log2(f: FunctionBuilder, _target: Target, input: Vector): Local<'v128'> {
  const x = f.keep(input);
  return mendLogarithm(
    f,
    x,
    0,
    inDoubles(f, x, (pair) => binaryLogarithm(f, pair)),
  );
}

/** log₁₀(x), within 1 ulp; exact for powers of ten. */
export function log10(f: FunctionBuilder, _target: Target, input: Vector): Local<'v128'> {
  const x = f.keep(input);
  const scale = doubles(f, Math.LN2 * Math.LOG10E);
  const logarithm = inDoubles(f, x, (pair) => f64x2.multiply(binaryLogarithm(f, pair), scale));
  return mendLogarithm(f, x, 0, logarithm);
}

/** The logarithm `result`, but -Infinity where x is its pole, NaN below it, and x itself where that is Infinity or NaN. */
function mendLogarithm(
  f: FunctionBuilder,
  x: Local<'v128'>,
  poleAt: number,
  result: Local<'v128'>,
): Local<'v128'> {
  const [pole, infinity] = [floats(f, poleAt), floats(f, Number.POSITIVE_INFINITY)];
  const ordinary = f.keep(v128.and(f32x4.greater(x, pole), f32x4.less(x, infinity)));
  f.if(v128.anyTrue(v128.not(ordinary)), () => {
    f.set(result, v128.select(result, x, ordinary));
    f.set(result, v128.select(floats(f, Number.NEGATIVE_INFINITY), result, f32x4.equal(x, pole)));
    f.set(result, v128.select(floats(f, Number.NaN), result, f32x4.less(x, pole)));
  });
  return result;
}

/** Far past the largest and smallest exponents of floats, and well within those of doubles. */
const exponentBound = 300;

/** base^exponent as IEEE 754 has it (1 to any power and anything to the power 0 are 1), within 1 ulp. */
export function power(
  f: FunctionBuilder,
  _target: Target,
  baseInput: Vector,
  exponentInput: Vector,
): Local<'v128'> {
  const base = f.keep(baseInput);
  const exponent = f.keep(exponentInput);
  const magnitude = f.keep(f32x4.absolute(base));
  const magnitudes = widen(f, magnitude);
  const exponents = widen(f, exponent);
  const [low, high] = magnitudes.map((pair, half) => {
    const product = f64x2.multiply(binaryLogarithm(f, pair), exponents[half]);
    const atMost = f64x2.pseudoMinimum(product, doubles(f, exponentBound));
    const t = f.keep(f64x2.pseudoMaximum(atMost, doubles(f, -exponentBound)));
    return f.keep(powerOfTwo(f, t));
  });
  const result = f.keep(narrow(low, high));
  const infinity = floats(f, Number.POSITIVE_INFINITY);
  const ordinaryBase = v128.and(f32x4.greater(base, floats(f, 0)), f32x4.less(base, infinity));
  const ordinaryExponent = f32x4.less(f32x4.absolute(exponent), infinity);
  f.if(v128.anyTrue(v128.not(v128.and(ordinaryBase, ordinaryExponent))), () =>
    mendPower(f, { base, exponent, magnitude, result }),
  );
  return result;
}

/** The result where the base is not a positive number or an operand is not finite, given that of the magnitude. */
function mendPower(
  f: FunctionBuilder,
  operands: Readonly<Record<'base' | 'exponent' | 'magnitude' | 'result', Local<'v128'>>>,
): void {
  const { base, exponent, magnitude, result } = operands;
  const [zero, one] = [floats(f, 0), floats(f, 1)];
  const infinity = floats(f, Number.POSITIVE_INFINITY);
  const setWhere = (where: Vector, value: Vector): void => f.set(result, v128.select(value, result, where));

  // Zero and infinity, to a positive or a negative power: zero or infinity.
  const infinite = f.keep(f32x4.equal(magnitude, infinity));
  const extreme = f.keep(v128.or(infinite, f32x4.equal(magnitude, zero)));
  const growing = v128.not(v128.xor(f32x4.greater(exponent, zero), infinite));
  setWhere(extreme, v128.and(infinity, growing));
  // A negative base has only whole powers; the odd ones are negative. Above 2^24 all are even.
  const half = f.keep(f32x4.multiply(exponent, floats(f, 0.5)));
  const whole = f.keep(f32x4.equal(f32x4.truncate(exponent), exponent));
  const odd = v128.and(whole, f32x4.notEqual(f32x4.truncate(half), half));
  f.set(result, v128.or(result, v128.and(v128.and(base, signBits(f)), odd)));
  setWhere(v128.andNot(v128.andNot(f32x4.less(base, zero), extreme), whole), floats(f, Number.NaN));
  // A NaN that is given stays, except in the two rules that come last.
  setWhere(
    v128.not(v128.and(f32x4.equal(base, base), f32x4.equal(exponent, exponent))),
    floats(f, Number.NaN),
  );
  const endless = f32x4.equal(f32x4.absolute(exponent), infinity);
  setWhere(v128.and(f32x4.equal(magnitude, one), endless), one);
  setWhere(v128.or(f32x4.equal(base, one), f32x4.equal(exponent, zero)), one);
}
