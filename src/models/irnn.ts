/** irnn: a plain recurrent network of rectified units that starts as a memory of everything. */
import { Dense, ImageToSequence, RNN, Sequential, sequenceShape } from '../nn/index.ts';
import { defineModel } from './model.ts';
import { between, dropped } from './parts.ts';

/**
 * The gradients of a plain RNN fade or grow over hundreds of steps. With relu and recurrent weights that start as the identity
 * (Le, Jaitly & Hinton 2015), a state stays what it is until training says otherwise, and gradients with it. It wants small
 * steps and many epochs.
 */
export const irnn = /* @__PURE__ */ defineModel({
  sentence: 'a plain recurrent network with relu, started from the identity, reads single pixels',
  sizes: { hidden: 100, layers: 1, order: 'pixels', readout: 'last', dropout: 0 },
  learningRate: 1e-4,
  build({ inputShape, classes, hidden, layers, order, readout, dropout }) {
    const [, features] = sequenceShape(order, inputShape);
    return new Sequential({
      read: new ImageToSequence(order),
      rnn: new RNN(features, hidden, {
        layers,
        output: readout,
        dropout: between(layers, dropout),
        nonlinearity: 'relu',
        recurrentInitializer: 'identity',
      }),
      ...dropped(dropout),
      head: new Dense(hidden, classes),
    });
  },
});
