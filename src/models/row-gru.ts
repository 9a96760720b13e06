/** row-gru: a GRU reads the rows of a picture. */
import { Dense, GRU, ImageToSequence, Sequential, sequenceShape } from '../nn/index.ts';
import { defineModel } from './model.ts';
import { between, dropped, indicated } from './parts.ts';
import { recurrentTreatments } from './sizes.ts';

/** row-lstm with a GRU: three gates instead of four, one state instead of two. */
export const rowGru = /* @__PURE__ */ defineModel({
  sentence: 'a GRU reads the rows of pixels from top to bottom',
  sizes: { hidden: 128, layers: 1, order: 'rows', readout: 'last', dropout: 0 },
  treatments: recurrentTreatments,
  build({ inputShape, classes, hidden, layers, order, readout, dropout, missing }) {
    const { indicators, inputs } = indicated(missing, sequenceShape(order, inputShape));
    return new Sequential({
      read: new ImageToSequence(order),
      ...indicators,
      gru: new GRU(inputs, hidden, {
        layers,
        output: readout,
        dropout: between(layers, dropout),
        nanIsMissing: missing === 'mask',
      }),
      ...dropped(dropout),
      head: new Dense(hidden, classes),
    });
  },
});
