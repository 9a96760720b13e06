/** Layers on grids of tokens, written out. */
import * as weft from '../../src/index.ts';

/** What the layer gives for x [N, H, W, C]: column by column and row by row. */
export function writtenBiLSTM2D(layer: weft.BiLSTM2D, x: weft.Tensor): weft.Tensor {
  const [, height, width] = x.shape;
  const columns = Array.from({ length: width }, (_, w) => layer.vertical.call(x.slice(null, null, w)));
  const rows = Array.from({ length: height }, (_, h) => layer.horizontal.call(x.slice(null, h)));
  const both = weft.concat([weft.stack(columns, 2), weft.stack(rows, 1)], -1);
  return both.matmul(layer.output.weight).add(layer.output.bias!);
}
