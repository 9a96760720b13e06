/** Losses with a margin, of scores and of embedding vectors: what is far enough on the right side costs nothing. */
import { DTypeError, ShapeError } from '../../errors.ts';
import { relu } from '../../ops/activations.ts';
import { reshape, sum } from '../../ops/broadcast.ts';
import {
  add,
  divide,
  greater,
  maximum,
  minimum,
  multiply,
  power,
  sqrt,
  square,
  subtract,
  where,
} from '../../ops/elementwise.ts';
import { oneHot } from '../../ops/indexing.ts';
import { mean, norm } from '../../ops/reduce.ts';
import { describeValue, requireBoolean, requireKnownOptions, requireNumber } from '../../options.ts';
import { formatShape, sameShape, sizeOf } from '../../tensor/shape.ts';
import { Tensor } from '../../tensor/tensor.ts';
import {
  checkOptions,
  type LossOptions,
  reduce,
  requireClasses,
  requireTensors,
  sameShapeTargets,
} from './loss-arguments.ts';

/**
 * max(0, 1 - t·x) for scores x and targets t of one shape, which are -1 or 1, or bool (false is -1): the loss of a support
 * vector machine for two classes. Scalar, or elementwise with 'none'. Same as Keras's Hinge.
 *
 * @throws ShapeError for different shapes, DTypeError for scores that are not float32, OptionError for an unknown option
 */
export function hinge(scores: Tensor, targets: Tensor, options: LossOptions = {}): Tensor {
  const reduction = checkOptions('hinge', options);
  const given = sameShapeTargets('hinge', scores, targets);
  const t = targets.dtype === 'bool' ? subtract(multiply(given, 2), 1) : given;
  return reduce(relu(subtract(1, multiply(t, scores))), reduction);
}

/** Options of `multiClassHinge`. */
export interface MultiClassHingeOptions extends LossOptions {
  /** By how much the right class has to be ahead. Default 1. */
  readonly margin?: number;
  /** The power of each excess. Default 1. */
  readonly power?: 1 | 2;
}

/**
 * Σ over the wrong classes c of max(0, margin - x[target] + x[c])^power, divided by C, for scores x […, C] and int32 targets
 * […] (Weston & Watkins 1999). Scalar, or […] with 'none'. Same as torch.nn.functional.multi_margin_loss.
 *
 * @throws as `softmaxCrossEntropy`
 */
export function multiClassHinge(
  scores: Tensor,
  targets: Tensor,
  options: MultiClassHingeOptions = {},
): Tensor {
  const name = 'multiClassHinge';
  const reduction = checkOptions(name, options, ['margin', 'power']);
  const margin = requireNumber(name, 'margin', options.margin ?? 1, 'a number');
  const exponent = requireNumber(name, 'power', options.power ?? 1, '1 or 2');
  const { leading, classes } = requireClasses(name, scores, targets);
  const rows = reshape(scores, [sizeOf(leading), classes]);
  const right = oneHot(reshape(targets, [sizeOf(leading)]), classes, 'bool');
  const target = sum(where(right, rows, 0), -1, { keepDims: true });
  const excess = relu(add(subtract(rows, target), margin));
  const costs = where(right, 0, exponent === 1 ? excess : power(excess, exponent));
  return reduce(reshape(mean(costs, -1), leading), reduction);
}

/** Options of `cosineSimilarity`. */
export interface CosineSimilarityOptions {
  /** The axis of the vectors. Default -1. */
  readonly axis?: number;
  /** The least length that vectors count as. Default 1e-8. */
  readonly epsilon?: number;
}

/**
 * a·b / (‖a‖·‖b‖) of the vectors along an axis: 1 for one direction, -1 for opposite ones, 0 for orthogonal vectors and
 * where one is zero. a and b broadcast; the axis is gone from the result.
 *
 * @throws ShapeError for shapes that do not broadcast; OptionError for an axis that they do not have
 */
export function cosineSimilarity(a: Tensor, b: Tensor, options: CosineSimilarityOptions = {}): Tensor {
  requireKnownOptions('cosineSimilarity', options, ['axis', 'epsilon']);
  const { axis = -1 } = options;
  const epsilon = requireNumber('cosineSimilarity', 'epsilon', options.epsilon ?? 1e-8, 'a number above 0');
  requireTensors('cosineSimilarity', a, b);
  const direction = (x: Tensor): Tensor => divide(x, maximum(norm(x, axis, { keepDims: true }), epsilon));
  return sum(multiply(direction(a), direction(b)), axis);
}

