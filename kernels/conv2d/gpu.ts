/**
 * Two-dimensional convolution and its two gradients on the GPU: a thread computes one element of the result, from the
 * arrays as they lie. Pixels, windows and taps meet where pixel = window · stride + tap · dilation − padding.
 *
 *     y[n,i,j,o]         Σ over the taps of window (i, j)               of  x[n, pixel, channels of the group] · weight[tap, …, o]
 *     dX[n,h,w,c]        Σ over the taps by which a window covers it    of  dY[n, window, outputs of the group] · weight[tap, c, …]
 *     dWeight[u,v,c,o]   Σ over images and output rows i                of  x[n, h, pixels w of the row, c] · dY[n, i, …, o]
 *
 * Each term is a dot product: over the channels, the outputs, and the windows of an output row. Weights are few and their
 * sums long, so that of dWeight is computed in parts: a thread sums some output rows, and a second pass adds the parts up.
 */
import { sizeOf } from '../support/contract.ts';
import { fillPass } from '../support/gpu/common-passes.ts';
import { dot } from '../support/gpu/dot.ts';
import { type GpuKernel, input, output, pass, temporary } from '../support/gpu/gpu-kernel.ts';
import { partsOf, sumParts } from '../support/gpu/partial-sums.ts';
import { forPixels, forWindows, guarded, onImage } from '../support/gpu/sliding-windows.ts';
import { sumInLevels } from '../support/gpu/sums-in-levels.ts';
import type { ThreadSource } from '../support/gpu/thread-source.ts';
import { type Conv2dGeometry, geometryOf } from './geometry.ts';
import {
  type Conv2dAttributes,
  shapesOfConv2d,
  shapesOfConv2dInputGradient,
  shapesOfConv2dWeightGradient,
} from './index.ts';

/** y [N,OH,OW,O] from (x [N,H,W,C], weight [KH,KW,C/groups,O]). */
export const conv2dGpu: GpuKernel<Conv2dAttributes> = (call) => {
  const shapes = shapesOfConv2d(call);
  const size = sizeOf(shapes.y);
  if (size === 0) return { passes: [] };
  if (sizeOf(shapes.x) === 0 || sizeOf(shapes.weight) === 0)
    return { passes: [fillPass(output(0), size, 0)] };

  const geometry = geometryOf(shapes, call.attributes);
  const { rows, columns, channels, groups, groupChannels, groupOutputs, outChannels } = geometry;
  const sum = pass(output(0), size, (f) => {
    const [image, outRow, outColumn, o] = f.coordinates(f.index, shapes.y);
    const group = groups === 1 ? '0' : f.whole(f.quotient(o, groupOutputs), 'group');
    const imageStart = f.whole(
      f.offset([image, group], [rows.pixels * columns.pixels * channels, groupChannels]),
      'image',
    );
    const sum = forPixels(f, rows, outRow, (row, tapRow, sum) => {
      const rowStart = f.whole(f.offset([imageStart, row], [1, columns.pixels * channels]), 'row');
      const weights = f.whole(
        f.offset([o, tapRow], [1, columns.taps * groupChannels * outChannels]),
        'weights',
      );
      const ofRow = forPixels(f, columns, outColumn, (column, tapColumn, ofRow) => {
        const a = f.whole(f.offset([rowStart, column], [1, channels]), 'a');
        const b = f.whole(f.offset([weights, tapColumn], [1, groupChannels * outChannels]), 'b');
        const product = dot(f, {
          a: { array: input(0), start: a, step: 1 },
          b: { array: input(1), start: b, step: outChannels },
          length: groupChannels,
        });
        f.set(ofRow, `${ofRow} + ${product}`);
      });
      f.set(sum, `${sum} + ${ofRow}`);
    });
    f.return(sum);
  });
  return { passes: [sum] };
};

/** dX [N,H,W,C] from (dY [N,OH,OW,O], weight [KH,KW,C/groups,O]): each pixel gathers from the windows that cover it. */
export const conv2dInputGradientGpu: GpuKernel<Conv2dAttributes> = (call) => {
  const shapes = shapesOfConv2dInputGradient(call);
  const size = sizeOf(shapes.x);
  if (size === 0) return { passes: [] };
  if (sizeOf(shapes.y) === 0 || sizeOf(shapes.weight) === 0)
    return { passes: [fillPass(output(0), size, 0)] };

  const geometry = geometryOf(shapes, call.attributes);
  const { rows, columns, outChannels, groups, groupChannels, groupOutputs } = geometry;
  const sum = pass(output(0), size, (f) => {
    const [image, row, column, channel] = f.coordinates(f.index, shapes.x);
    const group = groups === 1 ? '0' : f.whole(f.quotient(channel, groupChannels), 'group');
    const imageStart = f.whole(
      f.offset([image, group], [rows.windows * columns.windows * outChannels, groupOutputs]),
      'image',
    );
    // Row `channel - group · C/groups` of a tap's weights, from the first output of the group on.
    const channelStart = f.whole(
      f.offset([channel, group], [outChannels, groupOutputs - groupChannels * outChannels]),
      'channel',
    );
    const sum = forWindows(f, rows, row, (outRow, tapRow, sum) => {
      const rowStart = f.whole(f.offset([imageStart, outRow], [1, columns.windows * outChannels]), 'row');
      const weights = f.whole(
        f.offset([channelStart, tapRow], [1, columns.taps * groupChannels * outChannels]),
        'weights',
      );
      const ofRow = forWindows(f, columns, column, (outColumn, tapColumn, ofRow) => {
        const a = f.whole(f.offset([rowStart, outColumn], [1, outChannels]), 'a');
        const b = f.whole(f.offset([weights, tapColumn], [1, groupChannels * outChannels]), 'b');
        const product = dot(f, {
          a: { array: input(0), start: a, step: 1 },
          b: { array: input(1), start: b, step: 1 },
          length: groupOutputs,
        });
        f.set(ofRow, `${ofRow} + ${product}`);
      });
      f.set(sum, `${sum} + ${ofRow}`);
    });
    f.return(sum);
  });
  return { passes: [sum] };
};

