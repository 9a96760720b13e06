/** A data set in a few lines, and what is to be known beside an accuracy. */
import { classCounts, imageCount, type LabeledImages } from '../data/dataset.ts';
import { accuracyInterval, balancedAccuracy, majorityAccuracy } from '../metrics/index.ts';
import { formatInteger, formatTable, printable } from '../text.ts';
import type { Evaluation } from '../train/index.ts';
import { type CopyScores, describeCopies } from './copies.ts';
import type { PreparedDataset } from './holdout.ts';
import { counted, percent } from './terminal.ts';

/** More class names than this make a long line: then only the first ones are told. */
const LISTED_CLASSES = 12;

/** Name, counts, image size, classes and notes, as printed before training. */
export function describeDataset(data: PreparedDataset): string {
  const { train, validation, test } = data;
  const [, height, width, channels] = train.shape;
  const colors = channels === 1 ? 'gray' : channels === 3 ? 'RGB' : `${channels} channels`;
  const { classNames } = train;
  const listed = classNames.slice(0, LISTED_CLASSES).join(', ');
  const more = classNames.length > LISTED_CLASSES ? `, and ${classNames.length - LISTED_CLASSES} more` : '';
  return [
    `Data ${data.name}: ${counted(imageCount(train), 'image')} for training, ` +
      `${formatInteger(imageCount(validation))} for validation, ` +
      `${formatInteger(imageCount(test))} for testing`,
    `Images of ${height}×${width} pixels (height × width), ${colors}; ` +
      `${counted(classNames.length, 'class')}: ${listed}${more}`,
    ...(classNames.length <= LISTED_CLASSES ? [] : [describeCounts(data)]),
    ...data.notes,
  ]
    .map(printable)
    .concat(classNames.length <= LISTED_CLASSES ? [`\n${countsTable(data)}`] : [])
    .join('\n');
}

/** How many images of each class each part has. */
function countsTable({ train, validation, test }: PreparedDataset): string {
  const counts = [train, validation, test].map((part) => classCounts(part));
  const columns = ['training', 'validation', 'test'].map((heading) => ({ heading, align: 'right' as const }));
  return formatTable(
    [{ heading: 'class' }, ...columns],
    train.classNames.map((name, label) => [name, ...counts.map((part) => formatInteger(part[label]!))]),
  );
}

/** Of many classes those with the fewest and the most images. */
function describeCounts({ train }: PreparedDataset): string {
  const counts = classCounts(train);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const nameOf = (count: number): string => `"${train.classNames[counts.indexOf(count)]}"`;
  return least === most
    ? `${formatInteger(least)} training images of each class`
    : `${formatInteger(least)} (${nameOf(least)}) to ${formatInteger(most)} (${nameOf(most)}) training images a class`;
}

/** What an accuracy has to be compared with. */
export interface Scores {
  /** The mean recall of the classes. */
  readonly balancedAccuracy: number;
  /** Of always guessing `majorityClass`. */
  readonly majorityAccuracy: number;
  /** The commonest class of the training images; of models without a record, of the test images. */
  readonly majorityClass: string;
  /** Of the accuracy, with 95 % confidence. */
  readonly accuracyInterval: readonly [low: number, high: number];
}

/**
 * The scores of a model on a data set.
 *
 * @param trainCounts how many training images each class had, if that is known
 */
export function scoresOf(
  { labels, classNames }: LabeledImages,
  { accuracy, confusion }: Pick<Evaluation, 'accuracy' | 'confusion'>,
  trainCounts?: readonly number[],
): Scores {
  const counts = trainCounts ?? classNames.map((_, label) => labels.filter((each) => each === label).length);
  const commonest = counts.indexOf(Math.max(...counts));
  return {
    balancedAccuracy: balancedAccuracy(confusion),
    majorityAccuracy: majorityAccuracy(labels, [commonest]),
    majorityClass: classNames[commonest] ?? '',
    accuracyInterval: accuracyInterval(accuracy, labels.length),
  };
}

/** The scores as a sentence or two, to stand below the accuracy. */
export function describeScores({
  balancedAccuracy: balanced,
  majorityAccuracy: majority,
  majorityClass,
  accuracyInterval: [low, high],
  ...copies
}: Scores & Partial<CopyScores>): string {
  return (
    `Between ${percent(low, 1)} and ${percent(high, 1)} with 95 % confidence. Always guessing "${majorityClass}", the commonest ` +
    `class, gives ${percent(majority, 1)}. Balanced accuracy (every tested class counts the same): ${percent(balanced, 1)}.${describeCopies(copies)}`
  );
}
