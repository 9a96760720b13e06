/** gru-d: a GRU for pictures of which something is missing. */
import { Dense, GRUD, ImageToSequence, Sequential, sequenceShape } from '../nn/index.ts';
import { defineModel } from './model.ts';
import { dropped } from './parts.ts';

/**
 * row-gru with decays (Che et al. 2018): what was seen last of a feature goes over into its mean, and the state fades, the longer
 * nothing is seen; how fast is learned. A picture without missing pixels is read by a plain GRU that also sees the mask.
 */
export const gruD = /* @__PURE__ */ defineModel({
  sentence: 'a GRU-D, in which what was seen fades, reads rows of pixels of which some are missing',
  sizes: { hidden: 128, order: 'rows', readout: 'last', dropout: 0 },
  treatments: ['decay'],
  build({ inputShape, classes, hidden, order, readout, dropout }) {
    const [, features] = sequenceShape(order, inputShape);
    return new Sequential({
      read: new ImageToSequence(order),
      grud: new GRUD(features, hidden, { output: readout }),
      ...dropped(dropout),
      head: new Dense(hidden, classes),
    });
  },
});
