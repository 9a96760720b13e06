/** Four-lane exp, sigmoid and tanh in floats: the functions of gates, activations and softmax. */
import {
  type FunctionBuilder,
  f32x4,
  i32x4,
  type Local,
  multiplyAdd,
  multiplySubtract,
  type Target,
  type Vector,
  v128,
} from '../assembler/index.ts';
import { floats, ln2, quartic, signBits, words } from './lanes.ts';

/** Added to a small float it leaves the rounded float in the low bits of the sum: from here on the last place is 1. */
const integerOffset = 1.5 * 2 ** 23;
/** What is added to the exponent of a float before it is stored. */
const exponentBias = 127;

/** (exp(r) - 1 - r) / r² for |r| ≤ ln(2)/2: fitted for the least relative error of exp, 3e-9. */
const remainderCoefficients = [
  0.4999999403953552, 0.1666651964187622, 0.041668400168418884, 0.00836885068565607, 0.0013814320554956794,
];

/** exp(x) as 2^n · power, where n is a whole number and power lies around 1. NaN gives NaN. */
interface ScaledPower {
  /** The low bits of its lanes are n + `offset`. */
  readonly shifted: Local<'v128'>;
  readonly power: Vector;
}

/** exp(x) for x in [-104, 89], in two factors; `offset` is what the caller wants added to n. */
function scaledExp(f: FunctionBuilder, target: Target, x: Local<'v128'>, offset: number): ScaledPower {
  const rounding = floats(f, integerOffset + offset);
  const shifted = f.keep(multiplyAdd(target, x, floats(f, Math.LOG2E), rounding));
  const n = f.keep(f32x4.subtract(shifted, rounding));
  const upperRest = multiplySubtract(target, n, floats(f, ln2.upper), x);
  const r = f.keep(multiplySubtract(target, n, floats(f, ln2.lower), upperRest));
  const square = f.keep(f32x4.multiply(r, r));
  const curve = quartic(f, target, r, square, remainderCoefficients);
  return { shifted, power: f32x4.add(multiplyAdd(target, curve, square, r), floats(f, 1)) };
}

/** exp(x) for x in [-104, 89], within 1.1 ulp. NaN gives NaN. */
export function expInRange(f: FunctionBuilder, target: Target, x: Local<'v128'>): Vector {
  const { shifted, power } = scaledExp(f, target, x, 2 * exponentBias);
  // 2^n as a product of two halves, since it may be too large or too small for a float where exp(x) is not. Half of
  // n + 254, rounded down, is one exponent with its bias, the rest the other.
  const half = f.keep(v128.and(i32x4.shiftLeft(shifted, 22), words(f, 0xff800000)));
  const otherHalf = i32x4.subtract(i32x4.shiftLeft(shifted, 23), half);
  return f32x4.multiply(f32x4.multiply(power, half), otherHalf);
}

/** exp(x), within 1.1 ulp. */
export function exp(f: FunctionBuilder, target: Target, x: Vector): Local<'v128'> {
  // Beyond these bounds the result is 0 or Infinity as it is at them. pseudoMinimum(NaN, bound) is NaN.
  const atMost = f32x4.pseudoMinimum(x, floats(f, 89));
  const bounded = f.keep(f32x4.pseudoMaximum(atMost, floats(f, -104)));
  return f.keep(expInRange(f, target, bounded));
}

/** Where sigmoid keeps exp(x), 2^64 times too large, no float is too small. */
const sigmoidScale = 64;

/** 1 / (1 + exp(-x)), within 3 ulp: also where it is tiny, and exactly 1 from where that is nearest. */
export function sigmoid(f: FunctionBuilder, target: Target, x: Vector): Local<'v128'> {
  // With e = exp(x) it is e / (1 + e), exact to the last places on both sides. From x = 18 on, 1 + e rounds to e.
  const atMost = f32x4.pseudoMinimum(x, floats(f, 18));
  const bounded = f.keep(f32x4.pseudoMaximum(atMost, floats(f, -104)));
  const { shifted, power } = scaledExp(f, target, bounded, exponentBias + sigmoidScale);
  // Numerator and denominator 2^64 times as large: only the quotient is rounded to a denormal.
  const e = f.keep(f32x4.multiply(power, i32x4.shiftLeft(shifted, 23)));
  return f.keep(f32x4.divide(e, f32x4.add(e, floats(f, 2 ** sigmoidScale))));
}

/** With the bias added, the low bits are one shift away from the float 2^n. */
const exponentOffset = integerOffset + exponentBias;

/** (exp(r) - 1 - r) / r² for |r| ≤ ln(2)/2: fitted for the least relative error of exp(r) - 1, 1.3e-8. */
const lessOneCoefficients = [
  0.4999999701976776, 0.16666541993618011, 0.04166720435023308, 0.00836664717644453, 0.0013882496859878302,
];

/** tanh(x), within 3 ulp: relatively exact near 0, and exactly ±1 from where that is nearest. */
export function tanh(f: FunctionBuilder, target: Target, input: Vector): Local<'v128'> {
  const x = f.keep(input);
  const sign = signBits(f);
  // With u = 1 - exp(-2|x|) it is u / (2 - u), and u is exact near 0 where 1 is not subtracted from something like it.
  // From |x| = 9.2 on, u rounds to 1.
  const magnitude = f.keep(f32x4.pseudoMinimum(v128.andNot(x, sign), floats(f, 9.2)));
  const shifted = f.keep(
    multiplyAdd(target, magnitude, floats(f, -2 * Math.LOG2E), floats(f, exponentOffset)),
  );
  const n = f.keep(f32x4.subtract(shifted, floats(f, exponentOffset)));
  const twice = f32x4.multiply(magnitude, floats(f, -2));
  const upperRest = multiplySubtract(target, n, floats(f, ln2.upper), twice);
  const r = f.keep(multiplySubtract(target, n, floats(f, ln2.lower), upperRest));
  const square = f.keep(f32x4.multiply(r, r));
  const curve = quartic(f, target, r, square, lessOneCoefficients);
  const lessOne = f.keep(multiplyAdd(target, curve, square, r));
  const scale = f.keep(i32x4.shiftLeft(shifted, 23));
  // exp(-2|x|) = scale·(1 + lessOne); 1 - scale is exact where lessOne matters.
  const u = f.keep(multiplySubtract(target, scale, lessOne, f32x4.subtract(floats(f, 1), scale)));
  const quotient = f32x4.divide(u, f32x4.subtract(floats(f, 2), u));
  return f.keep(v128.or(quotient, v128.and(x, sign)));
}
