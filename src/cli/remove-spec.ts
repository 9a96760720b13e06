/** `--remove SPEC`, what is taken away of images: `rows:0.5`, or between two shares `pixels:0-0.75`. */
import { InvalidArgumentError } from 'commander';
import { type Removal, removableParts } from '../data/removal.ts';
import { decimal, nearest } from '../text.ts';

/** What `--remove` takes. */
export const removeHelp = `${removableParts.join(', ')}, as rows:0.5, or with a share drawn for each image as rows:0-0.75`;

/** Reads what is removed, and how much. */
export function removeSpec(text: string): Removal {
  const [part = '', shares = '', ...more] = text.split(':');
  const what = removableParts.find((each) => each === part);
  const [least, most, ...others] = shares.split('-').map(decimal);
  const isShare = (share: number | undefined) => share === undefined || (share >= 0 && share <= 1);
  if (what === undefined) {
    const near = nearest(part, removableParts);
    throw new InvalidArgumentError(
      `"${part}" is no part of an image.${near === undefined ? '' : ` Did you mean ${near}?`} Give one of ${removableParts.join(', ')}, as rows:0.5.`,
    );
  }
  const fits = isShare(least) && isShare(most) && more.length + others.length === 0;
  if (!fits || least! > (most ?? 1) || (most ?? least) === 0) {
    throw new InvalidArgumentError('Give a share above 0, at most 1, or two: rows:0.5, rows:0-0.75.');
  }
  return { what, rate: most === undefined ? least! : [least!, most] };
}

/** The text that `removeSpec` reads. */
export function formatRemoval({ what, rate }: Removal): string {
  return `${what}:${typeof rate === 'number' ? rate : rate.join('-')}`;
}

/** `50 % of the rows`, `0 to 75 % of the pixels`, `a block of 25 %`. */
export function describeRemoval({ what, rate }: Removal): string {
  const percent = (share: number): number => Number((share * 100).toPrecision(4));
  const shares = typeof rate === 'number' ? percent(rate) : rate.map(percent).join(' to ');
  return what === 'block' ? `a block of ${shares} %` : `${shares} % of the ${what}`;
}
