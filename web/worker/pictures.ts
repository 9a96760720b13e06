/** What is learned from: the embedded digits or pictures of one's own, in a part to train on and one to test with. */
import { channelStatistics, type ImageDataset, type Normalization, resize, subset } from '../../src/index.ts';
import type { DataChoice, Pictures, Sample } from '../protocol.ts';

/** Labeled images in two parts. */
export interface LearningData {
  readonly choice: DataChoice;
  readonly train: ImageDataset;
  readonly test: ImageDataset;
  readonly normalization: Normalization;
}

/** Splits pictures of one's own as the page says, and brings them to a size. */
export function learningDataOf(pictures: Pictures, size: number): LearningData {
  const { classNames, side, pixels, labels, heldOut } = pictures;
  const length = 3 * side ** 2;
  const images = new Uint8Array(labels.length * 3 * size ** 2);
  for (const index of labels.keys()) {
    const bytes = pixels.subarray(index * length, (index + 1) * length);
    const picture = Float32Array.from(bytes, (value) => value / 255);
    const image = { width: side, height: side, channels: 3, bitDepth: 8, pixels: picture } as const;
    const small = resize(image, size, size).pixels;
    images.set(
      small.map((value) => Math.round(255 * value)),
      index * small.length,
    );
  }
  const shape = [labels.length, size, size, 3] as const;
  const all: ImageDataset = { name: 'your pictures', images, shape, labels, classNames };
  const [train, test] = [0, 1].map((part) =>
    subset(
      all,
      [...labels.keys()].filter((index) => heldOut[index] === part),
    ),
  );
  return { choice: 'own', train, test, normalization: channelStatistics(train) };
}

/** Whether a model tells the classes of these images apart, by pictures of their size. */
export function fits(
  { test }: LearningData,
  classNames: readonly string[],
  inputShape: readonly number[],
): boolean {
  const same = (first: readonly unknown[], second: readonly unknown[]): boolean =>
    first.length === second.length && first.every((each, index) => each === second[index]);
  return same(test.classNames, classNames) && same(test.shape.slice(1), inputShape);
}

/** Images of a data set as the page shows them. */
export function samplesOf(dataset: ImageDataset, indices: readonly number[]): Sample[] {
  return indices.map((index) => ({
    label: dataset.labels[index],
    pixels: Float32Array.from(subset(dataset, [index]).images, (value) => value / 255),
  }));
}
