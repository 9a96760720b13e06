/** What all losses share: how they are reduced, and what they ask of predictions and targets. */
import { DTypeError, ShapeError } from '../../errors.ts';
import { sum } from '../../ops/broadcast.ts';
import { cast } from '../../ops/elementwise.ts';
import { checkLabels } from '../../ops/indexing.ts';
import { mean } from '../../ops/reduce.ts';
import { describeValue, requireKnownOptions, requireOneOf } from '../../options.ts';
import { formatShape, type Shape, sameShape } from '../../tensor/shape.ts';
import { Tensor } from '../../tensor/tensor.ts';

/** How the losses of single samples or elements become the result. */
export type LossReduction = 'mean' | 'sum' | 'none';

/** Options of every loss. */
export interface LossOptions {
  /** Default 'mean'. */
  readonly reduction?: LossReduction;
}

/** The result of a loss from those of its samples or elements. */
export function reduce(losses: Tensor, reduction: LossReduction): Tensor {
  if (reduction === 'none') return losses;
  return reduction === 'sum' ? sum(losses) : mean(losses);
}

/** Throws OptionError for options that are unknown; gives the reduction. */
export function checkOptions(
  where: string,
  options: LossOptions,
  more: readonly string[] = [],
): LossReduction {
  requireKnownOptions(where, options, ['reduction', ...more]);
  const { reduction = 'mean' } = options;
  requireOneOf(where, 'reduction', reduction, ['mean', 'sum', 'none']);
  return reduction;
}

/** Throws unless predictions are a float32 tensor and targets a tensor. */
export function requireTensors(where: string, predictions: Tensor, targets: Tensor): void {
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

/** Targets that do not belong to the predictions. */
export function targetError(
  where: string,
  targets: Tensor,
  predictions: Tensor,
  expected: string,
): ShapeError {
  return new ShapeError({
    where,
    got: `targets ${targets.dtype}${formatShape(targets.shape)} for predictions ${formatShape(predictions.shape)}`,
    expected,
    cure: 'Reshape one of them: losses do not broadcast, because that hides mistakes.',
  });
}

/** Targets as float32, of the shape of the predictions. */
export function sameShapeTargets(where: string, predictions: Tensor, targets: Tensor): Tensor {
  requireTensors(where, predictions, targets);
  if (sameShape(predictions.shape, targets.shape)) return cast(targets, 'float32');
  throw targetError(where, targets, predictions, 'one shape for both');
}

interface ClassChecks {
  readonly ignoreIndex?: number | undefined;
  /** What else the loss takes, for the message. */
  readonly alternative?: string;
}

/**
 * Throws unless targets are int32 classes of the shape of the predictions without their last axis; labels that are host
 * data have to be classes.
 */
export function requireClasses(
  where: string,
  predictions: Tensor,
  targets: Tensor,
  { ignoreIndex, alternative = '' }: ClassChecks = {},
): { readonly leading: Shape; readonly classes: number } {
  requireTensors(where, predictions, targets);
  const leading = predictions.shape.slice(0, -1);
  const classes = predictions.shape.at(-1) ?? 0;
  if (classes === 0)
    throw targetError(where, targets, predictions, 'predictions […, C] with at least one class');
  if (targets.dtype !== 'int32') {
    throw new DTypeError({
      where,
      got: `${targets.dtype} targets`,
      expected: `int32 classes${alternative}`,
      cure: "Convert them: targets.cast('int32'), or argMax of one-hot targets.",
    });
  }
  if (!sameShape(targets.shape, leading)) {
    throw targetError(
      where,
      targets,
      predictions,
      `int32 targets ${formatShape(leading)}, without the class axis`,
    );
  }
  const { source } = targets.snapshot().node;
  if (source?.kind === 'data') checkLabels(where, source.data, classes, ignoreIndex);
  return { leading, classes };
}
