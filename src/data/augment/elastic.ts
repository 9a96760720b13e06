/**
 * Displacements that bend a picture like rubber: random vectors on a coarse grid, with cubic B-splines between them (free-form deformation,
 * Rueckert et al. 1999). Such a field is close to the noise smoothed by a Gaussian of Simard et al. (2003), at a tenth of its cost.
 */
import type { RandomGenerator } from '../random-generator.ts';
import { displacementRoom } from './scratch.ts';

/** Cells of the grid along the shorter side. */
const cells = 4;

/**
 * @param largest in pixels: no displacement is larger along an axis
 * @returns `[H, W, 2]`, in x and y, until the next call
 */
export function elasticField(
  height: number,
  width: number,
  largest: number,
  generator: RandomGenerator,
): Float32Array {
  const spacing = Math.max(Math.min(height, width) / cells, 1);
  const columns = splineWeights(width, spacing);
  const rows = splineWeights(height, spacing);
  // Each place lies between four points of an axis: one more before the first cell, and one after the last.
  const across = columns.cells + 3;
  const grid = new Float32Array((rows.cells + 3) * across * 2);
  for (let index = 0; index < grid.length; index++) grid[index] = (2 * generator.uniform() - 1) * largest;
  const field = displacementRoom(height * width * 2);
  // Along columns first, for a whole line of the grid at once.
  const line = new Float32Array(across * 2);
  for (let y = 0, at = 0; y < height; y++) {
    const first = rows.first[y] * line.length;
    for (let index = 0, from = first; index < line.length; index++, from++) {
      line[index] =
        rows.weights[4 * y] * grid[from] +
        rows.weights[4 * y + 1] * grid[from + line.length] +
        rows.weights[4 * y + 2] * grid[from + 2 * line.length] +
        rows.weights[4 * y + 3] * grid[from + 3 * line.length];
    }
    for (let x = 0; x < width; x++) {
      const weight = 4 * x;
      for (let axis = 0, from = 2 * columns.first[x]; axis < 2; axis++, from++) {
        field[at++] =
          columns.weights[weight] * line[from] +
          columns.weights[weight + 1] * line[from + 2] +
          columns.weights[weight + 2] * line[from + 4] +
          columns.weights[weight + 3] * line[from + 6];
      }
    }
  }
  return field;
}

interface SplineWeights {
  readonly cells: number;
  /** The first of the four points of each place. */
  readonly first: Int32Array;
  /** `[length, 4]`, of each place 1 in all. */
  readonly weights: Float32Array;
}

/** Of the last lengths: pictures of a data set have one size. */
const known = new Map<string, SplineWeights>();

function splineWeights(length: number, spacing: number): SplineWeights {
  const key = `${length} ${spacing}`;
  const found = known.get(key) ?? newWeights(length, spacing);
  if (known.size > 8) known.clear();
  known.set(key, found);
  return found;
}

function newWeights(length: number, spacing: number): SplineWeights {
  const first = new Int32Array(length);
  const weights = new Float32Array(4 * length);
  for (let place = 0; place < length; place++) {
    first[place] = Math.floor(place / spacing);
    const t = place / spacing - first[place];
    const s = 1 - t;
    weights[4 * place] = s ** 3 / 6;
    weights[4 * place + 1] = (3 * t ** 3 - 6 * t ** 2 + 4) / 6;
    weights[4 * place + 2] = (3 * s ** 3 - 6 * s ** 2 + 4) / 6;
    weights[4 * place + 3] = t ** 3 / 6;
  }
  return { cells: first[length - 1] + 1, first, weights };
}
