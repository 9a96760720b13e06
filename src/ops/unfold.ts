/** The patches of images under a sliding window, as rows: what a convolution multiplies by its weight. */
import { convolvedLength } from '../../kernels/conv2d/index.ts';
import { ShapeError } from '../errors.ts';
import { requireKnownOptions } from '../options.ts';
import { inScope } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { reshape } from './broadcast.ts';
import {
  type Padding,
  type Pair,
  requirePadding,
  requirePair,
  requireRank,
  resolvePadding,
} from './convolution.ts';
import { add, multiply } from './elementwise.ts';
import { gather, iota } from './indexing.ts';
import { expandDims, pad, permute } from './movement.ts';

/** Options of `unfold`. */
export interface UnfoldOptions {
  /** Default 1. */
  readonly stride?: Pair;
  /** Default `'valid'`. What is padded is 0. */
  readonly padding?: Padding;
  /** Distance between neighboring taps of the window. Default 1. */
  readonly dilation?: Pair;
}

/**
 * The pixels under each place of a window [KH, KW] over images: x [N, H, W, C] gives [N, OH, OW, KH·KW·C]. A patch is in
 * row-major order: rows of the window, columns, channels. So `unfold(x, [KH, KW])` times a weight [KH, KW, C, O] as
 * [KH·KW·C, O] is `conv2d(x, weight)`, with the same stride, padding and dilation.
 *
 * @throws ShapeError for another rank, or a window larger than the padded image; OptionError for options out of range
 */
export function unfold(x: Tensor, window: Pair, options: UnfoldOptions = {}): Tensor {
  requireRank('unfold', x, ['N', 'H', 'W', 'C']);
  const where = inScope('unfold');
  requireKnownOptions(where, options, ['stride', 'padding', 'dilation']);
  const size = requirePair(where, 'window', window, 1);
  const stride = requirePair(where, 'stride', options.stride ?? 1, 1);
  const dilation = requirePair(where, 'dilation', options.dilation ?? 1, 1);
  requirePadding(where, options.padding ?? 'valid');
  const [images, height, width, channels] = x.shape;
  const image = [height, width] as const;
  const [top, bottom, left, right] = resolvePadding(
    options.padding ?? 'valid',
    image,
    size,
    stride,
    dilation,
  );
  const rows = convolvedLength(height, size[0], stride[0], top, bottom, dilation[0]);
  const columns = convolvedLength(width, size[1], stride[1], left, right, dilation[1]);
  if (rows === 0 || columns === 0) {
    throw new ShapeError({
      where,
      got: `a window of ${size[0]}×${size[1]} over an image [H=${height}, W=${width}]`,
      expected: 'a window, with its dilation, no larger than the padded image',
      cure: "Use a smaller window, or padding 'same'.",
    });
  }
  const padded = pad(x, [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ]);
  const places = (count: number, axis: 0 | 1): Tensor =>
    add(expandDims(multiply(iota(count), stride[axis]), 1), multiply(iota(size[axis]), dilation[axis]));
  // [N, OH, KH, W, C], then [N, OH, KH, OW, KW, C].
  const patches = gather(gather(padded, places(rows, 0), 1), places(columns, 1), 3);
  return reshape(permute(patches, [0, 1, 3, 2, 4, 5]), [images, rows, columns, size[0] * size[1] * channels]);
}
