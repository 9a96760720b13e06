/** What models of patches have in common: the grid that they make of an image. */
import { ShapeError } from '../errors.ts';
import type { GridShape } from '../nn/index.ts';

/**
 * Rows and columns of the grid of patches.
 *
 * @throws ShapeError for a patch that does not divide the image
 */
export function patchGrid(
  [height, width]: GridShape,
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
