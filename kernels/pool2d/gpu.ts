/**
 * Two-dimensional pooling on the GPU: a thread computes one element. A pass writes one array, so the maximum is three:
 *
 *     tap[w]   = the number of the tap of window w whose pixel is the greatest, row by row; -1 if there is no pixel
 *     y[w]     = x at the pixel of tap[w]
 *     index[w] = the pixel of tap[w]
 *
 * So windows are searched once. The number of a tap, unlike that of a pixel, is always small enough for a float.
 */
import { type KernelCall, sizeOf } from '../support/contract.ts';
import { fillPass, wholePass } from '../support/gpu/common-passes.ts';
import { floatsOf, type GpuKernel, input, output, pass, temporary } from '../support/gpu/gpu-kernel.ts';
import { halfOfWhole, whole } from '../support/gpu/index-functions.ts';
import { forPixels, forWindows } from '../support/gpu/sliding-windows.ts';
import type { ThreadSource } from '../support/gpu/thread-source.ts';
import { denseStrides } from '../support/view.ts';
import type { Pool2dAttributes } from './index.ts';
import { type PoolingAxes, poolingAxes } from './pooling-axes.ts';

/** y and index [N,OH,OW,C] from x [N,H,W,C]. */
export const maxPool2dGpu: GpuKernel<Pool2dAttributes> = ({ inputs: [x], outputs: [y], attributes }) => {
  const size = sizeOf(y.shape);
  if (size === 0) return { passes: [] };
  const nothing = Number.NEGATIVE_INFINITY;
  if (sizeOf(x.shape) === 0) {
    return {
      passes: [
        fillPass(output(0), size, nothing),
        fillPass(temporary(0), size, -1),
        wholePass(temporary(0), output(1), size),
      ],
    };
  }
  const [, height, width, channels] = x.shape;
  const { rows, columns } = poolingAxes(attributes, x.shape, y.shape);
  // The number of the tap, or -1 for a window that covers no pixel.
  const find = pass(temporary(0), size, (f) => {
    const [image, outRow, outColumn, channel] = f.coordinates(f.index, y.shape);
    const start = f.whole(f.offset([image, channel], [height * width * channels, 1]), 'start');
    const best = f.wholeVariable('-1', 'best');
    const maximum = f.variable('0.0', 'maximum');
    forPixels(f, rows, outRow, (row, tapRow) => {
      const rowStart = f.whole(f.offset([start, row], [1, width * channels]), 'row');
      forPixels(f, columns, outColumn, (column, tapColumn) => {
        const at = f.offset([rowStart, column], [1, channels]);
        const value = f.keep(f.read(input(0), at), 'value');
        // Nothing replaces a NaN, and a NaN replaces every number.
        const isBetter = `${best} < 0 || ${value} > ${maximum} || !(${value} == ${value})`;
        f.if(`${maximum} == ${maximum} && (${isBetter})`, () => {
          f.set(best, f.offset([tapRow, tapColumn], [columns.taps, 1]));
          f.set(maximum, value);
        });
      });
    });
    f.return(best);
  });
  /** Composes where in x the maximum of a window is, or -1. */
  const findPlace = (f: ThreadSource, index: string): string => {
    const [image, outRow, outColumn, channel] = f.coordinates(index, y.shape);
    const tap = f.whole(f.call(whole, f.keep(f.read(temporary(0), index))), 'tap');
    const place = f.wholeVariable('-1', 'place');
    f.if(`${tap} >= 0`, () => {
      const [tapRow, tapColumn] = f.coordinates(tap, [rows.taps, columns.taps]);
      const row = f.whole(f.offset([outRow, tapRow], [rows.stride, 1], -rows.padding), 'row');
      const column = f.whole(
        f.offset([outColumn, tapColumn], [columns.stride, 1], -columns.padding),
        'column',
      );
      const strides = denseStrides(x.shape);
      f.set(place, f.offset([image, row, column, channel], strides));
    });
    return place;
  };
  const take = pass(output(0), size, (f) => {
    const place = findPlace(f, f.index);
    f.if(`${place} < 0`, () => f.return(f.literal(nothing)));
    f.return(f.read(input(0), place));
  });
  const tell = pass(output(1), floatsOf('int32', size), (f) => {
    const { index, plane } = f.planes('int32', size);
    f.return(f.call(halfOfWhole, findPlace(f, index), plane));
  });
  return { passes: [find, take, tell] };
};

