/** pixel-gru: a GRU reads a picture pixel by pixel. */
import { Dense, GRU, ImageToSequence, Sequential, sequenceShape } from '../nn/index.ts';
import { defineModel } from './model.ts';
import { between, dropped } from './parts.ts';

/** pixel-lstm with a GRU: three gates in the place of four, and one state. */
export const pixelGru = /* @__PURE__ */ defineModel({
  sentence: 'a GRU reads single pixels, row by row or in another order',
  sizes: { hidden: 128, layers: 1, order: 'pixels', readout: 'last', dropout: 0 },
  build({ inputShape, classes, hidden, layers, order, readout, dropout }) {
    const [, features] = sequenceShape(order, inputShape);
    return new Sequential({
      read: new ImageToSequence(order),
      gru: new GRU(features, hidden, { layers, output: readout, dropout: between(layers, dropout) }),
      ...dropped(dropout),
      head: new Dense(hidden, classes),
    });
  },
});
