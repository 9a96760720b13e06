/** Upsampling of images: by a factor or to a size, with the nearest pixel or bilinearly. */
import { requireKnownOptions, requireOneOf } from '../options.ts';
import { fromData } from '../tensor/leaves.ts';
import { inScope } from '../tensor/scope.ts';
import { checkSize, formatShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { requireDType, requireOption } from './apply.ts';
import { broadcastTo, reshape } from './broadcast.ts';
import { type Pair, requirePair, requireRank } from './convolution.ts';
import { add, multiply, subtract } from './elementwise.ts';
import { gather } from './indexing.ts';

/** Options of `upsample2d`: a `factor` or a `size`, not both. */
export interface Upsample2dOptions {
  /** How many times as high and wide: a whole number for both axes, or [height, width]. Default 2. */
  readonly factor?: Pair;
  /** The height and width of the result: a number for both, or [height, width]. They may be smaller, too. */
  readonly size?: Pair;
  /**
   * `'nearest'` (default): the pixel at ⌊k·H/OH⌋. `'bilinear'`: between the two pixels around (k + ½)·H/OH - ½, at the border
   * the last one (PyTorch's `align_corners=False`).
   */
  readonly mode?: 'nearest' | 'bilinear';
}

/** Throws OptionError for options out of range; returns the mode, and the factor or the size as two numbers. */
export function requireUpsampling(where: string, options: Upsample2dOptions) {
  requireKnownOptions(where, options, ['factor', 'size', 'mode']);
  const { factor, size, mode = 'nearest' } = options;
  requireOneOf(where, 'mode', mode, ['nearest', 'bilinear']);
  if (size === undefined) return { mode, factor: requirePair(where, 'factor', factor ?? 2, 1) };
  requireOption(
    factor === undefined,
    'upsample2d',
    'a factor and a size',
    'one of them',
    'A factor multiplies height and width, a size says what they become.',
  );
  return { mode, size: requirePair(where, 'size', size, 1) };
}

/** The elements of x at these places of an axis. */
function pick(x: Tensor, axis: number, places: Int32Array): Tensor {
  return gather(x, fromData(places, [places.length], 'int32'), axis);
}

/** x with an axis of another length. */
function resample(x: Tensor, axis: number, length: number, mode: 'nearest' | 'bilinear'): Tensor {
  const from = x.shape[axis];
  if (length === from) return x;
  if (mode === 'bilinear') {
    const places = Float64Array.from({ length }, (_, k) => Math.max(0, ((k + 0.5) * from) / length - 0.5));
    const before = Int32Array.from(places, Math.floor);
    const after = before.map((place) => Math.min(place + 1, from - 1));
    const shares = Float32Array.from(places, (place, k) => place - before[k]);
    const [low, high] = [pick(x, axis, before), pick(x, axis, after)];
    const beside = x.shape.map((_, other) => (other === axis ? length : 1));
    return add(low, multiply(fromData(shares, beside, 'float32'), subtract(high, low)));
  }
  if (length % from !== 0) {
    return pick(
      x,
      axis,
      Int32Array.from({ length }, (_, k) => Math.floor((k * from) / length)),
    );
  }
  const [outer, inner] = [x.shape.slice(0, axis + 1), x.shape.slice(axis + 1)];
  const repeated = broadcastTo(reshape(x, [...outer, 1, ...inner]), [...outer, length / from, ...inner]);
  return reshape(repeated, [...x.shape.slice(0, axis), length, ...inner]);
}

/**
 * Images at another size: x [N, H, W, C] → [N, OH, OW, C]. By default twice as high and wide, each pixel repeated.
 *
 * @throws ShapeError for another rank; OptionError for options out of range, and images without pixels; DTypeError unless x
 * is float32
 */
export function upsample2d(x: Tensor, options: Upsample2dOptions = {}): Tensor {
  requireDType('upsample2d', x, 'float32');
  requireRank('upsample2d', x, ['N', 'H', 'W', 'C']);
  const { mode, factor = [1, 1], size } = requireUpsampling(inScope('upsample2d'), options);
  const [n, height, width, channels] = x.shape;
  requireOption(
    height > 0 && width > 0,
    'upsample2d',
    formatShape(x.shape, ['N', 'H', 'W', 'C']),
    'images of at least one pixel',
    'There is nothing to see between no pixels: look at what comes before.',
  );
  const [rows, columns] = size ?? [height * factor[0], width * factor[1]];
  checkSize('upsample2d', [n, rows, columns, channels]);
  return resample(resample(x.snapshot(), 1, rows, mode), 2, columns, mode);
}
