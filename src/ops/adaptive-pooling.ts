/**
 * Pooling to a size: window k of K over a length L goes from ⌊k·L/K⌋ to ⌈(k+1)·L/K⌉, as in PyTorch. Where K divides L these
 * are the windows of ordinary pooling.
 */
import { requireNumber } from '../options.ts';
import { fromData } from '../tensor/leaves.ts';
import { inScope } from '../tensor/scope.ts';
import { checkSize, formatShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { requireDType, requireOption } from './apply.ts';
import { reshape } from './broadcast.ts';
import { type Pair, requirePair, requireRank } from './convolution.ts';
import { matmul } from './matmul.ts';
import { concat, narrow } from './movement.ts';
import { avgPool2d, maxPool2d } from './pooling.ts';

/** A pooling of images that is ordinary where windows are equal, and otherwise goes along rows, then along columns. */
interface AdaptivePooling {
  readonly equal: (x: Tensor, window: Pair) => Tensor;
  readonly along: (x: Tensor, axis: 1 | 2, windows: readonly Window[]) => Tensor;
}

type Window = readonly [begin: number, end: number];

function windowsOver(length: number, count: number): readonly Window[] {
  return Array.from({ length: count }, (_, k) => [
    Math.floor((k * length) / count),
    Math.ceil(((k + 1) * length) / count),
  ]);
}

/** A product with a matrix whose row k has 1 / its length in window k. */
function averagesAlong(x: Tensor, axis: 1 | 2, windows: readonly Window[]): Tensor {
  const [n, height, width, channels] = x.shape;
  const length = x.shape[axis];
  const shares = new Float32Array(windows.length * length);
  for (const [k, [begin, end]] of windows.entries()) {
    shares.fill(1 / (end - begin), k * length + begin, k * length + end);
  }
  const rows = axis === 1 ? [n, height, width * channels] : [n * height, width, channels];
  const averages = matmul(fromData(shares, [windows.length, length], 'float32'), reshape(x, rows));
  return reshape(averages, x.shape.with(axis, windows.length));
}

function maximaAlong(x: Tensor, axis: 1 | 2, windows: readonly Window[]): Tensor {
  const maxima = windows.map(([begin, end]) =>
    maxPool2d(narrow(x, axis, begin, end), axis === 1 ? [end - begin, 1] : [1, end - begin]),
  );
  return concat(maxima, axis);
}

const averages: AdaptivePooling = { equal: avgPool2d, along: averagesAlong };
const maxima: AdaptivePooling = { equal: maxPool2d, along: maximaAlong };

/** Images [N, H, W, C] → [N, rows, columns, C]. `axes`: those of the result, for messages. */
function poolTo(
  operation: string,
  x: Tensor,
  [rows, columns]: readonly [number, number],
  { equal, along }: AdaptivePooling,
): Tensor {
  const [n, height, width, channels] = x.shape;
  requireOption(
    height > 0 && width > 0,
    operation,
    formatShape(x.shape),
    'at least one place to pool',
    'Use larger inputs, or fewer pooling layers before.',
  );
  checkSize(operation, [n, rows, columns, channels]);
  if (height % rows === 0 && width % columns === 0) return equal(x, [height / rows, width / columns]);
  return along(along(x, 1, windowsOver(height, rows)), 2, windowsOver(width, columns));
}

function poolImages(operation: string, x: Tensor, size: Pair, pooling: AdaptivePooling): Tensor {
  requireDType(operation, x, 'float32');
  requireRank(operation, x, ['N', 'H', 'W', 'C']);
  return poolTo(operation, x, requirePair(inScope(operation), 'size', size, 1), pooling);
}

function poolSteps(operation: string, x: Tensor, size: number, pooling: AdaptivePooling): Tensor {
  requireDType(operation, x, 'float32');
  requireRank(operation, x, ['N', 'T', 'F']);
  requireNumber(inScope(operation), 'size', size, 'a whole number of at least 1');
  const [n, steps, features] = x.shape;
  const pooled = poolTo(operation, reshape(x, [n, 1, steps, features]), [1, size], pooling);
  return reshape(pooled, [n, size, features]);
}

/**
 * Means of as many windows as there are to be: x [N, H, W, C] → [N, size, C], `size` a number for both axes, or [height,
 * width].
 *
 * @throws ShapeError for another rank; OptionError for a size out of range, and images without pixels
 */
export function adaptiveAvgPool2d(x: Tensor, size: Pair): Tensor {
  return poolImages('adaptiveAvgPool2d', x, size, averages);
}

/** Maxima of as many windows as there are to be: x [N, H, W, C] → [N, size, C]. Takes and throws what `adaptiveAvgPool2d` does. */
export function adaptiveMaxPool2d(x: Tensor, size: Pair): Tensor {
  return poolImages('adaptiveMaxPool2d', x, size, maxima);
}

/**
 * Means of as many windows of steps as there are to be: x [N, T, F] → [N, size, F].
 *
 * @throws ShapeError for another rank; OptionError for a size out of range, and sequences without steps
 */
export function adaptiveAvgPool1d(x: Tensor, size: number): Tensor {
  return poolSteps('adaptiveAvgPool1d', x, size, averages);
}

/** Maxima of as many windows of steps as there are to be: x [N, T, F] → [N, size, F]. Throws what `adaptiveAvgPool1d` does. */
export function adaptiveMaxPool1d(x: Tensor, size: number): Tensor {
  return poolSteps('adaptiveMaxPool1d', x, size, maxima);
}
