/** What pictures suffer: blur, noise, and a rectangle that is lost. */
import type { RandomGenerator } from '../random-generator.ts';
import { copyOf } from './scratch.ts';

/** Height, width and channels of a picture. */
export type PictureShape = readonly [height: number, width: number, channels: number];

/**
 * Convolves with a Gaussian, along rows and then along columns; the edge continues.
 *
 * @param pixels `[H, W, C]`, changed in place
 * @param deviation of the Gaussian, in pixels
 */
export function blur(pixels: Float32Array, [height, width, channels]: PictureShape, deviation: number): void {
  const radius = Math.ceil(3 * deviation);
  const kernel = Float64Array.from({ length: 2 * radius + 1 }, (_, index) =>
    Math.exp(-((index - radius) ** 2) / (2 * deviation ** 2)),
  );
  const total = kernel.reduce((sum, each) => sum + each, 0);
  for (let index = 0; index < kernel.length; index++) kernel[index] /= total;
  blurAlong(pixels, kernel, width, channels);
  blurAlong(pixels, kernel, height, width * channels);
}

/** @param length of the axis, and how far apart (`stride`) its values lie */
function blurAlong(pixels: Float32Array, kernel: Float64Array, length: number, stride: number): void {
  const source = copyOf(pixels);
  const radius = (kernel.length - 1) / 2;
  const end = (length - 1) * stride;
  for (let index = 0; index < pixels.length; index++) {
    // Where on its line of the axis the value lies.
    const place = index % (length * stride);
    const start = index - place + (place % stride);
    let from = index - radius * stride;
    let sum = 0;
    for (let tap = 0; tap < kernel.length; tap++, from += stride) {
      const inside = from < start ? start : from > start + end ? start + end : from;
      sum += kernel[tap] * source[inside];
    }
    pixels[index] = sum;
  }
}

/** The standard deviation of the sum of four bytes. */
const bytesDeviation = Math.sqrt((4 * (256 ** 2 - 1)) / 12);

/**
 * Adds bell-shaped noise to pixels from 0 to 1, where they stay: the sum of the four bytes of a random word, which ends at 3.4 deviations.
 * Words are those of xorshift32 (Marsaglia 2003), a tenth of the cost of the generator's own.
 */
export function addNoise(pixels: Float32Array, deviation: number, generator: RandomGenerator): void {
  let word = generator.nextUint32() | 1;
  const scale = deviation / bytesDeviation;
  for (let index = 0; index < pixels.length; index++) {
    word ^= word << 13;
    word ^= word >>> 17;
    word ^= word << 5;
    const sum = (word & 255) + ((word >>> 8) & 255) + ((word >>> 16) & 255) + (word >>> 24);
    const value = pixels[index] + (sum - 510) * scale;
    pixels[index] = value < 0 ? 0 : value > 1 ? 1 : value;
  }
}

/**
 * Makes one rectangle of the picture plain, of the mean of each channel, anywhere in it.
 *
 * @param pixels `[H, W, C]`, changed in place
 * @param share of the picture that it covers
 */
export function eraseRectangle(
  pixels: Float32Array,
  [height, width, channels]: PictureShape,
  share: number,
  generator: RandomGenerator,
): void {
  // Wider or higher, up to twice; but never beyond the picture.
  const aspect = 2 ** (2 * generator.uniform() - 1);
  const area = share * height * width;
  const rows = Math.min(Math.round(Math.sqrt(area / aspect)), height);
  const columns = Math.min(Math.round(Math.sqrt(area * aspect)), width);
  const top = generator.nextBelow(height - rows + 1);
  const left = generator.nextBelow(width - columns + 1);
  for (let channel = 0; channel < channels; channel++) {
    const mean = meanOfChannel(pixels, channels, channel);
    for (let y = top; y < top + rows; y++) {
      for (let x = left; x < left + columns; x++) pixels[(y * width + x) * channels + channel] = mean;
    }
  }
}

/** Of what is there. */
export function meanOfChannel(pixels: Float32Array, channels: number, channel: number): number {
  let sum = 0;
  let count = 0;
  for (let index = channel; index < pixels.length; index += channels) {
    if (Number.isNaN(pixels[index])) continue;
    sum += pixels[index];
    count++;
  }
  return count === 0 ? 0 : sum / count;
}
