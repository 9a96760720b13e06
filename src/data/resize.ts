/** Pictures at another size: resized, and brought to other proportions. */
import { OptionError } from '../errors.ts';
import { describeValue, requireOneOf } from '../options.ts';
import { type Image, MOST_PIXELS, requireImage } from './image.ts';

/**
 * The picture at another size. Along an axis that shrinks, each new pixel is the mean of the area it covers; along
 * an axis that grows, values are interpolated linearly between pixel centers. Call `compositeAlpha` first when the
 * picture has alpha: otherwise the color of transparent pixels bleeds into their neighbors.
 *
 * @throws OptionError when a side is not a positive integer, or the result, or what lies between (the new width at the
 *   old height), has more pixels than 64 megapixels and than the picture
 */
export function resize(image: Image, height: number, width: number): Image {
  requireImage('resize', image);
  requireSide('height', height);
  requireSide('width', width);
  requireRoom(image, height, width);
  const { covered, ...whole } = image;
  if (height === image.height && width === image.width) return whole;
  const { channels } = image;
  const [coveredHeight, coveredWidth] = covered ?? [image.height, image.width];
  const columns = axisWeights(coveredWidth, width);
  const rows = axisWeights(coveredHeight, height);

  // The filter is separable: first every row to the new width, then every column to the new height.
  const { pixels: wide, width: wideWidth } = image;
  const { firsts, starts, weights } = columns;
  const narrow = new Float32Array(image.height * width * channels);
  let place = 0;
  for (let y = 0; y < image.height; y++) {
    for (let x = 0; x < width; x++) {
      const first = (y * wideWidth + firsts[x]) * channels;
      const end = starts[x + 1];
      if (channels === 3) {
        // Three sums at once: most pictures are in colors, and most of the time of a small one goes by here.
        let [red, green, blue] = [0, 0, 0];
        for (let tap = starts[x], at = first; tap < end; tap++, at += 3) {
          const weight = weights[tap];
          red += weight * wide[at];
          green += weight * wide[at + 1];
          blue += weight * wide[at + 2];
        }
        narrow[place++] = red;
        narrow[place++] = green;
        narrow[place++] = blue;
        continue;
      }
      for (let channel = 0; channel < channels; channel++) {
        let sum = 0;
        let at = first + channel;
        for (let tap = starts[x]; tap < end; tap++, at += channels) sum += weights[tap] * wide[at];
        narrow[place++] = sum;
      }
    }
  }
  const rowLength = width * channels;
  const pixels = new Float32Array(height * rowLength);
  for (let y = 0; y < height; y++) {
    const start = rows.starts[y];
    const taps = rows.starts[y + 1] - start;
    const first = rows.firsts[y];
    for (let i = 0; i < rowLength; i++) {
      let sum = 0;
      for (let tap = 0; tap < taps; tap++) {
        sum += rows.weights[start + tap] * narrow[(first + tap) * rowLength + i];
      }
      pixels[y * rowLength + i] = sum;
    }
  }
  return { ...whole, width, height, pixels };
}

/** How a picture of other proportions is brought to a size. */
export const pictureFits = ['stretch', 'pad', 'crop'] as const;

/**
 * How a picture of other proportions is brought to a size: `stretch` changes its proportions; `pad` keeps them and fills the
 * rest with the mean color of its border; `crop` keeps them and takes the middle.
 */
export type PictureFit = (typeof pictureFits)[number];

/**
 * The picture at another size, as `resize` makes it, with its proportions changed or kept. Call `compositeAlpha` first when
 * the picture has alpha.
 *
 * @param size `[height, width]`
 * @throws OptionError as `resize`
 */
export function fitTo(image: Image, size: readonly [height: number, width: number], fit: PictureFit): Image {
  requireImage('fitTo', image);
  requireOneOf('fitTo', 'fit', fit, pictureFits);
  const [height, width] = requireSize('fitTo', size);
  if (height === image.height && width === image.width) return image;
  const scales = [height / image.height, width / image.width];
  if (fit === 'crop') {
    const scale = Math.max(...scales);
    const rows = Math.min(Math.max(Math.round(height / scale), 1), image.height);
    const columns = Math.min(Math.max(Math.round(width / scale), 1), image.width);
    return resize(middleOf(image, rows, columns), height, width);
  }
  if (fit === 'stretch' || scales[0] === scales[1]) return resize(image, height, width);
  const scale = Math.min(...scales);
  const rows = Math.max(Math.round(image.height * scale), 1);
  const columns = Math.max(Math.round(image.width * scale), 1);
  return padded(resize(image, rows, columns), height, width);
}

