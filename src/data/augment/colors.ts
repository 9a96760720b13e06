/** Brightness, contrast, saturation and hue: one affine map of the channels of a pixel. */

/** Strengths that a picture has drawn. */
export interface ColorChange {
  /** Factor of all pixels. */
  readonly brightness: number;
  /** Factor of the distance from the mean of the picture. */
  readonly contrast: number;
  /** Factor of the distance from gray, which is the mean of red, green and blue. */
  readonly saturation: number;
  /** Radians about gray. */
  readonly hue: number;
}

/**
 * @param pixels `[…, C]` from 0 to 1, where they stay; NaN stays NaN. Saturation and hue change pictures of three channels only
 */
export function changeColors(
  pixels: Float32Array,
  channels: number,
  { brightness, contrast, saturation, hue }: ColorChange,
): void {
  const factor = brightness * contrast;
  const offset = brightness * (1 - contrast) * (contrast === 1 ? 0 : meanOf(pixels));
  if (channels !== 3 || (saturation === 1 && hue === 0)) {
    for (let index = 0; index < pixels.length; index++) pixels[index] = unit(factor * pixels[index] + offset);
    return;
  }
  // The rotation about (1, 1, 1) is circulant, and so is whatever pulls toward gray: three numbers are the whole matrix.
  const ofGray = (1 - saturation) / 3;
  const cosine = Math.cos(hue);
  const sine = Math.sin(hue) / Math.sqrt(3);
  const [same, previous, next] = [(2 * cosine + 1) / 3, (1 - cosine) / 3 + sine, (1 - cosine) / 3 - sine].map(
    (each) => factor * (saturation * each + ofGray),
  );
  for (let index = 0; index < pixels.length; index += 3) {
    const red = pixels[index];
    const green = pixels[index + 1];
    const blue = pixels[index + 2];
    pixels[index] = unit(same * red + next * green + previous * blue + offset);
    pixels[index + 1] = unit(previous * red + same * green + next * blue + offset);
    pixels[index + 2] = unit(next * red + previous * green + same * blue + offset);
  }
}

/** Of what is there. */
function meanOf(pixels: Float32Array): number {
  let sum = 0;
  let count = 0;
  for (let index = 0; index < pixels.length; index++) {
    const value = pixels[index];
    if (Number.isNaN(value)) continue;
    sum += value;
    count++;
  }
  return count === 0 ? 0 : sum / count;
}

/** Within 0 to 1; NaN is NaN. */
function unit(value: number): number {
  return value < 0 ? 0 : value > 1 ? 1 : value;
}
