/** The orders in which an image is read as a sequence, by name: what one step sees, and how the steps follow each other. */
import { OptionError } from '../../errors.ts';
import { describeValue } from '../../options.ts';
import { describeLengths } from '../../tensor/shape.ts';
import { nearest } from '../../text.ts';
import { type Area, tilingOf } from '../tiles.ts';
import { diagonal, hilbert, permuted, snake, spiral, type Walk } from './walks.ts';

/** The name of an order, see `ImageToSequence`. */
export type ReadingOrder =
  | 'rows'
  | 'columns'
  | 'pixels'
  | `patches:${number}x${number}`
  | 'snake'
  | 'spiral'
  | 'hilbert'
  | 'diagonal'
  | `permuted:${number}`;

/** Of one image, or of the feature maps of one. */
export type GridShape = readonly [height: number, width: number, channels: number];

/** An order, read from its name. */
export interface Reading {
  /** What a step sees of an image: a rectangle, [height, width]. */
  tile(height: number, width: number): Area;
  /** How single pixels follow each other. Default: tiles row by row. */
  readonly walk?: Walk;
}

const pixel = () => [1, 1] as const;

/** The orders that are a name alone. */
const plainOrders: Readonly<Record<string, Reading>> = {
  rows: { tile: (_, width) => [1, width] },
  columns: { tile: (height) => [height, 1] },
  pixels: { tile: pixel },
  snake: { tile: pixel, walk: snake },
  spiral: { tile: pixel, walk: spiral },
  hilbert: { tile: pixel, walk: hilbert },
  diagonal: { tile: pixel, walk: diagonal },
};

/** An order that says more behind a colon. */
interface OrderWith {
  readonly form: string;
  readonly example: ReadingOrder;
  /** From what stands behind the colon; undefined if it cannot be read. */
  read(text: string): Reading | undefined;
}

const ordersWith: Readonly<Record<string, OrderWith>> = {
  patches: {
    form: 'patches:HEIGHTxWIDTH',
    example: 'patches:4x4',
    read(text) {
      const [height, width] = /^(\d+)x(\d+)$/.exec(text)?.slice(1).map(Number) ?? [];
      return height > 0 && width > 0 ? { tile: () => [height, width] } : undefined;
    },
  },
  permuted: {
    form: 'permuted:SEED',
    example: 'permuted:1',
    read(text) {
      const seed = Number(text);
      if (!/^\d+$/.test(text) || !Number.isSafeInteger(seed)) return undefined;
      return { tile: pixel, walk: (height, width) => permuted(height, width, seed) };
    },
  },
};

/** The orders as they are written: rows, columns, …, patches:HEIGHTxWIDTH, permuted:SEED. */
export const readingOrders: readonly string[] = [
  ...Object.keys(plainOrders),
  ...Object.values(ordersWith).map(({ form }) => form),
];

/**
 * What the name of an order says.
 *
 * @throws OptionError for a name that is none, suggesting the nearest one
 */
export function parseOrder(where: string, order: unknown): Reading {
  const [name, ...more] = typeof order === 'string' ? order.split(':') : [''];
  const reading = Object.hasOwn(ordersWith, name)
    ? ordersWith[name].read(more.join(':'))
    : Object.hasOwn(plainOrders, name) && more.length === 0
      ? plainOrders[name]
      : undefined;
  if (reading) return reading;
  const near = nearest(name, [...Object.keys(plainOrders), ...Object.keys(ordersWith)]);
  throw new OptionError({
    where,
    got: `order ${describeValue(order)}`,
    expected: `one of ${readingOrders.join(', ')}`,
    cure: `${near === undefined ? '' : `Did you mean '${ordersWith[near]?.example ?? near}'? `}Choose one of these.`,
  });
}

/**
 * What `ImageToSequence` makes of an image [H, W, C]: [T, F], steps and features of each.
 *
 * ```ts
 * sequenceShape('rows', [28, 28, 1]); // [28, 28]
 * sequenceShape('patches:4x4', [28, 28, 3]); // [49, 48]
 * ```
 *
 * @throws OptionError for an unknown order, or what is no shape of an image; ShapeError for patches that do not divide it
 */
export function sequenceShape(
  order: ReadingOrder,
  shape: GridShape,
): readonly [steps: number, features: number] {
  const [height, width, channels] = requireImageShape('sequenceShape', shape);
  const tile = parseOrder('sequenceShape', order).tile(height, width);
  const [rows, columns] = tilingOf('sequenceShape', [height, width], tile);
  return [rows * columns, tile[0] * tile[1] * channels];
}

/** @throws OptionError unless it is [H, W, C] */
export function requireImageShape(where: string, shape: GridShape, name = 'shape'): GridShape {
  const whole = (length: number) => Number.isSafeInteger(length) && length >= 1;
  if (Array.isArray(shape) && shape.length === 3 && [...shape].every(whole)) return shape;
  throw new OptionError({
    where,
    got: `${name} ${Array.isArray(shape) ? describeLengths(shape) : describeValue(shape)}`,
    expected: '[H, W, C]: three whole numbers of at least 1',
    cure: 'Give height, width and channels of one image, [28, 28, 1] for example, without the batch.',
  });
}
