/** min-gru: minimal GRUs read the rows, all steps at once. */
import {
  Dense,
  GELU,
  ImageToSequence,
  LayerNorm,
  MinGRU,
  Readout,
  Residual,
  Sequential,
  sequenceShape,
} from '../nn/index.ts';
import { defineModel } from './model.ts';
import { dropped, numbered } from './parts.ts';

/**
 * A block mixes in time, then in features (Feng et al. 2024): norm → minGRU → skip, norm → two dense layers → skip. Gates look at a
 * block's input alone, so one block cannot count or compare; the second sees what the first remembered. With chrono initialization
 * some units remember as long as the sequence is. The last step goes to the classes.
 * It reads single pixels as well, with the order 'pixels', but learns slowly then.
 */
export const minGru = /* @__PURE__ */ defineModel({
  sentence: 'blocks of minimal GRUs, whose gates do not wait for the state, read the rows of pixels',
  sizes: { width: 32, layers: 2, order: 'rows', readout: 'last', dropout: 0 },
  learningRate: 1e-2,
  build({ inputShape, classes, width, layers, order, readout, dropout }) {
    const [steps, features] = sequenceShape(order, inputShape);
    const block = () =>
      new Sequential({
        time: new Residual({
          norm: new LayerNorm(width),
          gru: new MinGRU(width, width, { output: 'sequence', chrono: Math.max(2, steps) }),
          ...dropped(dropout),
        }),
        features: new Residual({
          norm: new LayerNorm(width),
          widen: new Dense(width, 2 * width),
          gelu: new GELU(),
          narrow: new Dense(2 * width, width),
          ...dropped(dropout),
        }),
      });
    return new Sequential({
      read: new ImageToSequence(order),
      encode: new Dense(features, width),
      ...numbered('block', layers, block),
      norm: new LayerNorm(width),
      readout: new Readout(readout, width),
      head: new Dense(width, classes),
    });
  },
});
