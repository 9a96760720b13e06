/** The dropout layer. */
import { dropout } from '../ops/dropout.ts';
import { requireNumber } from '../options.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type JsonValue, Layer } from './layer.ts';

/**
 * In training mode sets each element to 0 with probability `rate` and scales the rest by 1/(1 - rate); in evaluation
 * mode the identity (Srivastava et al. 2014). Any shape. Default rate 0.5.
 *
 * @throws OptionError for a rate outside [0, 1].
 */
export class Dropout extends Layer {
  /** The share of elements that are dropped. */
  readonly rate: number;

  /** @throws OptionError for a rate outside [0, 1] */
  constructor(rate = 0.5) {
    super();
    requireNumber('Dropout', 'rate', rate, 'a number from 0 to 1');
    this.rate = rate;
  }

  override get kind(): string {
    return 'dropout';
  }

  config(): readonly JsonValue[] {
    return [this.rate];
  }

  forward(x: Tensor): Tensor {
    return this.rate > 0 && this.training ? dropout(x, this.rate) : x;
  }
}
