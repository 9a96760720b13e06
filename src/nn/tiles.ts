/** Images cut into tiles of one size: how many there are, and the pixels of each side by side. */
import { ShapeError } from '../errors.ts';
import { reshape } from '../ops/broadcast.ts';
import { permute } from '../ops/movement.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** Height and width, of an image or of a tile. */
export type Area = readonly [height: number, width: number];

/**
 * Rows and columns of the tiles of an image.
 *
 * @throws ShapeError for an image that has no pixel, or that the tiles do not divide
 */
export function tilingOf(
  where: string,
  [height, width]: Area,
  [tileHeight, tileWidth]: Area,
): readonly [rows: number, columns: number] {
  const [rows, columns] = [height / tileHeight, width / tileWidth];
  if (height > 0 && width > 0 && Number.isInteger(rows) && Number.isInteger(columns)) return [rows, columns];
  const empty = height * width === 0;
  throw new ShapeError({
    where,
    got: `images [H=${height}, W=${width}] to be cut into patches of ${tileHeight}×${tileWidth}`,
    expected: empty ? 'at least one pixel' : 'patches that divide height and width',
    cure: empty
      ? 'Images are [N, H, W, C].'
      : `Choose patches of ${nearestDivisor(height, tileHeight)}×${nearestDivisor(width, tileWidth)}, or give the images another border with ZeroPad2d or Crop2d.`,
  });
}

/** The divisor of a length that is nearest to a number. */
function nearestDivisor(length: number, wanted: number): number {
  let best = 1;
  for (let divisor = 2; divisor <= length; divisor++) {
    if (length % divisor === 0 && Math.abs(divisor - wanted) < Math.abs(best - wanted)) best = divisor;
  }
  return best;
}

/** The pixels of each tile, row by row: [N, H, W, C] → [N, rows, columns, tileHeight · tileWidth · C]. */
export function tilesOf(x: Tensor, [tileHeight, tileWidth]: Area): Tensor {
  if (tileHeight === 1 && tileWidth === 1) return x;
  const [n, height, width, channels] = x.shape as [number, number, number, number];
  const [rows, columns] = [height / tileHeight, width / tileWidth];
  const cut = reshape(x, [n, rows, tileHeight, columns, tileWidth, channels]);
  return reshape(permute(cut, [0, 1, 3, 2, 4, 5]), [n, rows, columns, tileHeight * tileWidth * channels]);
}
