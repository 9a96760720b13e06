/**
 * Windows laid out as the rows of a matrix (im2col), so that a convolution becomes a matrix product, and the reverse:
 * rows added back to the pixels they came from (col2im).
 */

import type { Conv2dGeometry } from '../geometry.ts';

/** Where windows and image touch, for the windows of one row of the output and the first row of their taps. */
interface Runs {
  readonly count: number;
  /** Run k begins here in `windows`, from the first window on; */
  readonly windowAt: Int32Array;
  /** here in x, from the row of pixels on; */
  readonly imageAt: Int32Array;
  /** and is this many elements long, which are neighbors in both. */
  readonly lengths: Int32Array;
}

/** The runs of taps that lie on the image. It is the same list for every row, so it is made once for a kernel. */
function runsOf(geometry: Conv2dGeometry): Runs {
  const { width, channels, kernelWidth, groups, groupChannels, outWidth, windowSize } = geometry;
  const { stride, padding, dilation } = geometry;
  // Taps are neighbors in x when nothing lies between them: no dilation, and no other group's channels.
  const tapsAtOnce = groups === 1 && dilation[1] === 1 ? kernelWidth : 1;
  const windowAt: number[] = [];
  const imageAt: number[] = [];
  const lengths: number[] = [];
  for (let outColumn = 0; outColumn < outWidth; outColumn++) {
    for (let tap = 0; tap < kernelWidth; tap += tapsAtOnce) {
      const column = outColumn * stride[1] - padding[2] + tap * dilation[1];
      const first = Math.max(0, column);
      const end = Math.min(width, column + tapsAtOnce);
      if (first >= end) continue;
      windowAt.push(outColumn * windowSize + (tap + first - column) * groupChannels);
      imageAt.push(first * channels);
      lengths.push((end - first) * groupChannels);
    }
  }
  return {
    count: lengths.length,
    windowAt: Int32Array.from(windowAt),
    imageAt: Int32Array.from(imageAt),
    lengths: Int32Array.from(lengths),
  };
}

/**
 * Carries elements between images and `windows` [pixels, KH·KW·C/groups]: one row for each output pixel of rows
 * [firstRow, endRow) of one image and one group, in the order of the weight's first three axes.
 *
 * Both ways share the walk over rows, not the loops within a row: a walker that called back for each run, instead of
 * each row, made whole convolutions up to 23 % slower (5×5 taps with dilation 2 and two groups).
 */
export class WindowLayout {
  private readonly geometry: Conv2dGeometry;
  private readonly runs: Runs;
  private readonly isPadded: boolean;
  /** From one row of taps to the next: in `windows`, */
  private readonly windowStep: number;
  /** and in x. */
  private readonly imageStep: number;

  constructor(geometry: Conv2dGeometry) {
    this.geometry = geometry;
    this.runs = runsOf(geometry);
    this.isPadded = geometry.padding.some((pixels) => pixels > 0);
    this.windowStep = geometry.kernelWidth * geometry.groupChannels;
    this.imageStep = geometry.dilation[0] * geometry.width * geometry.channels;
  }

  /** Writes `windows` from `x`; taps on the padding become 0. */
  layOut(
    x: Float32Array,
    image: number,
    group: number,
    firstRow: number,
    endRow: number,
    windows: Float32Array,
  ): void {
    const { outWidth, windowSize } = this.geometry;
    const { runs, windowStep, imageStep } = this;
    if (this.isPadded) windows.fill(0, 0, (endRow - firstRow) * outWidth * windowSize);
    this.forEachRow(image, group, firstRow, endRow, (windowStart, imageStart, tapRows) => {
      for (let run = 0; run < runs.count; run++) {
        const length = runs.lengths[run];
        let at = windowStart + runs.windowAt[run];
        let imageAt = imageStart + runs.imageAt[run];
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
      for (let run = 0; run < runs.count; run++) {
        const length = runs.lengths[run];
        let at = windowStart + runs.windowAt[run];
        let imageAt = imageStart + runs.imageAt[run];
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
   * how many such rows there are.
   */
  private forEachRow(
    image: number,
    group: number,
    firstRow: number,
    endRow: number,
    visit: (windowStart: number, imageStart: number, tapRows: number) => void,
  ): void {
    const { height, width, channels, kernelHeight, groupChannels } = this.geometry;
    const { outWidth, windowSize, stride, padding, dilation } = this.geometry;
    for (let outRow = firstRow; outRow < endRow; outRow++) {
      const top = outRow * stride[0] - padding[0];
      const firstTap = Math.max(0, Math.ceil(-top / dilation[0]));
      const endTap = Math.min(kernelHeight, Math.ceil((height - top) / dilation[0]));
      const row = top + firstTap * dilation[0];
      const windowStart = (outRow - firstRow) * outWidth * windowSize + firstTap * this.windowStep;
      const imageStart = (image * height + row) * width * channels + group * groupChannels;
      visit(windowStart, imageStart, endTap - firstTap);
    }
  }
}
