/**
 * Max pooling in WebAssembly, with the place of each maximum in x. The shortcut (pooled-rows.ts) computes whole windows as if
 * there were no NaN, and succeeds if there was none. Otherwise they are computed again, by the code for any window.
 *
 *     place = place of tap 0 + max over taps t of (x[t] > x[0], …, x[t − 1] ? offset[t] : 0)
 *
 * Offsets in x rise with t, so this is the last tap that was greater than all before it: the first of the greatest.
 */
import {
  type FunctionBuilder,
  f32x4,
  i32,
  i32x4,
  type Local,
  v128,
} from '../../support/wasm/assembler/index.ts';
import { storeLanes } from '../../support/wasm/store-lanes.ts';
import type { KernelMemory, WasmKernel } from '../../support/wasm/wasm-kernel.ts';
import type { Pool2dAttributes } from '../index.ts';
import {
  forChannels,
  forRectangle,
  type Pooling,
  pixelAddress,
  pixelsPooled,
  poolingStages,
  type ResultPixel,
} from './pooled-rows.ts';
import { elementsAtTap, forWholeWindows, type WholeRow, wholeWindowsOf } from './whole-windows.ts';

/** y and index [N,OH,OW,C] from x [N,H,W,C]. */
export const maxPool2dWasm: WasmKernel<Pool2dAttributes> = ({ inputs: [x], outputs: [y], attributes }) => {
  const pooling = pixelsPooled(attributes, x, y);
  const shortcut = wholeWindowsOf(pooling, (f, memory, row, source, results) => {
    const sawNaN = writeWholeWindows(f, memory, row, source, results);
    return i32.isZero(v128.anyTrue(sawNaN));
  });
  const stages = poolingStages(pooling, shortcut, (f, memory, window) =>
    writeWindow(f, memory, pooling, window),
  );
  return { stages };
};

/** The whole windows of a row, as if no element were NaN; gives lanes that are not all zero if one may have been. */
function writeWholeWindows(
  f: FunctionBuilder,
  { inputs: [x] }: KernelMemory,
  row: WholeRow,
  source: Local<'i32'>,
  [maxima, places]: readonly Local<'i32'>[],
): Local<'v128'> {
  const sawNaN = f.keep(i32x4.constant(0, 0, 0, 0));
  const apart = row.channels === 1 ? row.columns.stride : 1;
  const lanePlaces = f.hoist(i32x4.constant(0, apart, 2 * apart, 3 * apart));
  forWholeWindows(f, row, source, [maxima, places], (lanes) => {
    const maximum = f.keep(elementsAtTap(row, source, 0));
    // NaN if there is one; also for opposite infinities, which does no harm.
    const sum = f.keep(maximum);
    const place = f.keep(i32x4.constant(0, 0, 0, 0));
    for (const offset of row.tapOffsets.slice(1)) {
      const value = f.keep(elementsAtTap(row, source, offset));
      // Offsets rise: see above.
      const better = v128.and(f32x4.less(maximum, value), f.hoist(i32x4.splat(offset)));
      f.set(place, i32x4.maximum(place, better));
      f.set(maximum, f32x4.pseudoMaximum(maximum, value));
      f.set(sum, f32x4.add(sum, value));
    }
    const first = i32.shiftRightUnsigned(i32.subtract(source, x), 2);
    f.set(place, i32x4.add(place, i32x4.add(i32x4.splat(first), lanePlaces)));
    f.set(sawNaN, v128.or(sawNaN, f32x4.notEqual(sum, sum)));
    storeLanes(f, maxima, 0, maximum, lanes);
    storeLanes(f, places, 0, place, lanes);
  });
  return sawNaN;
}

/** One window of any kind: a first maximum wins, a first NaN wins over all, and a window of padding has neither. */
function writeWindow(
  f: FunctionBuilder,
  { inputs: [x], outputs }: KernelMemory,
  { source: shape, result }: Pooling,
  { image, row, column, rectangle }: ResultPixel,
): void {
  const { rows, columns } = rectangle;
  const source = f.keep(pixelAddress(x, shape, image, rows.first, columns.first));
  const [maxima, places] = outputs.map((output) => f.keep(pixelAddress(output, result, image, row, column)));
  const isEmpty = f.keep(
    i32.or(i32.greaterEqual(rows.first, rows.end), i32.greaterEqual(columns.first, columns.end)),
  );
  const maximum = f.local('v128');
  const place = f.local('v128');
  const lanePlaces = f.hoist(i32x4.constant(0, 1, 2, 3));
  forChannels(f, shape.channels, [source, maxima, places], (lanes) => {
    f.if(
      isEmpty,
      () => {
        f.set(maximum, f.hoist(f32x4.splat(Number.NEGATIVE_INFINITY)));
        f.set(place, f.hoist(i32x4.splat(-1)));
      },
      () => {
        const placesAt = (pixel: Local<'i32'>) =>
          i32x4.add(i32x4.splat(i32.shiftRightUnsigned(i32.subtract(pixel, x), 2)), lanePlaces);
        f.set(maximum, v128.load(source));
        f.set(place, placesAt(source));
        forRectangle(f, source, rectangle, shape, (value, pixel) => {
          const notNaN = f32x4.equal(maximum, maximum);
          const better = f.keep(v128.andNot(notNaN, f32x4.lessEqual(value, maximum)));
          f.set(maximum, v128.select(value, maximum, better));
          f.set(place, v128.select(placesAt(pixel), place, better));
        });
      },
    );
    storeLanes(f, maxima, 0, maximum, lanes);
    storeLanes(f, places, 0, place, lanes);
  });
}
