/** Max pooling in WebAssembly, with the place of each maximum. */
import {
  type FunctionBuilder,
  f32x4,
  i32,
  i32x4,
  type Local,
  v128,
} from '../../support/wasm/assembler/index.ts';
import type { KernelMemory, WasmKernel } from '../../support/wasm/wasm-kernel.ts';
import type { Pool2dAttributes } from '../index.ts';
import {
  axesOf,
  type Bounds,
  elementsOfWindows,
  forColumnsExcept,
  forPart,
  forQuads,
  forResultRows,
  forWholeWindows,
  hasWholeWindows,
  type ItemRange,
  pixelAddress,
  pixelsOfWindow,
  storeLanes,
  type WholeRow,
  type WindowAxis,
  wholeWindows,
} from './window-walk.ts';

/** Sizes of a call. */
interface Sizes {
  /** [N,H,W,C]. */
  readonly x: readonly number[];
  /** [N,OH,OW,C]. */
  readonly y: readonly number[];
  readonly rows: WindowAxis;
  readonly columns: WindowAxis;
}

/** y and index [N,OH,OW,C] from x [N,H,W,C]. Items are rows of the result. */
export const maxPool2dWasm: WasmKernel<Pool2dAttributes> = ({ inputs, outputs, attributes }) => {
  const [{ shape: x }, { shape: y }] = [inputs[0], outputs[0]];
  const sizes: Sizes = { x, y, ...axesOf(attributes, x, y) };
  const elementsPerItem = y[2] * y[3];
  if (elementsPerItem === 0) return { stages: [] };
  const write = (f: FunctionBuilder, range: ItemRange, memory: KernelMemory): void =>
    writeRows(f, range, memory, sizes);
  return { stages: [{ items: y[0] * y[1], elementsPerItem, write }] };
};

/**
 * Windows without padding first, as if there were no NaN. If there was one in the row, or a window with padding, those
 * windows are done (again) by code that heeds everything.
 */
function writeRows(f: FunctionBuilder, range: ItemRange, memory: KernelMemory, sizes: Sizes): void {
  const { x, y, rows, columns } = sizes;
  const whole = wholeWindows(columns);
  const wholeRows = wholeWindows(rows);
  const done: Bounds = { from: f.local('i32'), to: f.local('i32') };
  forResultRows(f, range, y[1], (image, row) => {
    const pixelRows = pixelsOfWindow(f, rows, row);
    f.setInteger(done.from, columns.windows);
    f.setInteger(done.to, columns.windows);
    const tryWhole = (): void => {
      const { source, results } = wholeRowOf(f, memory, sizes, image, row, pixelRows);
      const sawNaN = writeWholeWindows(f, memory, sizes, { columns, channels: x[3], source, results });
      f.if(i32.isZero(v128.anyTrue(sawNaN)), () => {
        f.setInteger(done.from, whole.first);
        f.setInteger(done.to, whole.end);
      });
    };
    if (hasWholeWindows(sizes, x[3]) && wholeRows.first < wholeRows.end) {
      const isWhole = i32.equal(i32.subtract(pixelRows.to, pixelRows.from), rows.window);
      if (wholeRows.end - wholeRows.first === rows.windows) tryWhole();
      else f.if(isWhole, tryWhole);
    }
    forColumnsExcept(f, columns.windows, done, (column) => {
      writeWindow(f, memory, sizes, { image, row, column, pixelRows });
    });
  });
}

function wholeRowOf(
  f: FunctionBuilder,
  { inputs, outputs }: KernelMemory,
  { x, y, columns }: Sizes,
  image: Local<'i32'>,
  row: Local<'i32'>,
  pixelRows: Bounds,
): Pick<WholeRow, 'source' | 'results'> {
  const { first } = wholeWindows(columns);
  const firstPixel = first * columns.stride - columns.low;
  return {
    source: f.keep(pixelAddress(inputs[0], x, image, pixelRows.from, firstPixel)),
    results: outputs.map((output) => f.keep(pixelAddress(output, y, image, row, first))),
  };
}

