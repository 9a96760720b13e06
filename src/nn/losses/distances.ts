/** Losses that compare values: how far predictions are from targets, elementwise. */
import { abs, lessEqual, multiply, square, subtract, where } from '../../ops/elementwise.ts';
import { requireNumber } from '../../options.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { checkOptions, type LossOptions, reduce, sameShapeTargets } from './loss-arguments.ts';

/** (prediction - target)², for two tensors of one shape. Scalar, or elementwise with 'none'. */
export function meanSquaredError(predictions: Tensor, targets: Tensor, options: LossOptions = {}): Tensor {
  const reduction = checkOptions('meanSquaredError', options);
  const t = sameShapeTargets('meanSquaredError', predictions, targets);
  return reduce(square(subtract(predictions, t)), reduction);
}

/** |prediction - target|, for two tensors of one shape. Scalar, or elementwise with 'none'. */
export function meanAbsoluteError(predictions: Tensor, targets: Tensor, options: LossOptions = {}): Tensor {
  const reduction = checkOptions('meanAbsoluteError', options);
  const t = sameShapeTargets('meanAbsoluteError', predictions, targets);
  return reduce(abs(subtract(predictions, t)), reduction);
}

/** Options of `huber`. */
export interface HuberOptions extends LossOptions {
  /** Where the square becomes a line. Default 1. */
  readonly delta?: number;
}

/**
 * ½·d² for |d| ≤ delta and delta·(|d| - ½·delta) beyond, with d = prediction - target, for two tensors of one shape
 * (Huber 1964). Scalar, or elementwise with 'none'.
 */
export function huber(predictions: Tensor, targets: Tensor, options: HuberOptions = {}): Tensor {
  const reduction = checkOptions('huber', options, ['delta']);
  const { delta = 1 } = options;
  requireNumber('huber', 'delta', delta, 'a number above 0');
  const difference = subtract(predictions, sameShapeTargets('huber', predictions, targets));
  const distance = abs(difference);
  const line = multiply(subtract(distance, delta / 2), delta);
  return reduce(where(lessEqual(distance, delta), multiply(square(difference), 0.5), line), reduction);
}
