/** Losses of classes: cross-entropies and what is made of them, with the semantics of PyTorch. */
import { OptionError, ShapeError } from '../../errors.ts';
import { softplus } from '../../ops/activations.ts';
import { reshape, sum } from '../../ops/broadcast.ts';
import {
  add,
  divide,
  equal,
  expm1,
  logicalAnd,
  multiply,
  negate,
  notEqual,
  power,
  sigmoid,
  subtract,
  where,
} from '../../ops/elementwise.ts';
import { gather, oneHot } from '../../ops/indexing.ts';
import { expandDims } from '../../ops/movement.ts';
import { logSoftmax } from '../../ops/softmax.ts';
import { describeValue, requireNumber } from '../../options.ts';
import { fill } from '../../tensor/leaves.ts';
import { formatShape, sameShape, sizeOf } from '../../tensor/shape.ts';
import { Tensor } from '../../tensor/tensor.ts';
import {
  checkOptions,
  type LossOptions,
  type LossReduction,
  reduce,
  requireClasses,
  requireTensors,
  sameShapeTargets,
  targetError,
} from './loss-arguments.ts';
/** Options of losses whose targets are classes. */
export interface ClassLossOptions extends LossOptions {
  /** float32 [C]: how much each class counts. With integer targets 'mean' divides by the weights of the targets. */
  readonly classWeights?: Tensor;
  /** Rows with this integer target have loss 0, do not count in the mean, and may hold NaN. Default: none is ignored. */
  readonly ignoreIndex?: number;
}

/** Options of `softmaxCrossEntropy`. */
export interface SoftmaxCrossEntropyOptions extends ClassLossOptions {
  /** The share ε of the target that is spread evenly over all classes (Szegedy et al. 2016). Default 0. */
  readonly labelSmoothing?: number;
}

/**
 * -log softmax(logits) at the target, from logits […, C] and either int32 targets […] of [0, C) or float32 targets
 * […, C], which are probabilities. Gives a scalar, or […] with `reduction: 'none'`. Finite for any finite logits.
 *
 * Same as torch.nn.functional.cross_entropy with classes last; as there, the mean over nothing but ignored rows is NaN.
 *
 * @throws ShapeError for shapes that do not belong together; LabelError for a target outside [0, C) where the targets
 * are host data (else awaiting the loss throws IndexError); DTypeError for predictions that are not float32;
 * OptionError for an unknown option, or ignoreIndex with probabilities.
 */
export function softmaxCrossEntropy(
  logits: Tensor,
  targets: Tensor,
  options: SoftmaxCrossEntropyOptions = {},
): Tensor {
  const name = 'softmaxCrossEntropy';
  const reduction = checkOptions(name, options, ['labelSmoothing', 'classWeights', 'ignoreIndex']);
  const { labelSmoothing = 0, classWeights, ignoreIndex } = options;
  requireNumber(name, 'labelSmoothing', labelSmoothing, 'a number from 0 to 1');
  requireTensors(name, logits, targets);
  const leading = logits.shape.slice(0, -1);
  // float32 of the shape of classes is meant as classes: what is said of those names the cast.
  const asClasses = targets.dtype !== 'float32' || (logits.rank > 0 && sameShape(targets.shape, leading));
  if (asClasses) return ofClasses(name, logSoftmax, logits, targets, options, reduction);
  if (logits.rank === 0 || !sameShape(targets.shape, logits.shape)) {
    const expected = `probabilities of the shape of the logits, or int32 classes ${formatShape(leading)}`;
    throw targetError(name, targets, logits, expected);
  }
  if (ignoreIndex !== undefined) {
    throw new OptionError({
      where: name,
      got: `ignoreIndex ${ignoreIndex} with float32 targets`,
      expected: 'ignoreIndex only with int32 targets',
      cure: 'Give rows that should not count a target of zeros, and divide a sum yourself.',
    });
  }
  const classes = logits.shape.at(-1)!;
  requireClassWeights(name, classWeights, classes);
  const rows = reshape(logSoftmax(logits), [sizeOf(leading), classes]);
  const losses = softLosses(rows, reshape(targets, rows.shape), labelSmoothing, classWeights);
  return reduce(reshape(losses, leading), reduction);
}

/**
 * -logProbabilities at the target: what `softmaxCrossEntropy` is of logits, for log-probabilities […, C] (of `logSoftmax`)
 * and int32 targets […] of [0, C). Scalar, or […] with 'none'. Same as torch.nn.functional.nll_loss with classes last.
 *
 * @throws as `softmaxCrossEntropy`
 */
