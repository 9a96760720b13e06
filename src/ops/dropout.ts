/** Dropout: the one operation that is random on purpose. */
import { describeValue } from '../options.ts';
import { fill } from '../tensor/leaves.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { requireDType, requireOption } from './apply.ts';
import { bernoulli } from './creation.ts';
import { multiply, where } from './elementwise.ts';

/**
 * Sets each element to 0 with probability `rate` and scales the rest by 1/(1 - rate), so that the mean stays
 * (Srivastava et al. 2014, inverted). A rate of 1 gives zeros.
 *
 * @throws OptionError for a rate outside [0, 1]; DTypeError unless x is float32.
 */
export function dropout(x: Tensor, rate: number): Tensor {
  requireDType('dropout', x, 'float32');
  requireOption(
    typeof rate === 'number' && rate >= 0 && rate <= 1,
    'dropout',
    `rate ${describeValue(rate)}`,
    'a number from 0 to 1',
    'The rate is the share of elements that are dropped, not the share that is kept.',
  );
  if (rate === 0) return x.snapshot();
  if (rate === 1) return fill(0, x.shape);
  return where(bernoulli(1 - rate, x.shape), multiply(x, 1 / (1 - rate)), 0);
}
