/** Activation functions, each a line or two over the primitives. */
import { requireNumber } from '../options.ts';
import { inScope } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { requireTensor } from './apply.ts';
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

/** log(1 + exp(x)), without overflow and exact far below 0. */
export function softplus(x: Tensor): Tensor {
  requireTensor('softplus', x);
  const negative = lessEqual(x, 0);
  // Each branch sees only arguments it is meant for, so that derivatives of any order are right at 0 as well.
  const below = log1p(exp(where(negative, x, 0)));
  const above = add(x, log1p(exp(where(negative, 0, negate(x)))));
  return where(negative, below, above);
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
