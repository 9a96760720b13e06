/** Four-lane sine, cosine and tangent, in pairs of doubles. */
import {
  type Expression,
  type FunctionBuilder,
  f32x4,
  f64,
  f64x2,
  i8x16,
  i32,
  i32x4,
  i64,
  i64x2,
  type Local,
  select,
  type Target,
  type Vector,
  v128,
} from '../assembler/index.ts';
import { doublePolynomial, doubles, floats, narrow, widen } from './lanes.ts';

/** (sin(√z)/√z - 1) / z and (cos(√z) - 1) / z for z up to (π/4)²: relative errors 5e-12 and 6e-11. */
const sineCoefficients = [
  -0.16666666640692768, 0.008333329292693897, -0.00019839308344071397, 2.71808404831276e-6,
];
const cosineCoefficients = [
  -0.4999999969321934, 0.041666620215115927, -0.0013886677158472238, 2.4383144556724823e-5,
];

/** π/2 in two parts. The upper one has 33 bits, so that its product with an integer up to 2^20 is exact. */
const quarterTurn = { upper: 1.5707963267341256, lower: 6.077100506506192e-11 };

/** Below this magnitude, and so below 2^20 quarter turns, the parts of π/2 are enough. */
const plainLimit = 2 ** 20;
const [plainLimitBits, infinityBits] = [0x49800000, 0x7f800000];

/** Added to a double below 2^51 it leaves round(double) in the low bits. */
const roundingOffset = 1.5 * 2 ** 52;

/** sin(x), within 1 ulp for every float. */
export function sin(f: FunctionBuilder, _target: Target, x: Vector): Local<'v128'> {
  return sineOrCosine(f, x, 0);
}

/** cos(x), within 1 ulp for every float. */
export function cos(f: FunctionBuilder, _target: Target, x: Vector): Local<'v128'> {
  return sineOrCosine(f, x, 1);
}

/** tan(x), within 1 ulp for every float. */
export function tan(f: FunctionBuilder, _target: Target, x: Vector): Local<'v128'> {
  const [low, high] = reduce(f, x, 0).map(({ shifted, sine, cosine }) => {
    // After an odd number of quarter turns it is -cos(r) / sin(r).
    const [zero, one] = [0n, 1n].map((bits) => f.hoist(i64x2.splat(i64.constant(bits))));
    const odd = f.keep(i64x2.subtract(zero, v128.and(shifted, one)));
    const quotient = f64x2.divide(v128.select(cosine, sine, odd), v128.select(sine, cosine, odd));
    return f.keep(v128.xor(quotient, v128.and(odd, doubles(f, -0))));
  });
  return f.keep(narrow(low, high));
}

/** sin(x + advance·π/2): n + advance modulo 4 tells which of ±sin(r), ±cos(r) it is. */
function sineOrCosine(f: FunctionBuilder, x: Vector, advance: 0 | 1): Local<'v128'> {
  const [low, high] = reduce(f, x, advance);
  // The low words of the four sums, whose lowest two bits count quarter turns.
  const quadrant = f.keep(
    i8x16.shuffle(low.shifted, high.shifted, [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27]),
  );
  const odd = i32x4.shiftRight(i32x4.shiftLeft(quadrant, 31), 31);
  const value = v128.select(narrow(low.cosine, high.cosine), narrow(low.sine, high.sine), odd);
  const sign = i32x4.shiftLeft(i32x4.shiftRightUnsigned(quadrant, 1), 31);
  return f.keep(v128.xor(value, sign));
}

/** Two of the four lanes, each x = n·π/2 + r with |r| ≤ π/4. NaN where x is not finite. */
interface Reduced {
  /** The low bits of its lanes are n + `advance`. */
  readonly shifted: Local<'v128'>;
  /** sin(r) and cos(r). */
  readonly sine: Local<'v128'>;
  readonly cosine: Local<'v128'>;
}

