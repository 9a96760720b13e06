/**
 * What images are recognized by: grids of their mean brightness, the low frequencies of these (a sketch), and short codes of
 * sketches.
 */
import { fullBrightness, type ImageDataset, imageCount } from './dataset.ts';
import { RandomGenerator } from './random-generator.ts';
import { axisWeights } from './resize.ts';

/** Sides of the grids; averages over larger areas correlate for images that only look alike. */
const mostSide = 32;
/** Frequencies along an axis, and all but the mean. */
const frequencies = 8;
export const coefficients = frequencies ** 2 - 1;
/** Images whose brightness deviates by less than this (of 1) show nothing that could be compared. */
const leastDeviation = 0.005;
/** A code has more values than there are images. Still more bits would miss more, fewer lead to more candidates. */
const bitsFor = (count: number): number => Math.min(Math.max(Math.ceil(Math.log2(count)) + 2, 8), 18);
/** The bits of codes are signs of coefficients below this sum of frequencies, which noise and resizing change least. */
const frequencySum = 8;
/** The low frequencies of each image of a data set, of mean 0 and length 1 (0 for plain ones). */
export class Sketches {
  /** `[N, coefficients]` */
  readonly values: Float32Array;
  readonly #grids: Grids;
  readonly #plain: Uint8Array;

  constructor(dataset: ImageDataset, size: GridSize) {
    const count = imageCount(dataset);
    this.#grids = new Grids(dataset, size);
    this.values = new Float32Array(count * coefficients);
    this.#plain = new Uint8Array(count);
    const { height, width } = this.#grids;
    const rows = cosines(height);
    const columns = cosines(width);
    const grid = new Float32Array(height * width);
    // Even waves are symmetric, odd ones antisymmetric: half of the rows, added to or less the other half, will do.
    const folded = Math.ceil(height / 2);
    const [sums, differences] = [new Float32Array(folded * width), new Float32Array(folded * width)];
    const half = new Float32Array(frequencies * width);
    for (let image = 0; image < count; image++) {
      this.#grids.read(image, grid);
      if (center(grid) < leastDeviation * Math.sqrt(grid.length)) this.#plain[image] = 1;
      for (let y = 0; y < folded; y++) {
        const opposite = (height - 1 - y) * width;
        const isMiddle = 2 * y === height - 1;
        for (let x = 0; x < width; x++) {
          const [above, below] = [grid[y * width + x], isMiddle ? 0 : grid[opposite + x]];
          sums[y * width + x] = above + below;
          differences[y * width + x] = above - below;
        }
      }
      half.fill(0);
      for (let v = 0; v < frequencies; v++) {
        const source = v % 2 === 0 ? sums : differences;
        for (let y = 0; y < folded; y++) {
          const weight = rows[v * height + y];
          for (let x = 0; x < width; x++) half[v * width + x] += weight * source[y * width + x];
        }
      }
      const start = image * coefficients - 1;
      for (let v = 0; v < frequencies; v++) {
        for (let u = 0; u < frequencies; u++) {
          if (u + v === 0) continue;
          let sum = 0;
          for (let x = 0; x < width; x++) sum += columns[u * width + x] * half[v * width + x];
          this.values[start + v * frequencies + u] = sum;
        }
      }
      normalize(this.values.subarray(start + 1, start + 1 + coefficients));
    }
  }

  isPlain(image: number): boolean {
    return this.#plain[image] === 1;
  }

  correlation(image: number, sketch: Float32Array): number {
    const start = image * coefficients;
    let sum = 0;
    for (let i = 0; i < coefficients; i++) sum += this.values[start + i] * sketch[i];
    return sum;
  }

  get grids(): Grids {
    return this.#grids;
  }
}

/** The short codes of sketches. */
export class SketchCodes {
  readonly bits: number;
  readonly #means: Float32Array;
  /** Which coefficients, `[codes, bits]`. */
  readonly #places: Int32Array;

  /** @param codes how many codes there are */
  constructor(sketches: Float32Array, count: number, codes: number) {
    this.#means = new Float32Array(coefficients);
    for (let i = 0; i < sketches.length; i++) this.#means[i % coefficients] += sketches[i] / count;
    const low = Array.from({ length: coefficients }, (_, i) => i).filter(
      (i) => ((i + 1) % frequencies) + Math.floor((i + 1) / frequencies) < frequencySum,
    );
    this.bits = bitsFor(count);
    const generator = new RandomGenerator(0);
    this.#places = new Int32Array(codes * this.bits);
    for (let code = 0; code < codes; code++) {
      const order = generator.permutation(low.length);
      for (let bit = 0; bit < this.bits; bit++) this.#places[code * this.bits + bit] = low[order[bit]];
    }
  }

