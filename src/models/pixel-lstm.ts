/** pixel-lstm: an LSTM reads a picture pixel by pixel. */
import { Dense, ImageToSequence, LSTM, Sequential, sequenceShape } from '../nn/index.ts';
import { defineModel } from './model.ts';
import { between, dropped } from './parts.ts';

/**
 * A pixel is a step, so 28×28 pixels are 784 steps: "sequential MNIST" (Le, Jaitly & Hinton 2015), and "permuted MNIST" with the order
 * permuted:SEED. What the first pixels said has to be kept to the end, so the forget gates start open.
 */
export const pixelLstm = /* @__PURE__ */ defineModel({
  sentence: 'an LSTM reads single pixels, row by row or in another order',
  sizes: { hidden: 128, layers: 1, order: 'pixels', readout: 'last', dropout: 0 },
  build({ inputShape, classes, hidden, layers, order, readout, dropout }) {
    const [, features] = sequenceShape(order, inputShape);
    return new Sequential({
      read: new ImageToSequence(order),
      lstm: new LSTM(features, hidden, {
        layers,
        output: readout,
        dropout: between(layers, dropout),
        forgetBias: 1,
      }),
      ...dropped(dropout),
      head: new Dense(hidden, classes),
    });
  },
});