/** Options of `cosineEmbedding`. */
export interface CosineEmbeddingOptions extends LossOptions {
  /** Up to this similarity, vectors that should differ cost nothing. Default 0. */
  readonly margin?: number;
}

/**
 * 1 - cos(a, b) where the target is 1, max(0, cos(a, b) - margin) where it is -1 (bool: false is -1), for vectors a and b
 * […, F] and targets […]. Scalar, or […] with 'none'. Same as torch.nn.functional.cosine_embedding_loss.
 *
 * @throws ShapeError for shapes that do not belong together; OptionError for an unknown option
 */
export function cosineEmbedding(
  a: Tensor,
  b: Tensor,
  targets: Tensor,
  options: CosineEmbeddingOptions = {},
): Tensor {
  const reduction = checkOptions('cosineEmbedding', options, ['margin']);
  const margin = requireNumber('cosineEmbedding', 'margin', options.margin ?? 0, 'a number');
  requireVectors('cosineEmbedding', { a, b });
  const similarity = cosineSimilarity(a, b);
  const alike = greater(sameShapeTargets('cosineEmbedding', similarity, targets), 0);
  return reduce(where(alike, subtract(1, similarity), relu(subtract(similarity, margin))), reduction);
}

/** Options of `triplet`. */
export interface TripletOptions extends LossOptions {
  /** How much farther the negative has to be than the positive. Default 1. */
  readonly margin?: number;
  /** Whether the positive stands in for the anchor where it is nearer to the negative (Balntas et al. 2016). Default false. */
  readonly swap?: boolean;
}

/**
 * max(0, ‖anchor - positive‖ - ‖anchor - negative‖ + margin) of vectors […, F] (Schroff et al. 2015, FaceNet): what belongs
 * together is brought nearer than what does not. Scalar, or […] with 'none'. Same as
 * torch.nn.functional.triplet_margin_loss, with its 1e-6 in each difference.
 *
 * @throws ShapeError for different shapes; OptionError for an unknown option
 */
export function triplet(
  anchor: Tensor,
  positive: Tensor,
  negative: Tensor,
  options: TripletOptions = {},
): Tensor {
  const reduction = checkOptions('triplet', options, ['margin', 'swap']);
  const margin = requireNumber('triplet', 'margin', options.margin ?? 1, 'a number of at least 0');
  const swap = requireBoolean('triplet', 'swap', options.swap ?? false);
  requireVectors('triplet', { anchor, positive, negative });
  const near = distance(anchor, positive);
  const fromAnchor = distance(anchor, negative);
  const far = swap ? minimum(fromAnchor, distance(positive, negative)) : fromAnchor;
  return reduce(relu(add(subtract(near, far), margin)), reduction);
}

/** Between the vectors of two tensors […, F]. The small number keeps the derivative finite where they are equal. */
function distance(a: Tensor, b: Tensor): Tensor {
  return sqrt(sum(square(add(subtract(a, b), 1e-6)), -1));
}

/** Throws unless all are float32 vectors […, F] of one shape. */
function requireVectors(where: string, given: Readonly<Record<string, Tensor>>): void {
  const [[firstName, first], ...others] = Object.entries(given);
  for (const [name, x] of Object.entries(given)) {
    if (x instanceof Tensor && x.dtype === 'float32' && x.rank > 0) continue;
    throw new DTypeError({
      where,
      got: `${name} ${x instanceof Tensor ? `${x.dtype}${formatShape(x.shape)}` : describeValue(x)}`,
      expected: 'float32 vectors […, F]',
      cure: 'Give what the model computes, a vector for each sample.',
    });
  }
  for (const [name, x] of others) {
    if (sameShape(x.shape, first.shape)) continue;
    throw new ShapeError({
      where,
      got: `${name} ${formatShape(x.shape)} beside ${firstName} ${formatShape(first.shape)}`,
      expected: 'one shape for all',
      cure: 'Reshape one of them: losses do not broadcast, because that hides mistakes.',
    });
  }
}
