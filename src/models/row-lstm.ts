/** row-lstm: an LSTM reads the rows of a picture. */
import { Dense, ImageToSequence, LSTM, Sequential, sequenceShape } from '../nn/index.ts';
import { defineModel } from './model.ts';
import { between, dropped, indicated } from './parts.ts';
import { recurrentTreatments } from './sizes.ts';

/**
 * A row of pixels is a step: x_t = row t, [W·C]. The state after the last row goes to the classes. The plainest recurrent
 * network that reads images; 28×28 pixels and 128 units make 82,186 parameters.
 */
export const rowLstm = /* @__PURE__ */ defineModel({
  sentence: 'an LSTM reads the rows of pixels from top to bottom',
  sizes: { hidden: 128, layers: 1, order: 'rows', readout: 'last', dropout: 0 },
  treatments: recurrentTreatments,
  build({ inputShape, classes, hidden, layers, order, readout, dropout, missing }) {
    const { indicators, inputs } = indicated(missing, sequenceShape(order, inputShape));
    return new Sequential({
      read: new ImageToSequence(order),
      ...indicators,
      lstm: new LSTM(inputs, hidden, {
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
