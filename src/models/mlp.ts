/** mlp: dense layers over all pixels. The floor that everything else has to beat. */
import { Dense, Flatten, type Module, ReLU, Sequential } from '../nn/index.ts';
import { defineModel } from './model.ts';
import { dropped } from './parts.ts';

/** Sees all pixels at once and knows nothing of which are neighbors. */
export const mlp = /* @__PURE__ */ defineModel({
  sentence: 'dense layers see all pixels at once; nothing recurrent',
  sizes: { hidden: 128, layers: 2, dropout: 0.25 },
  build({ inputShape: [height, width, channels], classes, hidden, layers, dropout }) {
    const dense = Array.from({ length: layers }, (_, index): [string, Module][] => [
      [`dense${index + 1}`, new Dense(index === 0 ? height * width * channels : hidden, hidden)],
      [`relu${index + 1}`, new ReLU()],
    ]);
    return new Sequential({
      flatten: new Flatten(),
      ...Object.fromEntries(dense.flat()),
      ...dropped(dropout),
      head: new Dense(hidden, classes),
    });
  },
});
