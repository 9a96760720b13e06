/** The elementwise primitives, each with its gradient, and the arithmetic users write, which broadcasts. */
import type { BinaryOperator, UnaryOperator } from '../../kernels/elementwise/index.ts';
import { describeValue } from '../options.ts';
import { type DType, dtypeOfScalar, promote, requireDTypeName } from '../tensor/dtype.ts';
import { concealed } from '../tensor/exposure.ts';
import { fill } from '../tensor/leaves.ts';
import type { Operand } from '../tensor/method-types.ts';
import { type GradientCall, likeFirst, type Primitive } from '../tensor/primitive.ts';
import { inScope } from '../tensor/scope.ts';
import { type Shape, sameShape } from '../tensor/shape.ts';
import { notATensor, Tensor } from '../tensor/tensor.ts';
import { apply, requireDType, requireOption, requireTensor } from './apply.ts';
import { broadcastTogether } from './broadcast.ts';

type Rule = (call: GradientCall<object>) => readonly (Tensor | undefined)[];
const zeroDerivative: Rule = () => [undefined, undefined];

function unaryRow(name: UnaryOperator, gradient: Rule): Primitive {
  return { name, kind: 'elementwise', outputs: likeFirst, gradient };
}

function binaryRow(name: BinaryOperator, gradient: Rule): Primitive {
  return { name, kind: 'elementwise', outputs: likeFirst, gradient };
}

function comparisonRow(name: BinaryOperator): Primitive {
  return {
    name,
    kind: 'elementwise',
    outputs: ([a]) => [{ shape: a.shape, dtype: 'bool' }],
    gradient: zeroDerivative,
  };
}

/** float32 → float32, except negate, abs, sign (also int32) and logicalNot (bool). */
export const unary = {
  negate: unaryRow('negate', ({ dY }) => [negate(dY)]),
  abs: unaryRow('abs', ({ dY, inputs: [x] }) => [multiply(dY, sign(x))]),
  sign: unaryRow('sign', zeroDerivative),
  floor: unaryRow('floor', zeroDerivative),
  ceil: unaryRow('ceil', zeroDerivative),
  round: unaryRow('round', zeroDerivative),
  exp: unaryRow('exp', ({ dY, output: y }) => [multiply(dY, y)]),
  expm1: unaryRow('expm1', ({ dY, output: y }) => [multiply(dY, add(y, 1))]),
  log: unaryRow('log', ({ dY, inputs: [x] }) => [divide(dY, x)]),
  log1p: unaryRow('log1p', ({ dY, inputs: [x] }) => [divide(dY, add(x, 1))]),
  sqrt: unaryRow('sqrt', ({ dY, output: y }) => [divide(dY, multiply(y, 2))]),
  rsqrt: unaryRow('rsqrt', ({ dY, output: y }) => [
    multiply(dY, multiply(-0.5, multiply(y, multiply(y, y)))),
  ]),
  reciprocal: unaryRow('reciprocal', ({ dY, output: y }) => [negate(multiply(dY, multiply(y, y)))]),
  sin: unaryRow('sin', ({ dY, inputs: [x] }) => [multiply(dY, cos(x))]),
  cos: unaryRow('cos', ({ dY, inputs: [x] }) => [negate(multiply(dY, sin(x)))]),
  tanh: unaryRow('tanh', ({ dY, output: y }) => [multiply(dY, subtract(1, multiply(y, y)))]),
  sigmoid: unaryRow('sigmoid', ({ dY, output: y }) => [multiply(dY, multiply(y, subtract(1, y)))]),
  /** 2/√π · exp(-x²) */
  erf: unaryRow('erf', ({ dY, inputs: [x] }) => [
    multiply(dY, multiply(2 / Math.sqrt(Math.PI), exp(negate(multiply(x, x))))),
  ]),
  logicalNot: unaryRow('logicalNot', zeroDerivative),
} satisfies Record<UnaryOperator, Primitive>;

