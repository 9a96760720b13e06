/**
 * The elementwise operations. One expression is an operation: its documentation, its gradient rule, the function that users
 * call and the row of the primitive table behind it. What an operator computes is in kernels/elementwise/operators/.
 */
import { describeValue } from '../options.ts';
import type { Operand } from '../tensor/argument-types.ts';
import { concealed } from '../tensor/exposure.ts';
import { likeFirst } from '../tensor/primitive.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { apply, requireDType, requireOption, requireTensor } from './apply.ts';
import { broadcastTogether } from './broadcast.ts';
import {
  binary,
  comparison,
  logical,
  operands,
  swapped,
  unary,
  zeroDerivative,
} from './elementwise-operation.ts';
import { type BinaryOperation, operation, type PrimitiveFunction, type UnaryOperation } from './operation.ts';

export { cast } from './cast.ts';

// Arithmetic on tensors and numbers: shapes broadcast, dtypes promote (float32 over int32 over bool). An operation that is
// part of its own derivative says its type, which could not be inferred.

/** a + b */
export const add = binary('add', ({ dY }) => [dY, dY]);
/** a - b */
export const subtract = binary('subtract', ({ dY }) => [dY, negate(dY)]);
/** a · b, element by element */
export const multiply: BinaryOperation<'multiply'> = binary('multiply', ({ dY, inputs: [a, b] }) => [
  multiply(dY, b),
  multiply(dY, a),
]);
/** a / b, always float32 */
export const divide: BinaryOperation<'divide'> = binary('divide', ({ dY, inputs: [, b], output: y }) => [
  divide(dY, b),
  negate(divide(multiply(dY, y), b)),
]);
/**
 * a to the power b, always float32. Where a power is 0 or its base is not positive, the exponent's derivative is taken
 * as 0.
 */
export const power: BinaryOperation<'power'> = binary('power', ({ dY, inputs: [a, b], output: y }) => {
  // The base's derivative is b·a^(b-1); where the power is infinite and what it is multiplied with 0, as for 0⁰ or in the
  // second derivative of x⁰ near 0, it is 0.
  const lower = power(a, subtract(b, 1));
  const isLost = logicalAnd(equal(abs(lower), Number.POSITIVE_INFINITY), equal(multiply(dY, b), 0));
  const exponentCounts = logicalAnd(greater(a, 0), notEqual(y, 0));
  return [
    multiply(dY, multiply(b, where(isLost, 0, lower))),
    multiply(dY, where(exponentCounts, multiply(y, log(where(exponentCounts, a, 1))), 0)),
  ];
});
/** The larger; NaN where either is NaN. Where both are equal each gets half of the gradient. */
export const maximum = binary('maximum', ({ dY, inputs: [a, b] }) =>
  chooseGradient(dY, greater(a, b), equal(a, b)),
);
/** The smaller; NaN where either is NaN. Where both are equal each gets half of the gradient. */
export const minimum = binary('minimum', ({ dY, inputs: [a, b] }) =>
  chooseGradient(dY, less(a, b), equal(a, b)),
);
/** a modulo b, with the sign of b. */
export const remainder = binary('remainder', ({ dY, inputs: [a, b] }) => [
  dY,
  negate(multiply(dY, floor(divide(a, b)))),
]);

function chooseGradient(dY: Tensor, first: Tensor, tie: Tensor): readonly Tensor[] {
  const half = where(tie, multiply(dY, 0.5), 0);
  return [where(first, dY, half), where(logicalOr(first, tie), half, dY)];
}

// Comparisons give bool. Any comparison with NaN is false, except notEqual.

/** a = b (bool), element by element; false beside NaN. */
export const equal = comparison('equal');
/** a ≠ b (bool), element by element; true beside NaN. */
export const notEqual = comparison('notEqual');
/** a < b (bool), element by element; false beside NaN. */
export const less = comparison('less');
/** a ≤ b (bool), element by element; false beside NaN. */
export const lessEqual = comparison('lessEqual');
/** a > b (bool), element by element; false beside NaN. */
export const greater = swapped('greater', less);
/** a ≥ b (bool), element by element; false beside NaN. */
export const greaterEqual = swapped('greaterEqual', lessEqual);
/**
 * Whether both are true.
 *
 * @throws DTypeError unless both are bool.
 */
export const logicalAnd = logical('logicalAnd');
/**
 * Whether at least one is true.
 *
 * @throws DTypeError unless both are bool.
 */
