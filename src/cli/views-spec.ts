/** `--views SPEC`, of which views of a picture the answer is the mean: `flip`, `shift=2`, `flip,shift=2`, or none. */
import { InvalidArgumentError } from 'commander';
import { decimal } from '../text.ts';
import type { PictureViews } from '../train/index.ts';

/** What `--views` takes. */
export const viewsHelp =
  'the answer to a picture is the mean over several views: flip (and its mirror image), shift=PIXELS (and to four sides), both, or none';

/** Checks the views, and returns the text. */
export function viewsText(text: string): string {
  viewsOf(text);
  return text;
}

/**
 * The views; undefined for none.
 *
 * @throws InvalidArgumentError
 */
export function viewsOf(text = 'none'): PictureViews | undefined {
  if (text === 'none') return undefined;
  const views: { flip?: boolean; shift?: number } = {};
  for (const part of text.split(',')) {
    const shift = decimal(/^shift=(.+)$/.exec(part)?.[1] ?? '');
    if (part === 'flip' && views.flip === undefined) views.flip = true;
    else if (Number.isSafeInteger(shift) && shift >= 1 && views.shift === undefined) views.shift = shift;
    else
      throw new InvalidArgumentError(
        'Give flip, shift with a whole number of pixels, both (flip,shift=2), or none.',
      );
  }
  return views;
}

/** `Each answer is the mean over 10 views of the picture: flip,shift=2.` Undefined for none. */
export function describeViews(text: string | undefined): string | undefined {
  const views = viewsOf(text);
  if (views === undefined) return undefined;
  const count = (views.flip ? 2 : 1) * (views.shift ? 5 : 1);
  return `Each answer is the mean over ${count} views of the picture: ${text}.`;
}
