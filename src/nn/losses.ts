/** Loss functions, with the semantics of PyTorch's functions of the same names. */
import { DTypeError, OptionError, ShapeError } from '../errors.ts';
import { softplus } from '../ops/activations.ts';
import { reshape, sum } from '../ops/broadcast.ts';
import {
  abs,
  add,
  cast,
  divide,
  equal,
  lessEqual,
  logicalAnd,
  multiply,
  negate,
  notEqual,
  square,
  subtract,
  where,
} from '../ops/elementwise.ts';
import { checkLabels, gather, oneHot } from '../ops/indexing.ts';
import { mean } from '../ops/reduce.ts';
import { logSoftmax } from '../ops/softmax.ts';
import { describeValue, requireKnownOptions, requireNumber, requireOneOf } from '../options.ts';
import { fill } from '../tensor/leaves.ts';
import { formatShape, sameShape, sizeOf } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';

/** How the losses of single samples or elements become the result. */
export type LossReduction = 'mean' | 'sum' | 'none';

/** Options of every loss. */
export interface LossOptions {
  /** Default 'mean'. */
  readonly reduction?: LossReduction;
}

function reduce(losses: Tensor, reduction: LossReduction): Tensor {
  if (reduction === 'none') return losses;
  return reduction === 'sum' ? sum(losses) : mean(losses);
}

function checkOptions(where: string, options: LossOptions, more: readonly string[] = []): LossReduction {
  requireKnownOptions(where, options, ['reduction', ...more]);
  const { reduction = 'mean' } = options;
  requireOneOf(where, 'reduction', reduction, ['mean', 'sum', 'none']);
  return reduction;
}

/** Throws unless predictions are a float32 tensor and targets a tensor. */
function requireTensors(where: string, predictions: Tensor, targets: Tensor): void {
  for (const [name, given] of Object.entries({ predictions, targets })) {
    if (given instanceof Tensor) continue;
    throw new DTypeError({
      where,
      got: `${name} ${describeValue(given)}`,
      expected: 'a tensor',
      cure: "Make a tensor of the data first: tensor(data), for classes with { dtype: 'int32' }.",
    });
  }
  if (predictions.dtype === 'float32') return;
  throw new DTypeError({
    where,
    got: `${predictions.dtype} predictions`,
    expected: 'float32',
    cure: 'Give what the model computes, not the classes taken from it: argMax and comparisons have no derivative.',
  });
}

function targetError(where: string, targets: Tensor, predictions: Tensor, expected: string): ShapeError {
  return new ShapeError({
    where,
    got: `targets ${targets.dtype}${formatShape(targets.shape)} for predictions ${formatShape(predictions.shape)}`,
    expected,
    cure: 'Reshape one of them: losses do not broadcast, because that hides mistakes.',
  });
}