/** dWeight [KH,KW,C/groups,O] from (x [N,H,W,C], dY [N,OH,OW,O]): the sum over all windows, row by row of the output. */
export const conv2dWeightGradientGpu: GpuKernel<Conv2dAttributes> = (call) => {
  const shapes = shapesOfConv2dWeightGradient(call);
  const size = sizeOf(shapes.weight);
  if (size === 0) return { passes: [] };
  if (sizeOf(shapes.x) === 0 || sizeOf(shapes.y) === 0) return { passes: [fillPass(output(0), size, 0)] };

  const geometry = geometryOf(shapes, call.attributes);
  const outRows = geometry.batch * geometry.rows.windows;
  const { parts: mostParts } = partsOf(size, outRows * geometry.columns.windows);
  const partRows = Math.ceil(outRows / mostParts);
  const parts = Math.ceil(outRows / partRows);
  if (parts === 1) {
    const only = pass(output(0), size, (f) =>
      f.return(sumOfRows(f, shapes.weight, geometry, f.index, '0', outRows)),
    );
    return { passes: [only] };
  }
  return {
    passes: [
      pass(temporary(0), size * parts, (f) => {
        const [part, index] = f.coordinates(f.index, [parts, size]);
        f.return(sumOfRows(f, shapes.weight, geometry, index, part, partRows));
      }),
      sumParts(temporary(0), output(0), size, parts),
    ],
  };
};

/**
 * Composes what output rows [part · count, (part + 1) · count), those of all images counted, give to element `index` of
 * dWeight: a dot product for each.
 */
function sumOfRows(
  f: ThreadSource,
  weight: readonly number[],
  geometry: Conv2dGeometry,
  index: string,
  part: string,
  count: number,
): string {
  const { batch, rows, columns, channels, outChannels, groups, groupChannels, groupOutputs } = geometry;
  const outRows = batch * rows.windows;
  const [tapRow, tapColumn, groupChannel, o] = f.coordinates(index, weight);
  const group = groups === 1 ? '0' : f.whole(f.quotient(o, groupOutputs), 'group');
  // Where the tap lies for the first window of all, and then of each row.
  const firstRow = f.whole(f.offset([tapRow], [rows.dilation], -rows.padding), 'firstRow');
  const firstColumn = f.whole(f.offset([tapColumn], [columns.dilation], -columns.padding), 'firstColumn');
  const corner = f.whole(
    f.offset([firstColumn, group, groupChannel], [channels, groupChannels, 1]),
    'corner',
  );
  const columnAt = (outColumn: string): string =>
    `(${f.offset([firstColumn, outColumn], [1, columns.stride])})`;
  const canMiss = onImage(columns, firstColumn) !== '';
  /** `line`: an output row of some image. */
  const addLine = (line: string, sum: string): void => {
    const image = batch === 1 ? '0' : f.whole(f.quotient(line, rows.windows), 'image');
    const outRow = f.whole(f.offset([line, image], [1, -rows.windows]), 'outRow');
    const row = f.whole(f.offset([firstRow, outRow], [1, rows.stride]), 'row');
    guarded(f, onImage(rows, row), () => {
      const rowSize = columns.pixels * channels;
      const a = f.offset([corner, image, row], [1, rows.pixels * rowSize, rowSize]);
      const product = dot(f, {
        a: { array: input(0), start: f.whole(a, 'a'), step: columns.stride * channels },
        b: {
          array: input(1),
          start: f.whole(f.offset([o, line], [1, columns.windows * outChannels]), 'b'),
          step: outChannels,
        },
        length: columns.windows,
        counts: canMiss ? (k) => onImage(columns, columnAt(k)) : undefined,
      });
      f.set(sum, `${sum} + ${product}`);
    });
  };
  return sumInLevels(f, count, (k, sum) => {
    const line = f.whole(f.offset([part, k], [count, 1]), 'line');
    // The last part may be shorter.
    guarded(f, outRows % count === 0 ? '' : `${line} < ${outRows}`, () => addLine(line, sum));
  });
}