export function negativeLogLikelihood(
  logProbabilities: Tensor,
  targets: Tensor,
  options: ClassLossOptions = {},
): Tensor {
  const name = 'negativeLogLikelihood';
  const reduction = checkOptions(name, options, ['classWeights', 'ignoreIndex']);
  return ofClasses(name, (x) => x, logProbabilities, targets, options, reduction);
}

/** Options of `focal`. */
export interface FocalOptions extends ClassLossOptions {
  /** How much less a class that is already likely counts: its loss is multiplied by (1 - p)^gamma. Default 2. */
  readonly gamma?: number;
}

/**
 * -(1 - p)^gamma · log p, with p the softmax of logits […, C] at int32 targets […] (Lin et al. 2017, "Focal Loss for Dense
 * Object Detection", eq. 4): cross-entropy in which what is easy counts little, for classes of very different size. With
 * gamma 0 it is `softmaxCrossEntropy`. Scalar, or […] with 'none'.
 *
 * @throws as `softmaxCrossEntropy`
 */
export function focal(logits: Tensor, targets: Tensor, options: FocalOptions = {}): Tensor {
  const name = 'focal';
  const reduction = checkOptions(name, options, ['gamma', 'classWeights', 'ignoreIndex']);
  const gamma = requireNumber(name, 'gamma', options.gamma ?? 2, 'a number of at least 0');
  const logProbabilities = (x: Tensor): Tensor => {
    const rows = logSoftmax(x);
    // 1 - p as -expm1(log p), which keeps its digits where p is near 1.
    return gamma === 0 ? rows : multiply(power(negate(expm1(rows)), gamma), rows);
  };
  return ofClasses(name, logProbabilities, logits, targets, options, reduction);
}

/** A loss that is -f(predictions) at int32 targets, weighted, without what is ignored. */
function ofClasses(
  name: string,
  valuesOf: (predictions: Tensor) => Tensor,
  predictions: Tensor,
  targets: Tensor,
  { labelSmoothing = 0, classWeights, ignoreIndex }: SoftmaxCrossEntropyOptions,
  reduction: LossReduction,
): Tensor {
  if (ignoreIndex !== undefined) requireNumber(name, 'ignoreIndex', ignoreIndex, 'a whole number');
  const alternative = name === 'softmaxCrossEntropy' ? ' or float32 probabilities' : '';
  const { leading, classes } = requireClasses(name, predictions, targets, { ignoreIndex, alternative });
  requireClassWeights(name, classWeights, classes);
  const real = ignoreIndex === undefined ? undefined : notEqual(targets, ignoreIndex);
  // Before anything is computed of them: a cotangent of 0 would still make NaN of the NaN that ignored rows may hold.
  const rows = valuesOf(real ? where(expandDims(real, -1), predictions, 0) : predictions);
  const present = real ? where(real, targets, 0) : targets;
  const { losses, weights } = hardLosses(
    reshape(rows, [sizeOf(leading), classes]),
    reshape(present, [sizeOf(leading)]),
    { labelSmoothing, classWeights, real: real && reshape(real, [sizeOf(leading)]) },
  );
  if (reduction === 'none') return reshape(losses, leading);
  return reduction === 'sum' ? sum(losses) : divide(sum(losses), sum(weights));
}

function requireClassWeights(name: string, classWeights: Tensor | undefined, classes: number): void {
  if (classWeights === undefined) return;
  if (classWeights instanceof Tensor && sameShape(classWeights.shape, [classes])) return;
  throw new ShapeError({
    where: name,
    got: `classWeights ${classWeights instanceof Tensor ? formatShape(classWeights.shape) : describeValue(classWeights)}`,
    expected: `a tensor [C=${classes}]`,
    cure: 'Give one weight for each class, as a tensor.',
  });
}

/** Losses [N] from log-probabilities [N, C] and probabilities [N, C]. */
function softLosses(
  logProbabilities: Tensor,
  targets: Tensor,
  labelSmoothing: number,
  classWeights: Tensor | undefined,
): Tensor {
  const classes = targets.shape[1];
  const smooth =
    labelSmoothing === 0 ? targets : add(multiply(targets, 1 - labelSmoothing), labelSmoothing / classes);
  // 0 · log 0 counts as 0: a class that is switched off by a logit of -Infinity and has no share of the target.
  const absent = logicalAnd(equal(smooth, 0), equal(logProbabilities, Number.NEGATIVE_INFINITY));
  const products = multiply(smooth, where(absent, 0, logProbabilities));
  return negate(sum(classWeights ? multiply(products, classWeights) : products, -1));
}

