/** Layers that read an image, or the feature maps of one, as a sequence, and the way back. */
import { reshape } from '../../ops/broadcast.ts';
import { reorder } from '../../ops/indexing.ts';
import { flip, permute } from '../../ops/movement.ts';
import { requireBoolean, requireKnownOptions } from '../../options.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { imageCure, requireAxes } from '../checks.ts';
import { type JsonValue, Layer } from '../layer.ts';
import { type Area, tilesOf, tilingOf } from '../tiles.ts';
import {
  type GridShape,
  parseOrder,
  type Reading,
  type ReadingOrder,
  requireImageShape,
} from './reading-order.ts';

/** Options of `ImageToSequence` and `SequenceToImage`. */
export interface DirectionOptions {
  /** Whether the last step comes first. What a step sees stays as it is. Default false. */
  readonly reverse?: boolean;
}

function reverseOf(where: string, options: DirectionOptions): boolean {
  requireKnownOptions(where, options, ['reverse']);
  return requireBoolean(where, 'reverse', options.reverse ?? false);
}

/**
 * Reads images, or feature maps, as sequences: x [N, H, W, C] → [N, T, F], as `sequenceShape` says. The orders:
 *
 * | order | a step sees | steps follow each other |
 * |---|---|---|
 * | `rows`, `columns` | a row of W·C, a column of H·C values | from top to bottom, from left to right |
 * | `pixels` | a pixel of C values | row by row, each from left to right |
 * | `patches:PxQ` | P × Q pixels, row by row: P·Q·C values | row by row; P divides H, and Q divides W |
 * | `snake` | a pixel | row by row, to the right and to the left in turn |
 * | `spiral` | a pixel | clockwise along the border, then inwards |
 * | `hilbert` | a pixel | along a Hilbert curve, on any grid: near in time is near in the picture |
 * | `diagonal` | a pixel | diagonal by diagonal, each from upper right to lower left |
 * | `permuted:SEED` | a pixel | in a random order that the seed decides (a whole number from 0), whatever `seed` was called with |
 *
 * ```ts
 * new ImageToSequence('patches:4x4').call(zeros([2, 28, 28, 1])).shape; // [2, 49, 16]
 * new ImageToSequence('hilbert', { reverse: true }).call(zeros([2, 28, 28, 1])).shape; // [2, 784, 1]
 * ```
 *
 * @throws OptionError for an unknown order; ShapeError for another rank, or patches that do not divide the images.
 */
export class ImageToSequence extends Layer {
  static readonly ofLibrary = true;

  /** The name of the order. */
  readonly order: ReadingOrder;
  /** Whether the last step comes first. */
  readonly reverse: boolean;
  readonly #reading: Reading;
  /** The walks over grids that were read. */
  readonly #walks = new Map<string, Int32Array>();

  /**
   * Images x [N, H, W, C] → sequences [N, T, F], in an order such as 'rows', 'patches:4x4' or 'hilbert'. Default: not reversed.
   *
   * @throws OptionError for an unknown order or option
   */
  constructor(order: ReadingOrder, options: DirectionOptions = {}) {
    super();
    const where = new.target.name;
    this.#reading = parseOrder(where, order);
    this.order = order;
    this.reverse = reverseOf(where, options);
  }

  override get kind(): string {
    return 'imageToSequence';
  }

  config(): readonly JsonValue[] {
    return [this.order, { reverse: this.reverse }];
  }

  forward(x: Tensor): Tensor {
    requireAxes(this, x, ['N', 'H', 'W', 'C'], imageCure);
    const [n, height, width] = x.shape as [number, number, number];
    const tile = this.#reading.tile(height, width);
    const [rows, columns] = tilingOf(this.describe(), [height, width], tile);
    const tiles = tilesOf(x, tile);
    const sequence = reshape(tiles, [n, rows * columns, tiles.shape[3]]);
    const walk = this.#walkOver(height, width);
    const walked = walk ? reorder(sequence, walk, 1) : sequence;
    return this.reverse ? flip(walked, 1) : walked;
  }

  #walkOver(height: number, width: number): Int32Array | undefined {
    const size = `${height}×${width}`;
    const walk = this.#walks.get(size) ?? this.#reading.walk?.(height, width);
    if (walk) this.#walks.set(size, walk);
    return walk;
  }
}

