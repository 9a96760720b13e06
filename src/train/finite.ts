/** Whether what an epoch leaves is finite. */
import type { Optimizer } from '../optim/optimizer.ts';
import type { NumericArray } from '../tensor/dtype.ts';
import { runtime } from '../tensor/runtime.ts';
import { NonFiniteStepError } from './errors.ts';

/**
 * Each step is looked at before it is made, but what the last one made of the parameters has no step after it.
 *
 * @throws NonFiniteStepError naming the first parameter that is NaN or infinite
 */
export async function requireFiniteParameters(
  { parameters, learningRate }: Optimizer,
  epoch: number,
  step: number,
): Promise<void> {
  const values = await runtime().readAll(parameters);
  const wrong = values.map(firstNonFinite);
  const index = wrong.findIndex((value) => value !== undefined);
  if (index < 0) return;
  const { name } = parameters[index];
  throw new NonFiniteStepError(
    {
      where: `the end of epoch ${epoch}`,
      got: `"${name}" with ${wrong[index]}`,
      expected: 'finite parameters',
      cure: `A step took them beyond what float32 holds: lower the learning rate (${Number(learningRate.toPrecision(3))}), or set clipNorm, and train from an earlier state.`,
    },
    { epoch, step, finding: undefined },
  );
}

/** A loop: `find` takes six times as long. */
export function firstNonFinite(data: NumericArray): number | undefined {
  for (let index = 0; index < data.length; index++) if (!Number.isFinite(data[index])) return data[index];
  return undefined;
}

/** @throws NonFiniteStepError for a validation loss that is NaN or infinite */
export function requireFiniteLoss(epoch: number, step: number, loss: number): void {
  if (Number.isFinite(loss)) return;
  throw new NonFiniteStepError(
    {
      where: `validation after epoch ${epoch}`,
      got: `loss ${loss}`,
      expected: 'a finite loss',
      cure: 'The parameters are finite, so the scores are too large: lower the learning rate, or look for the operation with findNonFinite.',
    },
    { epoch, step, finding: undefined },
  );
}
