/** One picture in memory, and the conversions between kinds of picture. */
import { OptionError } from '../errors.ts';
import { describeValue, requireNumber } from '../options.ts';

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
  /**
   * `[height, width]` that is seen of the pixels, where the last row and column are of less than a whole one: of a JPEG file that was decoded
   * at a part of its size (`atLeast`). Default: all of them.
   */
  readonly covered?: readonly [height: number, width: number];
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
