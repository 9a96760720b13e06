/** conv-lstm: convolutions, then an LSTM over the rows of their maps. */
import { Dense, ImageToSequence, LSTM, Sequential, sequenceShape } from '../nn/index.ts';
import { defineModel } from './model.ts';
import { between, convolutionStem, dropped } from './parts.ts';

/**
 * The convolutions see strokes, the LSTM sees how they follow each other, downwards and upwards: a step is a row of maps, [W'·maps].
 * The mean of what it says at all rows goes to the classes. Each convolution has its normalization: without it, a few hundred pictures
 * are too few steps for the convolutions to learn much through the LSTM.
 */
export const convLstm = /* @__PURE__ */ defineModel({
  sentence: 'convolutions, then an LSTM reads the rows of their maps, downwards and upwards',
  sizes: { maps: [16, 32, 64], hidden: 64, layers: 1, order: 'rows', readout: 'mean', dropout: 0.25 },
  build({ inputShape, classes, maps, hidden, layers, order, readout, dropout }) {
    const stem = convolutionStem(inputShape, maps);
    const [, features] = sequenceShape(order, stem.shape);
    return new Sequential({
      ...stem.layers,
      read: new ImageToSequence(order),
      lstm: new LSTM(features, hidden, {
        layers,
        bidirectional: true,
        output: readout,
        dropout: between(layers, dropout),
      }),
      ...dropped(dropout),
      head: new Dense(2 * hidden, classes),
    });
  },
});

/** conv-lstm, wider. */
export const convLstmLarge = /* @__PURE__ */ defineModel({
  sentence: 'conv-lstm with twice as many maps and a wider LSTM',
  sizes: { maps: [32, 64, 128], hidden: 96, layers: 1, order: 'rows', readout: 'mean', dropout: 0.25 },
  build: (options) => convLstm.build(options),
});
