/** The worst mistakes on the test images: those to whose true class the model gave the least probability. */
import { imageName, type LabeledImages } from '../data/dataset.ts';
import { formatTable } from '../text.ts';
import { percent } from './terminal.ts';

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

/** The mistakes to which the true class was given the least probability, with the files of their images. */
export function formatWorst(dataset: LabeledImages, worst: readonly Mistake[]): string {
  if (worst.length === 0) return 'No mistakes.';
  return formatTable(
    [
      { heading: 'worst mistakes' },
      { heading: 'true' },
      { heading: 'its probability', align: 'right' },
      { heading: 'predicted' },
      { heading: 'its probability', align: 'right' },
    ],
    worst.map(({ index, truth, predicted, confidence, truthProbability }) => [
      imageName(dataset, index),
      truth,
      percent(truthProbability),
      predicted,
      percent(confidence),
    ]),
  );
}
