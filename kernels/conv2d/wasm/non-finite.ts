/**
 * Input gradients by weights that are not all finite, in plain loops:
 *
 *     for each pixel (n, h, w) and channel c of dX
 *       for each tap (u, v) by which a window (i, j) covers the pixel      h + padding = i · stride + u · dilation
 *         for each output o of c's group
 *           dX[n,h,w,c] += dY[n,i,j,o] · weight[u,v,c,o]
 *
 * The correlation extends dY by zeros, and 0 · NaN would be NaN in pixels that no window with that weight covers. Such
 * weights are the end of a training, so that to look for them has to cost nothing, and what is done then may cost much.
 */

import { loadColumns } from '../../matmul/wasm/tile.ts';
import {
  type FunctionBuilder,
  f32,
  f32x4,
  f64,
  type Integer,
  i32,
  type Local,
  v128,
} from '../../support/wasm/assembler/index.ts';
import type { KernelMemory } from '../../support/wasm/wasm-kernel.ts';
import type { WindowAxis } from '../../support/window-axis.ts';
import type { Conv2dGeometry } from '../geometry.ts';

/** Whether any of `count` floats is NaN or infinite: x - x is 0 for all others. */
export function anyNonFinite(f: FunctionBuilder, floats: Local<'i32'>, count: number): Integer {
  const found = f.keep(f32x4.constant(0, 0, 0, 0));
  const look = (value: Local<'v128'>): void => f.set(found, v128.or(found, f32x4.subtract(value, value)));
  const rest = count % 4;
  f.for(0, count - rest, 4, (at) => look(f.keep(v128.load(i32.add(floats, i32.multiply(at, 4))))));
  if (rest > 0) look(f.keep(loadColumns(floats, (count - rest) * 4, rest)));
  return v128.anyTrue(found);
}

/** Rows [first, end) of dX, all images counted: each pixel gathers from the windows that cover it. */
export function plainInputGradient(
  f: FunctionBuilder,
  geometry: Conv2dGeometry,
  { inputs: [dY, weight], outputs: [dX] }: KernelMemory,
  first: Local<'i32'>,
  end: Local<'i32'>,
): void {
  const { rows, columns, channels, outChannels, groupChannels, groupOutputs } = geometry;
  const sum = f.local('f64');
  const to = f.keep(i32.add(dX, i32.multiply(first, columns.pixels * channels * 4)));
  /** Calls `body` for each tap of one axis by which a window covers the pixel, with that window. */
  const forWindows = (
    { taps, stride, dilation, padding, windows }: WindowAxis,
    pixel: Integer,
    body: (tap: Local<'i32'>, window: Local<'i32'>) => void,
  ): void =>
    f.for(0, taps, 1, (tap) => {
      const start = f.keep(i32.subtract(i32.add(pixel, padding), i32.multiply(tap, dilation)));
      const isOne = i32.and(
        i32.lessUnsigned(start, windows * stride),
        i32.equal(i32.remainderUnsigned(start, stride), 0),
      );
      f.if(isOne, () => body(tap, f.keep(i32.divideUnsigned(start, stride))));
    });
  f.for(first, end, 1, (item) => {
    const image = f.keep(i32.divideUnsigned(item, rows.pixels));
    const row = f.keep(i32.remainderUnsigned(item, rows.pixels));
    f.for(0, columns.pixels, 1, (column) => {
      f.for(0, channels, 1, (channel) => {
        const group = f.keep(i32.divideUnsigned(channel, groupChannels));
        const groupChannel = f.keep(i32.remainderUnsigned(channel, groupChannels));
        const output = f.keep(i32.multiply(group, groupOutputs));
        f.set(sum, f64.constant(0));
        forWindows(rows, row, (tapRow, outRow) => {
          forWindows(columns, column, (tapColumn, outColumn) => {
            const outLine = i32.add(i32.multiply(image, rows.windows), outRow);
            const pixel = i32.add(i32.multiply(outLine, columns.windows), outColumn);
            const tap = i32.add(i32.multiply(tapRow, columns.taps), tapColumn);
            const weights = i32.add(i32.multiply(tap, groupChannels), groupChannel);
            const start = (array: Local<'i32'>, place: Integer): Local<'i32'> =>
              f.keep(i32.add(array, i32.multiply(i32.add(i32.multiply(place, outChannels), output), 4)));
            const [left, right] = [start(dY, pixel), start(weight, weights)];
            f.for(0, groupOutputs, 1, () => {
              const product = f64.multiply(f64.promote(f32.load(left)), f64.promote(f32.load(right)));
              f.set(sum, f64.add(sum, product));
              f.increase(left, 4);
              f.increase(right, 4);
            });
          });
        });
        f.do(f32.store(to, f32.demote(sum)));
        f.increase(to, 4);
      });
    });
  });
}
