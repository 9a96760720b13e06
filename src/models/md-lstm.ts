/** md-lstm: an LSTM over both axes of a picture. */
import { Dense, Flatten, MultiDimensionalLSTM, Sequential } from '../nn/index.ts';
import { defineModel } from './model.ts';
import { dropped, numbered, patchGrid } from './parts.ts';

/**
 * Graves, Fernández & Schmidhuber 2007, in the form whose cells stay bounded: four LSTMs start in the four corners, and each
 * patch of pixels knows the quadrant behind it. What all four say of each patch goes to the classes. Further layers read the
 * grid of the one before.
 */
export const mdLstm = /* @__PURE__ */ defineModel({
  sentence: 'an LSTM over both axes reads patches from all four corners',
  sizes: { hidden: 24, layers: 1, patch: [2, 2], dropout: 0 },
  build({ inputShape, classes, hidden, layers, patch, dropout }) {
    const [rows, columns] = patchGrid(inputShape, patch);
    return new Sequential({
      ...numbered('lstm', layers, (layer) =>
        layer === 0
          ? new MultiDimensionalLSTM(inputShape[2], hidden, { patch })
          : new MultiDimensionalLSTM(4 * hidden, hidden),
      ),
      flatten: new Flatten(),
      ...dropped(dropout),
      head: new Dense(rows * columns * 4 * hidden, classes),
    });
  },
});
