/** What pictures may suffer after training, each change by an exact strength: what a model makes of it is its robustness. */

import { RandomGenerator } from '../random-generator.ts';
import { removeFromImage } from '../removal.ts';
import { resize } from '../resize.ts';
import { addNoise, type PictureShape } from './degrading.ts';
import { type Motion, resample } from './resampling.ts';

/** What a strength is a number of. */
export type StrengthUnit =
  | 'pixels'
  | 'degrees'
  | 'share of the area'
  | 'share of full brightness'
  | 'share of the rows'
  | 'times';

/** A way in which pictures change. */
interface Disturbance {
  readonly unit: StrengthUnit;
  /** What is done, in words. */
  readonly what: string;
  /** The strength at which a picture stays as it is. */
  readonly none: 0 | 1;
  /** Whether it needs pixels from 0 to 1, within which it stays. */
  readonly ofUnitPixels?: true;
  /** The strengths to try on pictures of this size, rising and all above `none`; such that they can be had exactly, and none on pictures that are too small. */
  strengths(shape: PictureShape): readonly number[];
  /**
   * Changes a picture by exactly that strength, in place. What it draws does not depend on the strength: a stronger change goes
   * into the same direction.
   *
   * @param pixels `[H, W, C]`, in [0, 1]; NaN is missing, before and after
   */
  apply(pixels: Float32Array, shape: PictureShape, strength: number, generator: RandomGenerator): void;
}

const still: Motion = {
  ...{ shiftX: 0, shiftY: 0, angle: 0, factor: 1, slant: 0 },
  ...{ mirrored: false, upsideDown: false },
};

/** Left, right, up, down: along a diagonal a picture would either move farther, or by parts of pixels, which blurs it. */
const directions = [
  [-1, 0],
  [1, 0],
  [0, -1],
  [0, 1],
] as const;

/** All disturbances, in the order in which they are reported. New ones come last: what an image draws depends on the place in the table. */
const rows = {
  shift: {
    unit: 'pixels',
    what: 'moved left, right, up or down, where the edge continues',
    none: 0,
    strengths: ([height, width]) => {
      const side = Math.min(height, width);
      return distinct([1 / 20, 1 / 10, 1 / 5].map((part) => Math.max(Math.round(side * part), 1))).filter(
        (pixels) => pixels < side,
      );
    },
    apply: (pixels, shape, strength, generator) => {
      const [x, y] = directions[generator.nextBelow(directions.length)];
      resample(pixels, shape, { ...still, shiftX: x * strength, shiftY: y * strength }, 'edge');
    },
  },
  rotation: {
    unit: 'degrees',
    what: 'turned about the center, either way, where the edge continues',
    none: 0,
    strengths: () => [5, 10, 20, 45],
    apply: (pixels, shape, strength, generator) => {
      const angle = (generator.nextBelow(2) === 0 ? -1 : 1) * strength * (Math.PI / 180);
      resample(pixels, shape, { ...still, angle }, 'edge');
    },
  },
  occlusion: {
    unit: 'share of the area',
    what: 'a gray square before it, anywhere',
    none: 0,
    ofUnitPixels: true,
    // Of whole pixels: shares are those of the squares nearest to 5, 10 and 20 %.
    strengths: ([height, width]) => {
      const area = height * width;
      const sides = [0.05, 0.1, 0.2].map((share) => Math.max(Math.round(Math.sqrt(share * area)), 1));
      return distinct(sides)
        .filter((side) => side <= Math.min(height, width))
        .map((side) => side ** 2 / area);
    },
    apply: (pixels, [height, width, channels], strength, generator) => {
      const side = Math.round(Math.sqrt(strength * height * width));
      const top = Math.floor(generator.uniform() * (height - side + 1));
      const left = Math.floor(generator.uniform() * (width - side + 1));
      for (let y = top; y < top + side; y++) {
        const start = (y * width + left) * channels;
        pixels.fill(0.5, start, start + side * channels);
      }
    },
  },
  noise: {
    unit: 'share of full brightness',
    what: 'bell-shaped noise of that standard deviation on each pixel, cut off at black and white',
    none: 0,
    ofUnitPixels: true,
    strengths: () => [0.05, 0.1, 0.2],
    apply: (pixels, _, strength, generator) => addNoise(pixels, strength, generator),
  },
  'missing rows': {
    unit: 'share of the rows',
    what: 'whole rows, anywhere',
    none: 0,
    strengths: ([height]) =>
      distinct([0.25, 0.5, 0.75].map((share) => Math.round(height * share)))
        .filter((count) => count > 0 && count < height)
        .map((count) => count / height),
    apply: (pixels, shape, strength, generator) =>
      removeFromImage(pixels, shape, { what: 'rows', rate: strength }, generator),
  },
  'lower resolution': {
    unit: 'times',
    what: 'made smaller by that factor, and as large as before',
    none: 1,
    strengths: ([height, width]) => [2, 3, 4].filter((factor) => factor <= Math.min(height, width)),
    apply: lowerResolution,
  },
} satisfies Record<string, Disturbance>;

export type DisturbanceName = keyof typeof rows;

export const disturbances: Readonly<Record<DisturbanceName, Disturbance>> = rows;

export const disturbanceNames = Object.keys(rows) as readonly DisturbanceName[];

/** No other use of a seed has this stream: epochs count from 1. */
const DISTURBANCE_STREAM = 2 ** 32 - 4;

/** What the disturbances of all images are drawn from: those of an image from the fork of its place in the data set. */
export function disturbanceStream(seed: number): RandomGenerator {
  return new RandomGenerator(seed, DISTURBANCE_STREAM);
}

/**
 * Disturbs one picture in place, by exactly a strength.
 *
 * @param pixels `[H, W, C]`, in [0, 1]
 * @param generator of this image; each disturbance draws from a fork of it
 */
export function disturbImage(
  pixels: Float32Array,
  shape: PictureShape,
  name: DisturbanceName,
  strength: number,
  generator: RandomGenerator,
): void {
  disturbances[name].apply(pixels, shape, strength, generator.fork(disturbanceNames.indexOf(name)));
}

function distinct(numbers: readonly number[]): number[] {
  return [...new Set(numbers)];
}

/** To whole pixels, of each channel alone: a data set may have any number of them. */
function lowerResolution(
  pixels: Float32Array,
  [height, width, channels]: PictureShape,
  factor: number,
): void {
  const [rows, columns] = [height, width].map((side) => Math.max(Math.round(side / factor), 1));
  const plane = new Float32Array(height * width);
  for (let channel = 0; channel < channels; channel++) {
    for (let at = 0; at < plane.length; at++) plane[at] = pixels[at * channels + channel];
    const small = resize({ width, height, channels: 1, bitDepth: 16, pixels: plane }, rows, columns);
    const { pixels: again } = resize(small, height, width);
    for (let at = 0; at < plane.length; at++) pixels[at * channels + channel] = again[at];
  }
}
