/** Ensemble: several classifiers of the same input, whose answers become one. */
import { OptionError, ShapeError } from '../errors.ts';
import { reshape } from '../ops/broadcast.ts';
import { eye } from '../ops/creation.ts';
import { add, clamp, exp, log, multiply } from '../ops/elementwise.ts';
import { oneHot } from '../ops/indexing.ts';
import { matmul } from '../ops/matmul.ts';
import { permute, stack, tile } from '../ops/movement.ts';
import { argMax, logSumExp, mean } from '../ops/reduce.ts';
import { logSoftmax, softmaxPrimitive } from '../ops/softmax.ts';
import { describeValue, requireKnownOptions, requireNumber, requireOneOf } from '../options.ts';
import { fill } from '../tensor/leaves.ts';
import { isOf } from '../tensor/primitive.ts';
import { formatShape } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { Parameter } from '../tensor/variable.ts';
import { type Combination, combinations } from './combinations.ts';
import type { JsonValue } from './layer.ts';
import type { Module } from './module.ts';
import { type NamedModules, Sequential } from './sequential.ts';

/** Options of `Ensemble`. */
export interface EnsembleOptions {
  /** Default 'mean'. */
  readonly combine?: Combination;
  /** How many classes there are: of `'stack'`, which has a weight for each. */
  readonly classes?: number;
}

/** What the probabilities count where votes are equal. A vote counts the rest of 1. */
const tieShare = 1e-4;
/** A probability may be too small for a number; its logarithm has to be one. */
const leastProbability = 1e-37;

/**
 * Classifiers side by side: each is called with x and gives scores [N, K], or their softmax; the ensemble gives scores [N, K] again,
 * whose softmax is the combined probability. With p the probabilities of a member, of M, over the classes:
 *
 * - `'mean'`: mean p, the mixture of the members (deep ensembles: Lakshminarayanan, Pritzel and Blundell, 2017)
 * - `'logits'`: softmax of mean log p, the geometric mean
 * - `'vote'`: the share of members whose class of highest probability it is. The mean of p has 1/10,000 of the weight, so that it decides
 *   where votes are equal and no class has probability 0
 * - `'weights'`: Σ w p with w = softmax(`mixture`); parameter `mixture` [M], at first zeros, which is the mean
 * - `'stack'`: softmax of log p of all members, one after the other [N, M·K], times `weight` [M·K, K] plus `bias` [K] (stacked
 *   generalization: Wolpert, 1992); at first the same as `'logits'`
 *
 * ```ts
 * const members = { first: new Dense(4, 3), second: new Dense(4, 3) };
 * new Ensemble(members, { combine: 'vote' }).call(ones([2, 4])).shape; // [2, 3]
 * ```
 *
 * To learn `mixture`, or `weight` and `bias`, freeze the members and call `fit` with images that no member was trained on.
 *
 * @throws as `Sequential`; OptionError for no members, or options that do not fit; ShapeError where members give no scores of the same
 *   classes.
 */
export class Ensemble extends Sequential {
  static override readonly ofLibrary = true;
  static override readonly reserved = ['mixture', 'weight', 'bias'];

  /** [M], of `'weights'`. */
  readonly mixture: Parameter | undefined;
  /** [M·K, K], of `'stack'`. */
  readonly weight: Parameter | undefined;
  /** [K], of `'stack'`. */
  readonly bias: Parameter | undefined;
  /** Spelled out. */
  readonly #options: EnsembleOptions & JsonValue;

  /**
   * Classifiers side by side: an array of them, or a record by name. Default: the mean of their probabilities.
   *
   * @throws OptionError for names that cannot be, no members, members that are no modules, or options that do not fit
   */
  constructor(members: readonly Module[] | NamedModules, options: EnsembleOptions = {}) {
    super(members);
    requireKnownOptions('Ensemble', options, ['combine', 'classes']);
    const { combine = 'mean', classes } = options;
    requireOneOf('Ensemble', 'combine', combine, combinations);
    const count = this.layers.length;
    requireNumber('Ensemble', 'the number of members', count, 'a whole number of at least 1');
    if (classes !== undefined && combine !== 'stack') {
      throw new OptionError({
        where: 'Ensemble',
        got: `classes ${describeValue(classes)} beside combine '${combine}'`,
        expected: "classes for 'stack' alone",
        cure: 'Leave classes out.',
      });
    }
    this.#options = { combine, ...(classes !== undefined && { classes }) };
    if (combine === 'weights') this.mixture = new Parameter(fill(0, [count]), 'mixture');
    if (combine !== 'stack') return;
    requireNumber('Ensemble', 'classes', classes!, 'a whole number of at least 1');
    this.weight = new Parameter(tile(multiply(eye(classes!), 1 / count), [count, 1]), 'weight');
    this.bias = new Parameter(fill(0, [classes!]), 'bias');
  }

  override get kind(): string {
    return 'ensemble';
  }

  override with(members: NamedModules): Ensemble {
    return new Ensemble({ ...this.modules, ...members }, this.#options);
  }

  override config(): readonly JsonValue[] {
    return [this.#options];
  }

  override forward(x: Tensor): Tensor {
    // [M, N, K]
    const answers = stack(this.#answersTo(x));
    const [count, images, classes] = answers.shape as [number, number, number];
    switch (this.#options.combine!) {
      case 'mean':
        return meanOfProbabilities(answers);
      case 'logits':
        return mean(answers, 0);
      case 'vote': {
        const votes = mean(oneHot(argMax(answers), classes), 0);
        const tie = exp(meanOfProbabilities(answers));
        return log(clamp(add(multiply(votes, 1 - tieShare), multiply(tie, tieShare)), leastProbability, 1));
      }
      case 'weights':
        return logSumExp(add(answers, reshape(logSoftmax(this.mixture!), [count, 1, 1])), 0);
      case 'stack': {
        const features = reshape(permute(answers, [1, 0, 2]), [images, count * classes]);
        return add(matmul(features, this.weight!), this.bias!);
      }
    }
  }

  /** The logarithms of the probabilities that each member gives: [N, K]. */
  #answersTo(x: Tensor): Tensor[] {
    const answers = Object.entries(this.modules).map(([name, member]) => {
      const scores = member.call(x);
      if (scores instanceof Tensor && scores.rank === 2) return logProbabilities(scores);
      throw this.#unfit(name, scores);
    });
    const [images, given] = answers[0]!.shape;
    const classes = this.#options.classes ?? given;
    const other = answers.findIndex(({ shape }) => shape.join() !== `${images},${classes}`);
    if (other === -1) return answers;
    throw this.#unfit(Object.keys(this.modules)[other]!, answers[other], classes);
  }

  #unfit(member: string, scores: unknown, classes?: number): ShapeError {
    return new ShapeError({
      where: this.describe(),
      got: `${scores instanceof Tensor ? formatShape(scores.shape) : describeValue(scores)} of its member "${member}"`,
      expected: `[N, K${classes === undefined ? '' : `=${classes}`}]: a score for each of the same classes`,
      cure: 'Combine classifiers of the same classes.',
    });
  }
}

/** [M, N, K] → [N, K] */
function meanOfProbabilities(answers: Tensor): Tensor {
  return add(logSumExp(answers, 0), -Math.log(answers.shape[0]!));
}

/** Of scores, or of what a softmax gave. */
function logProbabilities(scores: Tensor): Tensor {
  if (!isOf(scores.node, softmaxPrimitive)) return logSoftmax(scores);
  return log(clamp(scores, leastProbability, 1));
}
