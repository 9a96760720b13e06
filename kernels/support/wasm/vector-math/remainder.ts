/** Four-lane remainder of floats, exact, in pairs of doubles. */
import {
  type FunctionBuilder,
  f64x2,
  i64,
  i64x2,
  type Local,
  type Target,
  type Vector,
  v128,
} from '../assembler/index.ts';
import { doubles, narrow, widen } from './lanes.ts';

/** Clears all but the upper 28 bits of a double's mantissa. */
const upperMantissa = 0xfffffffffe000000n;

/** Python's %: the exact rest of the division, or that plus the divisor so as to have the divisor's sign, rounded once. */
export function remainder(
  f: FunctionBuilder,
  _target: Target,
  dividend: Vector,
  divisor: Vector,
): Local<'v128'> {
  const divisors = widen(f, divisor);
  const [low, high] = widen(f, dividend).map((pair, half) =>
    f.keep(remainderOfPair(f, pair, divisors[half])),
  );
  return f.keep(narrow(low, high));
}

/** The same for two doubles that are floats. `rest` is overwritten. */
function remainderOfPair(f: FunctionBuilder, rest: Local<'v128'>, divisor: Local<'v128'>): Vector {
  const zero = doubles(f, 0);
  const size = f.keep(f64x2.absolute(divisor));
  const unfinished = f64x2.greaterEqual(f64x2.absolute(rest), size);
  // 28 bits of a whole number times the 24 of the divisor fit a double, and so does what is left: each pass is exact,
  // and finds 28 bits of the quotient. Most lanes need one pass, 2^127 % 2^-149 needs ten. NaN ends it: x % 0, ∞ % y.
  f.while(v128.anyTrue(unfinished), () => {
    const mask = f.keep(unfinished);
    const leading = v128.and(f64x2.divide(rest, divisor), f.hoist(i64x2.splat(i64.constant(upperMantissa))));
    const product = f64x2.multiply(f64x2.truncate(leading), divisor);
    f.set(rest, f64x2.subtract(rest, v128.and(product, mask)));
  });
  // Where a rounded quotient was 1 too large, the rest has the other sign: adding the divisor mends that as well.
  const isZero = f.keep(f64x2.equal(rest, zero));
  const signsDiffer = v128.xor(f64x2.less(rest, zero), f64x2.less(divisor, zero));
  const mended = f64x2.add(rest, v128.and(v128.andNot(signsDiffer, isZero), divisor));
  const signedZero = v128.and(divisor, doubles(f, -0));
  // A NaN divisor compares with nothing; its all ones are NaN.
  return v128.or(v128.select(signedZero, mended, isZero), f64x2.notEqual(divisor, divisor));
}
