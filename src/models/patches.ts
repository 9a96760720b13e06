/** What models of patches have in common: the grid that they make of an image. */
import { ShapeError } from '../errors.ts';
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
