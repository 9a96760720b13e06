/** A data set in a few lines. */
import { imageCount } from '../data/dataset.ts';
import { formatInteger, printable } from '../text.ts';
import type { PreparedDataset } from './holdout.ts';
import { counted } from './terminal.ts';

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
    ...data.notes,
  ]
    .map(printable)
    .join('\n');
}
