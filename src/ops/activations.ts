/** Activation functions, each a line or two over the primitives. */
import { requireNumber } from '../options.ts';
import { inScope } from '../tensor/scope.ts';
import { formatShape, normalizeAxis } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { requireOption, requireTensor } from './apply.ts';
import {
  abs,
  add,
  cast,
  clamp,
  divide,
  erf,
  exp,
  expm1,
  less,
  lessEqual,
  log1p,
  multiply,
  negate,
  sigmoid,
  square,
  tanh,
  where,
} from './elementwise.ts';
import { split } from './movement.ts';

/** max(x, 0); NaN stays NaN, and the derivative at 0 is 0. */
export function relu(x: Tensor): Tensor {
  requireTensor('relu', x);
  return where(lessEqual(x, 0), 0, x);
}

/** x where positive, `slope`·x (default 0.01) where negative. */
export function leakyRelu(x: Tensor, slope = 0.01): Tensor {
  requireTensor('leakyRelu', x);
  requireNumber(inScope('leakyRelu'), 'slope', slope, 'a number');
  return where(lessEqual(x, 0), multiply(x, slope), x);
}

/** x where positive, `alpha`·(exp(x) - 1) (default 1) where negative (Clevert et al. 2016). */
export function elu(x: Tensor, alpha = 1): Tensor {
  requireTensor('elu', x);
  requireNumber(inScope('elu'), 'alpha', alpha, 'a number');
  const negative = lessEqual(x, 0);
  // The other branch's argument must not overflow, nor tie with 0 and halve the derivative there.
  return where(negative, multiply(expm1(where(negative, x, 0)), alpha), x);
}

/**
 * `elu` with the slope at and above 0 and the `alpha` that keep layers of it at mean 0 and variance 1 (Klambauer et al.
 * 2017).
 */
export function selu(x: Tensor): Tensor {
  requireTensor('selu', x);
  return multiply(elu(x, 1.6732632423543772), 1.0507009873554805);
}

/** x where positive, `alpha`·(exp(x / alpha) - 1) (default 1) where negative: `elu` of a smooth slope (Barron 2017). */
export function celu(x: Tensor, alpha = 1): Tensor {
  requireTensor('celu', x);
  requireNumber(inScope('celu'), 'alpha', alpha, 'a number above 0');
  const negative = lessEqual(x, 0);
  return where(negative, multiply(expm1(divide(where(negative, x, 0), alpha)), alpha), x);
}

/** x limited to [0, 6]; the derivative is 0 at both ends and beyond (Krizhevsky 2010). */
export function relu6(x: Tensor): Tensor {
  requireTensor('relu6', x);
  return where(lessEqual(x, 0), 0, where(lessEqual(6, x), 6, x));
}

/** A sigmoid of straight lines: (x + 3) / 6, limited to [0, 1]. */
export function hardsigmoid(x: Tensor): Tensor {
  requireTensor('hardsigmoid', x);
  return divide(relu6(add(x, 3)), 6);
}

/** x·hardsigmoid(x); the derivative is 0 from -3 down and 1 from 3 up (Howard et al. 2019). */
export function hardswish(x: Tensor): Tensor {
  requireTensor('hardswish', x);
  return multiply(x, hardsigmoid(x));
}

/** x·Φ(x), with Φ the normal distribution function: exactly, by erf (Hendrycks & Gimpel 2016). */
export function gelu(x: Tensor): Tensor {
  requireTensor('gelu', x);
  return multiply(multiply(x, 0.5), add(erf(multiply(x, Math.SQRT1_2)), 1));
}

/** The tanh approximation of `gelu`, as GPT-2 has it. */
export function geluTanh(x: Tensor): Tensor {
  requireTensor('geluTanh', x);
  // Beyond 10 the tanh is ±1, and x² would overflow where its derivative meets that of tanh, which is 0.
  const near = clamp(x, -10, 10);
  const inner = multiply(Math.sqrt(2 / Math.PI), add(near, multiply(0.044715, multiply(near, square(near)))));
  return multiply(multiply(x, 0.5), add(tanh(inner), 1));
}

/** x·sigmoid(x), also called swish (Ramachandran et al. 2017). */
export function silu(x: Tensor): Tensor {
  requireTensor('silu', x);
  return multiply(x, sigmoid(x));
}

/** x·tanh(softplus(x)) (Misra 2019). */
export function mish(x: Tensor): Tensor {
  requireTensor('mish', x);
  // With e = exp(x) the tanh is n / (n + 2), n = e·(e + 2). From 20 on it is 1, and e² would overflow further on.
  const e = exp(where(less(20, x), 20, x));
  const n = multiply(e, add(e, 2));
  return multiply(x, divide(n, add(n, 2)));
}

/**
 * A gated linear unit: a·sigmoid(b), with a and b the halves of x along `axis` (default: the last), which becomes half as
 * long (Dauphin et al. 2017).
 *
 * @throws OptionError for an axis that x does not have, or one of odd length
 */
export function glu(x: Tensor, axis = -1): Tensor {
  requireTensor('glu', x);
  const target = normalizeAxis(inScope('glu'), axis, x.rank);
  requireOption(
    x.shape[target] > 0 && x.shape[target] % 2 === 0,
    'glu',
    `axis ${target} of ${formatShape(x.shape)}`,
    'an axis of even length: one half is gated by the other',
    'Give the layer before twice as many outputs.',
  );
  const [values, gates] = split(x, 2, target);
  return multiply(values, sigmoid(gates));
}

/** log(1 + exp(x)), without overflow and exact far below 0. */
export function softplus(x: Tensor): Tensor {
  requireTensor('softplus', x);
  const negative = lessEqual(x, 0);
  // Each branch sees only arguments it is meant for, so that derivatives of any order are right at 0 as well.
  const below = log1p(exp(where(negative, x, 0)));
  const above = add(x, log1p(exp(where(negative, 0, negate(x)))));
  return where(negative, below, above);
}

/** log(sigmoid(x)), without overflow and exact far above 0. */
export function logSigmoid(x: Tensor): Tensor {
  requireTensor('logSigmoid', x);
  return negate(softplus(negate(x)));
}

/** x / (1 + |x|) */
export function softsign(x: Tensor): Tensor {
  requireTensor('softsign', x);
  return divide(x, add(abs(x), 1));
}

/** 1 where x > 0, else 0, as float32. */
export function heaviside(x: Tensor): Tensor {
  requireTensor('heaviside', x);
  return cast(less(0, x), 'float32');
}
