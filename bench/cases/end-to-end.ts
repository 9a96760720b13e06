/** A whole short training on the embedded digits, as a user writes it. */
import { Adam, channelStatistics, createModel, fit, subset } from '../../src/index.ts';
import type { Case } from './case.ts';
import { trainingDigits } from './digits.ts';

/** 20 steps of 32 images. */
const count = 640;

export const endToEndCases: readonly Case[] = [
  {
    name: `fit-digits-${count}`,
    suite: 'end to end',
    make: async () => {
      const train = await trainingDigits();
      const every = Math.floor(train.labels.length / count);
      const part = subset(
        train,
        Array.from({ length: count }, (_, at) => at * every),
      );
      const normalization = channelStatistics(part);
      return async () => {
        const model = createModel('conv-lstm', { inputShape: [20, 20, 1], classes: 10 });
        const optimizer = new Adam(model.parameters(), { learningRate: 3e-3 });
        await fit(model, part, { epochs: 1, optimizer, normalization });
      };
    },
  },
];
