/** The embedding layer: a learned vector for each of a number of symbols. */
import { DTypeError } from '../errors.ts';
import { embedding } from '../ops/indexing.ts';
import { requireKnownOptions, requireNumber } from '../options.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Parameter } from '../tensor/variable.ts';
import { describeShape, drawWeight, requireTensorFor } from './checks.ts';
import { type Initializer, normal } from './initializers.ts';
import { type JsonValue, Layer } from './layer.ts';

/** Options of `Embedding`. */
export interface EmbeddingOptions {
  /** Of the table. Default `normal(1)`, as in PyTorch. */
  readonly weightInitializer?: Initializer;
}

/**
 * int32 x […] → […, features]: row x of the table. Parameter: `weight` [count, features].
 *
 * @throws DTypeError unless x is int32. Awaiting the result throws IndexError for an index outside [0, count).
 */
export class Embedding extends Layer {
  static readonly ofLibrary = true;

  /** How many symbols there are. */
  readonly count: number;
  /** Length of the vector of each. */
  readonly features: number;
  /** [count, features] */
  readonly weight: Parameter;

  /**
   * A learned vector for each of `count` symbols: int32 x […] → […, features]. Default: drawn from normal(1).
   *
   * @throws OptionError for sizes or options out of range
   */
  constructor(count: number, features: number, options: EmbeddingOptions = {}) {
    super();
    requireNumber('Embedding', 'count', count, 'a whole number of at least 1');
    requireNumber('Embedding', 'features', features, 'a whole number of at least 1');
    requireKnownOptions('Embedding', options, ['weightInitializer']);
    this.count = count;
    this.features = features;
    const { weightInitializer = normal(1) } = options;
    const weight = drawWeight('Embedding', 'weightInitializer', weightInitializer, [count, features]);
    this.weight = new Parameter(weight, 'weight');
  }

  override get kind(): string {
    return 'embedding';
  }

  config(): readonly JsonValue[] {
    return [this.count, this.features];
  }

  forward(x: Tensor): Tensor {
    if (requireTensorFor(this, x).dtype !== 'int32') {
      throw new DTypeError({
        where: this.describe(),
        got: `${x.dtype}${describeShape(x.shape)}`,
        expected: `int32 indices from 0 to ${this.count - 1}`,
        cure: "Make them with tensor(…, { dtype: 'int32' }), or convert them with x.cast('int32').",
      });
    }
    return embedding(this.weight, x);
  }
}
