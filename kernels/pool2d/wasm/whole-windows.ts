/**
 * Whole windows: those that touch no padding. Along an axis they are
 *
 *     ⌈padding / stride⌉ ≤ window ≤ ⌊(pixels - taps + padding) / stride⌋
 *
 * Four results are computed at a time. With several channels they are channels of one window; with one channel they are
 * four windows side by side, whose elements at one tap lie `stride` apart.
 */
import {
  type FunctionBuilder,
  i8x16,
  i32,
  type Local,
  type Vector,
  v128,
} from '../../support/wasm/assembler/index.ts';
import type { KernelMemory } from '../../support/wasm/wasm-kernel.ts';
import type { WindowAxis } from '../../support/window-axis.ts';
import { forChannels, type Pooling, type Shortcut } from './pooled-rows.ts';

/** The code of a window is written out. Windows of more taps are worth loops. */
const mostTaps = 32;

/** Windows [first, end), known now. */
interface WindowRange {
  readonly first: number;
  readonly end: number;
}

/** The whole windows along an axis; [windows, windows) if there are none. */
export function wholeWindows({ taps, stride, padding, pixels, windows }: WindowAxis): WindowRange {
  const end = Math.min(windows, Math.floor((pixels - taps + padding) / stride) + 1);
  const first = Math.ceil(padding / stride);
  return first < end ? { first, end } : { first: windows, end: windows };
}

/** The whole windows of a row of windows, as `forWholeWindows` takes them. */
export interface WholeRow extends WindowRange {
  readonly columns: WindowAxis;
  readonly channels: number;
  /** From the first pixel of a window to each of its taps, in elements. */
  readonly tapOffsets: readonly number[];
}

/** The shortcut for whole windows, of `pixelsPooled`; undefined if there are too few of them. */
export function wholeWindowsOf(
  { source: { width, channels }, rows, columns }: Pooling,
  write: (
    f: FunctionBuilder,
    memory: KernelMemory,
    row: WholeRow,
    source: Local<'i32'>,
    results: readonly Local<'i32'>[],
  ) => ReturnType<Shortcut['write']>,
): Shortcut | undefined {
  const { first, end } = wholeWindows(columns);
  const wholeRows = wholeWindows(rows);
  const fewest = channels === 1 ? 4 : 1;
  if (rows.taps * columns.taps > mostTaps || end - first < fewest || wholeRows.first === wholeRows.end) {
    return undefined;
  }
  const tapOffsets = Array.from({ length: rows.taps * columns.taps }, (_, tap) => {
    const row = Math.floor(tap / columns.taps);
    return (row * width + (tap % columns.taps)) * channels;
  });
  const row: WholeRow = { first, end, columns, channels, tapOffsets };
  const areAllWhole = wholeRows.end - wholeRows.first === rows.windows;
  return {
    first,
    end,
    sourceColumn: first * columns.stride - columns.padding,
    applies: (pixelRows) =>
      areAllWhole ? undefined : i32.equal(i32.subtract(pixelRows.end, pixelRows.first), rows.taps),
    write: (f, memory, source, results) => write(f, memory, row, source, results),
  };
}

/**
 * for window = first; window < end: `body` for four results, of which `lanes` exist, with the pointers at them: `source`
 * at the first pixel of their (first) window, `results` at their places. With one channel the last four windows may
 * overlap those before them.
 */
export function forWholeWindows(
  f: FunctionBuilder,
  { first, end, columns, channels }: WholeRow,
  source: Local<'i32'>,
  results: readonly Local<'i32'>[],
  body: (lanes: number) => void,
): void {
  const count = end - first;
  if (channels > 1) {
    f.for(0, count, 1, () => {
      forChannels(f, channels, [source, ...results], body);
      f.increase(source, 4 * channels * (columns.stride - 1));
    });
    return;
  }
  const step = (windows: number): void => {
    f.increase(source, 4 * columns.stride * windows);
    for (const result of results) f.increase(result, 4 * windows);
  };
  const rest = count % 4;
  f.for(0, count - rest, 4, () => {
    body(4);
    step(4);
  });
  if (rest === 0) return;
  // Back to the last four.
  step(rest - 4);
  body(4);
  step(4);
}

/** The elements of four results at one tap, `offset` elements from those at `source`. */
export function elementsAtTap({ columns, channels }: WholeRow, source: Local<'i32'>, offset: number): Vector {
  const at = 4 * offset;
  if (channels > 1 || columns.stride === 1) return v128.load(source, at);
  if (columns.stride === 2) {
    const evenLanes = [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27];
    return i8x16.shuffle(v128.load(source, at), v128.load(source, at + 16), evenLanes);
  }
  let vector: Vector = v128.loadZero32(source, at);
  for (let lane = 1; lane < 4; lane++) {
    vector = v128.loadLane32(source, vector, lane, at + 4 * lane * columns.stride);
  }
  return vector;
}
