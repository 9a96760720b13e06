/** The worst mistakes on the test images: those to whose true class the model gave the least probability. */
import { fullBrightness, type LabeledImages, subset } from '../data/dataset.ts';
import type { Image } from '../data/image.ts';
import { encodePng } from '../data/png.ts';
import { readInto } from '../data/stream/open-dataset.ts';
import { isStreamed, type PictureDataset } from '../data/stream/streamed-dataset.ts';

/** What a model answered for the images of a data set. */
export interface Answers {
  /** The class with the highest probability, `[N]`. */
  readonly predictions: ArrayLike<number>;
  /** Row-major `[N, classes]`. */
  readonly probabilities: ArrayLike<number>;
}

export interface Mistake {
  /** Place in the data set. */
  readonly index: number;
  readonly truth: string;
  readonly predicted: string;
  /** Probability given to the wrong answer. */
  readonly confidence: number;
  /** Probability given to the right answer. */
  readonly truthProbability: number;
}

/** All mistakes, the worst first. */
export function findMistakes(dataset: LabeledImages, { predictions, probabilities }: Answers): Mistake[] {
  const { labels, classNames } = dataset;
  const mistakes: Mistake[] = [];
  labels.forEach((label, index) => {
    const predicted = predictions[index]!;
    if (predicted === label) return;
    const row = index * classNames.length;
    mistakes.push({
      index,
      truth: classNames[label]!,
      predicted: classNames[predicted]!,
      confidence: probabilities[row + predicted]!,
      truthProbability: probabilities[row + label]!,
    });
  });
  return mistakes.sort((first, second) => first.truthProbability - second.truthProbability);
}

/** An image of a data set as a PNG file; one that was streamed is read again. */
export function imagePng(dataset: PictureDataset, index: number): Uint8Array {
  const [, height, width, channels] = dataset.shape;
  const { images } = isStreamed(dataset) ? readInto(dataset, [index]) : subset(dataset, [index]);
  const full = fullBrightness(images);
  const pixels = Float32Array.from(images, (value) => value / full);
  return encodePng({ width, height, channels: channels as Image['channels'], bitDepth: 8, pixels });
}
