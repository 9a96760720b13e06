/** The form that the pictures of a data set are brought to: given, or chosen by the sizes of the training pictures. */
import { requireOneOf } from '../options.ts';
import { fullBrightness, type ImageDataset } from './dataset.ts';
import { type Image, opaque } from './image.ts';
import type { PictureSize } from './picture.ts';
import { fitTo, type PictureFit, pictureFits, requireSize } from './resize.ts';
import { allocatePixels, storePixels } from './sheet.ts';

/** How pictures are brought to a form; what is left out is chosen. */
export interface FormOptions {
  /** `[height, width]` in pixels; default as `chooseSize` says. */
  readonly size?: readonly [height: number, width: number] | undefined;
  /** How pictures of other proportions are brought to it; default 'stretch'. */
  readonly fit?: PictureFit | undefined;
}

/** The form of the pictures of a data set. */
export interface ImageForm {
  /** `[height, width]` in pixels. */
  readonly size: readonly [height: number, width: number];
  readonly fit: PictureFit;
}

/**
 * The size at which pictures are decoded that become `size`, where their files allow to choose. At three times that size the means over what
 * a pixel covers differ by half of a 255th from those of the whole, and a photograph takes half of the time.
 */
export function decodingSize([height, width]: ImageForm['size']): ImageForm['size'] {
  return [3 * height, 3 * width];
}

/** A size that fewer of the pictures have is chance. */
const LEAST_SHARE = 0.25;
/** Pictures whose common size has no longer side stay as they are. */
const LONGEST_KEPT_SIDE = 256;
/** Others become squares of this side: what a small network trains on in minutes, and in which photographs can be told apart. */
const CHOSEN_SIDE = 64;

/** Throws OptionError for a size or a fit that is none. */
export function requireForm(where: string, { size, fit }: FormOptions): void {
  if (fit !== undefined) requireOneOf(where, 'fit', fit, pictureFits);
  if (size !== undefined) requireSize(where, size);
}

/**
 * One size for pictures of several: the commonest one, if a quarter of them or more have it and no side is longer than 256; else a
 * square whose side is the median of their shorter sides, at most 64. Of no pictures 1×1.
 */
export function chooseSize(sizes: readonly PictureSize[]): ImageForm['size'] {
  if (sizes.length === 0) return [1, 1];
  const counts = new Map<string, { readonly size: ImageForm['size']; count: number }>();
  for (const { height, width } of sizes) {
    const counted = counts.get(`${height}×${width}`) ?? { size: [height, width], count: 0 };
    counts.set(`${height}×${width}`, { size: counted.size, count: counted.count + 1 });
  }
  const commonest = [...counts.values()].reduce((most, each) => (each.count > most.count ? each : most));
  if (commonest.count >= LEAST_SHARE * sizes.length && Math.max(...commonest.size) <= LONGEST_KEPT_SIDE) {
    return commonest.size;
  }
  const shorter = sizes.map(({ height, width }) => Math.min(height, width)).sort((a, b) => a - b);
  const side = Math.min(shorter[Math.floor(shorter.length / 2)], CHOSEN_SIDE);
  return [side, side];
}

/** In words that some pictures, of so many, were brought to a form nobody had asked for, and how to ask for another. */
export function describeForm({ size, fit }: ImageForm, changed: number, all: number): string {
  const how = { stretch: 'stretched', pad: 'padded', crop: 'cropped' }[fit];
  return (
    `${changed} of ${all} pictures ${changed === 1 ? 'is' : 'are'} brought to ${size.join('×')} pixels ` +
    `(height × width), ${how}. Another size: --size HxW; without changing proportions: --fit pad or crop.`
  );
}

/** A picture as a data set holds it. */
export interface FormedPicture {
  /** In its form, with its own channels, without alpha. */
  readonly fitted: Image;
  /** `[H, W, C]`: bytes where bytes suffice, else floats from 0 to 1. */
  readonly pixels: Uint8Array | Float32Array;
}

/**
 * Brings a picture to a form, and to gray (1) or red, green, blue (3); where that is undefined, gray stays gray. What is transparent
 * is laid over something first: its color is nobody's.
 */
export function pictureInForm(picture: Image, form: ImageForm, channels: 1 | 3 | undefined): FormedPicture {
  const fitted = fitTo(opaque(picture, undefined), form.size, form.fit);
  const { pixels: values, bitDepth } = opaque(fitted, channels);
  const pixels = allocatePixels(values.length, bitDepth);
  storePixels(pixels, 0, values);
  return { fitted, pixels };
}

/** The images of a data set in another form. */
export function fitDataset(dataset: ImageDataset, { size, fit }: ImageForm): ImageDataset {
  const [count, height, width, depth] = dataset.shape;
  const channels = depth as Image['channels'];
  const full = fullBrightness(dataset.images);
  const bitDepth = full === 255 ? 8 : 16;
  const length = height * width * channels;
  const newLength = size[0] * size[1] * channels;
  const images = allocatePixels(count * newLength, bitDepth);
  for (let index = 0; index < count; index++) {
    const stored = dataset.images.subarray(index * length, (index + 1) * length);
    const pixels = Float32Array.from(stored, (value) => value / full);
    const image: Image = { height, width, channels, bitDepth, pixels };
    storePixels(images, index * newLength, fitTo(image, size, fit).pixels);
  }
  return { ...dataset, images, shape: [count, ...size, channels] };
}