/** The lanes of x, two and two. */
function reduce(f: FunctionBuilder, input: Vector, advance: 0 | 1): readonly [low: Reduced, high: Reduced] {
  const x = f.keep(input);
  const offset = doubles(f, roundingOffset + advance);
  const halves = widen(f, x).map((pair) => {
    const shifted = f.keep(f64x2.add(f64x2.multiply(pair, doubles(f, 2 / Math.PI)), offset));
    const n = f.keep(f64x2.subtract(shifted, offset));
    const upperRest = f64x2.subtract(pair, f64x2.multiply(n, doubles(f, quarterTurn.upper)));
    const rest = f.keep(f64x2.subtract(upperRest, f64x2.multiply(n, doubles(f, quarterTurn.lower))));
    return { shifted, rest };
  });
  f.if(v128.anyTrue(f32x4.greaterEqual(f32x4.absolute(x), floats(f, plainLimit))), () => {
    for (let lane = 0; lane < 4; lane++) {
      const bits = f.keep(i32x4.extractLane(x, lane));
      const magnitude = i32.and(bits, 0x7fffffff);
      // Infinity and NaN have become NaN already.
      f.if(i32.lessUnsigned(i32.subtract(magnitude, plainLimitBits), infinityBits - plainLimitBits), () => {
        const { turns, rest } = reduceLarge(f, bits);
        const half = halves[lane >> 1];
        const shifted = f64.add(turns, roundingOffset + advance);
        f.set(half.shifted, f64x2.replaceLane(half.shifted, lane & 1, shifted));
        f.set(half.rest, f64x2.replaceLane(half.rest, lane & 1, rest));
      });
    }
  });
  const [low, high] = halves.map(({ shifted, rest }) => {
    const square = f.keep(f64x2.multiply(rest, rest));
    const sine = f.keep(f64x2.multiply(doublePolynomial(f, square, [1, ...sineCoefficients]), rest));
    return { shifted, sine, cosine: f.keep(doublePolynomial(f, square, [1, ...cosineCoefficients])) };
  });
  return [low, high];
}

/** The first 248 binary places of 2/π after eight zeros, in four words, highest first. */
const twoOverPi = [0x00a2f9836e4e4415n, 0x29fc2757d1f534ddn, 0xc0db6295993c4390n, 0x41fe5163abdebbc5n];

/**
 * A float of 2^20 or more, given its bits, as `turns` quarter turns, modulo 4, and the rest in radians. A float is
 * m · 2^k with m below 2^24, so that of 2/π only the places matter that times 2^k are below 4 (Payne and Hanek 1983).
 */
function reduceLarge(
  f: FunctionBuilder,
  bits: Local<'i32'>,
): { readonly turns: Expression<'f64'>; readonly rest: Expression<'f64'> } {
  const mantissa = f.keep(i64.extendUnsigned(i32.or(i32.and(bits, 0x7fffff), 0x800000)));
  const k = i32.subtract(i32.and(i32.shiftRightUnsigned(bits, 23), 0xff), 150);
  // The place worth 2 after the multiplication by 2^k, counted from the first bit of the words: from 3 to 110.
  const place = f.keep(i32.add(k, 8 - 2));
  const shift = f.keep(i64.extendUnsigned(i32.and(place, 63)));
  const inSecondWord = f.keep(i32.shiftRightUnsigned(place, 6));
  const word = (at: number): Local<'i64'> =>
    f.keep(select(i64.constant(twoOverPi[at + 1]), i64.constant(twoOverPi[at]), inSecondWord));
  const words = [word(0), word(1), word(2)];
  // The 128 bits from there on. Shifts count modulo 64, so the lower word is shifted by 1 and then by 63 - shift.
  const window = (at: number): Expression<'i64'> => {
    const carried = i64.shiftRightUnsigned(words[at + 1], i64.constant(1n));
    return i64.or(
      i64.shiftLeft(words[at], shift),
      i64.shiftRightUnsigned(carried, i64.subtract(i64.constant(63n), shift)),
    );
  };
  const thirtyTwo = i64.constant(32n);
  // In units of 2^-62 quarter turns, modulo 4 quarter turns.
  const lowPart = i64.multiply(mantissa, i64.shiftRightUnsigned(window(1), thirtyTwo));
  const angle = f.keep(
    i64.add(i64.multiply(mantissa, window(0)), i64.shiftRightUnsigned(lowPart, thirtyTwo)),
  );
  const whole = f.keep(i64.shiftRightUnsigned(i64.add(angle, i64.constant(2n ** 61n)), i64.constant(62n)));
  const fraction = i64.toDouble(i64.subtract(angle, i64.shiftLeft(whole, i64.constant(62n))));
  const sign = f.keep(select(f64.constant(-1), f64.constant(1), i32.less(bits, 0)));
  return {
    turns: f64.multiply(i64.toDouble(whole), sign),
    rest: f64.multiply(f64.multiply(fraction, (Math.PI / 2) * 2 ** -62), sign),
  };
}
