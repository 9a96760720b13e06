/** hierarchical-lstm: one LSTM reads the pixels of each row, another one the rows. */
import { Dense, LSTM, Sequential, TimeDistributed } from '../nn/index.ts';
import { defineModel } from './model.ts';
import { dropped } from './parts.ts';

/** The LSTM of Keras: one bias vector, and forget gates that start open. */
const keras = { bias: 'input', forgetBias: 1, recurrentInitializer: 'orthogonal' } as const;

/**
 * As in Keras's example of that name (after Li, Luong & Jurafsky 2015). An image [N, H, W, C] is H sequences of W pixels: the inner
 * LSTM makes a code of each row, with the same weights in all of them, and the outer one reads the codes from top to bottom. 28×28
 * gray pixels and 128 units make Keras's 199,434 parameters.
 */
export const hierarchicalLstm = /* @__PURE__ */ defineModel({
  sentence: 'one LSTM reads the pixels of each row, another one what the first said of the rows',
  sizes: { hidden: 128, readout: 'last', dropout: 0 },
  build({ inputShape: [, , channels], classes, hidden, readout, dropout }) {
    return new Sequential({
      rows: new TimeDistributed({ pixels: new LSTM(channels, hidden, keras) }),
      lstm: new LSTM(hidden, hidden, { ...keras, output: readout }),
      ...dropped(dropout),
      head: new Dense(hidden, classes),
    });
  },
});
