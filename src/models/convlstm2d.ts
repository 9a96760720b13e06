/** convlstm2d: an LSTM whose products are convolutions reads the image strip by strip. */
import { OptionError } from '../errors.ts';
import { ConvLSTM2D, Dense, Flatten, Reshape, Sequential, ZeroPad2d } from '../nn/index.ts';
import { defineModel } from './model.ts';
import { dropped, numbered } from './parts.ts';

/**
 * ConvLSTM2D (Shi et al. 2015) was made for frames. Here the image is cut into `steps` strips, one above the other, which follow
 * each other as frames do, with zeros below where the height does not come out even. So it also reads sequences of images: made
 * for [T·H, W, C] with T steps, it takes [N, T, H, W, C] as well, since frames one above the other are strips.
 */
export const convlstm2d = /* @__PURE__ */ defineModel({
  sentence: 'a convolutional LSTM reads the image strip by strip, from top to bottom',
  sizes: { maps: [8, 16], kernel: 3, steps: 4, dropout: 0 },
  build({ inputShape: [height, width, channels], classes, maps, kernel, steps, dropout }) {
    const strip = Math.ceil(height / steps);
    const missing = steps * strip - height;
    if (missing >= strip) {
      throw new OptionError({
        where: 'createModel',
        got: `steps ${steps} for 'convlstm2d' and images of ${height} rows`,
        expected: `strips that hold rows: of ${strip} there are ${Math.ceil(height / strip)}`,
        cure: `Give steps ${Math.ceil(height / strip)}, or fewer.`,
      });
    }
    const layers = numbered('convlstm', maps.length, (index) => {
      const output = index === maps.length - 1 ? 'last' : 'sequence';
      const inputs = index === 0 ? channels : maps[index - 1];
      return new ConvLSTM2D(inputs, maps[index], kernel, { padding: 'same', output });
    });
    return new Sequential({
      ...(missing > 0 && {
        pad: new ZeroPad2d([
          [0, missing],
          [0, 0],
        ]),
      }),
      strips: new Reshape([steps, strip, width, channels]),
      ...layers,
      flatten: new Flatten(),
      ...dropped(dropout),
      head: new Dense(strip * width * maps.at(-1)!, classes),
    });
  },
});