/**
 * dX [N,H,W,C] from dY and index [N,OH,OW,C]. Threads cannot add to one place, so each pixel asks the windows that cover
 * it whether it was their maximum.
 */
export const maxPool2dInputGradientGpu: GpuKernel<Pool2dAttributes> = ({ inputs, outputs, attributes }) => {
  const [{ shape: windows }] = inputs;
  const [{ shape: pixels }] = outputs;
  const [size, windowsSize] = [sizeOf(pixels), sizeOf(windows)];
  if (size === 0) return { passes: [] };
  if (windowsSize === 0) return { passes: [fillPass(output(0), size, 0)] };
  const { rows, columns } = poolingAxes(attributes, pixels, windows);
  const [, outHeight, outWidth, channels] = windows;
  const gradient = pass(output(0), size, (f) => {
    const [image, row, column, channel] = f.coordinates(f.index, pixels);
    const start = f.whole(f.offset([image, channel], [outHeight * outWidth * channels, 1]), 'start');
    const sum = f.variable('0.0', 'sum');
    forWindows(f, rows, row, (outRow) => {
      const rowStart = f.whole(f.offset([start, outRow], [1, outWidth * channels]), 'row');
      forWindows(f, columns, column, (outColumn) => {
        const at = f.whole(f.offset([rowStart, outColumn], [1, channels]), 'at');
        const index = f.readWhole(input(1), at, windowsSize);
        f.if(`${index} == ${f.index}`, () => f.set(sum, `${sum} + ${f.read(input(0), at)}`));
      });
    });
    f.return(sum);
  });
  return { passes: [gradient] };
};

/** y [N,OH,OW,C] from x [N,H,W,C]. */
export const sumPool2dGpu = sums(forPixels, ({ inputs: [x], outputs: [y], attributes }) =>
  poolingAxes(attributes, x.shape, y.shape),
);

/** dX [N,H,W,C] from dY [N,OH,OW,C]: each pixel sums the windows that cover it. */
export const sumPool2dInputGradientGpu = sums(forWindows, ({ inputs: [dY], outputs: [dX], attributes }) =>
  poolingAxes(attributes, dX.shape, dY.shape),
);

/**
 * The kernel whose output [N,·,·,C] is the sum of those elements of its input [N,·,·,C] that `forSources` finds along
 * both axes.
 */
function sums(
  forSources: typeof forPixels,
  axesFor: (call: KernelCall<Pool2dAttributes>) => PoolingAxes,
): GpuKernel<Pool2dAttributes> {
  return (call) => {
    const [source, result] = [call.inputs[0].shape, call.outputs[0].shape];
    const size = sizeOf(result);
    if (size === 0) return { passes: [] };
    if (sizeOf(source) === 0) return { passes: [fillPass(output(0), size, 0)] };
    const { rows, columns } = axesFor(call);
    const [, height, width, channels] = source;
    const sum = pass(output(0), size, (f) => {
      const [image, outRow, outColumn, channel] = f.coordinates(f.index, result);
      const start = f.whole(f.offset([image, channel], [height * width * channels, 1]), 'start');
      const sum = forSources(f, rows, outRow, (row, _, sum) => {
        const rowStart = f.whole(f.offset([start, row], [1, width * channels]), 'row');
        const ofRow = forSources(f, columns, outColumn, (column, _, ofRow) => {
          f.set(ofRow, `${ofRow} + ${f.read(input(0), f.offset([rowStart, column], [1, channels]))}`);
        });
        f.set(sum, `${sum} + ${ofRow}`);
      });
      f.return(sum);
    });
    return { passes: [sum] };
  };
}
