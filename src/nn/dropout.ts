/** Dropout layers: of elements, and of whole channels. */

import { ShapeError } from '../errors.ts';
import { dropout } from '../ops/dropout.ts';
import { requireNumber } from '../options.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { describeShape, requireTensorFor } from './checks.ts';
import { type JsonValue, Layer } from './layer.ts';

/**
 * In training mode sets each element to 0 with probability `rate` and scales the rest by 1/(1 - rate); in evaluation
 * mode the identity (Srivastava et al. 2014). Any shape. Default rate 0.5.
 *
 * @throws OptionError for a rate outside [0, 1].
 */
export class Dropout extends Layer {
  static readonly ofLibrary = true;

  /** The share of elements that are dropped. */
  readonly rate: number;

  /**
   * Drops elements in training mode, each with probability `rate` (default 0.5), and scales the others by 1/(1 - rate).
   * Any shape.
   *
   * @throws OptionError for a rate outside [0, 1]
   */
  constructor(rate = 0.5) {
    super();
    this.rate = requireNumber('Dropout', 'rate', rate, 'a number from 0 to 1');
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

/**
 * Dropout of whole channels: x [N, …, C], images or sequences, → the same shape. In training mode all places of a channel
 * of a sample are set to 0 together, since neighbors tell of each other (Tompson et al. 2015). Default rate 0.5.
 *
 * @throws OptionError for a rate outside [0, 1]; ShapeError for fewer than three axes.
 */
export class SpatialDropout extends Layer {
  static readonly ofLibrary = true;

  /** The share of channels that are dropped. */
  readonly rate: number;

  /**
   * Drops channels of x [N, H, W, C] or [N, T, C] in training mode, each with probability `rate` (default 0.5), and scales
   * the others by 1/(1 - rate).
   *
   * @throws OptionError for a rate outside [0, 1]
   */
  constructor(rate = 0.5) {
    super();
    this.rate = requireNumber('SpatialDropout', 'rate', rate, 'a number from 0 to 1');
  }

  override get kind(): string {
    return 'spatialDropout';
  }

  config(): readonly JsonValue[] {
    return [this.rate];
  }

  forward(x: Tensor): Tensor {
    if (requireTensorFor(this, x).rank < 3) {
      throw new ShapeError({
        where: this.describe(),
        got: `${describeShape(x.shape)} (rank ${x.rank})`,
        expected: '[N, …, C] (rank 3 or more)',
        cure: 'Without places that share a channel, Dropout does the same.',
      });
    }
    if (this.rate === 0 || !this.training) return x;
    return dropout(x, this.rate, { sharedAxes: x.shape.slice(1, -1).map((_, place) => place + 1) });
  }
}
