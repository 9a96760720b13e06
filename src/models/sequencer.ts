/** sequencer: LSTMs along columns and rows, where a transformer has attention. */
import { BiLSTM2D, Conv2d, Dense, Flatten, GELU, LayerNorm, Residual, Sequential } from '../nn/index.ts';
import { defineModel } from './model.ts';
import { dropped, numbered, patchGrid } from './parts.ts';

/**
 * Sequencer2D (Tatsunami & Taki 2022). A picture is cut into patches, each a token of `width` features at its place in a grid. In
 * each block LSTMs carry what they see along columns and rows, then a dense network of 3·width units works on each token by
 * itself. The paper has hidden = width/4, and gives the mean of all tokens to the classes. Here they get the whole grid, from which
 * digits are learned in far fewer epochs.
 */
export const sequencer = /* @__PURE__ */ defineModel({
  sentence: 'Sequencer: in each block, LSTMs read the columns and the rows of a grid of patches',
  sizes: { width: 48, hidden: 12, layers: 2, dropout: 0, patch: [4, 4] },
  build({ inputShape, classes, width, hidden, layers, dropout, patch }) {
    const [rows, columns] = patchGrid(inputShape, patch);
    return new Sequential({
      patches: new Conv2d(inputShape[2], width, patch, { stride: patch }),
      ...numbered(
        'block',
        layers,
        () =>
          new Sequential({
            along: new Residual({ norm: new LayerNorm(width), lstms: new BiLSTM2D(width, hidden) }),
            within: new Residual({
              norm: new LayerNorm(width),
              up: new Dense(width, 3 * width),
              gelu: new GELU(),
              down: new Dense(3 * width, width),
            }),
          }),
      ),
      norm: new LayerNorm(width),
      flatten: new Flatten(),
      ...dropped(dropout),
      head: new Dense(rows * columns * width, classes),
    });
  },
});
