/** Readouts: what the steps of a sequence come to, padding left out. */
import { sum } from '../../ops/broadcast.ts';
import { cast } from '../../ops/cast.ts';
import { divide, maximum, multiply, tanh, where } from '../../ops/elementwise.ts';
import { matmul } from '../../ops/matmul.ts';
import { expandDims } from '../../ops/movement.ts';
import { any, max, mean } from '../../ops/reduce.ts';
import { softmax } from '../../ops/softmax.ts';
import { requireKnownOptions, requireNumber, requireOneOf } from '../../options.ts';
import { asOne } from '../../tensor/exposure.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { Parameter } from '../../tensor/variable.ts';
import { requireAxes, requireDTypeFor, requireMask, requireSteps, sequenceCure } from '../checks.ts';
import { pytorchDefault } from '../initializers.ts';
import { type JsonValue, Layer } from '../layer.ts';
import { lastOutput } from './sequence-steps.ts';

/** How a sequence is read out: by its last step, the mean or the maximum of each feature, or a mean weighted by attention. */
export type ReadoutKind = 'last' | 'mean' | 'max' | 'attention';

/** A sequence with its padding. */
export interface ReadoutInput {
  /** [N, T, features] */
  readonly x: Tensor;
  /** bool [N, T]: which steps are real. Default: all. */
  readonly mask?: Tensor;
}

/**
 * Reads a sequence out: x [N, T, features], or `{ x, mask }`, → [N, features]. `how` is
 *
 * - 'last': the last step that is real,
 * - 'mean' or 'max': of each feature over the real steps,
 * - 'attention': z = Σ a_t x_t, with a = softmax over the real steps of queryᵀ tanh(x_t · weight) (Lin et al. 2017, "A Structured
 *   Self-attentive Sentence Embedding", eq. 5, with one query): the steps that matter are learned.
 *
 * What is not real is left out before anything is computed of it, NaN and all. A sequence without any real step gives zeros.
 *
 * Parameters with 'attention': `weight` [features, features] and `query` [features], drawn as those of `Dense`.
 *
 * ```ts
 * const model = new Sequential([new RowsToSequence(), new Dense(28, 16), new Readout('attention', 16)]);
 * model.call(randn([2, 28, 28, 1])).shape; // [2, 16]
 * ```
 *
 * @throws OptionError for another way; ShapeError for a sequence or mask that does not fit, or has no steps; DTypeError for a mask
 * that is not bool
 */
export class Readout extends Layer<Tensor | ReadoutInput, Tensor> {
  static readonly ofLibrary = true;
  /** The ways there are. */
  static readonly kinds: readonly ReadoutKind[] = ['last', 'mean', 'max', 'attention'];

  /** Which way it reads. */
  readonly how: ReadoutKind;
  /** Features of each step, and of the result. */
  readonly features: number;
  /** [features, features], with 'attention'. */
  readonly weight: Parameter | undefined;
  /** [features], with 'attention': the steps that are like it count. */
  readonly query: Parameter | undefined;

  /**
   * A sequence as one vector: x [N, T, features], or `{ x, mask }`, → [N, features]. `how` is 'last', 'mean', 'max' or 'attention'.
   *
   * @throws OptionError for another way, or a size that cannot be
   */
  constructor(how: ReadoutKind, features: number) {
    super();
    requireOneOf('Readout', 'how', how, Readout.kinds);
    this.how = how;
    this.features = requireNumber('Readout', 'features', features, 'a whole number of at least 1');
    if (how !== 'attention') return;
    const drawn = (shape: readonly number[], name: string): Parameter =>
      new Parameter(pytorchDefault(shape, { in: features, out: features }), name);
    this.weight = drawn([features, features], 'weight');
    this.query = drawn([features], 'query');
  }

  override get kind(): string {
    return 'readout';
  }

  config(): readonly JsonValue[] {
    return [this.how, this.features];
  }

  forward(input: Tensor | ReadoutInput): Tensor {
    return asOne(() => {
      const { x, mask } = this.#checked(input instanceof Tensor ? { x: input } : input);
      if (mask === undefined) return this.#readOut(x, undefined);
      // [N, T, 1]
      const real = expandDims(mask, -1);
      return this.#readOut(where(real, x, 0), real);
    });
  }

  /** Of x [N, T, F], 0 at padding, and `real` [N, T, 1]. */
  #readOut(x: Tensor, real: Tensor | undefined): Tensor {
    switch (this.how) {
      case 'last':
        return lastOutput(x, real && any(real, -1), false);
      case 'mean':
        return real ? divide(sum(x, 1), maximum(sum(cast(real, 'float32'), 1), 1)) : mean(x, 1);
      case 'max':
        return real ? where(any(real, 1), max(where(real, x, Number.NEGATIVE_INFINITY), 1), 0) : max(x, 1);
      default:
        return sum(multiply(this.#weightsOf(x, real), x), 1);
    }
  }

  /** How much each step counts, [N, T, 1]: together 1, or 0 where no step is real. */
  #weightsOf(x: Tensor, real: Tensor | undefined): Tensor {
    const scores = matmul(tanh(matmul(x, this.weight!)), expandDims(this.query!, 1));
    // Far below every score and finite, so that the softmax of nothing is a number, which is then set to 0.
    return real ? where(real, softmax(where(real, scores, -3e38), 1), 0) : softmax(scores, 1);
  }

  #checked(input: ReadoutInput): ReadoutInput {
    requireKnownOptions(this.describe(), input, ['x', 'mask']);
    const { x, mask } = input;
    const cure = sequenceCure('Give the steps of a sequence, with the batch first.');
    requireAxes(this, x, ['N', 'T', ['F', this.features]], cure);
    requireDTypeFor(this, 'x', x, 'float32');
    const [n, steps] = x.shape;
    requireSteps(this, x);
    if (mask === undefined) return input;
    const axes = [
      ['N', n],
      ['T', steps],
    ] as const;
    requireMask(this, 'mask', mask, axes, 'It says of each step whether it is real.');
    return input;
  }
}