/** Options of `softmaxCrossEntropy`. */
export interface SoftmaxCrossEntropyOptions extends LossOptions {
  /** The share ε of the target that is spread evenly over all classes (Szegedy et al. 2016). Default 0. */
  readonly labelSmoothing?: number;
  /** float32 [C]: how much each class counts. With integer targets 'mean' divides by the weights of the targets. */
  readonly classWeights?: Tensor;
  /** Rows with this integer target have loss 0 and do not count in the mean. Default: none is ignored. */
  readonly ignoreIndex?: number;
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
  const classes = logits.shape.at(-1) ?? 0;
  if (classes === 0) throw targetError(name, targets, logits, 'logits […, C] with at least one class');
  if (ignoreIndex !== undefined) requireNumber(name, 'ignoreIndex', ignoreIndex, 'a whole number');
  if (
    classWeights !== undefined &&
    !(classWeights instanceof Tensor && sameShape(classWeights.shape, [classes]))
  ) {
    throw new ShapeError({
      where: name,
      got: `classWeights ${classWeights instanceof Tensor ? formatShape(classWeights.shape) : describeValue(classWeights)}`,
      expected: `a tensor [C=${classes}]`,
      cure: 'Give one weight for each class, as a tensor.',
    });
  }
  const rows = reshape(logSoftmax(logits), [sizeOf(leading), classes]);
  if (targets.dtype === 'float32') {
    if (!sameShape(targets.shape, logits.shape)) {
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
    const flat = reshape(targets, rows.shape);
    const losses = softLosses(rows, flat, labelSmoothing, classWeights);
    return reduce(reshape(losses, leading), reduction);
  }
  if (targets.dtype !== 'int32') {
    throw new DTypeError({
      where: name,
      got: `${targets.dtype} targets`,
      expected: 'int32 classes or float32 probabilities',
      cure: "Convert them: targets.cast('int32').",
    });
  }
  if (!sameShape(targets.shape, leading)) {
    throw targetError(name, targets, logits, `int32 targets ${formatShape(leading)}, without the class axis`);
  }
  const { source } = targets.snapshot().node;
  if (source?.kind === 'data') checkLabels(name, source.data, classes, ignoreIndex);
  const flat = reshape(targets, [sizeOf(leading)]);
  const { losses, weights } = hardLosses(rows, flat, { labelSmoothing, classWeights, ignoreIndex });
  if (reduction === 'none') return reshape(losses, leading);
  return reduction === 'sum' ? sum(losses) : divide(sum(losses), sum(weights));
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

/** Losses [N], and what each row counts in the mean [N], from log-probabilities [N, C] and int32 classes [N]. */
function hardLosses(
  logProbabilities: Tensor,
  targets: Tensor,
  options: {
    readonly labelSmoothing: number;
    readonly classWeights: Tensor | undefined;
    readonly ignoreIndex: number | undefined;
  },
): { readonly losses: Tensor; readonly weights: Tensor } {
  const { labelSmoothing, classWeights, ignoreIndex } = options;
  const classes = logProbabilities.shape[1];
  const real = ignoreIndex === undefined ? undefined : notEqual(targets, ignoreIndex);
  const present = real ? where(real, targets, 0) : targets;
  // Looking the weight up (and not summing over a one-hot row) makes a class out of range an error on every device.
  const looked = gather(classWeights ?? fill(1, [classes]), present);
  const weights = real ? where(real, looked, 0) : looked;
  const chosen = sum(where(oneHot(present, classes, 'bool'), logProbabilities, 0), -1);
  let losses = negate(multiply(weights, real ? where(real, chosen, 0) : chosen));
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

/** Targets as float32, of the shape of the predictions. */
function sameShapeTargets(where: string, predictions: Tensor, targets: Tensor): Tensor {
  requireTensors(where, predictions, targets);
  if (sameShape(predictions.shape, targets.shape)) return cast(targets, 'float32');
  throw targetError(where, targets, predictions, 'one shape for both');
}

/** (prediction - target)², for two tensors of one shape. Scalar, or elementwise with 'none'. */
export function meanSquaredError(predictions: Tensor, targets: Tensor, options: LossOptions = {}): Tensor {
  const reduction = checkOptions('meanSquaredError', options);
  const t = sameShapeTargets('meanSquaredError', predictions, targets);
  return reduce(square(subtract(predictions, t)), reduction);
}

/** |prediction - target|, for two tensors of one shape. Scalar, or elementwise with 'none'. */
export function meanAbsoluteError(predictions: Tensor, targets: Tensor, options: LossOptions = {}): Tensor {
  const reduction = checkOptions('meanAbsoluteError', options);
  const t = sameShapeTargets('meanAbsoluteError', predictions, targets);
  return reduce(abs(subtract(predictions, t)), reduction);
}

/** Options of `huber`. */
export interface HuberOptions extends LossOptions {
  /** Where the square becomes a line. Default 1. */
  readonly delta?: number;
}

/**
 * ½·d² for |d| ≤ delta and delta·(|d| - ½·delta) beyond, with d = prediction - target, for two tensors of one shape
 * (Huber 1964). Scalar, or elementwise with 'none'.
 */
export function huber(predictions: Tensor, targets: Tensor, options: HuberOptions = {}): Tensor {
  const reduction = checkOptions('huber', options, ['delta']);
  const { delta = 1 } = options;
  requireNumber('huber', 'delta', delta, 'a number above 0');
  const difference = subtract(predictions, sameShapeTargets('huber', predictions, targets));
  const distance = abs(difference);
  const line = multiply(subtract(distance, delta / 2), delta);
  return reduce(where(lessEqual(distance, delta), multiply(square(difference), 0.5), line), reduction);
}
