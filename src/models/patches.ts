/** What models of patches have in common: the grid that they make of an image, and blocks that follow each other. */
import { ShapeError } from '../errors.ts';
import type { Module } from '../nn/index.ts';
import type { ModelTask } from './model.ts';

/**
 * Rows and columns of the grid of patches.
 *
 * @throws ShapeError for a patch that does not divide the image
 */
export function patchGrid(
  [height, width]: ModelTask['inputShape'],
  [patchHeight, patchWidth]: readonly [number, number],
): readonly [rows: number, columns: number] {
  if (height % patchHeight === 0 && width % patchWidth === 0) {
    return [height / patchHeight, width / patchWidth];
  }
  throw new ShapeError({
    where: 'createModel',
    got: `images [H=${height}, W=${width}] and patches of ${patchHeight}×${patchWidth}`,
    expected: 'a patch that divides height and width',
    cure: 'Choose another patch, or pad or resize the images.',
  });
}

/** Modules as name1, name2 …, made one after the other. */
export function numbered(
  name: string,
  count: number,
  make: (index: number) => Module,
): Readonly<Record<string, Module>> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`${name}${index + 1}`, make(index)]),
  );
}