export const logicalOr = logical('logicalOr');
/**
 * Whether it is false.
 *
 * @throws DTypeError unless x is bool.
 */
export const logicalNot = operation(
  { name: 'logicalNot', kind: 'elementwise', outputs: likeFirst, gradient: zeroDerivative } as const,
  (x: Tensor): Tensor => {
    requireDType('logicalNot', x, 'bool');
    return apply(logicalNot.primitive, [x], {});
  },
);

/** Whether it is neither NaN nor infinite (bool). */
// biome-ignore lint/suspicious/noShadowRestrictedNames: it is the global's meaning, of tensors
export function isFinite(x: Tensor): Tensor {
  return less(abs(requireTensor('isFinite', x)), Number.POSITIVE_INFINITY);
}
/** Whether it is NaN (bool). */
// biome-ignore lint/suspicious/noShadowRestrictedNames: it is the global's meaning, of tensors
export function isNaN(x: Tensor): Tensor {
  // Shading languages may take x = x for true: this compares with a number instead.
  return logicalNot(lessEqual(abs(requireTensor('isNaN', x)), Number.POSITIVE_INFINITY));
}

/** -x; int32 stays int32, bool becomes it. */
export const negate: UnaryOperation<'negate'> = unary('negate', ({ dY }) => [negate(dY)]);
/** |x|; int32 stays int32, bool becomes it. The derivative at 0 is 0. */
export const abs = unary('abs', ({ dY, inputs: [x] }) => [multiply(dY, sign(x))]);
/** -1, 0 or 1; int32 stays int32, bool becomes it. */
export const sign = unary('sign', zeroDerivative);
/** The largest whole number ≤ x, as float32. Derivative 0. */
export const floor = unary('floor', zeroDerivative);
/** The smallest whole number ≥ x, as float32. Derivative 0. */
export const ceil = unary('ceil', zeroDerivative);
/** To the nearest whole number, halves to the even one. */
export const round = unary('round', zeroDerivative);
/** eˣ, float32 */
export const exp = unary('exp', ({ dY, output: y }) => [multiply(dY, y)]);
/** exp(x) - 1, exact near 0 */
export const expm1 = unary('expm1', ({ dY, inputs: [x] }) => [multiply(dY, exp(x))]);
/** The natural logarithm, float32: -Infinity at 0, NaN below. */
export const log = unary('log', ({ dY, inputs: [x] }) => [divide(dY, x)]);
/** log(1 + x), exact near 0 */
export const log1p = unary('log1p', ({ dY, inputs: [x] }) => [divide(dY, add(x, 1))]);
/** The logarithm to base 2, float32: exact for powers of two, -Infinity at 0, NaN below. */
export const log2 = unary('log2', ({ dY, inputs: [x] }) => [divide(dY, multiply(x, Math.LN2))]);
/** The logarithm to base 10, float32: -Infinity at 0, NaN below. */
export const log10 = unary('log10', ({ dY, inputs: [x] }) => [divide(dY, multiply(x, Math.LN10))]);
/** √x, float32; NaN below 0. */
export const sqrt = unary('sqrt', ({ dY, output: y }) => [divide(dY, multiply(y, 2))]);
/** 1 / √x, float32 */
export const rsqrt = unary('rsqrt', ({ dY, output: y }) => [
  multiply(dY, multiply(-0.5, multiply(y, multiply(y, y)))),
]);
/** 1 / x, float32 */
export const reciprocal = unary('reciprocal', ({ dY, output: y }) => [negate(multiply(dY, multiply(y, y)))]);
/** x² */
export function square(x: Tensor): Tensor {
  return multiply(requireTensor('square', x), x);
}
/** The sine of an angle in radians, float32. */
export const sin: UnaryOperation<'sin'> = unary('sin', ({ dY, inputs: [x] }) => [multiply(dY, cos(x))]);
/** The cosine of an angle in radians, float32. */
export const cos = unary('cos', ({ dY, inputs: [x] }) => [negate(multiply(dY, sin(x)))]);
/** The tangent of an angle in radians, float32. */
export const tan = unary('tan', ({ dY, output: y }) => [multiply(dY, add(1, multiply(y, y)))]);
/** The angle from -π/2 to π/2 whose sine is x, float32; NaN outside [-1, 1]. */
export const asin = unary('asin', ({ dY, inputs: [x] }) => [multiply(dY, arcSlope(x))]);
/** The angle from 0 to π whose cosine is x, float32; NaN outside [-1, 1]. */
export const acos = unary('acos', ({ dY, inputs: [x] }) => [negate(multiply(dY, arcSlope(x)))]);
/** The angle from -π/2 to π/2 whose tangent is x, float32. */
export const atan = unary('atan', ({ dY, inputs: [x] }) => [divide(dY, add(1, multiply(x, x)))]);
/**
 * The angle from -π to π of the point (x, y) = (b, a), float32. At the origin, where it is 0, and at infinity the derivatives
 * are taken as 0.
 */
