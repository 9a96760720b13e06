/** rcnn: convolutions whose maps read themselves again and again. */
import { OptionError } from '../errors.ts';
import {
  BatchNorm,
  Conv2d,
  Dense,
  Dropout,
  GlobalMaxPool2d,
  MaxPool2d,
  type Module,
  RecurrentConv2d,
  ReLU,
  Sequential,
} from '../nn/index.ts';
import { defineModel } from './model.ts';

/**
 * The recurrent convolutional network of Liang & Hu (2015): a convolution 5×5, then recurrent convolutions 3×3 of `steps` steps,
 * pooling 3×3 by 2 before each two of them, at last the maximum of each map. The first of `maps` are those of the plain
 * convolution. With dropout, it comes behind each recurrent convolution but the last, as in the paper.
 *
 * The paper's has five times K maps on 32×32×3: 75K weights of the first kernel, 9K² of each of the 8 kernels of recurrent
 * convolutions and 10K + 10 of the head, 671,722 at K = 96. To these come here K biases of each convolution and the scales and
 * shifts of the batch normalization that stands where the paper has local response normalization.
 */
export const rcnn = /* @__PURE__ */ defineModel({
  sentence: 'convolutions whose maps read themselves again, so that each sees further with every step',
  sizes: { maps: [16, 16, 16, 32, 32], steps: 3, dropout: 0 },
  build({ inputShape, classes, maps, steps, dropout }) {
    const [first, ...recurrent] = maps as readonly [number, ...number[]];
    requireUse(maps, dropout);
    const pool = () => new MaxPool2d(3, { stride: 2, padding: 1 });
    const layers = recurrent.flatMap((count, index): [string, Module][] => [
      ...(index % 2 === 0 ? [[`pool${index / 2 + 1}`, pool()] as [string, Module]] : []),
      [
        `recurrent${index + 1}`,
        new RecurrentConv2d(maps[index], count, 3, { steps, normalization: 'batch' }),
      ],
      ...(dropout > 0 && index < recurrent.length - 1
        ? [[`dropout${index + 1}`, new Dropout(dropout)] as [string, Module]]
        : []),
    ]);
    return new Sequential({
      conv: new Conv2d(inputShape[2], first, 5, { padding: 'same' }),
      relu: new ReLU(),
      norm: new BatchNorm(first),
      ...Object.fromEntries(layers),
      maximum: new GlobalMaxPool2d(),
      head: new Dense(maps.at(-1)!, classes),
    });
  },
});

/** @throws OptionError for maps of no recurrent convolution, and for dropout that has no place behind one of them */
function requireUse(maps: readonly number[], dropout: number): void {
  const least = dropout > 0 ? 3 : 2;
  if (maps.length >= least) return;
  throw new OptionError({
    where: 'createModel',
    got: `maps ${maps.join(', ')} for 'rcnn'${dropout > 0 ? ` with dropout ${dropout}` : ''}`,
    expected: `at least ${least} numbers: of a plain convolution, then of recurrent ones${dropout > 0 ? ', with dropout between them' : ''}`,
    cure: `Give more maps${dropout > 0 ? ', or no dropout' : ''}.`,
  });
}
