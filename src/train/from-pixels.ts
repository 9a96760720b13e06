/** Pictures of a page, or read from a file, as the tensor that a model takes: done as training and `weft predict` do it. */
import {
  compositeAlpha,
  contrastingBackground,
  type Image,
  invert,
  requireImage,
  toGray,
  toRgb,
} from '../data/image.ts';
import { fitTo, type PictureFit } from '../data/resize.ts';
import { OptionError } from '../errors.ts';
import { describeValue, isRecord, requireBoolean, requireKnownOptions, requireNumber } from '../options.ts';
import { fromData } from '../tensor/leaves.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { messageOf } from '../text.ts';

/**
 * A picture: a canvas, an OffscreenCanvas, ImageData, an ImageBitmap, an img or a video of a page, of which the size is all that
 * is declared here; or an `Image`, as `decodePng` gives.
 */
export interface PixelSource {
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
}

/** Options of `fromPixels`. */
export interface PixelOptions {
  /** `[height, width]` of the result. Default: the picture's own. */
  readonly size?: readonly [height: number, width: number];
  /**
   * How a picture of other proportions comes to that size: `stretch` changes them, `pad` fills the rest with the mean color of the
   * border, `crop` takes the middle. What the model was trained with. Default `stretch`.
   */
  readonly fit?: PictureFit;
  /** 1 for gray, 3 for red, green, blue. Default 3. */
  readonly channels?: 1 | 3;
  /** Takes the negative: for dark ink on white, where the model was trained on white on black. Default false. */
  readonly invert?: boolean;
  /**
   * The brightness, from 0 to 1, that is seen through transparent pixels. Default: black, or white if what is drawn is dark.
   */
  readonly background?: number;
}

/**
 * A picture as a tensor of one, float32 `[1, H, W, C]` in [0, 1]: what is transparent is laid over a background, colors become
 * gray by the weights of ITU-R BT.601, and another size is the mean of the area that each pixel covers. The model sees the same
 * numbers as in Node. Normalization is left to `predict`.
 *
 * ```ts
 * const picture = { width: 2, height: 1, channels: 1, bitDepth: 8, pixels: Float32Array.of(0, 1) } as const;
 * await fromPixels(picture, { size: [1, 1], channels: 1 }).array(); // [[[[0.5]]]]
 * ```
 *
 * @throws OptionError for what is no picture, one that is not loaded yet, one of another origin that the page may not read, and
 *   options out of range
 */
export function fromPixels(source: PixelSource, options: PixelOptions = {}): Tensor {
  requireKnownOptions('fromPixels', options, ['size', 'fit', 'channels', 'invert', 'background']);
  const { channels = 3, invert: negative = false } = options;
  requireBoolean('fromPixels', 'invert', negative);
  if (channels !== 1 && channels !== 3) {
    throw new OptionError({
      where: 'fromPixels',
      got: `channels ${describeValue(channels)}`,
      expected: '1 or 3',
      cure: 'Give 1 for a model of gray pictures, 3 for one of colored pictures.',
    });
  }
  const image = imageOf(source);
  const { background = contrastingBackground(image), size = [image.height, image.width] } = options;
  requireNumber('fromPixels', 'background', background, 'a number from 0 to 1');
  // The order of training.
  const whole = compositeAlpha(image, background);
  const fitted = fitTo(negative ? invert(whole) : whole, size, options.fit ?? 'stretch');
  const { width, height, pixels } = channels === 1 ? toGray(fitted) : toRgb(fitted);
  return fromData(pixels, [1, height, width, channels], 'float32');
}

function imageOf(source: PixelSource): Image {
  const { pixels, data, getContext, width, height } = (source ?? {}) as Partial<Sources>;
  if (pixels !== undefined) {
    requireImage('fromPixels', source as Image);
    return source as Image;
  }
  // A tensor has a method of that name.
  if (data !== undefined && typeof data !== 'function') return fromBytes(source as PixelBytes);
  if (typeof getContext === 'function') {
    const context = getContext.call(source, '2d');
    // A canvas of WebGL has no such context, but can be drawn on one that has.
    if (context && width && height) return read(() => context.getImageData(0, 0, width, height));
  }
  return drawn(source);
}

/** The bytes of a picture, four for each pixel: ImageData. */
interface PixelBytes extends PixelSource {
  readonly data: Uint8ClampedArray | Uint8Array;
}

/** What is used of a canvas's context, whose types only pages declare. */
interface PixelContext {
  getImageData(x: number, y: number, width: number, height: number): PixelBytes;
  drawImage(source: PixelSource, x: number, y: number): void;
}

interface PixelCanvas extends PixelSource {
  getContext(kind: '2d', options?: { readonly willReadFrequently: boolean }): PixelContext | null;
}

/** What the kinds of picture have. */
interface Sources extends Image, Omit<PixelBytes, keyof PixelSource>, Omit<PixelCanvas, keyof PixelSource> {
  readonly naturalWidth: number;
  readonly naturalHeight: number;
  readonly videoWidth: number;
  readonly videoHeight: number;
}

/** What is used of a page or a worker. */
interface CanvasPlace {
  readonly OffscreenCanvas?: new (width: number, height: number) => PixelCanvas;
  readonly document?: { createElement(name: 'canvas'): PixelCanvas & { width: number; height: number } };
}

/** A picture that has no bytes of its own: an img, a video, an ImageBitmap. */
function drawn(source: PixelSource): Image {
  const { OffscreenCanvas, document } = globalThis as CanvasPlace;
  const sizes = (source ?? {}) as Partial<Sources>;
  const width = sizes.naturalWidth ?? sizes.videoWidth ?? sizes.width;
  const height = sizes.naturalHeight ?? sizes.videoHeight ?? sizes.height;
  if (
    !isRecord(source) ||
    typeof width !== 'number' ||
    typeof height !== 'number' ||
    !(OffscreenCanvas ?? document)
  ) {
    throw new OptionError({
      where: 'fromPixels',
      got: describeValue(source),
      expected:
        'a canvas, ImageData, an ImageBitmap, an img or a video of a page, or an Image as decodePng gives it',
      cure: 'In Node, read the picture: readPicture(path). In a page, createImageBitmap makes one of a file or a blob.',
    });
  }
  if (!(width > 0 && height > 0)) {
    throw new OptionError({
      where: 'fromPixels',
      got: `a picture of ${width}×${height} pixels`,
      expected: 'one that is there',
      cure: 'Wait until it is loaded: await img.decode(), or for a video its event loadeddata.',
    });
  }
  const canvas = OffscreenCanvas
    ? new OffscreenCanvas(width, height)
    : Object.assign(document!.createElement('canvas'), { width, height });
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  return read(() => {
    context.drawImage(source, 0, 0);
    return context.getImageData(0, 0, width, height);
  });
}

/** A browser lets no page read pictures of other origins. */
function read(bytes: () => PixelBytes): Image {
  let found: PixelBytes;
  try {
    found = bytes();
  } catch (cause) {
    throw new OptionError(
      {
        where: 'fromPixels',
        got: `a picture that cannot be read (${messageOf(cause)})`,
        expected: 'one that the page may read, and draw',
        cure: 'Of another origin, load it with crossorigin="anonymous", and let its server allow it (Access-Control-Allow-Origin).',
      },
      { cause },
    );
  }
  return fromBytes(found);
}

function fromBytes({ data, width, height }: PixelBytes): Image {
  const pixels = Float32Array.from(ArrayBuffer.isView(data) ? data : [], (value) => value / 255);
  const image: Image = { width, height, channels: 4, bitDepth: 8, pixels };
  requireImage('fromPixels', image);
  return image;
}
