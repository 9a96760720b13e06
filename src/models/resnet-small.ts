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
import { dropped, numbered } from './parts.ts';

/**
 * He et al. 2016: stages of more and more maps, each in `layers` residual blocks of two convolutions. A convolution leads into
 * each stage, with stride 2 but for the first, so that every shortcut is the identity.
 */
export const resnetSmall = /* @__PURE__ */ defineModel({
  sentence: 'residual blocks of convolutions in stages of ever more maps; nothing recurrent',
  sizes: { maps: [16, 32, 64], layers: 1, dropout: 0 },
  build({ inputShape, classes, maps, layers, dropout }) {
    const stage = (index: number) => {
      const count = maps[index];
      const [inputs, stride] = index === 0 ? [inputShape[2], 1] : [maps[index - 1], 2];
      const [conv, norm] = convolution(inputs, count, stride);
      const block = () =>
        new Sequential({
          both: new Residual([...convolution(count, count), new ReLU(), ...convolution(count, count)]),
          relu: new ReLU(),
        });
      return new Sequential({ conv, norm, relu: new ReLU(), ...numbered('block', layers, block) });
    };
    return new Sequential({
      ...numbered('stage', maps.length, stage),
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
