/** resnet-small: a small residual network, nothing recurrent. A rival. */
import {
  BatchNorm,
  Conv2d,
  Dense,
  GlobalAvgPool2d,
  type Module,
  ReLU,
  Residual,
  Sequential,
} from '../nn/index.ts';
import { defineModel } from './model.ts';
import { dropped } from './parts.ts';

/**
 * He et al. 2016: stages of more and more maps, each in `layers` residual blocks of two convolutions. A convolution leads into
 * each stage, with stride 2 but for the first, so that every shortcut is the identity.
 */
export const resnetSmall = /* @__PURE__ */ defineModel({
  sentence: 'residual blocks of convolutions in stages of ever more maps; nothing recurrent',
  sizes: { maps: [16, 32, 64], layers: 1, dropout: 0 },
  build({ inputShape, classes, maps, layers, dropout }) {
    const stages = maps.map((count, index): [string, Module] => {
      const blocks = Array.from({ length: layers }, (_, block): [string, Module][] => [
        [
          `block${block + 1}`,
          new Residual([...convolution(count, count), new ReLU(), ...convolution(count, count)]),
        ],
        [`relu${block + 1}`, new ReLU()],
      ]);
      const [conv, norm] = convolution(
        index === 0 ? inputShape[2] : maps[index - 1],
        count,
        index === 0 ? 1 : 2,
      );
      return [
        `stage${index + 1}`,
        new Sequential({ conv, norm, relu: new ReLU(), ...Object.fromEntries(blocks.flat()) }),
      ];
    });
    return new Sequential({
      ...Object.fromEntries(stages),
      mean: new GlobalAvgPool2d(),
      ...dropped(dropout),
      head: new Dense(maps.at(-1)!, classes),
    });
  },
});

/** A convolution 3×3 and batch normalization, which has the biases. */
function convolution(inputs: number, maps: number, stride = 1): [Module, Module] {
  return [new Conv2d(inputs, maps, 3, { stride, padding: 'same', bias: false }), new BatchNorm(maps)];
}
