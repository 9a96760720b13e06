/** A tiny data set that can be learned in seconds, and tiny models for it. */

import type { ImageDataset } from '../../src/data/dataset.ts';
import { RandomGenerator } from '../../src/data/random-generator.ts';
import {
  BatchNorm,
  Dense,
  Dropout,
  Flatten,
  LSTM,
  ReLU,
  RowsToSequence,
  Sequential,
} from '../../src/nn/index.ts';

/** 6×6 gray images with noise; the class is where the bright stripe lies. */
export function stripes(count: number, seed = 1): ImageDataset {
  const generator = new RandomGenerator(seed);
  const images = new Uint8Array(count * 36);
  const labels = Int32Array.from({ length: count }, (_, index) => index % 3);
  labels.forEach((label, image) => {
    for (let pixel = 0; pixel < 36; pixel++) {
      const bright = Math.floor(pixel / 12) === label;
      images[image * 36 + pixel] = (bright ? 150 : 0) + generator.nextBelow(100);
    }
  });
  return {
    name: 'stripes',
    images,
    labels,
    shape: [count, 6, 6, 1],
    classNames: ['top', 'middle', 'bottom'],
  };
}

/** Every kind of thing that training has to carry along: running statistics, random numbers, recurrence. */
export function smallModel(): Sequential {
  return new Sequential({
    rows: new RowsToSequence(),
    lstm: new LSTM(6, 8),
    norm: new BatchNorm(8),
    dropout: new Dropout(0.2),
    head: new Dense(8, 3),
  });
}

export function denseModel(): Sequential {
  return new Sequential({
    flatten: new Flatten(),
    hidden: new Dense(36, 8),
    relu: new ReLU(),
    head: new Dense(8, 3),
  });
}
