/** Four-lane natural logarithm in floats. */
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
import { floats, ln2, polynomial, words } from './lanes.ts';

/** The bits of √½ rounded down: mantissas are taken from [√½, √2), so that the logarithm of 1 has no exponent part. */
const squareRootOfHalf = 0x3f3504f3;
const smallestNormal = 2 ** -126;

/** (log(1 + m) - m + m²/2) / m³ for 1 + m in [√½, √2]: fitted for the least relative error of log(1 + m), 8e-10. */
const remainderCoefficients = [
  0.3333331346511841, -0.25000008940696716, 0.20002134144306183, -0.16668006777763367, 0.14219224452972412,
  -0.12405135482549667, 0.11890324205160141, -0.11679653078317642, 0.06746596843004227,
];

/** log(x · 2^-scale) of normal, positive, finite lanes; `scale` is whole numbers as floats. */
function logOfNormal(
  f: FunctionBuilder,
  target: Target,
  x: Local<'v128'>,
  scale: Local<'v128'> | undefined,
): Vector {
  const offset = f.keep(i32x4.subtract(x, words(f, squareRootOfHalf)));
  const exponentOfX = f32x4.convert(i32x4.shiftRight(offset, 23));
  const exponent = f.keep(scale ? f32x4.subtract(exponentOfX, scale) : exponentOfX);
  const mantissa = i32x4.add(v128.and(offset, words(f, 0x7fffff)), words(f, squareRootOfHalf));
  const m = f.keep(f32x4.subtract(mantissa, floats(f, 1)));
  const square = f.keep(f32x4.multiply(m, m));
  const curve = f.keep(f32x4.multiply(polynomial(f, target, m, remainderCoefficients), m));
  // From the smallest part to the largest: m³·P - m²/2 + the lower part of exponent·ln 2, then m, then the upper part.
  const cubic = multiplyAdd(target, exponent, floats(f, ln2.lower), f32x4.multiply(curve, square));
  const small = multiplySubtract(target, square, floats(f, 0.5), cubic);
  return multiplyAdd(target, exponent, floats(f, ln2.upper), f32x4.add(small, m));
}

/** log(x), within 2 ulp. */
export function log(f: FunctionBuilder, target: Target, input: Vector): Local<'v128'> {
  const x = f.keep(input);
  const result = f.keep(logOfNormal(f, target, x, undefined));
  // Everything but normal, positive, finite numbers is rare. Less the bits of the smallest normal number they are
  // below 0x7f000000 as unsigned integers; the other half of the sign bit makes the comparison signed.
  const order = i32x4.subtract(x, words(f, 0x80800000));
  f.if(v128.anyTrue(i32x4.greaterEqual(order, words(f, 0xff000000))), () => {
    const denormal = f.keep(f32x4.less(x, floats(f, smallestNormal)));
    const scaled = f.keep(f32x4.multiply(x, v128.select(floats(f, 2 ** 23), floats(f, 1), denormal)));
    const scale = f.keep(v128.and(denormal, floats(f, 23)));
    f.set(result, logOfNormal(f, target, scaled, scale));
    const zero = floats(f, 0);
    const belowInfinity = f32x4.less(x, floats(f, Number.POSITIVE_INFINITY));
    // Infinity and NaN are their own logarithms; below 0 there is none.
    f.set(result, v128.select(result, x, belowInfinity));
    f.set(result, v128.select(floats(f, Number.NEGATIVE_INFINITY), result, f32x4.equal(x, zero)));
    f.set(result, v128.select(floats(f, Number.NaN), result, f32x4.less(x, zero)));
  });
  return result;
}
