/** Four-lane asin, acos, atan and atan2, in pairs of doubles. */
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
import { doublePolynomial, doubles, inDoubles, narrow, signBits, widen } from './lanes.ts';

/** (asin(√z)/√z - 1) / z for z up to ¼: fitted for the least relative error of asin, 1.7e-11. */
const sineCoefficients = [
  0.16666667180263942, 0.07499948897257579, 0.044659972254851514, 0.030112524188700595, 0.024604719930144663,
  0.007509447746236228, 0.03464636080840394,
];

/** (atan(√z)/√z - 1) / z for z up to tan²(π/8): fitted for the least relative error of atan, 2.3e-11. */
const tangentCoefficients = [
  -0.3333333249910896, 0.19999903906552507, -0.14282007722691067, 0.11044691272765265, -0.08476267831974692,
  0.04744046648792894,
];

/** tan(π/8) */
const tangentOfEighthTurn = Math.SQRT2 - 1;

/** √z·P(z) with P = 1 + c₀z + c₁z² + …, given √z too. */
function oddSeries(
  f: FunctionBuilder,
  root: Local<'v128'>,
  z: Local<'v128'>,
  coefficients: readonly number[],
): Vector {
  return f64x2.multiply(doublePolynomial(f, z, [1, ...coefficients]), root);
}

/** What asin and acos of two doubles are made of: up to ½ asin(|x|); beyond, where that is steep, asin(√((1 - |x|)/2)). */
function arcOf(
  f: FunctionBuilder,
  x: Local<'v128'>,
): { readonly isOuter: Local<'v128'>; readonly arc: Local<'v128'> } {
  const magnitude = f.keep(f64x2.absolute(x));
  const half = doubles(f, 0.5);
  const isOuter = f.keep(f64x2.greater(magnitude, half));
  const outerSquare = f64x2.multiply(f64x2.subtract(doubles(f, 1), magnitude), half);
  const square = f.keep(v128.select(outerSquare, f64x2.multiply(magnitude, magnitude), isOuter));
  // Beyond 1 the root is NaN.
  const root = f.keep(v128.select(f64x2.squareRoot(square), magnitude, isOuter));
  return { isOuter, arc: f.keep(oddSeries(f, root, square, sineCoefficients)) };
}

/** asin(x), within 1 ulp; NaN outside [-1, 1]. */
export function asin(f: FunctionBuilder, _target: Target, input: Vector): Local<'v128'> {
  const x = f.keep(input);
  const magnitude = inDoubles(f, x, (pair) => {
    const { isOuter, arc } = arcOf(f, pair);
    return v128.select(f64x2.subtract(doubles(f, Math.PI / 2), f64x2.add(arc, arc)), arc, isOuter);
  });
  return f.keep(v128.or(magnitude, v128.and(x, signBits(f))));
}

/** acos(x), within 1 ulp; NaN outside [-1, 1]. */
export function acos(f: FunctionBuilder, _target: Target, x: Vector): Local<'v128'> {
  return inDoubles(f, x, (pair) => {
    const { isOuter, arc } = arcOf(f, pair);
    const inner = f64x2.subtract(doubles(f, Math.PI / 2), v128.or(arc, v128.and(pair, doubles(f, -0))));
    const twice = f.keep(f64x2.add(arc, arc));
    const isNegative = f64x2.less(pair, doubles(f, 0));
    const outer = v128.select(f64x2.subtract(doubles(f, Math.PI), twice), twice, isNegative);
    return v128.select(outer, inner, isOuter);
  });
}

/** atan(y/x) of two doubles, neither negative, not both 0 and not both infinite. */
function angleOf(f: FunctionBuilder, y: Local<'v128'>, x: Local<'v128'>): Vector {
  // Above the diagonal it is π/2 - atan(x/y). NaN stays below, and in the quotient.
  const isSteep = f.keep(f64x2.greater(y, x));
  const smaller = f.keep(v128.select(x, y, isSteep));
  const larger = f.keep(v128.select(y, x, isSteep));
  // Near the diagonal atan(s/l) = π/4 + atan((s - l)/(s + l)).
  const isMiddle = f.keep(f64x2.greater(smaller, f64x2.multiply(larger, doubles(f, tangentOfEighthTurn))));
  const tangent = f.keep(
    f64x2.divide(
      v128.select(f64x2.subtract(smaller, larger), smaller, isMiddle),
      v128.select(f64x2.add(smaller, larger), larger, isMiddle),
    ),
  );
  const arc = oddSeries(f, tangent, f.keep(f64x2.multiply(tangent, tangent)), tangentCoefficients);
  const angle = f.keep(f64x2.add(arc, v128.and(doubles(f, Math.PI / 4), isMiddle)));
  return v128.select(f64x2.subtract(doubles(f, Math.PI / 2), angle), angle, isSteep);
}

/** atan(x), within 1 ulp. */
export function atan(f: FunctionBuilder, _target: Target, input: Vector): Local<'v128'> {
  const x = f.keep(input);
  const one = doubles(f, 1);
  const magnitude = inDoubles(f, x, (pair) => angleOf(f, f.keep(f64x2.absolute(pair)), one));
  return f.keep(v128.or(magnitude, v128.and(x, signBits(f))));
}

/** Far past the floats, and with quotients well within doubles. */
const [largest, smallest] = [2 ** 300, 2 ** -300];

/** The angle of the point (x, y) as C has it (zeros have signs, infinities are as far as each other), within 1 ulp. */
export function atan2(f: FunctionBuilder, _target: Target, yInput: Vector, xInput: Vector): Local<'v128'> {
  const y = f.keep(yInput);
  const abscissas = widen(f, xInput);
  // pseudoMinimum(NaN, bound) is NaN.
  const bounded = (pair: Vector): Vector => f64x2.pseudoMinimum(f64x2.absolute(pair), doubles(f, largest));
  const [low, high] = widen(f, y).map((ordinate, half) => {
    const x = abscissas[half];
    const distance = f.keep(f64x2.pseudoMaximum(bounded(x), doubles(f, smallest)));
    const angle = f.keep(angleOf(f, f.keep(bounded(ordinate)), distance));
    const isLeft = i64x2.subtract(f.hoist(i64x2.splat(i64.constant(0n))), i64x2.shiftRightUnsigned(x, 63));
    return f.keep(v128.select(f64x2.subtract(doubles(f, Math.PI), angle), angle, isLeft));
  });
  return f.keep(v128.or(narrow(low, high), v128.and(y, signBits(f))));
}
