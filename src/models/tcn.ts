/** tcn: dilated convolutions along the same sequence, the rival of recurrent networks that read pixel by pixel. */
import {
  Conv1d,
  Dense,
  ImageToSequence,
  Readout,
  ReLU,
  Residual,
  Sequential,
  sequenceShape,
} from '../nn/index.ts';
import { defineModel } from './model.ts';
import { dropped, numbered } from './parts.ts';

/**
 * Block l has two convolutions of k steps at distance 2^l, padded at the front alone, so that a step sees none that comes later
 * (Bai, Kolter & Koltun 2018; without their weight normalization). L blocks see 1 + 2(k - 1)(2^L - 1) steps: six of k = 7 see 757,
 * all but the first 27 of the 784 pixels of 28×28; a seventh sees them all. The last step goes to the classes. Eight blocks of 25
 * features make the 70,000 parameters of the paper.
 */
export const tcn = /* @__PURE__ */ defineModel({
  sentence:
    'dilated causal convolutions over the image as a sequence, no recurrence: the rival of pixel by pixel',
  sizes: { width: 16, layers: 6, kernel: 7, order: 'pixels', readout: 'last', dropout: 0 },
  build({ inputShape, classes, width, layers, kernel, order, readout, dropout }) {
    const [, features] = sequenceShape(order, inputShape);
    const block = (level: number) => {
      const dilation = 2 ** level;
      const causal = { dilation, padding: [(kernel - 1) * dilation, 0] } as const;
      const convolution = () => ({
        conv: new Conv1d(width, width, kernel, causal),
        relu: new ReLU(),
        ...dropped(dropout),
      });
      return new Sequential({
        both: new Residual({ first: new Sequential(convolution()), second: new Sequential(convolution()) }),
        relu: new ReLU(),
      });
    };
    return new Sequential({
      read: new ImageToSequence(order),
      encode: new Dense(features, width),
      ...numbered('block', layers, block),
      readout: new Readout(readout, width),
      head: new Dense(width, classes),
    });
  },
});
