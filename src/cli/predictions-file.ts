/** What a model answered for each test image, as rows of CSV (predictions.csv of a run) or lines of JSON. */
import { imageName, type LabeledImages } from '../data/dataset.ts';
import { csvRow } from './csv.ts';
import type { Answers } from './mistakes.ts';

export const PREDICTIONS_FILE = 'predictions.csv';

/**
 * A row for each image, in their order: its file, or else its place in the data set; its class, the answer, 1 where that is
 * right, the probabilities of the answer and of the true class; its group where there are groups; the training image
 * that it is a copy of, where that is known; and the probability of each class.
 *
 * @param originals by the place of a test image, the name of the training image that it is a copy of
 */
export function predictionsCsv(
  dataset: LabeledImages,
  { predictions, probabilities }: Answers,
  originals?: ReadonlyMap<number, string>,
): string {
  const { labels, classNames, groups } = dataset;
  const header = ['picture', 'true', 'predicted', 'correct', 'probability', 'true_probability'];
  const rows = Array.from(labels, (label, index) => {
    const predicted = predictions[index]!;
    const probabilityOf = (place: number): string =>
      probabilities[index * classNames.length + place]!.toPrecision(6);
    return [
      imageName(dataset, index),
      classNames[label]!,
      classNames[predicted]!,
      predicted === label ? 1 : 0,
      Number(probabilityOf(predicted)),
      Number(probabilityOf(label)),
      ...(groups ? [groups[index]!] : []),
      ...(originals ? [originals.get(index) ?? ''] : []),
      ...classNames.map((_, place) => Number(probabilityOf(place))),
    ];
  });
  const more = [
    ...(groups ? ['group'] : []),
    ...(originals ? ['copy_of'] : []),
    ...classNames.map((name) => `p(${name})`),
  ];
  return [[...header, ...more], ...rows].map(csvRow).join('');
}

/** An object for each image, in their order, a line each: its file or place, its class, the answer, and the probability of each class. */
export function predictionsJsonLines(
  dataset: LabeledImages,
  { predictions, probabilities }: Answers,
): string {
  const { labels, classNames, groups } = dataset;
  const lines = Array.from(labels, (label, index) => {
    const row = classNames.map((name, place) => [name, probabilities[index * classNames.length + place]!]);
    return JSON.stringify({
      picture: imageName(dataset, index),
      true: classNames[label]!,
      predicted: classNames[predictions[index]!]!,
      probabilities: Object.fromEntries(row),
      ...(groups && { group: groups[index]! }),
    });
  });
  return lines.map((line) => `${line}\n`).join('');
}
