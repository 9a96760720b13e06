/** bidirectional-lstm: two LSTMs read the rows, one from the top and one from the bottom. */
import { Dense, ImageToSequence, LSTM, Sequential, sequenceShape } from '../nn/index.ts';
import { defineModel } from './model.ts';
import { between, dropped, indicated } from './parts.ts';
import { recurrentTreatments } from './sizes.ts';

/**
 * What goes to the classes is where each direction ends: the state after the last row of the one that reads down, and that
 * after the first row of the one that reads up. (The last row of both would hold one row only of the second.)
 */
export const bidirectionalLstm = /* @__PURE__ */ defineModel({
  sentence: 'two LSTMs read the rows of pixels, one from the top and one from the bottom',
  sizes: { hidden: 64, layers: 1, order: 'rows', readout: 'last', dropout: 0.25 },
  treatments: recurrentTreatments,
  build({ inputShape, classes, hidden, layers, order, readout, dropout, missing }) {
    const { indicators, inputs } = indicated(missing, sequenceShape(order, inputShape));
    return new Sequential({
      read: new ImageToSequence(order),
      ...indicators,
      lstm: new LSTM(inputs, hidden, {
        layers,
        bidirectional: true,
        output: readout,
        dropout: between(layers, dropout),
        nanIsMissing: missing === 'mask',
      }),
      ...dropped(dropout),
      head: new Dense(2 * hidden, classes),
    });
  },
});
