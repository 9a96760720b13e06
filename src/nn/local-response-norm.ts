/** LocalResponseNorm: what a map answers, weakened where its neighbors among the maps answer strongly. */
import {
  add,
  cast,
  lessEqual,
  logicalAnd,
  multiply,
  negate,
  power,
  square,
  subtract,
} from '../ops/elementwise.ts';
import { iota } from '../ops/indexing.ts';
import { matmul } from '../ops/matmul.ts';
import { expandDims } from '../ops/movement.ts';
import { requireKnownOptions, requireNumber } from '../options.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { requireLastAxes } from './checks.ts';
import { type JsonValue, Layer } from './layer.ts';

/** Options of `LocalResponseNorm`. */
export interface LocalResponseNormOptions {
  /** Of the mean square. Default 1e-4. */
  readonly alpha?: number;
  /** The exponent. Default 0.75. */
  readonly beta?: number;
  /** Added to the mean square. Default 1. */
  readonly k?: number;
}

/**
 * Local response normalization (Krizhevsky et al. 2012), in PyTorch's form: x […, C] → x / (k + alpha · m)^beta, m being the
 * mean square over `size` channels around each one: ⌊size/2⌋ before it, ⌊(size-1)/2⌋ after it, those that do not exist
 * counting as 0. Nothing is learned.
 *
 * @throws ShapeError for a scalar or a vector.
 */
export class LocalResponseNorm extends Layer {
  static readonly ofLibrary = true;

  /** How many neighboring channels are looked at. */
  readonly size: number;
  /** The options, defaults filled in. */
  readonly options: Required<LocalResponseNormOptions>;

  /**
   * Divides each element of x [N, …, C] by what the `size` channels around it answer at its place. Defaults: alpha 1e-4, beta
   * 0.75, k 1.
   *
   * @throws OptionError for a size or options out of range
   */
  constructor(size: number, options: LocalResponseNormOptions = {}) {
    super();
    const where = 'LocalResponseNorm';
    this.size = requireNumber(where, 'size', size, 'a whole number of at least 1');
    requireKnownOptions(where, options, ['alpha', 'beta', 'k']);
    const { alpha = 1e-4, beta = 0.75, k = 1 } = options;
    requireNumber(where, 'alpha', alpha, 'a number of at least 0');
    requireNumber(where, 'beta', beta, 'a number of at least 0');
    requireNumber(where, 'k', k, 'a number of at least 0');
    this.options = { alpha, beta, k };
  }

  override get kind(): string {
    return 'localResponseNorm';
  }

  config(): readonly JsonValue[] {
    return [this.size, { ...this.options }];
  }

  forward(x: Tensor): Tensor {
    requireLastAxes(this, x, [], 'The first axis is the batch, the last one the channels.', 2);
    const { size } = this;
    const { alpha, beta, k } = this.options;
    const channels = iota(x.shape.at(-1)!);
    // [C, C]: the squares of all channels times this are the sums over each one's neighbors.
    const ahead = subtract(expandDims(channels, 0), expandDims(channels, 1));
    const near = logicalAnd(
      lessEqual(ahead, Math.floor(size / 2)),
      lessEqual(negate(ahead), Math.floor((size - 1) / 2)),
    );
    const neighbors = multiply(cast(near, 'float32'), alpha / size);
    return multiply(x, power(add(matmul(square(x), neighbors), k), -beta));
  }
}
