/** One picture in memory, and the conversions between kinds of picture. */
import { OptionError } from '../errors.ts';
import { describeValue, requireNumber, requireOneOf } from '../options.ts';

/**
 * A picture. `pixels` is row-major `[height, width, channels]` with values in [0, 1]: 0 is black, 1 is full
 * brightness. Float32 holds every 8-bit and 16-bit sample exactly enough to get it back by rounding, so one type
 * serves all sources; data sets, which hold thousands of pictures, store 8-bit ones as bytes.
 */
export interface Image {
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
  /** 1 = gray, 2 = gray and alpha, 3 = red, green, blue, 4 = red, green, blue, alpha (alpha not premultiplied). */
  readonly channels: 1 | 2 | 3 | 4;
  /** The precision of the source: 8 when bytes hold every pixel exactly, else 16. */
  readonly bitDepth: 8 | 16;
  /** `[height, width, channels]`, row-major, in [0, 1]. */
  readonly pixels: Float32Array;
}

/** Pictures of more pixels than this are refused unless somebody says otherwise: 64 megapixels. */
export const MOST_PIXELS = 64 * 2 ** 20;

/**
 * Checks that a picture agrees with itself.
 *
 * @throws OptionError naming what is wrong
 */
export function requireImage(where: string, image: Image): void {
  const { width, height, channels, bitDepth, pixels } = (image ?? {}) as Partial<Image>;
  const refuse = (got: string, expected: string, cure: string): OptionError =>
    new OptionError({ where, got, expected, cure });
  const isSide = (side: unknown): side is number => Number.isSafeInteger(side) && Number(side) >= 1;
  if (!(pixels instanceof Float32Array) || !isSide(width) || !isSide(height)) {
    throw refuse(
      pixels === undefined
        ? describeValue(image)
        : `${describeValue(width)}×${describeValue(height)} pixels in ${describeValue(pixels)}`,
      'a picture: width, height, channels, bitDepth, and pixels from 0 to 1 in a Float32Array',
      'Give what decodePng returns; of bytes, Float32Array.from(bytes, (value) => value / 255) are the pixels.',
    );
  }
  if (![1, 2, 3, 4].includes(channels as number) || ![8, 16].includes(bitDepth as number)) {
    throw refuse(
      `channels ${describeValue(channels)} and bitDepth ${describeValue(bitDepth)}`,
      '1 to 4 channels, and a bitDepth of 8 or 16',
      'Gray has 1 channel, gray with alpha 2, red, green, blue 3, with alpha 4.',
    );
  }
  const expected = width * height * (channels ?? 0);
  if (pixels.length === expected) return;
  throw refuse(
    `${pixels.length} values for ${width}×${height} pixels of ${channels} channels`,
    `${expected} values`,
    'Give pixels as [height, width, channels].',
  );
}

/** The luma weights of ITU-R Recommendation BT.601, as PNG tools and Pillow use. */
const LUMA_RED = 0.299;
const LUMA_GREEN = 0.587;
const LUMA_BLUE = 0.114;

/** Whether the picture has an alpha channel. */
export function hasAlpha(image: Image): boolean {
  return image.channels === 2 || image.channels === 4;
}

/** Whether the picture has no color channels. */
function isGray(image: Image): boolean {
  return image.channels <= 2;
}

/**
 * Lays a picture with alpha over a plain background and drops the alpha channel. A picture without alpha is
 * returned unchanged.
 *
 * @param background brightness of the background in [0, 1]; default 0, black
 */
export function compositeAlpha(image: Image, background = 0): Image {
  requireImage('compositeAlpha', image);
  requireNumber('compositeAlpha', 'background', background, 'a number from 0 to 1');
  if (!hasAlpha(image)) return image;
  const colors = image.channels === 2 ? 1 : 3;
  const count = image.width * image.height;
  const pixels = new Float32Array(count * colors);
  for (let pixel = 0; pixel < count; pixel++) {
    const source = pixel * image.channels;
    const alpha = image.pixels[source + colors];
    for (let color = 0; color < colors; color++) {
      pixels[pixel * colors + color] = alpha * image.pixels[source + color] + (1 - alpha) * background;
    }
  }
  return { ...image, channels: colors, pixels };
}

/**
 * The background on which a picture with alpha is seen: white (1) for what is dark on the whole, else black (0). Dark ink
 * on nothing, as drawing programs export it, would be gone on black.
 */
