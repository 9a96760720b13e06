/** crnn: convolutions, then LSTMs in both directions read the columns of their maps. */
import { ColumnsToSequence, Dense, LSTM, Sequential } from '../nn/index.ts';
import { defineModel } from './model.ts';
import { between, convolutionStem, dropped } from './parts.ts';

/**
 * Shi, Bai & Yao (2017) read words so: a step is a column of maps, [H'·maps], from left to right. What is read of the whole image
 * goes to the classes. To read texts, put an LSTM with `output: 'sequence'` in the place of `lstm`: `model.with({ lstm })` gives
 * logits at every column, [N, T, classes], whose `logSoftmax` the loss `ctc` takes.
 */
export const crnn = /* @__PURE__ */ defineModel({
  sentence: 'convolutions, then LSTMs in both directions read the columns of their maps',
  sizes: { maps: [8, 16], hidden: 48, layers: 2, readout: 'last', dropout: 0.25 },
  build({ inputShape, classes, maps, hidden, layers, readout, dropout }) {
    const { layers: stem, shape } = convolutionStem(inputShape, maps);
    const [height, , channels] = shape;
    return new Sequential({
      ...stem,
      columns: new ColumnsToSequence(),
      lstm: new LSTM(height * channels, hidden, {
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
