/** Four-lane error function in floats. */
import {
  type FunctionBuilder,
  f32x4,
  type Local,
  multiplyAdd,
  type Target,
  type Vector,
  v128,
} from '../assembler/index.ts';
import { expInRange } from './exponential.ts';
import { floats, polynomial, signBits } from './lanes.ts';

/** Up to here a polynomial of x, from here on an exponential of one. */
const innerLimit = 0.92;

/** erf(√z)/√z - 1 for z up to innerLimit²: fitted for the least relative error of erf, 1.6e-8. */
const innerCoefficients = [
  0.12837915122509003, -0.37612488865852356, 0.11281772702932358, -0.026765001937747, 0.004990778397768736,
  -0.0005978467524982989,
];

/** log(1 - erf(t)) / t from innerLimit to 3.95: fitted for the least relative error of erf, 3e-9. */
const outerCoefficients = [
  -1.1285170316696167, -0.6357091665267944, -0.10527389496564865, 0.022897688671946526,
  -0.0032173646613955498, 0.0002142772573279217,
];

/** From here on erf rounds to 1. */
const saturation = 4;

/** erf(x), within 3 ulp: relatively exact near 0, and exactly ±1 from where that is nearest. */
export function erf(f: FunctionBuilder, target: Target, input: Vector): Local<'v128'> {
  const x = f.keep(input);
  const sign = signBits(f);
  const magnitude = f.keep(f32x4.pseudoMinimum(v128.andNot(x, sign), floats(f, saturation)));
  const square = f.keep(f32x4.multiply(magnitude, magnitude));
  const innerCurve = polynomial(f, target, square, innerCoefficients);
  const inner = f.keep(multiplyAdd(target, innerCurve, magnitude, magnitude));
  const outerCurve = polynomial(f, target, magnitude, outerCoefficients);
  const exponent = f.keep(f32x4.multiply(outerCurve, magnitude));
  const outer = f32x4.subtract(floats(f, 1), expInRange(f, target, exponent));
  const result = v128.select(inner, outer, f32x4.less(magnitude, floats(f, innerLimit)));
  return f.keep(v128.or(result, v128.and(x, sign)));
}
