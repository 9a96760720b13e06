/** `--augment SPEC`, how training images are changed at random: `shift=2,rotation=10,scale=0.1,flip`. */
import { InvalidArgumentError } from 'commander';
import type { AugmentOptions } from '../data/augment.ts';
import { decimal, nearest } from '../text.ts';

/** The largest value of each change that takes one. */
const largest = { shift: Number.MAX_VALUE, rotation: 360, scale: 0.99 } as const;
const names = ['shift', 'rotation', 'scale', 'flip'] as const;

/** Reads the changes; what is not named is not made. */
export function augmentSpec(text: string): AugmentOptions {
  const changes: { -readonly [Name in keyof AugmentOptions]: AugmentOptions[Name] } = {};
  for (const part of text.split(',')) {
    const [name = '', given, ...more] = part.split('=');
    const known = names.find((each) => each === name);
    if (known === undefined || more.length > 0) throw unknownChange(part, name);
    if (changes[known] !== undefined) throw new InvalidArgumentError(`"${known}" is given twice.`);
    if (known === 'flip') {
      if (given !== undefined) throw new InvalidArgumentError('"flip" takes no number.');
      changes.flip = true;
      continue;
    }
    const value = given === undefined ? Number.NaN : decimal(given);
    if (!(value > 0 && value <= largest[known])) {
      const range = known === 'shift' ? 'above 0' : `above 0, at most ${largest[known]}`;
      throw new InvalidArgumentError(
        `"${known}" wants a number ${range}: ${known}=${augmentationExample[known]}. What is not named is not done.`,
      );
    }
    changes[known] = value;
  }
  return changes;
}

const augmentationExample = { shift: 2, rotation: 10, scale: 0.1 } as const;

function unknownChange(part: string, name: string): InvalidArgumentError {
  const near = nearest(name, names);
  return new InvalidArgumentError(
    `"${part}" is no change of an image.${near === undefined ? '' : ` Did you mean ${near}?`} ` +
      'Give some of shift=PIXELS,rotation=DEGREES,scale=SHARE,flip, or --no-augment.',
  );
}

/** The text that `augmentSpec` reads; '' for no change. */
export function formatAugmentation(changes: AugmentOptions): string {
  return Object.entries(changes)
    .map(([name, value]) => (value === true ? name : `${name}=${value}`))
    .join(',');
}
