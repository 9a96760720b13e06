/** The confusion matrix and what follows from it, as text tables. */

import { classMetrics } from '../metrics/index.ts';
import { type Column, formatTable } from '../text.ts';
import { percent } from './terminal.ts';

/** `confusion[truth][predicted]`: how many images of class `truth` were taken for class `predicted`. */
export type Confusion = readonly (readonly number[])[];

/** Wider matrices do not fit a terminal: then the most frequent mistakes are listed instead. */
const WIDEST_MATRIX = 20;
const LISTED_MISTAKES = 15;
/** Longer names would make wide columns: then classes are numbered. */
const LONGEST_HEADING = 5;

/** The counts of `confusionMatrix` as rows. */
export function confusionRows(counts: Int32Array, classes: number): number[][] {
  return Array.from({ length: classes }, (_, truth) => [
    ...counts.subarray(truth * classes, (truth + 1) * classes),
  ]);
}

/** `ClassMetrics`, of which a class without images has none. */
export interface ClassQuality {
  readonly precision: number | null;
  readonly recall: number | null;
  readonly f1: number | null;
  readonly support: number;
}

/** Precision, recall and F1 of every class; null where no image is of it. */
export function qualities(confusion: Confusion): ClassQuality[] {
  return classMetrics(confusion.flat()).map((metrics) =>
    metrics.support > 0 ? metrics : { precision: null, recall: null, f1: null, support: 0 },
  );
}

/** Precision, recall and F1 in words. */
export function qualityTexts({ precision, recall, f1 }: ClassQuality): string[] {
  return [precision, recall, f1].map((part) => (part === null ? '–' : percent(part, 1)));
}

/** Precision, recall and F1 as a table, one class per row. */
export function formatQualities(confusion: Confusion, classNames: readonly string[]): string {
  return formatTable(
    [
      { heading: 'class' },
      { heading: 'images', align: 'right' },
      { heading: 'precision', align: 'right' },
      { heading: 'recall', align: 'right' },
      { heading: 'F1', align: 'right' },
    ],
    qualities(confusion).map((quality, index) => [
      classNames[index]!,
      `${quality.support}`,
      ...qualityTexts(quality),
    ]),
  );
}

/** The matrix as a table, true classes down and predicted classes across; a dot is a zero. */
export function formatConfusion(confusion: Confusion, classNames: readonly string[]): string {
  if (classNames.length > WIDEST_MATRIX) return formatFrequentMistakes(confusion, classNames);
  const numbered = classNames.some((name) => name.length > LONGEST_HEADING);
  const columns: Column[] = [
    { heading: 'true \\ predicted' },
    ...classNames.map((name, index) => ({ heading: numbered ? `${index}` : name, align: 'right' as const })),
  ];
  const rows = classNames.map((name, truth) => [
    numbered ? `${String(truth).padStart(2)} ${name}` : name,
    ...confusion[truth]!.map((count) => (count === 0 ? '·' : `${count}`)),
  ]);
  return formatTable(columns, rows);
}

function formatFrequentMistakes(confusion: Confusion, classNames: readonly string[]): string {
  return formatTable(
    [{ heading: 'true' }, { heading: 'predicted' }, { heading: 'images', align: 'right' }],
    frequentMistakes(confusion, LISTED_MISTAKES).map(({ truth, predicted, count }) => [
      classNames[truth]!,
      classNames[predicted]!,
      `${count}`,
    ]),
  );
}

/** A pair of classes, and how many images of the one were taken for the other. */
export interface ConfusedPair {
  readonly truth: number;
  readonly predicted: number;
  readonly count: number;
}

/** The most frequent mistakes, `most` at most. */
export function frequentMistakes(confusion: Confusion, most: number): ConfusedPair[] {
  return confusion
    .flatMap((row, truth) => row.map((count, predicted) => ({ truth, predicted, count })))
    .filter(({ truth, predicted, count }) => truth !== predicted && count > 0)
    .sort((first, second) => second.count - first.count)
    .slice(0, most);
}
