/** The random changes of training pictures: what each is called, how large it may be, and the checks of what is asked for. */
import { OptionError } from '../../errors.ts';
import { describeValue, requireBoolean, requireKnownOptions } from '../../options.ts';
import { type Removal, requireRemoval } from '../removal.ts';

/**
 * How far a picture may be changed. Each picture draws its own strength, from none to what is given here, either way where there
 * are two. Each default is 0, or false: no change.
 *
 * What moves pixels is one change of place, so that pixels are interpolated once; then come colors, blur, noise, and what is erased.
 */
export interface AugmentOptions {
  /** Largest shift along each axis, in pixels (fractions allowed). */
  readonly shift?: number;
  /** Largest rotation about the center either way, in degrees. */
  readonly rotation?: number;
  /** Largest change of scale, as a part of the size in [0, 1): 0.1 means 0.9 to 1.1 times. */
  readonly scale?: number;
  /** Largest slant of upright lines either way, in degrees, below 90. */
  readonly shear?: number;
  /**
   * Largest displacement of a pixel, in pixels, where the picture is bent like rubber: random displacements on a grid of four
   * cells along the shorter side, with cubic B-splines between them. Few pixels go as far: the root of the mean square is a quarter
   * of it. 5 is near the distortions of Simard et al. ("Best practices for convolutional neural networks", 2003), which are smoothed
   * by a Gaussian.
   */
  readonly elastic?: number;
  /** Whether half of the pictures, drawn at random, are mirrored left to right. */
  readonly flip?: boolean;
  /** Whether half of the pictures, drawn at random, are mirrored top to bottom. */
  readonly verticalFlip?: boolean;
  /**
   * Largest shift along each axis in whole pixels, which leaves pixels as sharp as they are: a picture cut at random from a larger one,
   * which has so many pixels more on each side. Those are reflected at the edge; they are so for all that moves pixels then, where
   * without `crop` the pixels of the edge continue.
   */
  readonly crop?: number;
  /** Largest change of brightness, in [0, 1]: 0.3 means that pixels are 0.7 to 1.3 times as bright. */
  readonly brightness?: number;
  /** Largest change of the distance from the mean of the picture, in [0, 1]: 0.3 means 0.7 to 1.3 times. */
  readonly contrast?: number;
  /** Largest change of the distance from gray, in [0, 1], of pictures with three channels. */
  readonly saturation?: number;
  /** Largest rotation of the colors about gray either way, in degrees: 120 makes red green. Of pictures with three channels. */
  readonly hue?: number;
  /** Largest standard deviation of the noise that each pixel and channel is given, in [0, 1]. */
  readonly noise?: number;
  /** Largest standard deviation of the Gaussian that blurs, in pixels. */
  readonly blur?: number;
  /**
   * Largest share of the picture that one rectangle of it loses, in [0, 1): it becomes plain, of the mean of each channel (DeVries and
   * Taylor, "Cutout", 2017; Zhong et al., "Random erasing", 2017). It is up to twice as wide as high, or as high as wide.
   */
  readonly erase?: number;
  /**
   * Share of the pictures, in [0, 1), that shift, rotation, scale, shear and elastic leave alone. Pixels that are interpolated are less
   * sharp: a network that sees no picture as it is can be at a loss when the first one comes. A conv-lstm that was
   * trained for five epochs on moved slices of heads knew 81 % of moved ones and 66 % of others; with half of them unmoved, 83 % of others.
   */
  readonly unmoved?: number;
  /** What is removed of the picture at last: its pixels become NaN, and the option `missing` says what is made of them. */
  readonly remove?: Removal;
}

/** The changes that a number or a switch says. */
export type NamedChanges = Omit<AugmentOptions, 'remove'>;

export type AugmentName = keyof NamedChanges;

/** What is known of a change. */
interface ChangeFacts {
  /** The largest value; Infinity for any, undefined for a switch. */
  readonly most?: number;
  /** Whether the largest value itself is too much. */
  readonly below?: boolean;
  /** What the value is a number of. */
  readonly unit?: 'PIXELS' | 'DEGREES' | 'SHARE' | 'DEVIATION';
  /** A value that is of use; true of a switch. */
  readonly example: number | true;
  /** Whether it needs pixels from 0 to 1, within which it stays. */
  readonly ofUnitPixels?: boolean;
  readonly ofColors?: boolean;
  /** Whether it is no change, but keeps some pictures from those that interpolate. */
  readonly ofMoves?: boolean;
}

