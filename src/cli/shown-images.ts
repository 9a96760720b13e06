/** Test images as pictures for a reader: as PNG files, disturbed too, one to stand for all, and how large they are shown. */
import { type DisturbanceName, disturbanceStream, disturbImage } from '../data/augment/disturbances.ts';
import { fullBrightness, subset } from '../data/dataset.ts';
import type { Image } from '../data/image.ts';
import { encodePng } from '../data/png.ts';
import { readInto } from '../data/stream/open-dataset.ts';
import { isStreamed, type PictureDataset } from '../data/stream/streamed-dataset.ts';

/** An image of a data set as a PNG file; one that was streamed is read again. */
export function imagePng(dataset: PictureDataset, index: number): Uint8Array {
  return pngOf(dataset, imagePixels(dataset, index));
}

/** How an image was disturbed. */
export interface AppliedDisturbance {
  readonly name: DisturbanceName;
  readonly strength: number;
  readonly seed: number;
}

/** An image as `robustness` gives it to a model, as a PNG file that is transparent where pixels are missing. */
export function disturbedPng(
  dataset: PictureDataset,
  index: number,
  { name, strength, seed }: AppliedDisturbance,
): Uint8Array {
  const [, height, width, channels] = dataset.shape;
  const pixels = imagePixels(dataset, index);
  disturbImage(pixels, [height, width, channels], name, strength, disturbanceStream(seed).fork(index));
  return pngOf(dataset, pixels);
}

/** An image `[H, W, C]`, in [0, 1]. */
function imagePixels(dataset: PictureDataset, index: number): Float32Array {
  const { images } = isStreamed(dataset) ? readInto(dataset, [index]) : subset(dataset, [index]);
  const full = fullBrightness(images);
  return Float32Array.from(images, (value) => value / full);
}

function pngOf({ shape: [, height, width, channels] }: PictureDataset, pixels: Float32Array): Uint8Array {
  const whole = { width, height, channels: channels as Image['channels'], bitDepth: 8, pixels } as const;
  if (channels % 2 === 0 || !pixels.some(Number.isNaN)) return encodePng(whole);
  const seen = new Float32Array(height * width * (channels + 1));
  for (let pixel = 0; pixel < height * width; pixel++) {
    const values = pixels.subarray(pixel * channels, (pixel + 1) * channels);
    if (!values.some(Number.isNaN)) seen.set([...values, 1], pixel * (channels + 1));
  }
  return encodePng({ ...whole, channels: (channels + 1) as Image['channels'], pixels: seen });
}

/** The first test image from the middle on that was classified correctly, or else the first of all. */
export function sampleIndex(predictions: ArrayLike<number>, labels: Int32Array): number {
  const middle = Math.floor(labels.length / 2);
  const found = labels.findIndex((label, index) => index >= middle && predictions[index] === label);
  return Math.max(found, 0);
}

/** Small pictures are enlarged to about this many screen pixels. */
const PICTURE_SIZE = 96;

/** The attributes of a picture of the data set on a page: how large it is shown. */
export function pictureSize({ shape: [, height, width] }: PictureDataset): string {
  const scale = Math.max(1, PICTURE_SIZE / Math.max(height, width));
  return `width="${Math.round(width * scale)}" height="${Math.round(height * scale)}"`;
}
