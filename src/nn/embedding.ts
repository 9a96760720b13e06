/** The embedding layer: a learned vector for each of a number of symbols. */
import { DTypeError } from '../errors.ts';
import { embedding } from '../ops/indexing.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Parameter } from '../tensor/variable.ts';
import { describeShape, requireKnownOptions, requireWhole } from './checks.ts';
import { fansOf, type Initializer, normal } from './initialisers.ts';
import { type JsonValue, Layer } from './layer.ts';

export interface EmbeddingOptions {
  /** Of the table. Default `normal(1)`, as in PyTorch. */
  readonly weightInitializer?: Initializer;
}

/**
 * int32 x […] → […, features]: row x of the table. Parameter: `weight` [count, features].
 *
 * @throws DTypeError unless x is int32. Awaiting the result throws for an index outside [0, count).
 */
export class Embedding extends Layer {
  readonly count: number;
  readonly features: number;
  readonly weight: Parameter;

  constructor(count: number, features: number, options: EmbeddingOptions = {}) {
    super();
    requireWhole('Embedding', 'count', count);
    requireWhole('Embedding', 'features', features);
    requireKnownOptions('Embedding', options, ['weightInitializer']);
    this.count = count;
    this.features = features;
    const shape = [count, features];
    this.weight = new Parameter((options.weightInitializer ?? normal(1))(shape, fansOf(shape)), 'weight');
  }

  override get kind(): string {
    return 'embedding';
  }

  config(): readonly JsonValue[] {
    return [this.count, this.features];
  }

  forward(x: Tensor): Tensor {
    if (x.dtype !== 'int32') {
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
