/** lru: linear recurrent units read the pixels one by one, and what is not linear stands between them. */
import {
  Dense,
  GELU,
  GLU,
  ImageToSequence,
  LayerNorm,
  LRU,
  Readout,
  Residual,
  Sequential,
  sequenceShape,
} from '../nn/index.ts';
import { defineModel } from './model.ts';
import { dropped, numbered } from './parts.ts';

/**
 * A block is LRU → GELU → GLU → skip → norm (Orvieto et al. 2023): the LRU carries what it saw over hundreds of steps without
 * any nonlinearity, so that it runs as one linear recurrence and its gradient neither fades nor explodes; GELU and GLU act at each
 * step by itself. |λ| from 0.9 to 0.999 remembers 10 to 1,000 steps, and small angles keep memories from turning into noise. The
 * last step, which knows of all before it, goes to the classes.
 */
export const lru = /* @__PURE__ */ defineModel({
  sentence: 'blocks of linear recurrent units, complex and parallel in time, read the image as a sequence',
  sizes: { width: 32, layers: 2, order: 'pixels', readout: 'last', dropout: 0 },
  learningRate: 1e-2,
  build({ inputShape, classes, width, layers, order, readout, dropout }) {
    const [, features] = sequenceShape(order, inputShape);
    const memory = { output: 'sequence', minRadius: 0.9, maxRadius: 0.999, maxPhase: Math.PI / 10 } as const;
    const block = () =>
      new Sequential({
        mix: new Residual({
          lru: new LRU(width, width, memory),
          gelu: new GELU(),
          gates: new Dense(width, 2 * width),
          glu: new GLU(),
          ...dropped(dropout),
        }),
        norm: new LayerNorm(width),
      });
    return new Sequential({
      read: new ImageToSequence(order),
      encode: new Dense(features, width),
      ...numbered('block', layers, block),
      readout: new Readout(readout, width),
      head: new Dense(width, classes),
    });
  },
});
