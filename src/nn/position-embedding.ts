/** Where a token lies, learned, and the readout of the first and the last token: what models of tokens have around their blocks. */
import { ShapeError } from '../errors.ts';
import { reshape } from '../ops/broadcast.ts';
import { add } from '../ops/elementwise.ts';
import { concat, narrow } from '../ops/movement.ts';
import { type Shape, sizeOf } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Parameter } from '../tensor/variable.ts';
import { describeShape, requireLastAxes, requireLengths, requireTensorFor } from './checks.ts';
import { normal } from './initializers.ts';
import { type JsonValue, Layer } from './layer.ts';

/**
 * A learned vector for every place, added to the token that lies there: x [N, ...shape] → the same shape. Parameter: `weight` of
 * `shape`, from a normal distribution of deviation 0.02 (Dosovitskiy et al. 2021).
 *
 * ```ts
 * new PositionEmbedding([5, 5, 32]).call(ones([2, 5, 5, 32])).shape; // [2, 5, 5, 32]
 * ```
 *
 * @throws ShapeError when the axes after the first are not `shape`.
 */
export class PositionEmbedding extends Layer {
  static readonly ofLibrary = true;

  /** Of `shape`: the places, and the features of a token. */
  readonly weight: Parameter;

  /**
   * Adds a learned tensor of `shape` to each x [N, ...shape]: [T, F] for sequences, [H, W, C] for grids.
   *
   * @throws OptionError unless the lengths are whole numbers ≥ 1
   */
  constructor(shape: Shape) {
    super();
    const lengths = requireLengths('PositionEmbedding', shape);
    this.weight = new Parameter(normal(0.02)(lengths, { in: 1, out: 1 }), 'weight', { decays: false });
  }

  override get kind(): string {
    return 'positionEmbedding';
  }

  config(): readonly JsonValue[] {
    return [this.weight.shape];
  }

  forward(x: Tensor): Tensor {
    const { shape } = this.weight;
    const cure =
      'There is a vector for each place: build the layer for the shape of a sample, without the batch.';
    requireLastAxes(this, x, shape, cure, shape.length + 1);
    return add(x, this.weight);
  }
}

/**
 * The first and the last token side by side: a sequence x [N, T, F], or a grid [N, H, W, F] row by row, → [N, 2·F]. Where blocks
 * read in both directions by turns, one of them has just read everything.
 *
 * @throws ShapeError for fewer than three axes, or no token.
 */
export class FirstAndLast extends Layer {
  static readonly ofLibrary = true;

  override get kind(): string {
    return 'firstAndLast';
  }

  config(): readonly JsonValue[] {
    return [];
  }

  forward(x: Tensor): Tensor {
    const { shape } = requireTensorFor(this, x);
    const [n, ...places] = shape.slice(0, -1);
    const features = shape.at(-1)!;
    const steps = sizeOf(places);
    if (places.length === 0 || steps === 0) {
      throw new ShapeError({
        where: this.describe(),
        got: describeShape(shape),
        expected: '[N, T, F] or [N, H, W, F], of at least one token',
        cure: 'Leave the tokens as they lie: no Flatten, and no layer that gives one step alone.',
      });
    }
    const tokens = reshape(x, [n, steps, features]);
    const token = (at: number): Tensor => reshape(narrow(tokens, 1, at, at + 1), [n, features]);
    return concat([token(0), token(steps - 1)], -1);
  }
}
