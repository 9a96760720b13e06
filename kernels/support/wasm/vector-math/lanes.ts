/** What the vector functions are built of: constants in every lane, polynomials, and work in pairs of doubles. */
import {
  type FunctionBuilder,
  f32x4,
  f64x2,
  i8x16,
  i32x4,
  type Local,
  multiplyAdd,
  type Target,
  type Vector,
} from '../assembler/index.ts';

/** ln 2 in two parts. The upper one has nine bits, so that its product with an integer below 2^15 is exact. */
export const ln2 = { upper: 0.693359375, lower: -0.00021219444005469057 };

/** One float in all four lanes, built once per function. */
export function floats(f: FunctionBuilder, value: number): Local<'v128'> {
  return f.hoist(f32x4.constant(value, value, value, value));
}

/** One 32-bit pattern in all four lanes, built once per function. */
export function words(f: FunctionBuilder, bits: number): Local<'v128'> {
  return f.hoist(i32x4.constant(bits, bits, bits, bits));
}

/** One double in both lanes, built once per function. */
export function doubles(f: FunctionBuilder, value: number): Local<'v128'> {
  return f.hoist(f64x2.splat(value));
}

/** The sign bit of each float lane. */
export function signBits(f: FunctionBuilder): Local<'v128'> {
  return words(f, 0x80000000);
}

/** c₀ + c₁x + c₂x² + …, by Horner's rule in floats. x is used once per coefficient, so it should be a local. */
export function polynomial(
  f: FunctionBuilder,
  target: Target,
  x: Local<'v128'>,
  coefficients: readonly number[],
): Vector {
  return coefficients
    .map((coefficient): Vector => floats(f, coefficient))
    .reduceRight((sum, coefficient) => multiplyAdd(target, sum, x, coefficient));
}

/**
 * c₀ + c₁x + … + c₄x⁴ in floats, given x² too: as many operations as Horner's rule, half as many in a row. A short
 * chain lets the processor work on more vectors at a time.
 */
export function quartic(
  f: FunctionBuilder,
  target: Target,
  x: Local<'v128'>,
  square: Local<'v128'>,
  coefficients: readonly number[],
): Vector {
  const [c0, c1, c2, c3, c4] = coefficients.map((coefficient) => floats(f, coefficient));
  const upper = multiplyAdd(target, square, c4, multiplyAdd(target, x, c3, c2));
  return multiplyAdd(target, upper, square, multiplyAdd(target, x, c1, c0));
}

/** Polynomials of more coefficients than this gain more by short chains than they lose by computing powers of x. */
const longestHorner = 5;

/**
 * c₀ + c₁x + c₂x² + … in doubles: by Horner's rule if it is short, else by Estrin's scheme, where neighbors are joined
 * in pairs, then the pairs, with x², and so on.
 */
export function doublePolynomial(
  f: FunctionBuilder,
  x: Local<'v128'>,
  coefficients: readonly number[],
): Vector {
  const join = (lower: Vector, upper: Vector, power: Vector): Vector =>
    f64x2.add(f64x2.multiply(upper, power), lower);
  let terms: Vector[] = coefficients.map((coefficient) => doubles(f, coefficient));
  if (terms.length <= longestHorner) return terms.reduceRight((sum, term) => join(term, sum, x));
  for (let power = x; terms.length > 1; ) {
    const joined: Vector[] = [];
    for (let at = 0; at < terms.length; at += 2) {
      const pair = terms.slice(at, at + 2);
      joined.push(f.keep(pair.length === 2 ? join(pair[0], pair[1], power) : pair[0]));
    }
    terms = joined;
    if (terms.length > 1) power = f.keep(f64x2.multiply(power, power));
  }
  return terms[0];
}

/** Lanes 2 and 3 in the places of 0 and 1, and where they were. The vector is used twice, so it should be a local. */
export function upperHalf(x: Vector): Vector {
  return i8x16.shuffle(x, x, [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15]);
}

/** Four floats as two vectors of two doubles: lanes 0 and 1, then 2 and 3. */
export function widen(f: FunctionBuilder, input: Vector): readonly [low: Local<'v128'>, high: Local<'v128'>] {
  const x = f.keep(input);
  return [f.keep(f64x2.promoteLow(x)), f.keep(f64x2.promoteLow(upperHalf(x)))];
}

/** Two vectors of two doubles, each rounded once, as four floats. */
export function narrow(low: Vector, high: Vector): Vector {
  const lowerHalves = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
  return i8x16.shuffle(f32x4.demote(low), f32x4.demote(high), lowerHalves);
}

/**
 * Applies a function of two doubles to four floats. With 29 bits to spare, a few roundings on the way do not show, and
 * the result is rounded to a float once.
 */
export function inDoubles(
  f: FunctionBuilder,
  x: Vector,
  compute: (pair: Local<'v128'>) => Vector,
): Local<'v128'> {
  const [low, high] = widen(f, x);
  const lowResult = f.keep(compute(low));
  return f.keep(narrow(lowResult, compute(high)));
}
