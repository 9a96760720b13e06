/** What a training costs in floating-point operations: those of the plan of a step. */
import { planOf, type Tensor, zeros } from '../../index.ts';
import { type Module, softmaxCrossEntropy } from '../../nn/index.ts';
import type { Optimizer } from '../../optim/index.ts';

/** A model, and what a step of its training is made of. */
export interface StepSubject {
  readonly model: Module;
  readonly optimizer: Optimizer;
  /** `[height, width, channels]` */
  readonly inputShape: readonly number[];
  readonly batch: number;
}

/**
 * The floating-point operations of a training step for each of its images: forward pass, gradient and update of the weights, as
 * `weft explain` counts them. Nothing is computed. How pictures are changed and validated is not in it.
 */
export async function trainingFlopsPerImage({
  model,
  optimizer,
  inputShape,
  batch,
}: StepSubject): Promise<number> {
  model.train();
  const step = async (inputs: Tensor, labels: Tensor): Promise<Tensor> => {
    const loss = softmaxCrossEntropy(model.call(inputs), labels);
    loss.backward();
    await optimizer.step();
    return loss;
  };
  const { steps } = await planOf(step, zeros([batch, ...inputShape]), zeros([batch], 'int32'));
  return steps.reduce((sum, { contract, call }) => sum + contract.flops(call), 0) / batch;
}
