/** conv-lstm: convolutions, then an LSTM over the rows of their maps. */
import { Dense, ImageToSequence, LSTM, Sequential, sequenceShape } from '../nn/index.ts';
import { defineModel } from './model.ts';
import { afterPooling, between, dropped, pooledConvolutions } from './parts.ts';

/**
 * The convolutions see strokes, the LSTM sees how they follow each other from top to bottom: a step is a row of maps,
 * [W'·maps].
 */
export const convLstm = /* @__PURE__ */ defineModel({
  sentence: 'convolutions, then an LSTM reads the rows of their maps',
  sizes: { maps: [8, 16], hidden: 64, layers: 1, order: 'rows', readout: 'last', dropout: 0.25 },
  learningRate: 6e-3,
  build({ inputShape, classes, maps, hidden, layers, order, readout, dropout }) {
    const [, features] = sequenceShape(order, afterPooling(inputShape, maps));
    return new Sequential({
      ...pooledConvolutions(inputShape[2], maps),
      read: new ImageToSequence(order),
      lstm: new LSTM(features, hidden, { layers, output: readout, dropout: between(layers, dropout) }),
      ...dropped(dropout),
      head: new Dense(hidden, classes),
    });
  },
});

/** conv-lstm, wider. */
export const convLstmLarge = /* @__PURE__ */ defineModel({
  sentence: 'conv-lstm with twice as many maps and a wider LSTM',
  sizes: { maps: [16, 32], hidden: 96, layers: 1, order: 'rows', readout: 'last', dropout: 0.25 },
  learningRate: 6e-3,
  build: (options) => convLstm.build(options),
});