/** All changes, in the order in which a picture undergoes them. */
export const changeFacts: Readonly<Record<AugmentName, ChangeFacts>> = {
  shift: { most: Number.POSITIVE_INFINITY, unit: 'PIXELS', example: 2 },
  rotation: { most: 360, unit: 'DEGREES', example: 10 },
  scale: { most: 1, below: true, unit: 'SHARE', example: 0.1 },
  shear: { most: 90, below: true, unit: 'DEGREES', example: 10 },
  elastic: { most: Number.POSITIVE_INFINITY, unit: 'PIXELS', example: 4 },
  flip: { example: true },
  verticalFlip: { example: true },
  crop: { most: Number.POSITIVE_INFINITY, unit: 'PIXELS', example: 4 },
  brightness: { most: 1, unit: 'SHARE', example: 0.3, ofUnitPixels: true },
  contrast: { most: 1, unit: 'SHARE', example: 0.3, ofUnitPixels: true },
  saturation: { most: 1, unit: 'SHARE', example: 0.5, ofUnitPixels: true, ofColors: true },
  hue: { most: 180, unit: 'DEGREES', example: 20, ofUnitPixels: true, ofColors: true },
  blur: { most: 10, unit: 'PIXELS', example: 1 },
  noise: { most: 1, unit: 'DEVIATION', example: 0.05, ofUnitPixels: true },
  erase: { most: 1, below: true, unit: 'SHARE', example: 0.3 },
  unmoved: { most: 1, below: true, unit: 'SHARE', example: 0.5, ofMoves: true },
};

/** The changes that interpolate. */
const moves = ['shift', 'rotation', 'scale', 'shear', 'elastic'] as const;

export const augmentNames = Object.keys(changeFacts) as readonly AugmentName[];

/** Whether a value is one that a change can have. */
export function isStrength(name: AugmentName, value: number): boolean {
  const { most = 0, below } = changeFacts[name];
  const whole = name !== 'crop' || Number.isInteger(value);
  return Number.isFinite(value) && value >= 0 && whole && (below ? value < most : value <= most);
}

/** The values that a change can have, in words. `least`: how they begin. */
export function describeStrengths(name: AugmentName, least: string): string {
  const { most, below } = changeFacts[name];
  const kind = name === 'crop' ? 'a whole number' : 'a number';
  return `${kind} ${least}${most === Number.POSITIVE_INFINITY ? '' : below ? `, below ${most}` : `, at most ${most}`}`;
}

/**
 * Throws OptionError when an option is unknown, out of its range, moves pixels as far as the pictures reach, or is for colors, which
 * they do not have.
 *
 * @param image `[H, W, C]` of the pictures
 */
export function requireAugmentOptions(
  where: string,
  options: AugmentOptions,
  [height, width, channels]: readonly number[],
): void {
  requireKnownOptions(where, options, [...augmentNames, 'remove']);
  for (const name of augmentNames) {
    const value = options[name] ?? 0;
    const { most, ofColors } = changeFacts[name];
    if (most === undefined) requireBoolean(where, name, (options[name] as boolean | undefined) ?? false);
    else if (typeof value !== 'number' || !isStrength(name, value)) {
      throw new OptionError({
        where,
        got: `${name} ${describeValue(value)}`,
        expected: describeStrengths(name, 'of at least 0'),
        cure: 'Correct the option, or leave it out.',
      });
    } else if (value > 0 && ofColors && channels !== 3) {
      throw new OptionError({
        where,
        got: `${name} ${value} for pictures of ${channels === 1 ? '1 channel' : `${channels} channels`}`,
        expected: 'pictures with three channels: red, green, blue',
        cure: 'Leave the option out.',
      });
    } else if (most === Number.POSITIVE_INFINITY && value >= Math.max(height, width)) {
      throw new OptionError({
        where,
        got: `${name} ${value} for pictures of ${height}×${width} pixels`,
        expected: 'fewer pixels than the longer side has: else nothing of a picture may be left',
        cure: `Give less, such as ${changeFacts[name].example}, or leave the option out.`,
      });
    }
  }
  if (options.unmoved && !moves.some((name) => options[name])) {
    throw new OptionError({
      where,
      got: `unmoved ${options.unmoved} where nothing moves`,
      expected: `one of ${moves.join(', ')} besides`,
      cure: 'Leave unmoved out: the other changes keep pixels as sharp as they are.',
    });
  }
  if (options.remove !== undefined) requireRemoval(`${where}, remove`, options.remove);
}

/** Throws OptionError for pixels outside of 0 to 1 where a change would cut them off. NaN pixels, which are missing ones, stay so. */
export function requireUnitPixels(where: string, pixels: ArrayLike<number>, options: AugmentOptions): void {
  const name = augmentNames.find((each) => changeFacts[each].ofUnitPixels && (options[each] ?? 0) !== 0);
  if (name !== undefined) requireUnitPixelsFor(name, where, pixels);
}

/** `requireUnitPixels` where a change by this name is one that would. */
export function requireUnitPixelsFor(name: string, where: string, pixels: ArrayLike<number>): void {
  for (let index = 0; index < pixels.length; index++) {
    const value = pixels[index];
    // Resizing and interpolation round.
    if (!(value < -1e-3 || value > 1.001)) continue;
    throw new OptionError({
      where,
      got: `${name} for pixels such as ${value}`,
      expected: 'pixels from 0 to 1, within which they stay',
      cure: 'Change pictures before they are normalized, and divide pixels by the largest value that they can have.',
    });
  }
}