  /** Whether each coefficient is above its mean, a bit each. */
  signs(sketch: Float32Array): [number, number] {
    let [low, high] = [0, 0];
    for (let i = 0; i < 32; i++) {
      if (sketch[i] > this.#means[i]) low |= 1 << i;
      if (i + 32 < coefficients && sketch[i + 32] > this.#means[i + 32]) high |= 1 << i;
    }
    return [low, high];
  }

  of(sketch: Float32Array, code: number): number {
    let value = 0;
    for (let bit = 0; bit < this.bits; bit++) {
      const place = this.#places[code * this.bits + bit];
      value = 2 * value + (sketch[place] > this.#means[place] ? 1 : 0);
    }
    return value;
  }
}

/** The sides of a grid. */
export interface GridSize {
  readonly height: number;
  readonly width: number;
}

/** The finest grid that the images of all data sets fill. */
export function commonGrid(...datasets: readonly ImageDataset[]): GridSize {
  const side = (axis: 1 | 2): number => Math.min(mostSide, ...datasets.map(({ shape }) => shape[axis]));
  return { height: side(1), width: side(2) };
}

/** The mean brightness of areas of images: at most 32 along each axis. */
class Grids {
  readonly height: number;
  readonly width: number;
  readonly #dataset: ImageDataset;
  readonly #gray: Float32Array;
  readonly #narrow: Float32Array;
  readonly #rows;
  readonly #columns;

  constructor(dataset: ImageDataset, { height: gridHeight, width: gridWidth }: GridSize) {
    const [, height, width] = dataset.shape;
    this.#dataset = dataset;
    this.height = gridHeight;
    this.width = gridWidth;
    this.#gray = new Float32Array(height * width);
    this.#narrow = new Float32Array(height * this.width);
    this.#rows = axisWeights(height, this.height);
    this.#columns = axisWeights(width, this.width);
  }

  /** The grid of an image that is mirrored, of mean 0 and length 1. */
  mirrored(image: number, mirrorX: boolean, mirrorY: boolean): Float32Array {
    const { height, width } = this;
    const grid = new Float32Array(height * width);
    this.read(image, grid);
    center(grid);
    normalize(grid);
    if (mirrorX) for (let y = 0; y < height; y++) grid.subarray(y * width, (y + 1) * width).reverse();
    // Both axes are mirrored by the reverse of all, which mirrors each row as well.
    if (mirrorY) {
      grid.reverse();
      for (let y = 0; y < height; y++) grid.subarray(y * width, (y + 1) * width).reverse();
    }
    return grid;
  }

  /** Writes the grid of an image, values in [0, 1], into `grid`. */
  read(image: number, grid: Float32Array): void {
    const [, height, width, channels] = this.#dataset.shape;
    const { images } = this.#dataset;
    const start = image * height * width * channels;
    const scale = 1 / channels / fullBrightness(images);
    const whole = height === this.height && width === this.width;
    const gray = whole ? grid : this.#gray;
    for (let i = 0; i < gray.length; i++) {
      let sum = 0;
      for (let channel = 0; channel < channels; channel++) sum += images[start + i * channels + channel];
      gray[i] = sum * scale;
    }
    if (whole) return;
    const [rows, columns, narrow] = [this.#rows, this.#columns, this.#narrow];
    for (let x = 0; x < this.width; x++) {
      const from = columns.starts[x];
      const taps = columns.starts[x + 1] - from;
      for (let y = 0; y < height; y++) {
        let sum = 0;
        for (let tap = 0; tap < taps; tap++) {
          sum += columns.weights[from + tap] * gray[y * width + columns.firsts[x] + tap];
        }
        narrow[y * this.width + x] = sum;
      }
    }
    for (let y = 0; y < this.height; y++) {
      const from = rows.starts[y];
      const taps = rows.starts[y + 1] - from;
      for (let x = 0; x < this.width; x++) {
        let sum = 0;
        for (let tap = 0; tap < taps; tap++) {
          sum += rows.weights[from + tap] * narrow[(rows.firsts[y] + tap) * this.width + x];
        }
        grid[y * this.width + x] = sum;
      }
    }
  }
}

/** The middle frequencies of a grid, of mean 0 and length 1: the Laplacian of the means of 2×2 areas. */
export function middleFrequencies(grid: Float32Array, height: number, width: number): Float32Array {
  const [rows, columns] = [Math.max(height - 1, 1), Math.max(width - 1, 1)];
  const smooth = new Float32Array(rows * columns);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const [below, right] = [Math.min(y + 1, height - 1), Math.min(x + 1, width - 1)];
      smooth[y * columns + x] =
        grid[y * width + x] + grid[y * width + right] + grid[below * width + x] + grid[below * width + right];
    }
  }
  const laplacian = new Float32Array(smooth.length);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      laplacian[y * columns + x] =
        4 * smooth[y * columns + x] -
        smooth[Math.max(y - 1, 0) * columns + x] -
        smooth[Math.min(y + 1, rows - 1) * columns + x] -
        smooth[y * columns + Math.max(x - 1, 0)] -
        smooth[y * columns + Math.min(x + 1, columns - 1)];
    }
  }
  center(laplacian);
  normalize(laplacian);
  return laplacian;
}

/** `[frequencies, length]`: the first waves of the cosine transform. */
function cosines(length: number): Float32Array {
  return Float32Array.from({ length: frequencies * length }, (_, i) => {
    const frequency = Math.floor(i / length);
    return frequency < length ? Math.cos((Math.PI * frequency * ((i % length) + 0.5)) / length) : 0;
  });
}

/** Mirroring an image changes the signs of its odd frequencies along that axis. */
export function mirrorSketch(sketch: Float32Array, x: boolean, y: boolean, mirrored: Float32Array): void {
  for (let i = 0; i < coefficients; i++) {
    const oddX = x && (i + 1) % 2 === 1;
    const oddY = y && Math.floor((i + 1) / frequencies) % 2 === 1;
    mirrored[i] = oddX === oddY ? sketch[i] : -sketch[i];
  }
}

/** Takes the mean away; returns the length of what is left. */
function center(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  const mean = sum / values.length;
  let square = 0;
  for (let i = 0; i < values.length; i++) {
    values[i] -= mean;
    square += values[i] ** 2;
  }
  return Math.sqrt(square);
}

function normalize(values: Float32Array): void {
  const length = Math.sqrt(dot(values, values));
  if (length > 0) for (let i = 0; i < values.length; i++) values[i] /= length;
}

export function dot(first: Float32Array, second: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < first.length; i++) sum += first[i] * second[i];
  return sum;
}
