/**
 * Two-dimensional convolution and its two gradients on the GPU: a thread computes one element, and nothing is laid out.
 * Each is a loop over the taps of a window, or over the windows of a tap, with a dot product inside it.
 *
 * Weights are few and their sums long, so the sum of a weight's gradient is cut: threads sum some rows of the output
 * each, and a second pass adds those up.
 */
import { sizeOf } from '../support/contract.ts';
import { fillPass } from '../support/gpu/common-passes.ts';
import { dot } from '../support/gpu/dot.ts';
import { type GpuKernel, input, output, pass, temporary } from '../support/gpu/gpu-kernel.ts';
import { partsOf, sumParts } from '../support/gpu/partial-sums.ts';
import { forPixels, forWindows, guarded, onImage } from '../support/gpu/sliding-windows.ts';
import { sumInLevels } from '../support/gpu/sums-in-levels.ts';
import type { ThreadSource } from '../support/gpu/thread-source.ts';
import type { WindowAxis } from '../support/window-axis.ts';
import { type Conv2dGeometry, geometryOf } from './geometry.ts';
import {
  type Conv2dAttributes,
  type Conv2dShapes,
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
  const { height, width, channels, kernelWidth, groups, groupChannels, groupOutputs, outChannels } = geometry;
  const { rows, columns } = axesOf(geometry);
  const sum = pass(output(0), size, (f) => {
    const [image, outRow, outColumn, o] = f.coordinates(f.index, shapes.y);
    const group = groups === 1 ? '0' : f.whole(f.quotient(o, groupOutputs), 'group');
    const imageStart = f.whole(f.offset([image, group], [height * width * channels, groupChannels]), 'image');
    const sum = forPixels(f, rows, outRow, (row, tapRow, sum) => {
      const rowStart = f.whole(f.offset([imageStart, row], [1, width * channels]), 'row');
      const weights = f.whole(
        f.offset([o, tapRow], [1, kernelWidth * groupChannels * outChannels]),
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
  const { outHeight, outWidth, outChannels, kernelWidth, groups, groupChannels, groupOutputs } = geometry;
  const { rows, columns } = axesOf(geometry);
  const sum = pass(output(0), size, (f) => {
    const [image, row, column, channel] = f.coordinates(f.index, shapes.x);
    const group = groups === 1 ? '0' : f.whole(f.quotient(channel, groupChannels), 'group');
    const imageStart = f.whole(
      f.offset([image, group], [outHeight * outWidth * outChannels, groupOutputs]),
      'image',
    );
    // Row `channel - group · C/groups` of a tap's weights, from the first output of the group on.
    const channelStart = f.whole(
      f.offset([channel, group], [outChannels, groupOutputs - groupChannels * outChannels]),
      'channel',
    );
    const sum = forWindows(f, rows, row, (outRow, tapRow, sum) => {
      const rowStart = f.whole(f.offset([imageStart, outRow], [1, outWidth * outChannels]), 'row');
      const weights = f.whole(
        f.offset([channelStart, tapRow], [1, kernelWidth * groupChannels * outChannels]),
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
  const lines = geometry.batch * geometry.outHeight;
  const { parts: mostParts } = partsOf(size, lines * geometry.outWidth);
  const linesAtOnce = Math.ceil(lines / mostParts);
  const parts = Math.ceil(lines / linesAtOnce);
  if (parts === 1) {
    const only = pass(output(0), size, (f) => f.return(sumOfLines(f, shapes, geometry, f.index, '0', lines)));
    return { passes: [only] };
  }
  return {
    passes: [
      pass(temporary(0), size * parts, (f) => {
        const [part, index] = f.coordinates(f.index, [parts, size]);
        f.return(sumOfLines(f, shapes, geometry, index, part, linesAtOnce));
      }),
      sumParts(temporary(0), output(0), size, parts),
    ],
  };
};

/** Composes the part of a weight's gradient that comes from `count` rows of the output: a row is one dot product. */
function sumOfLines(
  f: ThreadSource,
  { weight }: Conv2dShapes,
  geometry: Conv2dGeometry,
  index: string,
  part: string,
  count: number,
): string {
  const { batch, height, width, channels, groups, groupChannels, groupOutputs } = geometry;
  const { outHeight, outWidth, outChannels, stride, padding, dilation } = geometry;
  const { rows, columns } = axesOf(geometry);
  const lines = batch * outHeight;
  const [tapRow, tapColumn, groupChannel, o] = f.coordinates(index, weight);
  const group = groups === 1 ? '0' : f.whole(f.quotient(o, groupOutputs), 'group');
  // Where the tap lies for the first window of all, and then of each row.
  const firstRow = f.whole(f.offset([tapRow], [dilation[0]], -padding[0]), 'firstRow');
  const firstColumn = f.whole(f.offset([tapColumn], [dilation[1]], -padding[2]), 'firstColumn');
  const corner = f.whole(
    f.offset([firstColumn, group, groupChannel], [channels, groupChannels, 1]),
    'corner',
  );
  const columnAt = (outColumn: string): string => `(${f.offset([firstColumn, outColumn], [1, stride[1]])})`;
  const canMiss = onImage(columns, firstColumn) !== '';
  const addLine = (line: string, sum: string): void => {
    const image = batch === 1 ? '0' : f.whole(f.quotient(line, outHeight), 'image');
    const outRow = f.whole(f.offset([line, image], [1, -outHeight]), 'outRow');
    const row = f.whole(f.offset([firstRow, outRow], [1, stride[0]]), 'row');
    guarded(f, onImage(rows, row), () => {
      const a = f.offset([corner, image, row], [1, height * width * channels, width * channels]);
      const product = dot(f, {
        a: { array: input(0), start: f.whole(a, 'a'), step: stride[1] * channels },
        b: {
          array: input(1),
          start: f.whole(f.offset([o, line], [1, outWidth * outChannels]), 'b'),
          step: outChannels,
        },
        length: outWidth,
        counts: canMiss ? (k) => onImage(columns, columnAt(k)) : undefined,
      });
      f.set(sum, `${sum} + ${product}`);
    });
  };
  return sumInLevels(f, count, (k, sum) => {
    const line = f.whole(f.offset([part, k], [count, 1]), 'line');
    // The last part may be shorter.
    guarded(f, lines % count === 0 ? '' : `${line} < ${lines}`, () => addLine(line, sum));
  });
}

function axesOf(geometry: Conv2dGeometry): { readonly rows: WindowAxis; readonly columns: WindowAxis } {
  const { height, width, outHeight, outWidth, kernelHeight, kernelWidth } = geometry;
  const { stride, padding, dilation } = geometry;
  return {
    rows: {
      pixels: height,
      windows: outHeight,
      taps: kernelHeight,
      stride: stride[0],
      dilation: dilation[0],
      padding: padding[0],
    },
    columns: {
      pixels: width,
      windows: outWidth,
      taps: kernelWidth,
      stride: stride[1],
      dilation: dilation[1],
      padding: padding[2],
    },
  };
}
