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

/** What the layer gives for a grid of patches [N, H, W, F]: row by row and then column by column, or the other way round. */
export function writtenReNet(layer: weft.ReNet, grid: weft.Tensor): weft.Tensor {
  const { vertical, horizontal, first } = layer;
  const down = (x: weft.Tensor) =>
    weft.stack(
      Array.from({ length: x.shape[2] }, (_, w) => vertical.call(x.slice(null, null, w))),
      2,
    );
  const along = (x: weft.Tensor) =>
    weft.stack(
      Array.from({ length: x.shape[1] }, (_, h) => horizontal.call(x.slice(null, h))),
      1,
    );
  return first === 'columns' ? along(down(grid)) : down(along(grid));
}

/** The stable cells of a grid [N, H, W, F] from its upper left corner, place by place: outputs [N, H, W, 2]. */
export function gridOutputs(cell: weft.GridCellWeights, x: weft.Tensor): weft.Tensor {
  const [n, height, width] = x.shape as [number, number, number];
  const outside = { h: weft.zeros([n, 2]), c: weft.zeros([n, 2]) };
  const states: (typeof outside)[][] = [];
  for (let row = 0; row < height; row++) {
    states[row] = [];
    for (let column = 0; column < width; column++) {
      const up = states[row - 1]?.[column] ?? outside;
      const left = states[row][column - 1] ?? outside;
      const fromInput = x.slice(null, row, column).matmul(cell.inputWeight).add(cell.bias);
      const sums = fromInput.add(up.h.matmul(cell.upWeight)).add(left.h.matmul(cell.leftWeight));
      const [i, fUp, fLeft, g, o] = sums.split(5, -1);
      const [keepUp, keepLeft] = [fUp.sigmoid(), fLeft.sigmoid()];
      const kept = keepUp.mul(up.c).add(keepLeft.mul(left.c)).div(keepUp.add(keepLeft));
      const c = i.sigmoid().mul(g.tanh().sub(kept)).add(kept);
      states[row][column] = { h: o.sigmoid().mul(c.tanh()), c };
    }
  }
  const rows = states.map((row) =>
    weft.stack(
      row.map(({ h }) => h),
      1,
    ),
  );
  return weft.stack(rows, 1);
}