function middleOf(image: Image, height: number, width: number): Image {
  const { channels, covered: _, ...rest } = image;
  const top = Math.floor((image.height - height) / 2);
  const left = Math.floor((image.width - width) / 2);
  const pixels = new Float32Array(height * width * channels);
  for (let y = 0; y < height; y++) {
    const start = ((top + y) * image.width + left) * channels;
    pixels.set(image.pixels.subarray(start, start + width * channels), y * width * channels);
  }
  return { ...rest, channels, height, width, pixels };
}

function padded(image: Image, height: number, width: number): Image {
  const { channels } = image;
  const color = borderColor(image);
  const pixels = Float32Array.from({ length: height * width * channels }, (_, i) => color[i % channels]);
  const top = Math.floor((height - image.height) / 2);
  const left = Math.floor((width - image.width) / 2);
  const rowLength = image.width * channels;
  for (let y = 0; y < image.height; y++) {
    const row = image.pixels.subarray(y * rowLength, (y + 1) * rowLength);
    pixels.set(row, ((top + y) * width + left) * channels);
  }
  return { ...image, height, width, pixels };
}

/** The mean of the outermost pixels, for each channel. */
function borderColor({ height, width, channels, pixels }: Image): number[] {
  const sums = new Array<number>(channels).fill(0);
  let count = 0;
  for (let y = 0; y < height; y++) {
    const inner = y > 0 && y < height - 1;
    for (let x = 0; x < width; x += inner ? Math.max(width - 1, 1) : 1) {
      for (let channel = 0; channel < channels; channel++) {
        sums[channel] += pixels[(y * width + x) * channels + channel];
      }
      count++;
    }
  }
  return sums.map((sum) => sum / count);
}

/**
 * What each output position takes from the input axis: position p takes, of the inputs from `firsts[p]` on, as much as
 * the weights from `starts[p]` to `starts[p + 1]` say.
 */
export interface AxisWeights {
  readonly firsts: Int32Array;
  readonly starts: Int32Array;
  readonly weights: Float64Array;
}

/** The weights that bring an axis of `from` positions to `to`; of the last of `from`, only a part may count. */
export function axisWeights(from: number, to: number): AxisWeights {
  // Flat: an axis may have millions of positions.
  const firsts: number[] = [];
  const starts = [0];
  const weights: number[] = [];
  for (let index = 0; index < to; index++) {
    if (to < from) {
      const start = (index * from) / to;
      const end = ((index + 1) * from) / to;
      const first = Math.floor(start);
      const last = Math.ceil(Math.min(end, from));
      firsts.push(first);
      for (let i = first; i < last; i++) {
        weights.push((Math.min(end, i + 1) - Math.max(start, i)) / (end - start));
      }
    } else {
      // Pixel centers lie at half positions; beyond the outermost center the edge value continues.
      const position = Math.min(Math.max(((index + 0.5) * from) / to - 0.5, 0), Math.ceil(from) - 1);
      const first = Math.floor(position);
      firsts.push(first);
      weights.push(1 - (position - first));
      if (position > first) weights.push(position - first);
    }
    starts.push(weights.length);
  }
  return {
    firsts: Int32Array.from(firsts),
    starts: Int32Array.from(starts),
    weights: Float64Array.from(weights),
  };
}

function requireRoom(image: Image, height: number, width: number): void {
  const most = Math.max(MOST_PIXELS, image.width * image.height);
  if (Math.max(height, image.height) * width <= most) return;
  throw new OptionError({
    where: 'resize',
    got: `a size of ${width}×${height} pixels for a picture of ${image.width}×${image.height}`,
    expected: `at most ${most} pixels, also at the new width and the old height`,
    cure: 'Give a smaller size.',
  });
}

/** Throws OptionError unless `size` is `[height, width]` of a picture; returns it. */
export function requireSize(where: string, size: readonly [number, number]): readonly [number, number] {
  const isSide = (side: unknown): boolean => Number.isSafeInteger(side) && Number(side) >= 1;
  if (Array.isArray(size) && size.length === 2 && size.every(isSide) && size[0] * size[1] <= MOST_PIXELS) {
    return size;
  }
  throw new OptionError({
    where,
    got: `size ${describeValue(size)}`,
    expected: `[height, width] in whole pixels, at most ${MOST_PIXELS} in all`,
    cure: 'Give both sides, for example [64, 64].',
  });
}

function requireSide(option: string, value: number): void {
  if (Number.isInteger(value) && value > 0) return;
  throw new OptionError({
    where: 'resize',
    got: `${option} ${describeValue(value)}`,
    expected: 'a positive integer',
    cure: `Give the ${option} of the result in whole pixels.`,
  });
}