/**
 * Reads an image from top to bottom, one row per step: x [N, H, W, C] → [N, T = H, F = W·C], `ImageToSequence('rows')`. After
 * convolutions the rows are rows of feature maps, so this is also the bridge from a convolutional front to a recurrent layer.
 *
 * @throws ShapeError for another rank.
 */
export class RowsToSequence extends ImageToSequence {
  static override readonly ofLibrary = true;

  /** Rows from top to bottom: x [N, H, W, C] → [N, H, W·C]. */
  constructor() {
    super('rows');
  }

  override get kind(): string {
    return 'rowsToSequence';
  }

  override config(): readonly JsonValue[] {
    return [];
  }
}

/**
 * Reads an image from left to right, one column per step: x [N, H, W, C] → [N, T = W, F = H·C], `ImageToSequence('columns')`.
 *
 * @throws ShapeError for another rank.
 */
export class ColumnsToSequence extends ImageToSequence {
  static override readonly ofLibrary = true;

  /** Columns from left to right: x [N, H, W, C] → [N, W, H·C]. */
  constructor() {
    super('columns');
  }

  override get kind(): string {
    return 'columnsToSequence';
  }

  override config(): readonly JsonValue[] {
    return [];
  }
}

/**
 * The way back from `ImageToSequence` of the same order: x [N, T, F] → [N, H, W, C]. F may be another than it was, where a
 * layer between gave each step other features: `shape` says what is made of them.
 *
 * ```ts
 * const there = new ImageToSequence('spiral');
 * const back = new SequenceToImage('spiral', [2, 3, 1]);
 * const image = arange(6).cast('float32').reshape(1, 2, 3, 1);
 * await back.call(there.call(image)).data(); // Float32Array.of(0, 1, 2, 3, 4, 5)
 * ```
 *
 * @throws OptionError for an unknown order; ShapeError for patches that do not divide the image, or another sequence.
 */
export class SequenceToImage extends Layer {
  static readonly ofLibrary = true;

  /** The name of the order. */
  readonly order: ReadingOrder;
  /** Of one image, [H, W, C]. */
  readonly shape: GridShape;
  /** Whether the last step comes first. */
  readonly reverse: boolean;
  /** What a step holds of the image. */
  readonly #tile: Area;
  /** The step that each pixel has, if they do not stand row by row. */
  readonly #stepOf: Int32Array | undefined;

  /**
   * Sequences x [N, T, F] → images [N, H, W, C] of `shape` [H, W, C], as `ImageToSequence` of the same order and options read
   * them. Default: not reversed.
   *
   * @throws OptionError for an unknown order or option, and what is no shape of an image; ShapeError for patches that do not
   * divide it
   */
  constructor(order: ReadingOrder, shape: GridShape, options: DirectionOptions = {}) {
    super();
    const where = new.target.name;
    const { walk, tile } = parseOrder(where, order);
    const [height, width, channels] = requireImageShape(where, shape);
    this.#tile = tile(height, width);
    tilingOf(where, [height, width], this.#tile);
    this.order = order;
    this.shape = [height, width, channels];
    this.reverse = reverseOf(where, options);
    this.#stepOf = walk && inverseOf(walk(height, width));
  }

  override get kind(): string {
    return 'sequenceToImage';
  }

  config(): readonly JsonValue[] {
    return [this.order, this.shape, { reverse: this.reverse }];
  }

  forward(x: Tensor): Tensor {
    const [height, width, channels] = this.shape;
    const [tileHeight, tileWidth] = this.#tile;
    const [rows, columns] = [height / tileHeight, width / tileWidth];
    requireAxes(
      this,
      x,
      ['N', ['T', rows * columns], ['F', tileHeight * tileWidth * channels]],
      'Give the shape of the image that was read, with as many channels as each pixel has values now.',
    );
    const forwards = this.reverse ? flip(x, 1) : x;
    const sequence = this.#stepOf ? reorder(forwards, this.#stepOf, 1) : forwards;
    const tiles = reshape(sequence, [x.shape[0], rows, columns, tileHeight, tileWidth, channels]);
    return reshape(permute(tiles, [0, 1, 3, 2, 4, 5]), [x.shape[0], height, width, channels]);
  }
}

function inverseOf(permutation: Int32Array): Int32Array {
  const inverse = new Int32Array(permutation.length);
  for (const [position, value] of permutation.entries()) inverse[value] = position;
  return inverse;
}