export const atan2 = binary('atan2', ({ dY, inputs: [a, b] }) => {
  // b / (a² + b²) and -a / (a² + b²), of a and b in units of the larger one: so no square overflows, or is lost.
  const size = maximum(abs(a), abs(b));
  const counts = logicalAnd(greater(size, 0), less(size, Number.POSITIVE_INFINITY));
  const unit = stopGradient(where(counts, size, 1));
  const [y, x] = [a, b].map((each) => where(counts, divide(each, unit), 0));
  const length = where(counts, add(multiply(y, y), multiply(x, x)), 1);
  return [
    multiply(dY, divide(divide(x, length), unit)),
    negate(multiply(dY, divide(divide(y, length), unit))),
  ];
});

/** 1 / √(1 - x²): near ±1 from the factors of 1 - x², which are exact there; near 0 as it stands, for the next derivative. */
function arcSlope(x: Tensor): Tensor {
  const factors = multiply(subtract(1, x), add(1, x));
  return rsqrt(where(less(abs(x), 0.5), subtract(1, multiply(x, x)), factors));
}

/** The hyperbolic sine, float32. */
export const sinh: UnaryOperation<'sinh'> = unary('sinh', ({ dY, inputs: [x] }) => [multiply(dY, cosh(x))]);
/** The hyperbolic cosine, float32. */
export const cosh = unary('cosh', ({ dY, inputs: [x] }) => [multiply(dY, sinh(x))]);
/** The hyperbolic tangent, float32. */
export const tanh = unary('tanh', ({ dY, output: y }) => [multiply(dY, subtract(1, multiply(y, y)))]);
/** 1 / (1 + exp(-x)), float32 */
export const sigmoid = unary('sigmoid', ({ dY, output: y }) => [multiply(dY, multiply(y, subtract(1, y)))]);
/** The error function, 2/√π ∫₀ˣ exp(-t²) dt, float32. */
export const erf = unary('erf', ({ dY, inputs: [x] }) => [
  multiply(dY, multiply(2 / Math.sqrt(Math.PI), exp(negate(multiply(x, x))))),
]);

/**
 * `condition ? a : b`, element by element; all three broadcast.
 *
 * @throws DTypeError unless the condition is bool
 */
export const where: PrimitiveFunction<(condition: Tensor, a: Operand, b: Operand) => Tensor> = operation(
  {
    name: 'where',
    kind: 'elementwise',
    outputs: ([, a]) => [a],
    gradient: ({ dY, inputs: [condition] }) => [undefined, where(condition, dY, 0), where(condition, 0, dY)],
  },
  (condition, a, b) => {
    requireDType('where condition', condition, 'bool');
    const [left, right] = operands('where', a, b, 'bool');
    return apply(
      where.primitive,
      concealed(() => broadcastTogether('where', [condition, left, right])),
      {},
    );
  },
);

/** The same value, through which no gradient passes. */
export const stopGradient: PrimitiveFunction<(x: Tensor) => Tensor> = operation(
  { name: 'stopGradient', kind: 'elementwise', outputs: likeFirst, gradient: zeroDerivative },
  (x) => apply(stopGradient.primitive, [requireTensor('stopGradient', x)], {}),
);

/**
 * x limited to [low, high]; the derivative is 0 outside.
 *
 * @throws OptionError unless low ≤ high
 */
export function clamp(x: Tensor, low: number, high: number): Tensor {
  requireTensor('clamp', x);
  requireOption(
    typeof low === 'number' && typeof high === 'number' && low <= high,
    'clamp',
    `low ${describeValue(low)}, high ${describeValue(high)}`,
    'two numbers, low ≤ high',
    'Exchange the limits; Infinity and -Infinity stand for none, and maximum and minimum take tensors.',
  );
  return where(less(x, low), low, where(greater(x, high), high, x));
}
