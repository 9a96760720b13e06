/** Images whose labels are in doubt, as a reader sees them: with their files, what they are said to be, and what they likely are. */
import { imageName, type LabeledImages } from '../data/dataset.ts';
import { findLabelErrors, type SuspectLabel } from '../metrics/index.ts';
import { formatTable } from '../text.ts';
import type { Answers } from './mistakes.ts';
import { percent } from './terminal.ts';

/** A label in doubt. */
export interface LabelDoubt {
  /** Place in the data set. */
  readonly index: number;
  readonly picture: string;
  readonly label: string;
  readonly labelProbability: number;
  readonly suggested: string;
  readonly suggestedProbability: number;
}

/** The labels in doubt, those first that are wrong most likely; none of a class without a name. */
export function labelDoubts(
  dataset: LabeledImages,
  { probabilities }: Pick<Answers, 'probabilities'>,
): LabelDoubt[] {
  const { labels, classNames } = dataset;
  const classes = classNames.length;
  return findLabelErrors(probabilities, labels, classes).map(({ image, label, suggested }: SuspectLabel) => ({
    index: image,
    picture: imageName(dataset, image),
    label: classNames[label]!,
    labelProbability: probabilities[image * classes + label]!,
    suggested: classNames[suggested]!,
    suggestedProbability: probabilities[image * classes + suggested]!,
  }));
}

/** A table of them. */
export function formatDoubts(doubts: readonly LabelDoubt[]): string {
  if (doubts.length === 0) return 'No label is in doubt.';
  return formatTable(
    [
      { heading: 'label in doubt' },
      { heading: 'labeled' },
      { heading: 'its probability', align: 'right' },
      { heading: 'likely' },
      { heading: 'its probability', align: 'right' },
    ],
    doubts.map(({ picture, label, labelProbability, suggested, suggestedProbability }) => [
      picture,
      label,
      percent(labelProbability),
      suggested,
      percent(suggestedProbability),
    ]),
  );
}
