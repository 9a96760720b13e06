/** Recurrent layers over the rows of a grid: each row is a sequence. */
import { reshape } from '../../ops/broadcast.ts';
import { transpose } from '../../ops/movement.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Grid } from './grid-input.ts';

/** What reads: a bidirectional layer that gives every step. */
interface RowReader {
  readonly hidden: number;
  call(input: { readonly x: Tensor; readonly mask?: Tensor }): Tensor;
}

/**
 * What a recurrent layer says of each place of [N, H, W, C] when it reads the rows: [N, H, W, 2·hidden]. What was `seen` is told
 * of each feature, or of places [N, H, W, 1].
 */
export function alongRows(reader: RowReader, { x, seen }: Pick<Grid, 'x' | 'seen'>): Tensor {
  const [n, height, width] = x.shape as [number, number, number];
  const asRows = (grid: Tensor): Tensor => reshape(grid, [n * height, width, grid.shape[3]]);
  // Whole places, or each of their features.
  const mask = seen && (seen.shape[3] === 1 ? reshape(seen, [n * height, width]) : asRows(seen));
  const said = reader.call({ x: asRows(x), ...(mask && { mask }) });
  return reshape(said, [n, height, width, 2 * reader.hidden]);
}

/** The same, when it reads the columns. */
export function alongColumns(reader: RowReader, { x, seen }: Pick<Grid, 'x' | 'seen'>): Tensor {
  return turned(alongRows(reader, { x: turned(x), seen: seen && turned(seen) }));
}

/** Rows as columns: [N, H, W, C] → [N, W, H, C]. */
function turned(x: Tensor): Tensor {
  return transpose(x, 1, 2);
}
