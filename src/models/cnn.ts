/** cnn: convolutions and a dense layer, nothing recurrent. A rival. */
import { Dense, Flatten, ReLU, Sequential } from '../nn/index.ts';
import { defineModel } from './model.ts';
import { convolutionStem, dropped } from './parts.ts';

/** The convolutions of conv-lstm; a dense layer sees all their maps at once (LeCun et al. 1998). */
export const cnn = /* @__PURE__ */ defineModel({
  sentence: 'convolutions, then a dense layer sees all maps at once; nothing recurrent',
  sizes: { maps: [16, 32, 64], hidden: 128, dropout: 0.25 },
  build({ inputShape, classes, maps, hidden, dropout }) {
    const stem = convolutionStem(inputShape, maps);
    const [height, width, channels] = stem.shape;
    return new Sequential({
      ...stem.layers,
      flatten: new Flatten(),
      dense: new Dense(height * width * channels, hidden),
      relu: new ReLU(),
      ...dropped(dropout),
      head: new Dense(hidden, classes),
    });
  },
});