/**
 * Losses [N], and what each row counts in the mean [N], from finite log-probabilities [N, C], int32 classes [N], and which rows
 * are real, bool [N].
 */
function hardLosses(
  logProbabilities: Tensor,
  targets: Tensor,
  options: {
    readonly labelSmoothing: number;
    readonly classWeights: Tensor | undefined;
    readonly real: Tensor | undefined;
  },
): { readonly losses: Tensor; readonly weights: Tensor } {
  const { labelSmoothing, classWeights, real } = options;
  const classes = logProbabilities.shape[1];
  // Looking the weight up (and not summing over a one-hot row) makes a class out of range an error on every device.
  const looked = gather(classWeights ?? fill(1, [classes]), targets);
  const weights = real ? where(real, looked, 0) : looked;
  const chosen = sum(where(oneHot(targets, classes, 'bool'), logProbabilities, 0), -1);
  let losses = negate(multiply(weights, chosen));
  if (labelSmoothing > 0) {
    const weighted = classWeights ? multiply(logProbabilities, classWeights) : logProbabilities;
    const everywhere = negate(sum(weighted, -1));
    losses = add(
      multiply(losses, 1 - labelSmoothing),
      multiply(real ? where(real, everywhere, 0) : everywhere, labelSmoothing / classes),
    );
  }
  return { losses, weights };
}

/** Options of `binaryCrossEntropy`. */
export interface BinaryCrossEntropyOptions extends LossOptions {
  /** How much positive targets count: a number, or a tensor that broadcasts. Default 1. */
  readonly positiveWeight?: number | Tensor;
}

/**
 * -t·log σ(x) - (1-t)·log(1 - σ(x)) for logits x and targets t of [0, 1] of one shape; int32 and bool targets are
 * converted. Computed from the logits, so that it is finite wherever they are. Scalar, or elementwise with 'none'.
 */
export function binaryCrossEntropy(
  logits: Tensor,
  targets: Tensor,
  options: BinaryCrossEntropyOptions = {},
): Tensor {
  const reduction = checkOptions('binaryCrossEntropy', options, ['positiveWeight']);
  const t = sameShapeTargets('binaryCrossEntropy', logits, targets);
  const { positiveWeight = 1 } = options;
  if (!(positiveWeight instanceof Tensor)) {
    requireNumber('binaryCrossEntropy', 'positiveWeight', positiveWeight, 'a number of at least 0');
  }
  // (1 - t)·x + (1 + (w - 1)·t)·log(1 + exp(-x))
  const weight = add(multiply(t, subtract(positiveWeight, 1)), 1);
  const losses = add(multiply(subtract(1, t), logits), multiply(weight, softplus(negate(logits))));
  return reduce(losses, reduction);
}

/** Options of `binaryFocal`. */
export interface BinaryFocalOptions extends LossOptions {
  /** How much less what is already likely counts. Default 2. */
  readonly gamma?: number;
  /** Share of positive targets in the balance, 0 to 1; negative ones count 1 - alpha. Default: both count 1. */
  readonly alpha?: number;
}

/**
 * Binary cross-entropy times (1 - p)^gamma, p being the probability that σ(logits) gives the true answer (Lin et al. 2017), for
 * targets of [0, 1] of the same shape. Scalar, or elementwise with 'none'. Same as torchvision's sigmoid_focal_loss.
 *
 * @throws as `binaryCrossEntropy`
 */
export function binaryFocal(logits: Tensor, targets: Tensor, options: BinaryFocalOptions = {}): Tensor {
  const reduction = checkOptions('binaryFocal', options, ['gamma', 'alpha']);
  const { alpha } = options;
  const gamma = requireNumber('binaryFocal', 'gamma', options.gamma ?? 2, 'a number of at least 0');
  if (alpha !== undefined) requireNumber('binaryFocal', 'alpha', alpha, 'a number from 0 to 1');
  const t = sameShapeTargets('binaryFocal', logits, targets);
  const wrong = subtract(1, t);
  let losses = binaryCrossEntropy(logits, t, { reduction: 'none' });
  if (gamma > 0) {
    // 1 - p: σ(-x) where the target is 1, σ(x) where it is 0.
    const missed = add(multiply(t, sigmoid(negate(logits))), multiply(wrong, sigmoid(logits)));
    losses = multiply(power(missed, gamma), losses);
  }
  if (alpha !== undefined) losses = multiply(losses, add(multiply(t, alpha), multiply(wrong, 1 - alpha)));
  return reduce(losses, reduction);
}