/** Both inputs have one shape and one dtype: broadcasting and promotion happen before. */
export const binary = {
  add: binaryRow('add', ({ dY }) => [dY, dY]),
  subtract: binaryRow('subtract', ({ dY }) => [dY, negate(dY)]),
  multiply: binaryRow('multiply', ({ dY, inputs: [a, b] }) => [multiply(dY, b), multiply(dY, a)]),
  divide: binaryRow('divide', ({ dY, inputs: [, b], output: y }) => [
    divide(dY, b),
    negate(divide(multiply(dY, y), b)),
  ]),
  /**
   * The base's derivative is b·a^(b-1); where the power is infinite and what it is multiplied with 0, as for 0⁰ or in the
   * second derivative of x⁰ near 0, it is 0. The exponent's derivative exists only for a positive base; elsewhere it is
   * taken as 0, and so it is where the power is 0.
   */
  power: binaryRow('power', ({ dY, inputs: [a, b], output: y }) => {
    const lower = power(a, subtract(b, 1));
    const isLost = logicalAnd(equal(abs(lower), Number.POSITIVE_INFINITY), equal(multiply(dY, b), 0));
    const exponentCounts = logicalAnd(greater(a, 0), notEqual(y, 0));
    return [
      multiply(dY, multiply(b, where(isLost, 0, lower))),
      multiply(dY, where(exponentCounts, multiply(y, log(where(exponentCounts, a, 1))), 0)),
    ];
  }),
  /** Where both are equal each gets half. */
  maximum: binaryRow('maximum', ({ dY, inputs: [a, b] }) => chooseGradient(dY, greater(a, b), equal(a, b))),
  minimum: binaryRow('minimum', ({ dY, inputs: [a, b] }) => chooseGradient(dY, less(a, b), equal(a, b))),
  remainder: binaryRow('remainder', ({ dY, inputs: [a, b] }) => [
    dY,
    negate(multiply(dY, floor(divide(a, b)))),
  ]),
  equal: comparisonRow('equal'),
  notEqual: comparisonRow('notEqual'),
  less: comparisonRow('less'),
  lessEqual: comparisonRow('lessEqual'),
  logicalAnd: comparisonRow('logicalAnd'),
  logicalOr: comparisonRow('logicalOr'),
} satisfies Record<BinaryOperator, Primitive>;

function chooseGradient(dY: Tensor, first: Tensor, tie: Tensor): readonly Tensor[] {
  const half = where(tie, multiply(dY, 0.5), 0);
  return [where(first, dY, half), where(logicalOr(first, tie), half, dY)];
}

/** condition ? a : b */
export const wherePrimitive: Primitive = {
  name: 'where',
  kind: 'elementwise',
  outputs: ([, a]) => [a],
  gradient: ({ dY, inputs: [condition] }) => [undefined, where(condition, dY, 0), where(condition, 0, dY)],
};

/** Another dtype: to int32 towards zero, to bool as "not zero". */
export const castPrimitive: Primitive<{ readonly dtype: DType }> = {
  name: 'cast',
  kind: 'elementwise',
  outputs: ([x], { dtype }) => [{ shape: x.shape, dtype }],
  gradient: ({ dY, inputs: [x] }) => [x.dtype === 'float32' ? dY : undefined],
};

/** The identity, with derivative 0. */
export const stopGradientPrimitive: Primitive = {
  name: 'stopGradient',
  kind: 'elementwise',
  outputs: likeFirst,
  gradient: zeroDerivative,
};

/**
 * Converts to another dtype: to int32 towards zero, to bool as "not zero".
 *
 * @throws DTypeError for an unknown dtype
 */
export function cast(x: Tensor, dtype: DType): Tensor {
  if (requireTensor('cast', x).dtype === dtype) return x.snapshot();
  return apply(castPrimitive, [x], { dtype: requireDTypeName(inScope('cast'), dtype) });
}

/** The same value; gradients do not pass. */
export function stopGradient(x: Tensor): Tensor {
  return apply(stopGradientPrimitive, [requireTensor('stopGradient', x)], {});
}

/**
 * An operand as a tensor; a JS number takes the dtype of the tensor beside it, where that can hold it, and its shape, so
 * that it need not be broadcast.
 */
export function asTensor(
  operation: string,
  operand: Operand,
  beside: DType = 'float32',
  shape: Shape = [],
): Tensor {
  if (operand instanceof Tensor) return operand;
  if (typeof operand === 'number' || typeof operand === 'boolean') {
    return fill(Number(operand), shape, dtypeOfScalar(operand, beside));
  }
  throw notATensor(inScope(operation), operand, 'a tensor or a number');
}

function operands(operation: string, a: Operand, b: Operand, least: DType): readonly [Tensor, Tensor] {
  const left = b instanceof Tensor ? asTensor(operation, a, b.dtype, b.shape) : asTensor(operation, a);
  const right = asTensor(operation, b, left.dtype, left.shape);
  const dtype = promote(promote(left.dtype, right.dtype), least);
  if (left.dtype === dtype && right.dtype === dtype && sameShape(left.shape, right.shape))
    return [left, right];
  const [broadLeft, broadRight] = concealed(() =>
    broadcastTogether(operation, [cast(left, dtype), cast(right, dtype)]),
  );
  return [broadLeft, broadRight];
}

function arithmetic(name: BinaryOperator, least: DType = 'int32') {
  return (a: Operand, b: Operand): Tensor => apply(binary[name], operands(name, a, b, least), {});
}

/** `name` with its operands the other way round, under a name of its own. */
function swapped(called: string, name: BinaryOperator) {
  return (a: Operand, b: Operand): Tensor => {
    const [left, right] = operands(called, a, b, 'int32');
    return apply(binary[name], [right, left], {});
  };
}

