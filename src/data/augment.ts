/** Random small shifts, rotations, changes of scale and mirror images, which show a network more pictures than there are. */
import { OptionError } from '../errors.ts';
import { describeValue, requireBoolean, requireKnownOptions } from '../options.ts';
import { requireBatch } from './dataset.ts';
import { type RandomGenerator, requireGenerator } from './random-generator.ts';

/** How far an image may be moved. Each default is 0, or false: no change. */
export interface AugmentOptions {
  /** Largest shift along each axis, in pixels (fractions allowed). */
  readonly shift?: number;
  /** Largest rotation about the center either way, in degrees. */
  readonly rotation?: number;
  /** Largest change of scale, as a part of the size in [0, 1): 0.1 means 0.9 to 1.1 times. */
  readonly scale?: number;
  /** Whether half of the images, drawn at random, are mirrored left to right. */
  readonly flip?: boolean;
}

/** Throws OptionError when an option is unknown, negative, not finite, a scale of 1 or more, or a flip that is not true or false. */
export function requireAugmentOptions(where: string, options: AugmentOptions): void {
  requireKnownOptions(where, options, ['shift', 'rotation', 'scale', 'flip']);
  requireRange(where, 'shift', options.shift, Number.MAX_VALUE);
  requireRange(where, 'rotation', options.rotation, 360);
  requireRange(where, 'scale', options.scale, 1 - Number.EPSILON);
  requireBoolean(where, 'flip', options.flip ?? false);
}

/**
 * Moves every image of a batch by its own random shift, rotation and scale, in place. New values are interpolated
 * linearly between the four nearest pixels; outside the image its edge continues, so it does not matter whether
 * pixels are normalized. Every image takes four draws from the generator, whatever the options, and a fifth with `flip`.
 *
 * @param images `[N, H, W, C]`
 * @throws OptionError when an option is unknown, negative, not finite, a scale of 1 or more, or a flip that is not true or false
 */
export function augmentBatch(
  images: Float32Array,
  shape: readonly [number, number, number, number],
  options: AugmentOptions,
  generator: RandomGenerator,
): void {
  requireAugmentOptions('augmentBatch', options);
  requireGenerator('augmentBatch', generator);
  requireBatch('augmentBatch', images, shape);
  const [count, ...imageShape] = shape;
  const length = images.length / count;
  for (let image = 0; image < count; image++) {
    augmentImage(images.subarray(image * length, (image + 1) * length), imageShape, options, generator);
  }
}

/**
 * Changes one picture in place.
 *
 * @param pixels `[H, W, C]`
 * @param options checked before, by `requireAugmentOptions`
 */
export function augmentImage(
  pixels: Float32Array,
  shape: readonly [height: number, width: number, channels: number],
  { shift = 0, rotation = 0, scale = 0, flip = false }: AugmentOptions,
  generator: RandomGenerator,
): void {
  const [, width, channels] = shape;
  const between = (limit: number): number => (2 * generator.uniform() - 1) * limit;
  const shiftX = between(shift);
  const shiftY = between(shift);
  const angle = (between(rotation) * Math.PI) / 180;
  const factor = 1 + between(scale);
  if (flip && generator.uniform() < 0.5) mirror(pixels, width, channels);
  if (shiftX === 0 && shiftY === 0 && angle === 0 && factor === 1) return;
  resample(pixels, shape, { shiftX, shiftY, angle, factor });
}

interface Motion {
  readonly shiftX: number;
  readonly shiftY: number;
  /** Radians, clockwise on the screen (y points down). */
  readonly angle: number;
  readonly factor: number;
}

/** Turns each row round, the channels of a pixel staying together. */
function mirror(pixels: Float32Array, width: number, channels: number): void {
  const row = width * channels;
  const source = pixels.slice();
  for (let from = 0; from < pixels.length; from += channels) {
    const [start, column] = [from - (from % row), from % row];
    pixels.set(source.subarray(from, from + channels), start + row - channels - column);
  }
}

/** Fills each target pixel from the place it came from: the inverse motion about the center of the image. */
function resample(
  pixels: Float32Array,
  [height, width, channels]: readonly [number, number, number],
  { shiftX, shiftY, angle, factor }: Motion,
): void {
  const source = pixels.slice();
  const cosine = Math.cos(angle) / factor;
  const sine = Math.sin(angle) / factor;
  const centerX = (width - 1) / 2;
  const centerY = (height - 1) / 2;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const fromCenterX = x - centerX - shiftX;
      const fromCenterY = y - centerY - shiftY;
      const sourceX = clamp(centerX + cosine * fromCenterX + sine * fromCenterY, width - 1);
      const sourceY = clamp(centerY - sine * fromCenterX + cosine * fromCenterY, height - 1);
      const left = Math.floor(sourceX);
      const top = Math.floor(sourceY);
      const partX = sourceX - left;
      const partY = sourceY - top;
      // Offsets of the four neighbors; on the last row or column a neighbor is the pixel itself.
      const topLeft = (top * width + left) * channels;
      const toRight = left + 1 < width ? channels : 0;
      const toBelow = top + 1 < height ? width * channels : 0;
      const target = (y * width + x) * channels;
      for (let channel = 0; channel < channels; channel++) {
        const at = topLeft + channel;
        const above = source[at] * (1 - partX) + source[at + toRight] * partX;
        const below = source[at + toBelow] * (1 - partX) + source[at + toBelow + toRight] * partX;
        pixels[target + channel] = above * (1 - partY) + below * partY;
      }
    }
  }
}

function clamp(value: number, most: number): number {
  return Math.min(Math.max(value, 0), most);
}

function requireRange(where: string, option: string, value = 0, most: number): void {
  if (typeof value === 'number' && value >= 0 && value <= most) return;
  throw new OptionError({
    where,
    got: `${option} ${describeValue(value)}`,
    expected: option === 'shift' ? 'a number of at least 0' : `0 to ${option === 'scale' ? 'below 1' : most}`,
    cure: 'Correct the option, or leave it out.',
  });
}
