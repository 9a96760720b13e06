/**
 * Float functions of four lanes, as code: each takes vectors, keeps what it needs in locals, and returns a local with
 * the results. At most 4 units in the last place from Math's double-precision function, rounded to a float, for every
 * float there is: denormal operands and results, zeros with their sign, infinities and NaN.
 *
 * They hold with fused multiply-adds and without, and a lane's result depends on its operands alone, never on those of
 * the other lanes. What gates and activations are made of works in floats throughout;
 * the rest works in pairs of doubles, which is half as fast, and short.
 */
export { erf } from './error-function.ts';
export { exp, sigmoid, tanh } from './exponential.ts';
export { cosh, sinh } from './hyperbolic.ts';
export { acos, asin, atan, atan2 } from './inverse-trigonometric.ts';
export { log } from './logarithm.ts';
export { expm1, log1p, log2, log10, logOfDoubles, power } from './powers.ts';
export { remainder } from './remainder.ts';
export { cos, sin, tan } from './trigonometric.ts';
