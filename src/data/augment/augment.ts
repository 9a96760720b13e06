/** Random changes of training pictures, which show a network more of them than there are. */
import { requireBatch } from '../dataset.ts';
import { type RandomGenerator, requireGenerator } from '../random-generator.ts';
import { removeFromImage } from '../removal.ts';
import { type AugmentOptions, requireAugmentOptions, requireUnitPixels } from './augment-options.ts';
import { changeColors } from './colors.ts';
import { addNoise, blur, eraseRectangle } from './degrading.ts';
import { elasticField } from './elastic.ts';
import { type Motion, resample } from './resampling.ts';

/**
 * Changes each picture of a batch in place, each by its own random numbers: see `AugmentOptions`. Changes of colors, and noise, need
 * pixels from 0 to 1; to others it does not matter whether pixels are normalized.
 *
 * @param images `[N, H, W, C]`
 * @throws OptionError when an option is unknown, out of its range, as large as the pictures, or needs three channels or pixels from 0 to 1 that are not there
 */
export function augmentBatch(
  images: Float32Array,
  shape: readonly [number, number, number, number],
  options: AugmentOptions,
  generator: RandomGenerator,
): void {
  requireGenerator('augmentBatch', generator);
  requireBatch('augmentBatch', images, shape);
  const [count, ...imageShape] = shape;
  requireAugmentOptions('augmentBatch', options, imageShape);
  requireUnitPixels('augmentBatch', images, options);
  const length = images.length / count;
  for (let image = 0; image < count; image++) {
    const own = generator.fork(generator.nextUint32());
    augmentImage(images.subarray(image * length, (image + 1) * length), imageShape, options, own);
  }
}

/**
 * Changes one picture in place.
 *
 * @param pixels `[H, W, C]`
 * @param options checked before, by `requireAugmentOptions` and `requireUnitPixels`
 * @param generator of this picture alone. All strengths are drawn, also those of changes that are not asked for: what one of them does is
 *   the same with and without the others
 */
export function augmentImage(
  pixels: Float32Array,
  shape: readonly [height: number, width: number, channels: number],
  options: AugmentOptions,
  generator: RandomGenerator,
): void {
  const [height, width, channels] = shape;
  const between = (limit = 0): number => (2 * generator.uniform() - 1) * limit;
  const upTo = (limit = 0): number => generator.uniform() * limit;
  const half = (asked = false): boolean => generator.uniform() < 0.5 && asked;
  const radians = Math.PI / 180;
  const moved = { shiftX: between(options.shift), shiftY: between(options.shift) };
  const angle = between(options.rotation) * radians;
  const factor = 1 + between(options.scale);
  const slant = Math.tan(between(options.shear) * radians);
  const mirrored = half(options.flip);
  const upsideDown = half(options.verticalFlip);
  const { crop = 0 } = options;
  const cut = { x: generator.nextBelow(2 * crop + 1) - crop, y: generator.nextBelow(2 * crop + 1) - crop };
  const colors = {
    brightness: 1 + between(options.brightness),
    contrast: 1 + between(options.contrast),
    saturation: 1 + between(options.saturation),
    hue: between(options.hue) * radians,
  };
  const blurDeviation = upTo(options.blur);
  const noiseDeviation = upTo(options.noise);
  const erased = upTo(options.erase);
  const still = generator.uniform() < (options.unmoved ?? 0);

  const motion: Motion = {
    ...(still ? { shiftX: 0, shiftY: 0, angle: 0, factor: 1, slant: 0 } : { ...moved, angle, factor, slant }),
    mirrored,
    upsideDown,
  };
  const bent = !still && options.elastic;
  const field = bent ? elasticField(height, width, bent, generator.fork(0)) : undefined;
  const shifted = { shiftX: motion.shiftX + cut.x, shiftY: motion.shiftY + cut.y };
  const turned = motion.angle !== 0 || motion.factor !== 1 || motion.slant !== 0 || mirrored || upsideDown;
  if (field !== undefined || turned || shifted.shiftX !== 0 || shifted.shiftY !== 0) {
    resample(pixels, shape, { ...motion, ...shifted }, crop > 0 ? 'reflect' : 'edge', field);
  }
  const { brightness, contrast, saturation, hue } = colors;
  if (brightness !== 1 || contrast !== 1 || saturation !== 1 || hue !== 0)
    changeColors(pixels, channels, colors);
  if (blurDeviation > 0.2) blur(pixels, shape, blurDeviation);
  if (noiseDeviation > 0) addNoise(pixels, noiseDeviation, generator.fork(1));
  if (erased > 0) eraseRectangle(pixels, shape, erased, generator.fork(2));
  if (options.remove) removeFromImage(pixels, shape, options.remove, generator.fork(3));
}
