/** stacked-lstm: LSTMs one over the other, each reading what the one below says at every row. */
import { defineModel } from './model.ts';
import { rowLstm } from './row-lstm.ts';
import { recurrentTreatments } from './sizes.ts';

/** row-lstm in depth (Graves, Mohamed & Hinton 2013): layer l reads h of layer l-1 at every row; dropout between them. */
export const stackedLstm = /* @__PURE__ */ defineModel({
  sentence: 'LSTMs one over the other read the rows of pixels',
  sizes: { hidden: 64, layers: 3, order: 'rows', readout: 'last', dropout: 0.25 },
  treatments: recurrentTreatments,
  build: (options) => rowLstm.build(options),
});
