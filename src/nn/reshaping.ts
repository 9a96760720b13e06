/** Layers that only arrange: other shapes, other borders. */
import { OptionError, ShapeError } from '../errors.ts';
import { reshape } from '../ops/broadcast.ts';
import { type Padding, requirePadding, resolvePadding } from '../ops/convolution.ts';
import { pad, slice } from '../ops/movement.ts';
import { describeValue, requireList } from '../options.ts';
import { describeLengths, formatShape, isLength, type Shape, sizeOf } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { imageCure, requireAxes, requireTensorFor } from './checks.ts';
import { type JsonValue, Layer } from './layer.ts';

/**
 * x [N, …] → [N, all other axes in one].
 *
 * @throws ShapeError for a scalar.
 */
export class Flatten extends Layer {
  static readonly ofLibrary = true;

  override get kind(): string {
    return 'flatten';
  }

  config(): readonly JsonValue[] {
    return [];
  }

  forward(x: Tensor): Tensor {
    if (requireTensorFor(this, x).rank === 0) {
      throw new ShapeError({
        where: this.describe(),
        got: '[] (rank 0)',
        expected: '[N, …] (rank 1 or more)',
        cure: 'The first axis is the batch; add it with expandDims(0).',
      });
    }
    return reshape(x, [x.shape[0], sizeOf(x.shape.slice(1))]);
  }
}

/**
 * x [N, …] → [N, ...shape], the same elements in row-major order. One length may be -1: it is worked out from the rest.
 *
 * @throws OptionError for what is no shape; ShapeError for a scalar, or a sample of another number of elements.
 */
export class Reshape extends Layer {
  static readonly ofLibrary = true;

  /** The lengths of the axes after the batch; one may be -1. */
  readonly shape: Shape;

  /**
   * x [N, …] → [N, ...shape]: `shape` leaves the batch out, as [4, 5] or [-1, 5].
   *
   * @throws OptionError unless they are whole numbers, and at most one of them -1
   */
  constructor(shape: Shape) {
    super();
    const lengths = [...requireList('Reshape', 'shape', shape)];
    const holes = lengths.filter((length) => length === -1).length;
    if (holes > 1 || !lengths.every((length) => length === -1 || isLength(length))) {
      throw new OptionError({
        where: 'Reshape',
        got: `shape ${describeValue(shape)}`,
        expected: 'whole numbers, and at most one -1',
        cure: 'Leave the batch out: [4, 5] gives [N, 4, 5].',
      });
    }
    this.shape = lengths;
  }

  override get kind(): string {
    return 'reshape';
  }

  config(): readonly JsonValue[] {
    return [this.shape];
  }

  forward(x: Tensor): Tensor {
    const [n, ...sample] = requireTensorFor(this, x).shape;
    const known = sizeOf(this.shape.filter((length) => length !== -1));
    // From one sample, so that it is known of a batch of none.
    const lengths = this.shape.map((length) => (length === -1 ? sizeOf(sample) / known : length));
    if (x.rank > 0 && lengths.every(isLength) && sizeOf(lengths) === sizeOf(sample)) {
      return reshape(x, [n, ...lengths]);
    }
    throw new ShapeError({
      where: this.describe(),
      got: `${formatShape(x.shape)}${x.rank === 0 ? ' (rank 0)' : `, ${sizeOf(sample)} elements a sample`}`,
      expected: `a sample that fits ${describeLengths(this.shape)}`,
      cure: 'The first axis is the batch and stays; the others need as many elements as the new shape.',
    });
  }
}

/** How much on each side of an image: a number, [vertical, horizontal], or [[top, bottom], [left, right]]. */
export type Border = Exclude<Padding, string>;

/** A border, looked at, as [[top, bottom], [left, right]]. */
function sidesOf(where: string, border: Border) {
  requirePadding(where, border);
  const [top, bottom, left, right] = resolvePadding(border, [0, 0], [0, 0], [0, 0]);
  return [
    [top, bottom],
    [left, right],
  ] as const;
}

/**
 * Zeros around images: x [N, H, W, C] → [N, top + H + bottom, left + W + right, C]. Convolutions and pooling pad by themselves.
 *
 * @throws OptionError for a border out of range; ShapeError for another rank.
 */
export class ZeroPad2d extends Layer {
  static readonly ofLibrary = true;

  /** [[top, bottom], [left, right]] */
  readonly border: readonly [readonly [number, number], readonly [number, number]];

  /**
   * Zeros around images x [N, H, W, C]. `border`: a number for all sides, [vertical, horizontal], or [[top, bottom], [left,
   * right]]; default 1.
   *
   * @throws OptionError for a border out of range
   */
  constructor(border: Border = 1) {
    super();
    this.border = sidesOf('ZeroPad2d', border);
  }

  override get kind(): string {
    return 'zeroPad2d';
  }

  config(): readonly JsonValue[] {
    return [this.border];
  }

  forward(x: Tensor): Tensor {
    requireAxes(this, x, ['N', 'H', 'W', 'C'], imageCure);
    return pad(x, [[0, 0], ...this.border, [0, 0]]);
  }
}

/**
 * Images without their border: x [N, H, W, C] → [N, H - top - bottom, W - left - right, C].
 *
 * @throws OptionError for a border out of range; ShapeError for another rank, or images that are nothing but border.
 */
export class Crop2d extends Layer {
  static readonly ofLibrary = true;

  /** [[top, bottom], [left, right]] */
  readonly border: readonly [readonly [number, number], readonly [number, number]];

  /**
   * Takes the border off images x [N, H, W, C]. `border`: a number for all sides, [vertical, horizontal], or [[top, bottom],
   * [left, right]].
   *
   * @throws OptionError for a border out of range
   */
  constructor(border: Border) {
    super();
    this.border = sidesOf('Crop2d', border);
  }

  override get kind(): string {
    return 'crop2d';
  }

  config(): readonly JsonValue[] {
    return [this.border];
  }

  forward(x: Tensor): Tensor {
    requireAxes(this, x, ['N', 'H', 'W', 'C'], imageCure);
    const [[top, bottom], [left, right]] = this.border;
    const [, height, width] = x.shape as [number, number, number];
    if (top + bottom < height && left + right < width) {
      return slice(x, null, [top, height - bottom], [left, width - right]);
    }
    throw new ShapeError({
      where: this.describe(),
      got: formatShape(x.shape, ['N', 'H', 'W', 'C']),
      expected: `images of more than ${top + bottom}×${left + right} pixels`,
      cure: 'Take off less: the border is [[top, bottom], [left, right]].',
    });
  }
}