/** Results in which no NaN counts; gives lanes that are not all zero if there may have been one. */
function writeWholeWindows(
  f: FunctionBuilder,
  { inputs }: KernelMemory,
  { x: [, , width, channels], rows, columns }: Sizes,
  row: WholeRow,
): Local<'v128'> {
  const sawNaN = f.keep(i32x4.constant(0, 0, 0, 0));
  const apart = channels === 1 ? columns.stride : 1;
  const lanePlaces = f.hoist(i32x4.constant(0, apart, 2 * apart, 3 * apart));
  const offsets: number[] = [];
  for (let r = 0; r < rows.window; r++) {
    for (let c = 0; c < columns.window; c++) offsets.push((r * width + c) * channels);
  }
  forWholeWindows(f, row, (lanes) => {
    const maximum = f.keep(elementsOfWindows(row, 0));
    // NaN if there is one; also for opposite infinities, which does no harm.
    const sum = f.keep(maximum);
    const place = f.keep(i32x4.constant(0, 0, 0, 0));
    for (const offset of offsets.slice(1)) {
      const value = f.keep(elementsOfWindows(row, offset));
      // Later places are larger, so the largest of those that were better than all before is the one of the maximum.
      const better = v128.and(f32x4.less(maximum, value), f.hoist(i32x4.splat(offset)));
      f.set(place, i32x4.maximum(place, better));
      f.set(maximum, f32x4.pseudoMaximum(maximum, value));
      f.set(sum, f32x4.add(sum, value));
    }
    const first = i32.shiftRightUnsigned(i32.subtract(row.source, inputs[0]), 2);
    f.set(place, i32x4.add(place, i32x4.add(i32x4.splat(first), lanePlaces)));
    f.set(sawNaN, v128.or(sawNaN, f32x4.notEqual(sum, sum)));
    storeLanes(f, row.results[0], maximum, lanes);
    storeLanes(f, row.results[1], place, lanes);
  });
  return sawNaN;
}

/** One window: its place, and the rows of pixels that it covers. */
interface Window {
  readonly image: Local<'i32'>;
  readonly row: Local<'i32'>;
  readonly column: Local<'i32'>;
  readonly pixelRows: Bounds;
}

/** One window of any kind: a first maximum wins, a first NaN wins over all, and a window of padding has neither. */
function writeWindow(
  f: FunctionBuilder,
  { inputs, outputs }: KernelMemory,
  { x, y, columns }: Sizes,
  { image, row, column, pixelRows }: Window,
): void {
  const [, , width, channels] = x;
  const pixelColumns = pixelsOfWindow(f, columns, column);
  const source = f.keep(pixelAddress(inputs[0], x, image, pixelRows.from, pixelColumns.from));
  const results = outputs.map((output) => f.keep(pixelAddress(output, y, image, row, column)));
  const isEmpty = f.keep(
    i32.or(
      i32.greaterEqual(pixelRows.from, pixelRows.to),
      i32.greaterEqual(pixelColumns.from, pixelColumns.to),
    ),
  );
  const maximum = f.local('v128');
  const place = f.local('v128');
  const lanePlaces = f.hoist(i32x4.constant(0, 1, 2, 3));
  forQuads(f, channels, [source, ...results], (lanes) => {
    f.if(
      isEmpty,
      () => {
        f.set(maximum, f.hoist(f32x4.splat(Number.NEGATIVE_INFINITY)));
        f.set(place, f.hoist(i32x4.splat(-1)));
      },
      () => {
        const placesAt = (pixel: Local<'i32'>) =>
          i32x4.add(i32x4.splat(i32.shiftRightUnsigned(i32.subtract(pixel, inputs[0]), 2)), lanePlaces);
        f.set(maximum, v128.load(source));
        f.set(place, placesAt(source));
        const part = { rows: pixelRows, columns: pixelColumns };
        forPart(f, source, part, { row: 4 * width * channels, column: 4 * channels }, (value, pixel) => {
          const notNaN = f32x4.equal(maximum, maximum);
          const better = f.keep(v128.andNot(notNaN, f32x4.lessEqual(value, maximum)));
          f.set(maximum, v128.select(value, maximum, better));
          f.set(place, v128.select(placesAt(pixel), place, better));
        });
      },
    );
    storeLanes(f, results[0], maximum, lanes);
    storeLanes(f, results[1], place, lanes);
  });
}
