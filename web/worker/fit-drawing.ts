/** Brings a drawing into the form of the training images, so that it may be small, large or in a corner. */

/** What the training images have in common, as parts of their side: the longer side of their ink, and where its center of mass lies. */
const inkSide = 15 / 20;
const centerPlace = 10.3 / 20;
/** Ink fainter than this does not count for the size. */
const faint = 0.25;

/** The drawing, scaled and moved: `[side, side]` in and out, in [0, 1]. An empty one stays as it is. */
export function fitDrawing(pixels: Float32Array, side: number): Float32Array {
  const ink = measure(pixels, side);
  if (ink === undefined) return pixels;
  const scale = ink.longest / (inkSide * side);
  const center = centerPlace * side - 0.5;
  const fitted = new Float32Array(pixels.length);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const fromX = ink.centerX + (x - center) * scale;
      const fromY = ink.centerY + (y - center) * scale;
      fitted[y * side + x] = between(pixels, side, fromX, fromY);
    }
  }
  return fitted;
}

interface Ink {
  readonly longest: number;
  readonly centerX: number;
  readonly centerY: number;
}

function measure(pixels: Float32Array, side: number): Ink | undefined {
  let [left, right, top, bottom] = [side, -1, side, -1];
  let [mass, momentX, momentY] = [0, 0, 0];
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const value = pixels[y * side + x];
      mass += value;
      momentX += value * x;
      momentY += value * y;
      if (value < faint) continue;
      [left, right] = [Math.min(left, x), Math.max(right, x)];
      [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
    }
  }
  if (right < 0) return undefined;
  const longest = Math.max(right - left, bottom - top) + 1;
  return { longest, centerX: momentX / mass, centerY: momentY / mass };
}

/** The value between four pixels, interpolated linearly; black outside. */
function between(pixels: Float32Array, side: number, x: number, y: number): number {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [partX, partY] = [x - left, y - top];
  const at = (column: number, row: number): number =>
    column < 0 || row < 0 || column >= side || row >= side ? 0 : pixels[row * side + column];
  const above = at(left, top) * (1 - partX) + at(left + 1, top) * partX;
  const below = at(left, top + 1) * (1 - partX) + at(left + 1, top + 1) * partX;
  return above * (1 - partY) + below * partY;
}
