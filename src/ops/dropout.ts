/** Dropout: the one operation that is random on purpose. */
import { describeValue, requireKnownOptions } from '../options.ts';
import { fill } from '../tensor/leaves.ts';
import { inScope } from '../tensor/scope.ts';
import { normalizeAxes } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { requireDType, requireOption } from './apply.ts';
import { bernoulli } from './creation.ts';
import { multiply, where } from './elementwise.ts';

/** Options of `dropout`. */
export interface DropoutOptions {
  /** Elements along these axes are dropped or kept together. Default: none, each by itself. */
  readonly sharedAxes?: number | readonly number[];
}

/**
 * Sets each element to 0 with probability `rate` and scales the rest by 1/(1 - rate), so that the mean stays
 * (Srivastava et al. 2014, inverted). A rate of 1 gives zeros.
 *
 * @throws OptionError for a rate outside [0, 1], and axes that x does not have; DTypeError unless x is float32.
 */
export function dropout(x: Tensor, rate: number, options: DropoutOptions = {}): Tensor {
  requireDType('dropout', x, 'float32');
  requireOption(
    typeof rate === 'number' && rate >= 0 && rate <= 1,
    'dropout',
    `rate ${describeValue(rate)}`,
    'a number from 0 to 1',
    'The rate is the share of elements that are dropped, not the share that is kept.',
  );
  requireKnownOptions(inScope('dropout'), options, ['sharedAxes']);
  const shared = normalizeAxes(inScope('dropout'), options.sharedAxes ?? [], x.rank);
  if (rate === 0) return x.snapshot();
  if (rate === 1) return fill(0, x.shape);
  const drawn = x.shape.map((length, axis) => (shared.includes(axis) ? 1 : length));
  return where(bernoulli(1 - rate, drawn), multiply(x, 1 / (1 - rate)), 0);
}
