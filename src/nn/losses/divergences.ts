/** Losses that compare distributions and regions: Kullback–Leibler divergence and the Dice coefficient. */
import { ShapeError } from '../../errors.ts';
import { sum } from '../../ops/broadcast.ts';
import { add, divide, exp, lessEqual, log, multiply, subtract, where } from '../../ops/elementwise.ts';
import { requireBoolean, requireNumber } from '../../options.ts';
import { formatShape } from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { checkOptions, type LossOptions, reduce, sameShapeTargets } from './loss-arguments.ts';

/** Options of `klDivergence`. */
export interface KlDivergenceOptions extends LossOptions {
  /** Whether the targets are log-probabilities too. Default false. */
  readonly logTargets?: boolean;
}

/**
 * Σ t·(log t - log p) over the last axis, for log-probabilities log p […, C] (of `logSoftmax`) and probabilities t of the same
 * shape: how far the model's distribution is from the target's, in nats; 0·log 0 is 0. Scalar (the mean over all
 * distributions: for [N, C] torch's 'batchmean'), or […] with 'none'.
 *
 * @throws ShapeError for different shapes, DTypeError for predictions that are not float32, OptionError for an unknown
 *   option
 */
export function klDivergence(
  logProbabilities: Tensor,
  targets: Tensor,
  options: KlDivergenceOptions = {},
): Tensor {
  const reduction = checkOptions('klDivergence', options, ['logTargets']);
  const inLogs = requireBoolean('klDivergence', 'logTargets', options.logTargets ?? false);
  const given = sameShapeTargets('klDivergence', logProbabilities, targets);
  if (given.rank === 0) throw withoutAxis('klDivergence', given, '[…, C]');
  const t = inLogs ? exp(given) : given;
  // Where t is 0 nothing is counted, and log(1) keeps the derivative finite.
  const logs = inLogs ? given : log(where(lessEqual(given, 0), 1, given));
  const parts = where(lessEqual(t, 0), 0, multiply(t, subtract(logs, logProbabilities)));
  return reduce(sum(parts, -1), reduction);
}

/** Options of `dice`. */
export interface DiceOptions extends LossOptions {
  /** Added above and below, so that two empty regions agree. Default 1. */
  readonly smooth?: number;
}

/**
 * 1 - (2·Σ p·t + smooth) / (Σ p + Σ t + smooth): one minus the overlap (Dice coefficient) of predicted and true regions, for
 * probabilities p (after `sigmoid` or `softmax`) and targets t of [0, 1], both [N, …, C]; the sums run over all axes
 * between (Milletari et al. 2016, V-Net, with sums in the place of squares). Scalar, or [N, C] with 'none'.
 *
 * @throws ShapeError for different shapes or fewer than three axes, OptionError for an unknown option
 */
export function dice(probabilities: Tensor, targets: Tensor, options: DiceOptions = {}): Tensor {
  const reduction = checkOptions('dice', options, ['smooth']);
  const smooth = requireNumber('dice', 'smooth', options.smooth ?? 1, 'a number of at least 0');
  const t = sameShapeTargets('dice', probabilities, targets);
  if (t.rank < 3)
    throw withoutAxis('dice', t, '[N, …, C] with at least one axis between, such as [N, H, W, C]');
  const between = t.shape.slice(1, -1).map((_, axis) => axis + 1);
  const overlap = multiply(sum(multiply(probabilities, t), between), 2);
  const sizes = add(sum(probabilities, between), sum(t, between));
  return reduce(subtract(1, divide(add(overlap, smooth), add(sizes, smooth))), reduction);
}

function withoutAxis(where: string, { shape }: Tensor, expected: string): ShapeError {
  return new ShapeError({
    where,
    got: formatShape(shape),
    expected,
    cure: 'Add the missing axis with expandDims.',
  });
}
