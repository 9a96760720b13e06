/** Gradient clipping, as expressions: by the norm of all gradients together, or element by element. */
import { requireTensors } from '../ops/apply.ts';
import { sum } from '../ops/broadcast.ts';
import { add, clamp, divide, minimum, multiply, sqrt, square } from '../ops/elementwise.ts';
import { flatAtZero } from '../ops/flat-at-zero.ts';
import { requireNumber } from '../options.ts';
import { fill } from '../tensor/leaves.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** Keeps the division finite for gradients that are all zero; PyTorch's value. */
const normFloor = 1e-6;

/** The sum of the squares of all elements of all tensors: a scalar. */
export function squaredNorm(tensors: readonly Tensor[]): Tensor {
  return tensors.map((each) => sum(square(each))).reduce(add, fill(0, []));
}

/**
 * Scales all gradients by one factor so that their norm, taken over all of them as one vector, is at most `maxNorm`:
 * g · min(1, maxNorm / (norm + 1e-6)), as torch.nn.utils.clip_grad_norm_ does.
 *
 * @returns the scaled gradients, and the norm before scaling (a scalar)
 * @throws OptionError unless `maxNorm` is above 0; DTypeError for a gradient that is no tensor
 */
export function clipByGlobalNorm(
  gradients: readonly Tensor[],
  maxNorm: number,
): { gradients: Tensor[]; norm: Tensor } {
  requireTensors('clipByGlobalNorm', gradients);
  requireNumber('clipByGlobalNorm', 'maxNorm', maxNorm, 'a number above 0');
  const norm = flatAtZero(squaredNorm(gradients), sqrt, 0);
  const factor = minimum(1, divide(maxNorm, add(norm, normFloor)));
  return { gradients: gradients.map((gradient) => multiply(gradient, factor)), norm };
}

/**
 * Limits every element of every gradient to [-limit, limit].
 *
 * @throws OptionError unless `limit` is above 0; DTypeError for a gradient that is no tensor
 */
export function clipByValue(gradients: readonly Tensor[], limit: number): Tensor[] {
  requireTensors('clipByValue', gradients);
  requireNumber('clipByValue', 'limit', limit, 'a number above 0');
  return gradients.map((gradient) => clamp(gradient, -limit, limit));
}
