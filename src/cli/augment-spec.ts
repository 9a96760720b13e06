/** `--augment SPEC`, how training images are changed at random: `shift=2,rotation=10,flip`. */
import { InvalidArgumentError } from 'commander';
import {
  type AugmentName,
  augmentNames,
  changeFacts,
  describeStrengths,
  isStrength,
  type NamedChanges,
} from '../data/augment/augment-options.ts';
import { decimal, nearest } from '../text.ts';

/** What a change is called on the command line: `vertical-flip` for `verticalFlip`. */
const words = augmentNames.map((name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`));

/** All changes, as they are written: `shift=PIXELS,rotation=DEGREES,…,flip`. */
export const augmentForm = words
  .map((word, index) => {
    const { unit } = changeFacts[augmentNames[index]];
    return unit === undefined ? word : `${word}=${unit}`;
  })
  .join(',');

/** Reads the changes; what is not named is not made. */
export function augmentSpec(text: string): NamedChanges {
  const changes: Partial<Record<AugmentName, number | boolean>> = {};
  for (const part of text.split(',')) {
    const [word = '', given, ...more] = part.split('=');
    const name = augmentNames[words.indexOf(word)];
    if (name === undefined || more.length > 0) throw unknownChange(part, word);
    if (changes[name] !== undefined) throw new InvalidArgumentError(`"${word}" is given twice.`);
    const { most, example } = changeFacts[name];
    if (most === undefined) {
      if (given !== undefined) throw new InvalidArgumentError(`"${word}" takes no number.`);
      changes[name] = true;
      continue;
    }
    const value = given === undefined ? Number.NaN : decimal(given);
    if (!(value > 0 && isStrength(name, value))) {
      throw new InvalidArgumentError(
        `"${word}" wants ${describeStrengths(name, 'above 0')}: ${word}=${example}. What is not named is not done.`,
      );
    }
    changes[name] = value;
  }
  return changes as NamedChanges;
}

function unknownChange(part: string, word: string): InvalidArgumentError {
  const near = nearest(word, words);
  return new InvalidArgumentError(
    `"${part}" is no change of an image.${near === undefined ? '' : ` Did you mean ${near}?`} ` +
      `Give some of ${augmentForm}, or --no-augment.`,
  );
}

/** The text that `augmentSpec` reads; '' for no change. */
export function formatAugmentation(
  changes: Readonly<Partial<Record<AugmentName, number | boolean>>>,
): string {
  return augmentNames
    .map((name, index) => {
      const value = changes[name] ?? false;
      return value === true ? words[index] : value === false || value === 0 ? '' : `${words[index]}=${value}`;
    })
    .filter((each) => each !== '')
    .join(',');
}