function floating(name: UnaryOperator) {
  return (x: Operand): Tensor => {
    const input = asTensor(name, x);
    return apply(unary[name], [input.dtype === 'float32' ? input : cast(input, 'float32')], {});
  };
}

function signed(name: UnaryOperator) {
  return (x: Operand): Tensor => {
    const input = asTensor(name, x);
    return apply(unary[name], [input.dtype === 'bool' ? cast(input, 'int32') : input], {});
  };
}

function logical(name: 'logicalAnd' | 'logicalOr') {
  return (a: Operand, b: Operand): Tensor => {
    const [left, right] = operands(name, asTensor(name, a, 'bool'), asTensor(name, b, 'bool'), 'bool');
    requireDType(name, left, 'bool');
    return apply(binary[name], [left, right], {});
  };
}

// Arithmetic on tensors and numbers: shapes broadcast, dtypes promote (float32 over int32 over bool).

/** a + b */
export const add = arithmetic('add');
/** a - b */
export const subtract = arithmetic('subtract');
/** a · b, element by element */
export const multiply = arithmetic('multiply');
/** a / b, always float32 */
export const divide = arithmetic('divide', 'float32');
/** a to the power b, always float32 */
export const power = arithmetic('power', 'float32');
/** The larger; NaN where either is NaN. */
export const maximum = arithmetic('maximum');
/** The smaller; NaN where either is NaN. */
export const minimum = arithmetic('minimum');
/** a modulo b, with the sign of b. */
export const remainder = arithmetic('remainder');

// Comparisons give bool. Any comparison with NaN is false, except notEqual.

/** a = b (bool), element by element; false beside NaN. */
export const equal = arithmetic('equal', 'bool');
/** a ≠ b (bool), element by element; true beside NaN. */
export const notEqual = arithmetic('notEqual', 'bool');
/** a < b (bool), element by element; false beside NaN. */
export const less = arithmetic('less');
/** a ≤ b (bool), element by element; false beside NaN. */
export const lessEqual = arithmetic('lessEqual');
/** a > b (bool), element by element; false beside NaN. */
export const greater = swapped('greater', 'less');
/** a ≥ b (bool), element by element; false beside NaN. */
export const greaterEqual = swapped('greaterEqual', 'lessEqual');
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
export function logicalNot(x: Tensor): Tensor {
  requireDType('logicalNot', x, 'bool');
  return apply(unary.logicalNot, [x], {});
}

/** -x; int32 stays int32, bool becomes it. */
export const negate = signed('negate');
/** |x|; int32 stays int32, bool becomes it. The derivative at 0 is 0. */
export const abs = signed('abs');
/** -1, 0 or 1 */
export const sign = signed('sign');
/** The largest whole number ≤ x, as float32. Derivative 0. */
export const floor = floating('floor');
/** The smallest whole number ≥ x, as float32. Derivative 0. */
export const ceil = floating('ceil');
/** To the nearest whole number, halves to the even one. */
export const round = floating('round');
/** eˣ, float32 */
export const exp = floating('exp');
/** exp(x) - 1, exact near 0 */
export const expm1 = floating('expm1');
/** The natural logarithm, float32: -Infinity at 0, NaN below. */
export const log = floating('log');
/** log(1 + x), exact near 0 */
export const log1p = floating('log1p');
/** √x, float32; NaN below 0. */
export const sqrt = floating('sqrt');
/** 1 / √x */
export const rsqrt = floating('rsqrt');
/** 1 / x, float32 */
export const reciprocal = floating('reciprocal');
/** The sine of an angle in radians, float32. */
export const sin = floating('sin');
/** The cosine of an angle in radians, float32. */
export const cos = floating('cos');
/** The hyperbolic tangent, float32. */
export const tanh = floating('tanh');
/** 1 / (1 + exp(-x)) */
export const sigmoid = floating('sigmoid');
/** The error function, 2/√π ∫₀ˣ exp(-t²) dt */
export const erf = floating('erf');

/**
 * `condition ? a : b`, element by element; all three broadcast.
 *
 * @throws DTypeError unless the condition is bool
 */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  requireDType('where condition', condition, 'bool');
  const [left, right] = operands('where', a, b, 'bool');
  return apply(
    wherePrimitive,
    concealed(() => broadcastTogether('where', [condition, left, right])),
    {},
  );
}

/**
 * f(x), except where x is 0: there it is `atZero`, and its derivatives of any order are 0. This is for functions whose
 * derivative at 0 is infinite while that of x is 0, as in √Σx²: the product 0·∞ would be NaN. Both are subgradients, and
 * PyTorch's.
 */
export function flatAtZero(x: Tensor, f: (x: Tensor) => Tensor, atZero: number): Tensor {
  const isZero = equal(x, 0);
  return where(isZero, atZero, f(where(isZero, 1, x)));
}

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

/** x² */
export function square(x: Tensor): Tensor {
  return multiply(requireTensor('square', x), x);
}