export function contrastingBackground(image: Image): 0 | 1 {
  if (!hasAlpha(image)) return 0;
  const { pixels, channels } = image;
  let brightness = 0;
  let opacity = 0;
  for (let i = 0; i < pixels.length; i += channels) {
    const alpha = pixels[i + channels - 1];
    const luma =
      channels === 2
        ? pixels[i]
        : LUMA_RED * pixels[i] + LUMA_GREEN * pixels[i + 1] + LUMA_BLUE * pixels[i + 2];
    brightness += alpha * luma;
    opacity += alpha;
  }
  return brightness < opacity / 2 ? 1 : 0;
}

/**
 * A picture without alpha, which is laid over the background that contrasts with it, and gray (1) or red, green, blue (3) as wanted;
 * where nothing is wanted, gray stays gray. Training and predicting see pictures in this way.
 */
export function opaque(image: Image, channels: 1 | 3 | undefined): Image {
  const background = contrastingBackground(image);
  if (channels === undefined) return compositeAlpha(image, background);
  return channels === 1 ? toGray(image, background) : toRgb(image, background);
}

/** Whether all pixels of a picture are equal. */
export function isUniform({ pixels, channels }: Image): boolean {
  return pixels.every((value, i) => value === pixels[i % channels]);
}

/**
 * A gray picture (one channel): colors by the weights of ITU-R BT.601 (0.299, 0.587, 0.114), alpha laid over
 * `background` (default 0, black).
 */
export function toGray(image: Image, background = 0): Image {
  requireImage('toGray', image);
  const opaque = compositeAlpha(image, background);
  if (opaque.channels === 1) return opaque;
  const count = image.width * image.height;
  const pixels = new Float32Array(count);
  for (let pixel = 0; pixel < count; pixel++) {
    const source = pixel * 3;
    pixels[pixel] =
      LUMA_RED * opaque.pixels[source] +
      LUMA_GREEN * opaque.pixels[source + 1] +
      LUMA_BLUE * opaque.pixels[source + 2];
  }
  return { ...opaque, channels: 1, pixels };
}

/** A red, green, blue picture: gray is repeated, alpha laid over `background` (default 0, black). */
export function toRgb(image: Image, background = 0): Image {
  requireImage('toRgb', image);
  const opaque = compositeAlpha(image, background);
  if (opaque.channels === 3) return opaque;
  const count = image.width * image.height;
  const pixels = new Float32Array(count * 3);
  for (let pixel = 0; pixel < count; pixel++) {
    pixels.fill(opaque.pixels[pixel], pixel * 3, pixel * 3 + 3);
  }
  return { ...opaque, channels: 3, pixels };
}

/** The negative: every color value v becomes 1 − v; alpha stays. */
export function invert(image: Image): Image {
  requireImage('invert', image);
  const pixels = image.pixels.slice();
  const colors = isGray(image) ? 1 : 3;
  for (let pixel = 0; pixel < pixels.length; pixel += image.channels) {
    for (let color = 0; color < colors; color++) pixels[pixel + color] = 1 - pixels[pixel + color];
  }
  return { ...image, pixels };
}

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
  if (height === image.height && width === image.width) return image;
  const { channels } = image;
  const columns = axisWeights(image.width, width);
  const rows = axisWeights(image.height, height);

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
  return { ...image, width, height, pixels };
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
  const { channels } = image;
  const top = Math.floor((image.height - height) / 2);
  const left = Math.floor((image.width - width) / 2);
  const pixels = new Float32Array(height * width * channels);
  for (let y = 0; y < height; y++) {
    const start = ((top + y) * image.width + left) * channels;
    pixels.set(image.pixels.subarray(start, start + width * channels), y * width * channels);
  }
  return { ...image, height, width, pixels };
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

/** The weights that bring an axis of `from` positions to `to`. */
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
      const last = Math.min(Math.ceil(end), from);
      firsts.push(first);
      for (let i = first; i < last; i++) {
        weights.push((Math.min(end, i + 1) - Math.max(start, i)) / (end - start));
      }
    } else {
      // Pixel centers lie at half positions; beyond the outermost center the edge value continues.
      const position = Math.min(Math.max(((index + 0.5) * from) / to - 0.5, 0), from - 1);
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

/** Channels farther apart than this are a color; less is what JPEG does to gray. */
const FAINTEST_COLOR = 1 / 16;

/** Whether a picture shows a color. */
export function isColored({ channels, pixels }: Pick<Image, 'channels' | 'pixels'>): boolean {
  if (channels < 3) return false;
  for (let i = 0; i < pixels.length; i += channels) {
    const [red, green, blue] = [pixels[i], pixels[i + 1], pixels[i + 2]];
    if (Math.max(red, green, blue) - Math.min(red, green, blue) > FAINTEST_COLOR) return true;
  }
  return false;
}
