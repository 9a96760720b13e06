/** Initial values of weights, all drawn from the seeded generator. */
import { OptionError } from '../errors.ts';
import { full, rand, randn } from '../ops/creation.ts';
import { multiply, subtract } from '../ops/elementwise.ts';
import { requireKnownOptions, requireNumber } from '../options.ts';
import { fromData } from '../tensor/leaves.ts';
import { claimHostNumbers } from '../tensor/random.ts';
import { formatShape, requireShape, type Shape, sizeOf } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** How many values meet in one output, and how many outputs one value reaches. */
export interface Fan {
  /** How many values meet in one output. */
  readonly in: number;
  /** How many outputs one value reaches. */
  readonly out: number;
}

/** Makes the initial value of a weight of the given shape. */
export type Initializer = (shape: Shape, fan: Fan) => Tensor;

/**
 * Fans of a dense weight [in, out] or a convolution weight [KH, KW, C/groups, O]: window size times channels. A vector
 * has its length for both.
 */
export function fansOf(given: Shape): Fan {
  const shape = requireShape('fansOf', given);
  if (shape.length < 2) return { in: sizeOf(shape), out: sizeOf(shape) };
  const [inputs, outputs] = shape.slice(-2) as [number, number];
  const window = sizeOf(shape.slice(0, -2));
  return { in: window * inputs, out: window * outputs };
}

/**
 * `value` everywhere.
 *
 * @throws OptionError unless it is a finite number
 */
export function constant(value: number): Initializer {
  requireNumber('constant', 'value', value, 'a number');
  return (shape) => full(shape, value);
}

/** 0 everywhere. */
export const zeros: Initializer = constant(0);

/** 1 everywhere. */
export const ones: Initializer = constant(1);

/**
 * Uniform in [-bound, bound).
 *
 * @throws OptionError unless the bound is a finite number ≥ 0
 */
export function uniform(bound: number): Initializer {
  requireNumber('uniform', 'bound', bound, 'a number of at least 0');
  return (shape) => multiply(subtract(multiply(rand(shape), 2), 1), bound);
}

/**
 * Normal, of mean 0 and the given standard deviation.
 *
 * @throws OptionError unless the deviation is a finite number ≥ 0
 */
export function normal(deviation: number): Initializer {
  requireNumber('normal', 'deviation', deviation, 'a number of at least 0');
  return (shape) => multiply(randn(shape), deviation);
}

/** An initializer whose spread follows from the fans: those of the shape, unless a layer gives others. */
function scaled(make: (spread: number) => Initializer, spreadOf: (fan: Fan) => number): Initializer {
  return (shape, fan = fansOf(shape)) => {
    requireKnownOptions('initializer', fan, ['in', 'out']);
    requireNumber('initializer', 'fan in', fan.in, 'a number of at least 0');
    requireNumber('initializer', 'fan out', fan.out, 'a number of at least 0');
    // A weight without elements has no spread.
    return make(spreadOf({ in: fan.in || 1, out: fan.out || 1 }))(shape, fan);
  };
}

/** Uniform of variance 2/(in + out): keeps variance forward and backward (Glorot & Bengio 2010). */
export const glorotUniform = scaled(uniform, (fan) => Math.sqrt(6 / (fan.in + fan.out)));

/** Normal of variance 2/(in + out) (Glorot & Bengio 2010). */
export const glorotNormal = scaled(normal, (fan) => Math.sqrt(2 / (fan.in + fan.out)));

/** Uniform of variance 2/in: keeps variance through relu (He et al. 2015; also called Kaiming). */
export const heUniform = scaled(uniform, (fan) => Math.sqrt(6 / fan.in));

/** Normal of variance 2/in (He et al. 2015; also called Kaiming). */
export const heNormal = scaled(normal, (fan) => Math.sqrt(2 / fan.in));

/** Uniform in ±1/√in: the default of PyTorch's linear and convolution layers, for weights and biases. */
export const pytorchDefault = scaled(uniform, (fan) => 1 / Math.sqrt(fan.in));

/**
 * Orthogonal rows or columns, whichever are fewer, times `gain` (default 1): products of many such matrices neither
 * explode nor vanish (Saxe et al. 2014). More than two axes are taken as [all but the last, last].
 *
 * @throws OptionError for fewer than two axes, or a gain that is no finite number.
 */
export function orthogonal(gain = 1): Initializer {
  requireNumber('orthogonal', 'gain', gain, 'a number');
  return (given) => {
    const shape = requireShape('orthogonal', given);
    if (shape.length < 2) {
      throw new OptionError({
        where: 'orthogonal',
        got: formatShape(shape),
        expected: 'a weight of two or more axes',
        cure: 'Use another initializer for vectors.',
      });
    }
    const columns = shape.at(-1)!;
    const rows = sizeOf(shape.slice(0, -1));
    const [long, short] = [Math.max(rows, columns), Math.min(rows, columns)];
    const slab = orthonormalColumns(long, short);
    const values = new Float32Array(rows * columns);
    for (let i = 0; i < long; i++) {
      for (let j = 0; j < short; j++) {
        values[rows >= columns ? i * columns + j : j * columns + i] = gain * slab[i * short + j];
      }
    }
    return fromData(values, shape, 'float32');
  };
}

/**
 * A random row-major matrix [rows, columns] with orthonormal columns, by the parallel Kac walk: layers of random plane
 * rotations, in each of which all rows are paired at random. Rotations keep columns orthonormal to rounding, and each
 * column's law tends to the uniform one on the sphere after O(rows · log rows) rotations (Pillai & Smith 2017), where
 * a QR decomposition of a normal matrix would take O(rows · columns²) operations.
 */
function orthonormalColumns(rows: number, columns: number): Float64Array {
  const slab = new Float64Array(rows * columns);
  const signs = claimHostNumbers(columns);
  for (let j = 0; j < columns; j++) slab[j * columns + j] = signs[j] < 0.5 ? -1 : 1;
  const pairs = Math.floor(rows / 2);
  // Three times ⌈log2 rows⌉ mixes large matrices; three more serve the tiny ones, where an odd row sits out a layer.
  const layers = rows > 1 ? 3 * (Math.ceil(Math.log2(rows)) + 1) : 0;
  const order = Uint32Array.from({ length: rows }, (_, row) => row);
  for (let layer = 0; layer < layers; layer++) {
    const random = claimHostNumbers(rows + pairs);
    shuffle(order, random);
    for (let pair = 0; pair < pairs; pair++) {
      const angle = 2 * Math.PI * random[rows + pair];
      rotateRows(slab, columns, order[2 * pair], order[2 * pair + 1], Math.cos(angle), Math.sin(angle));
    }
  }
  return slab;
}

/** Fisher and Yates's shuffle, one uniform number per element. */
function shuffle(order: Uint32Array, random: Float64Array): void {
  for (let last = order.length - 1; last > 0; last--) {
    const pick = Math.floor(random[last] * (last + 1));
    const picked = order[pick];
    order[pick] = order[last];
    order[last] = picked;
  }
}

function rotateRows(
  slab: Float64Array,
  columns: number,
  rowA: number,
  rowB: number,
  cosine: number,
  sine: number,
): void {
  let a = rowA * columns;
  let b = rowB * columns;
  for (let j = 0; j < columns; j++, a++, b++) {
    const valueA = slab[a];
    const valueB = slab[b];
    slab[a] = cosine * valueA - sine * valueB;
    slab[b] = sine * valueA + cosine * valueB;
  }
}
