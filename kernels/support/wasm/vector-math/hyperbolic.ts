/** Four-lane sinh and cosh, in pairs of doubles. */
import {
  type FunctionBuilder,
  f64x2,
  type Local,
  type Target,
  type Vector,
  v128,
} from '../assembler/index.ts';
import { doublePolynomial, doubles, inDoubles, signBits } from './lanes.ts';
import { powerOfTwo } from './powers.ts';

/** Up to here the exponentials cancel too much, and a polynomial of x is taken. */
const innerLimit = 0.5;

/** (sinh(√z)/√z - 1) / z for z up to innerLimit²: fitted for the least relative error of sinh, 1e-10. */
const sineCoefficients = [0.16666667451834372, 0.008333141866405581, 0.00019973699364378655];

/** From here on both are Infinity as floats, while their doubles are finite. */
const overflow = 104;

/** exp(|x|) and exp(-|x|) of two doubles, |x| at most `overflow`. */
function exponentials(f: FunctionBuilder, x: Local<'v128'>): readonly [Local<'v128'>, Vector] {
  // pseudoMinimum(NaN, bound) is NaN.
  const magnitude = f64x2.pseudoMinimum(f64x2.absolute(x), doubles(f, overflow));
  const growing = f.keep(powerOfTwo(f, f.keep(f64x2.multiply(magnitude, doubles(f, Math.LOG2E)))));
  return [growing, f64x2.divide(doubles(f, 1), growing)];
}

/** sinh(x), within 1 ulp. */
export function sinh(f: FunctionBuilder, _target: Target, input: Vector): Local<'v128'> {
  const x = f.keep(input);
  const magnitude = inDoubles(f, x, (pair) => {
    const size = f.keep(f64x2.absolute(pair));
    const square = f.keep(f64x2.multiply(size, size));
    const inner = f64x2.multiply(doublePolynomial(f, square, [1, ...sineCoefficients]), size);
    const [growing, falling] = exponentials(f, pair);
    const outer = f64x2.multiply(f64x2.subtract(growing, falling), doubles(f, 0.5));
    return v128.select(inner, outer, f64x2.less(size, doubles(f, innerLimit)));
  });
  return f.keep(v128.or(magnitude, v128.and(x, signBits(f))));
}

/** cosh(x), within 1 ulp. */
export function cosh(f: FunctionBuilder, _target: Target, x: Vector): Local<'v128'> {
  return inDoubles(f, x, (pair) => {
    const [growing, falling] = exponentials(f, pair);
    return f64x2.multiply(f64x2.add(growing, falling), doubles(f, 0.5));
  });
}
