/**
 * Windows as the rows of a matrix (im2col), so that a convolution becomes a matrix product, and the reverse: rows added
 * back to the pixels they came from (col2im).
 */

import type { WindowAxis } from '../../support/window-axis.ts';
import { type Conv2dGeometry, zerosBehind } from '../geometry.ts';

/**
 * Consecutive elements of a window that are consecutive in x too. The same runs serve every row of the output and every
 * row of taps; only where these begin differs.
 */
interface WindowRun {
  /** From the first window of the output row, first tap of its row of taps. */
  readonly windowAt: number;
  /** From the first pixel of the row of x. */
  readonly imageAt: number;
  readonly length: number;
}

function runsOf({ columns, channels, groups, groupChannels, windowSize }: Conv2dGeometry): WindowRun[] {
  const { pixels, windows, taps, stride, dilation, padding } = columns;
  // Taps are neighbors in x when nothing lies between them: no dilation, and no other group's channels.
  const runTaps = groups === 1 && dilation === 1 ? taps : 1;
  const runs: WindowRun[] = [];
  for (let window = 0; window < windows; window++) {
    for (let tap = 0; tap < taps; tap += runTaps) {
      const pixel = window * stride + tap * dilation - padding;
      const first = Math.max(0, pixel);
      const end = Math.min(pixels, pixel + runTaps);
      if (first >= end) continue;
      runs.push({
        windowAt: window * windowSize + (tap + first - pixel) * groupChannels,
        imageAt: first * channels,
        length: (end - first) * groupChannels,
      });
    }
  }
  return runs;
}

function isPadded(axis: WindowAxis): boolean {
  return axis.padding > 0 || zerosBehind(axis) > 0;
}

/**
 * Carries elements between images and `windows` [pixels, KH·KW·C/groups]: one row for each output pixel of rows
 * [firstRow, endRow) of one image and one group, in the order of the weight's first three axes.
 *
 * Both ways share the walk over rows, not the loops within a row: a walker that called back for each run, instead of
 * each row, made whole convolutions up to 23 % slower (5×5 taps with dilation 2 and two groups).
 */
export class WindowRows {
  private readonly geometry: Conv2dGeometry;
  private readonly runs: readonly WindowRun[];
  /** Elements from one row of taps to the next: in `windows`, */
  private readonly windowStep: number;
  /** and in x. */
  private readonly imageStep: number;

  constructor(geometry: Conv2dGeometry) {
    const { rows, columns, channels, groupChannels } = geometry;
    this.geometry = geometry;
    this.runs = runsOf(geometry);
    this.windowStep = columns.taps * groupChannels;
    this.imageStep = rows.dilation * columns.pixels * channels;
  }

  /** Writes `windows` from `x`; taps on the padding become 0. */
  copy(
    x: Float32Array,
    image: number,
    group: number,
    firstRow: number,
    endRow: number,
    windows: Float32Array,
  ): void {
    const { rows, columns, windowSize } = this.geometry;
    const { runs, windowStep, imageStep } = this;
    if (isPadded(rows) || isPadded(columns)) {
      windows.fill(0, 0, (endRow - firstRow) * columns.windows * windowSize);
    }
    this.forEachRow(image, group, firstRow, endRow, (windowStart, imageStart, tapRows) => {
      for (const run of runs) {
        const length = run.length;
        let at = windowStart + run.windowAt;
        let imageAt = imageStart + run.imageAt;
        for (let tapRow = 0; tapRow < tapRows; tapRow++) {
          for (let i = 0; i < length; i++) windows[at + i] = x[imageAt + i];
          at += windowStep;
          imageAt += imageStep;
        }
      }
    });
  }

  /** Adds `windows` to `dX`, except the taps on the padding. */
  addBack(
    windows: Float32Array,
    image: number,
    group: number,
    firstRow: number,
    endRow: number,
    dX: Float64Array,
  ): void {
    const { runs, windowStep, imageStep } = this;
    this.forEachRow(image, group, firstRow, endRow, (windowStart, imageStart, tapRows) => {
      for (const run of runs) {
        const length = run.length;
        let at = windowStart + run.windowAt;
        let imageAt = imageStart + run.imageAt;
        for (let tapRow = 0; tapRow < tapRows; tapRow++) {
          for (let i = 0; i < length; i++) dX[imageAt + i] += windows[at + i];
          at += windowStep;
          imageAt += imageStep;
        }
      }
    });
  }

  /**
   * For each row of the output: where in `windows` and in x the first row of taps that lies on the image begins, and
   * how many such rows there are: those of tap t with 0 ≤ top + t · dilation < height.
   */
  private forEachRow(
    image: number,
    group: number,
    firstRow: number,
    endRow: number,
    visit: (windowStart: number, imageStart: number, tapRows: number) => void,
  ): void {
    const { rows, columns, channels, groupChannels, windowSize } = this.geometry;
    const { pixels: height, taps, stride, dilation, padding } = rows;
    for (let outRow = firstRow; outRow < endRow; outRow++) {
      const top = outRow * stride - padding;
      const firstTap = Math.max(0, Math.ceil(-top / dilation));
      const endTap = Math.min(taps, Math.ceil((height - top) / dilation));
      const row = top + firstTap * dilation;
      const windowStart = (outRow - firstRow) * columns.windows * windowSize + firstTap * this.windowStep;
      const imageStart = (image * height + row) * columns.pixels * channels + group * groupChannels;
      visit(windowStart, imageStart, endTap - firstTap);
    }
  }
}
