/** Knowledge distillation: a model learns the answers of another one besides the labels. */

import { ShapeError } from '../errors.ts';
import { inMode } from '../nn/mode.ts';
import { type AnyModule, requireModule } from '../nn/module.ts';
import { sum } from '../ops/broadcast.ts';
import { add, divide, exp, multiply, stopGradient, subtract } from '../ops/elementwise.ts';
import { logSoftmax } from '../ops/softmax.ts';
import { describeValue, requireKnownOptions, requireNumber } from '../options.ts';
import type { TensorTree } from '../tensor/runtime.ts';
import { formatShape, sameShape } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { outputTree } from './trial.ts';

/** Whose answers are learned, and how much they count. */
export interface TeacherOptions {
  /** Gives scores [N, K] for what the student is given, as the student sees it. It stays as it is. */
  readonly model: AnyModule;
  /** The share of the loss that is of its answers, from 0, which is none of it, to 1; the rest is of the labels. Default 0.9. */
  readonly share?: number;
  /** What the scores of both are divided by before their softmax, above 0: of 1 and more usually. Default 4. */
  readonly temperature?: number;
}

/** Throws OptionError unless they can be. */
export function requireTeacher(options: TeacherOptions): void {
  requireKnownOptions('teacher of fit', options, ['model', 'share', 'temperature']);
  const { model, share = usualShare, temperature = usualTemperature } = options;
  requireModule('teacher of fit', model);
  requireNumber('teacher of fit', 'share', share, 'a number from 0 to 1');
  requireNumber('teacher of fit', 'temperature', temperature, 'a number above 0');
}

/** What counts where nothing is said: those of Zagoruyko and Komodakis, 2017, "Paying more attention to attention". */
export const usualShare = 0.9;
export const usualTemperature = 4;

/**
 * The loss of a batch with a teacher (Hinton, Vinyals and Dean, 2015, "Distilling the knowledge in a neural network"):
 * (1 − share)·loss + share·T²·KL(softmax(teacher / T) ‖ softmax(student / T)), the mean over the batch. T² keeps the gradients of both parts
 * of one size, whatever T is.
 *
 * @param loss of the labels, a scalar
 * @param scores of the student, [N, K]
 * @param inputs of the batch, which the teacher is asked about in evaluation mode
 * @throws ShapeError when the teacher gives no scores of that shape
 */
export function distillationLoss(
  loss: Tensor,
  scores: TensorTree,
  inputs: TensorTree,
  { model, share = usualShare, temperature = usualTemperature }: TeacherOptions,
): Tensor {
  const answers = inMode(model, 'eval', () => outputTree(model, inputs).tree);
  if (
    !(answers instanceof Tensor) ||
    !(scores instanceof Tensor) ||
    !sameShape(answers.shape, scores.shape)
  ) {
    const shown = (value: unknown): string =>
      value instanceof Tensor ? formatShape(value.shape) : describeValue(value);
    throw new ShapeError({
      where: 'the teacher of fit',
      got: `answers ${shown(answers)} for scores ${shown(scores)} of the student`,
      expected: 'the same shape: a score for each of the same classes',
      cure: 'Give a teacher of the same inputs and classes.',
    });
  }
  const wanted = logSoftmax(divide(stopGradient(answers), temperature));
  const given = logSoftmax(divide(scores, temperature));
  const rows = scores.size / scores.shape.at(-1)!;
  const divergence = divide(sum(multiply(exp(wanted), subtract(wanted, given))), rows);
  return add(multiply(loss, 1 - share), multiply(divergence, share * temperature ** 2));
}
