/** Moves the pixels of a picture: one affine map, and displacements of each pixel, in a single interpolation. */
import { copyOf } from './scratch.ts';

/** A change of place, about the center of the picture: it is mirrored, slanted, turned and scaled, and shifted at last. */
export interface Motion {
  /** Pixels, to the right. */
  readonly shiftX: number;
  /** Pixels, down. */
  readonly shiftY: number;
  /** Radians, clockwise on the screen (y points down). */
  readonly angle: number;
  /** Of the size. */
  readonly factor: number;
  /** The tangent of the slant: pixels to the right for each pixel down. */
  readonly slant: number;
  readonly mirrored: boolean;
  readonly upsideDown: boolean;
}

/** What is read outside of the picture: its edge continues, or is the mirror. */
export type OutsidePixels = 'edge' | 'reflect';

/**
 * Fills each target pixel from the place it came from, linearly between the four nearest pixels.
 *
 * @param pixels `[H, W, C]`, changed in place
 * @param displacements `[H, W, 2]`: how far from there, in x and y, each target pixel is read
 */
export function resample(
  pixels: Float32Array,
  [height, width, channels]: readonly [height: number, width: number, channels: number],
  { shiftX, shiftY, angle, factor, slant, mirrored, upsideDown }: Motion,
  border: OutsidePixels,
  displacements?: Float32Array,
): void {
  const source = copyOf(pixels);
  const [lastX, lastY] = [width - 1, height - 1];
  const [centerX, centerY] = [lastX / 2, lastY / 2];
  const cosine = Math.cos(angle) / factor;
  const sine = Math.sin(angle) / factor;
  // The inverse map, as a matrix: turned and scaled back, then upright again, then mirrored back.
  const [signX, signY] = [mirrored ? -1 : 1, upsideDown ? -1 : 1];
  const xByX = signX * (cosine + slant * sine);
  const xByY = signX * (sine - slant * cosine);
  const yByX = -signY * sine;
  const yByY = signY * cosine;
  const placeOf = border === 'reflect' ? reflect : clamp;
  const row = width * channels;
  let at = 0;
  let target = 0;
  for (let y = 0; y < height; y++) {
    const fromCenterY = y - centerY - shiftY;
    for (let x = 0; x < width; x++) {
      const fromCenterX = x - centerX - shiftX;
      let sourceX = centerX + xByX * fromCenterX + xByY * fromCenterY;
      let sourceY = centerY + yByX * fromCenterX + yByY * fromCenterY;
      if (displacements !== undefined) {
        sourceX += displacements[at++];
        sourceY += displacements[at++];
      }
      if (!(sourceX >= 0 && sourceX <= lastX)) sourceX = placeOf(sourceX, lastX);
      if (!(sourceY >= 0 && sourceY <= lastY)) sourceY = placeOf(sourceY, lastY);
      const left = sourceX | 0;
      const top = sourceY | 0;
      const partX = sourceX - left;
      const partY = sourceY - top;
      // Offsets of the four neighbors. One of no weight is the pixel itself: there may be none there, or NaN.
      const toRight = partX > 0 ? channels : 0;
      const toBelow = partY > 0 ? row : 0;
      const ofBelowRight = partX * partY;
      const ofRight = partX - ofBelowRight;
      const ofBelow = partY - ofBelowRight;
      const ofSelf = 1 - partX - ofBelow;
      let from = top * row + left * channels;
      for (const end = target + channels; target < end; target++, from++) {
        pixels[target] =
          ofSelf * source[from] +
          ofRight * source[from + toRight] +
          ofBelow * source[from + toBelow] +
          ofBelowRight * source[from + toBelow + toRight];
      }
    }
  }
}

function clamp(place: number, last: number): number {
  return Math.min(Math.max(place, 0), last);
}

/** Without the pixel of the edge a second time. */
function reflect(place: number, last: number): number {
  if (last === 0) return 0;
  const inPeriod = Math.abs(place) % (2 * last);
  return inPeriod > last ? 2 * last - inPeriod : inPeriod;
}
