/** Functions whose derivative at 0 is infinite, made flat there. */
import type { Tensor } from '../tensor/tensor.ts';
import { equal, where } from './elementwise.ts';

/**
 * f(x), except where x is 0: there it is `atZero`, and its derivatives of any order are 0. This is for functions whose
 * derivative at 0 is infinite while that of x is 0, as in √Σx²: the product 0·∞ would be NaN. Both are subgradients, and
 * PyTorch's.
 */
export function flatAtZero(x: Tensor, f: (x: Tensor) => Tensor, atZero: number): Tensor {
  const isZero = equal(x, 0);
  return where(isZero, atZero, f(where(isZero, 1, x)));
}
