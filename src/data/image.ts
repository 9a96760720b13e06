/** One picture in memory, and the conversions between kinds of picture. */
import { OptionError } from '../errors.ts';

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
  /** 1 = grey, 2 = grey and alpha, 3 = red, green, blue, 4 = red, green, blue, alpha (alpha not premultiplied). */
  readonly channels: 1 | 2 | 3 | 4;
  /** The precision of the source: 8 when bytes hold every pixel exactly, else 16. */
  readonly bitDepth: 8 | 16;
  /** `[height, width, channels]`, row-major, in [0, 1]. */
  readonly pixels: Float32Array;
}

/** The luma weights of ITU-R Recommendation BT.601, as PNG tools and Pillow use. */
const LUMA_RED = 0.299;
const LUMA_GREEN = 0.587;
const LUMA_BLUE = 0.114;

/** Whether the picture has an alpha channel. */
export function hasAlpha(image: Image): boolean {
  return image.channels === 2 || image.channels === 4;
}

/** Whether the picture has no colour channels. */
export function isGrey(image: Image): boolean {
  return image.channels <= 2;
}

/**
 * Lays a picture with alpha over a plain background and drops the alpha channel. A picture without alpha is
 * returned unchanged.
 *
 * @param background brightness of the background in [0, 1]; default 0, black
 */
export function compositeAlpha(image: Image, background = 0): Image {
  if (!hasAlpha(image)) return image;
  const colours = image.channels === 2 ? 1 : 3;
  const count = image.width * image.height;
  const pixels = new Float32Array(count * colours);
  for (let pixel = 0; pixel < count; pixel++) {
    const source = pixel * image.channels;
    const alpha = image.pixels[source + colours];
    for (let colour = 0; colour < colours; colour++) {
      pixels[pixel * colours + colour] = alpha * image.pixels[source + colour] + (1 - alpha) * background;
    }
  }
  return { ...image, channels: colours, pixels };
}

/**
 * A grey picture (one channel): colours by the weights of ITU-R BT.601 (0.299, 0.587, 0.114), alpha laid over
 * `background` (default 0, black).
 */
export function toGrey(image: Image, background = 0): Image {
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

/** A red, green, blue picture: grey is repeated, alpha laid over `background` (default 0, black). */
export function toRgb(image: Image, background = 0): Image {
  const opaque = compositeAlpha(image, background);
  if (opaque.channels === 3) return opaque;
  const count = image.width * image.height;
  const pixels = new Float32Array(count * 3);
  for (let pixel = 0; pixel < count; pixel++) {
    pixels.fill(opaque.pixels[pixel], pixel * 3, pixel * 3 + 3);
  }
  return { ...opaque, channels: 3, pixels };
}

/** The negative: every colour value v becomes 1 − v; alpha stays. */
export function invert(image: Image): Image {
  const pixels = image.pixels.slice();
  const colours = isGrey(image) ? 1 : 3;
  for (let pixel = 0; pixel < pixels.length; pixel += image.channels) {
    for (let colour = 0; colour < colours; colour++) pixels[pixel + colour] = 1 - pixels[pixel + colour];
  }
  return { ...image, pixels };
}

/**
 * The picture at another size. Along an axis that shrinks, each new pixel is the mean of the area it covers; along
 * an axis that grows, values are interpolated linearly between pixel centres. Call `compositeAlpha` first when the
 * picture has alpha: otherwise the colour of transparent pixels bleeds into their neighbours.
 *
 * @throws OptionError when a side is not a positive integer
 */
export function resize(image: Image, height: number, width: number): Image {
  requireSide('height', height);
  requireSide('width', width);
  if (height === image.height && width === image.width) return image;
  const { channels } = image;
  const columns = axisWeights(image.width, width);
  const rows = axisWeights(image.height, height);

  // The filter is separable: first every row to the new width, then every column to the new height.
  const narrow = new Float32Array(image.height * width * channels);
  for (let y = 0; y < image.height; y++) {
    for (let x = 0; x < width; x++) {
      const { first, weights } = columns[x];
      for (let channel = 0; channel < channels; channel++) {
        let sum = 0;
        for (let tap = 0; tap < weights.length; tap++) {
          sum += weights[tap] * image.pixels[(y * image.width + first + tap) * channels + channel];
        }
        narrow[(y * width + x) * channels + channel] = sum;
      }
    }
  }
  const rowLength = width * channels;
  const pixels = new Float32Array(height * rowLength);
  for (let y = 0; y < height; y++) {
    const { first, weights } = rows[y];
    for (let i = 0; i < rowLength; i++) {
      let sum = 0;
      for (let tap = 0; tap < weights.length; tap++)
        sum += weights[tap] * narrow[(first + tap) * rowLength + i];
      pixels[y * rowLength + i] = sum;
    }
  }
  return { ...image, width, height, pixels };
}

/** What one output position takes from the input axis: `weights[i]` of input position `first + i`. */
interface AxisWeights {
  readonly first: number;
  readonly weights: readonly number[];
}

function axisWeights(from: number, to: number): AxisWeights[] {
  return Array.from({ length: to }, (_, index) =>
    to < from ? areaWeights(from, to, index) : linearWeights(from, to, index),
  );
}

function areaWeights(from: number, to: number, index: number): AxisWeights {
  const start = (index * from) / to;
  const end = ((index + 1) * from) / to;
  const first = Math.floor(start);
  const last = Math.min(Math.ceil(end), from);
  const covered: number[] = [];
  for (let i = first; i < last; i++) covered.push(Math.min(end, i + 1) - Math.max(start, i));
  return { first, weights: covered.map((length) => length / (end - start)) };
}

function linearWeights(from: number, to: number, index: number): AxisWeights {
  // Pixel centres lie at half positions; beyond the outermost centre the edge value continues.
  const position = Math.min(Math.max(((index + 0.5) * from) / to - 0.5, 0), from - 1);
  const first = Math.floor(position);
  const fraction = position - first;
  return fraction === 0 ? { first, weights: [1] } : { first, weights: [1 - fraction, fraction] };
}

function requireSide(option: string, value: number): void {
  if (Number.isInteger(value) && value > 0) return;
  throw new OptionError({
    where: 'resize',
    got: `${option} ${value}`,
    expected: 'a positive integer',
    cure: `Give the ${option} of the result in whole pixels.`,
  });
}
