/** What is learned from: the embedded digits or pictures of one's own, in a part to train on and one to test with. */
import { channelStatistics, type ImageDataset, type Normalization, subset } from '../../src/index.ts';
import type { DataChoice, Pictures, Sample } from '../protocol.ts';

/** Labeled images in two parts. */
export interface LearningData {
  readonly choice: DataChoice;
  readonly train: ImageDataset;
  readonly test: ImageDataset;
  readonly normalization: Normalization;
}

/** Splits pictures of one's own as the page says. */
export function learningDataOf({ classNames, shape, pixels, labels, heldOut }: Pictures): LearningData {
  const all: ImageDataset = { name: 'your pictures', images: pixels, shape, labels, classNames };
  const indices = [...labels.keys()];
  const train = subset(
    all,
    indices.filter((index) => heldOut[index] === 0),
  );
  const test = subset(
    all,
    indices.filter((index) => heldOut[index] !== 0),
  );
  return { choice: 'own', train, test, normalization: channelStatistics(train) };
}

/** Images of a data set as the page shows them. */
export function samplesOf(dataset: ImageDataset, indices: readonly number[]): Sample[] {
  return indices.map((index) => ({
    label: dataset.labels[index],
    pixels: Float32Array.from(subset(dataset, [index]).images, (value) => value / 255),
  }));
}
