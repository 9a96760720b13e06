/** A training step of conv + LSTM on digits, the batches it is given, and whether its losses are those of another device. */
import { expect } from 'vitest';
import {
  Adam,
  compile,
  createModel,
  type Sequential,
  seed,
  softmaxCrossEntropy,
  type Tensor,
  tensor,
} from '../../src/index.ts';
import { loadDigitCells } from './digits.ts';

/** A model, and what takes its step number `index`: it gives the loss. */
interface Training {
  readonly model: Sequential;
  run(index: number): Promise<number>;
}

/** Conv + LSTM on digits in batches of so many, always the same. */
export async function makeStep(batch: number, dropout = true): Promise<Training> {
  const { images, labels } = await loadDigitCells(10 * batch);
  seed(3);
  const model = createModel('conv-lstm', { inputShape: [20, 20, 1], classes: 10 });
  if (!dropout) model.eval();
  const optimizer = new Adam(model.parameters(), { learningRate: 3e-3, clipNorm: 1 });
  const step = compile(
    (x: Tensor, y: Tensor) => {
      const loss = softmaxCrossEntropy(model.call(x), y);
      loss.backward();
      void optimizer.step();
      return loss;
    },
    { requireFinite: true },
  );
  const run = async (index: number): Promise<number> => {
    // Every tenth cell from another place: batches of all classes.
    const picks = Array.from({ length: batch }, (_, n) => (n * 10 + index) % (10 * batch));
    const x = tensor(Float32Array.from(picks.flatMap((n) => [...images.subarray(n * 400, (n + 1) * 400)])), {
      shape: [batch, 20, 20, 1],
    });
    const y = tensor(
      Int32Array.from(picks, (n) => labels[n]),
      { dtype: 'int32' },
    );
    return (await step(x, y)).item();
  };
  return { model, run };
}

/** Holds losses to those of another device, which rounding alone makes differ. What it tells are all of both. */
export function expectSameLosses(actual: readonly number[], expected: readonly number[]): void {
  const isFar = expected.map((loss, step) => !(Math.abs(actual[step] - loss) / loss < 1e-3));
  expect(isFar, `losses ${actual.join(', ')} instead of ${expected.join(', ')}`).not.toContain(true);
}
