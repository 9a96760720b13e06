/** vil: Vision-LSTM, blocks with matrix memories that read the patches of a picture. */
import {
  Conv2d,
  Dense,
  FirstAndLast,
  initializers,
  LayerNorm,
  PositionEmbedding,
  Residual,
  Sequential,
  VisionLSTM,
} from '../nn/index.ts';
import { defineModel } from './model.ts';
import { numbered, patchGrid } from './parts.ts';

/**
 * A picture is cut into patches, each a token of `width` features at its place in a grid. Odd blocks read the tokens row by row
 * from the top left, even ones from the bottom right; the class is read from the first and the last token, of which one has just
 * seen everything. Of width 192, 24 layers and patches of 4×4 this is ViL-T (Alkin et al. 2024, second version): 5,846,026
 * parameters for 32×32 colored pixels.
 */
export const vil = /* @__PURE__ */ defineModel({
  sentence: 'Vision-LSTM: matrix memories read patches, from the first and from the last by turns',
  sizes: { width: 48, layers: 4, heads: 4, patch: [4, 4] },
  build({ inputShape, classes, width, layers, heads, patch }) {
    const [rows, columns] = patchGrid(inputShape, patch);
    return new Sequential({
      patches: new Conv2d(inputShape[2], width, patch, { stride: patch }),
      positions: new PositionEmbedding([rows, columns, width]),
      ...numbered('block', layers, (index) => {
        const mixer = new VisionLSTM(width, { heads, reverse: index % 2 === 1 });
        return new Residual({ norm: new LayerNorm(width), mixer });
      }),
      norm: new LayerNorm(width),
      ends: new FirstAndLast(),
      head: new Dense(2 * width, classes, {
        weightInitializer: initializers.normal(2e-5),
        biasInitializer: initializers.zeros,
      }),
    });
  },
});
