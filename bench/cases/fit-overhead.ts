/**
 * What `fit` costs beside its steps: a step of `fit`, with batches that are gathered, changed and counted, and the compiled step
 * alone on a batch that is there, made in turns in one process, so that a slow moment slows down both.
 */
import { Adam, createModel, fit, type ImageDataset, type Module } from '../../src/index.ts';
import type { Case, Step } from './case.ts';
import { examples, labels } from './data.ts';
import { trainingDigits } from './digits.ts';
import { trainingStep } from './training.ts';

const batchSize = 64;
const models = ['conv-lstm', 'row-lstm'] as const;
/** What is told of the two steps that are made: the one alone, or by how much the other takes longer. */
const told = ['bare-step', 'fit-overhead'] as const;

/** What the row is called. */
export function overheadName(kind: (typeof told)[number], model: (typeof models)[number]): string {
  return `${kind}-${model}-b${batchSize}`;
}

export const fitOverheadCases: readonly Case[] = models.flatMap((name) =>
  told.map(
    (kind): Case => ({
      name: overheadName(kind, name),
      suite: 'end to end',
      make: async () => {
        const train = await trainingDigits();
        const make = (): Module => createModel(name, { inputShape: [20, 20, 1], classes: 10 });
        const bare = timed(trainingStep(make(), examples([batchSize, 20, 20, 1]), labels(batchSize, 10)));
        const ofFit = timed(stepsOfFit(make(), train));
        return async () => {
          const alone = await bare();
          // No time is below 0: where there is no overhead, half of the differences are 0.
          const more = Math.max((await ofFit()) - alone, 0);
          return { overriddenDuration: kind === 'bare-step' ? alone : more };
        };
      },
    }),
  ),
);

function timed(step: Step): () => Promise<number> {
  return async () => {
    const start = performance.now();
    await step();
    return performance.now() - start;
  };
}

/** The steps of one training that never ends and waits after each of them. */
function stepsOfFit(model: Module, train: ImageDataset): Step {
  let arrive = (): void => undefined;
  let release = (): void => undefined;
  const training = fit(model, train, {
    epochs: 1e6,
    batchSize,
    dropLast: true,
    optimizer: new Adam(model.parameters()),
    augmentation: { shift: 1, rotation: 5 },
    onStep: () =>
      new Promise<void>((resolve) => {
        release = resolve;
        arrive();
      }),
  });
  return () => {
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    release();
    // Ends with the error, should there be one.
    return Promise.race([arrived, training]);
  };
}
