/** glimpse: recurrent attention, which sees a picture in small pieces and chooses where each of them lies. */
import { OptionError } from '../errors.ts';
import { Dense, RecurrentAttention, Sequential } from '../nn/index.ts';
import { defineModel } from './model.ts';
import { dropped } from './parts.ts';

/**
 * The state after each glimpse says where the next one lies and how wide it is; the state after the last goes to the classes. Mnih et al.
 * (2014) choose places at random and train that with REINFORCE; here glimpses are soft, and places are trained by gradients.
 */
export const glimpse = /* @__PURE__ */ defineModel({
  sentence: 'an LSTM looks at the image in glimpses, and chooses where to look next',
  sizes: { hidden: 128, steps: 6, patch: [8, 8], dropout: 0 },
  build({ inputShape: [, , channels], classes, hidden, steps, patch: [side, width], dropout }) {
    if (side !== width) {
      throw new OptionError({
        where: 'createModel',
        got: `patch ${side}×${width} for 'glimpse'`,
        expected: 'a square, as glimpses are',
        cure: `Give ${side}×${side} or ${width}×${width}.`,
      });
    }
    return new Sequential({
      reader: new RecurrentAttention(channels, hidden, { steps, side }),
      ...dropped(dropout),
      head: new Dense(hidden, classes),
    });
  },
});
