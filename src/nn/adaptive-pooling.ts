/** Adaptive pooling layers: whatever size comes in, one size goes out. */
import {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
} from '../ops/adaptive-pooling.ts';
import { type Pair, requirePair } from '../ops/convolution.ts';
import { requireNumber } from '../options.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Activation, type JsonValue } from './layer.ts';

/** A pooling to a size, which has no parameters. */
abstract class AdaptivePool<Size extends JsonValue> extends Activation {
  /** Of the result: the number of steps, or [height, width]. */
  readonly size: Size;

  constructor(kind: string, operation: (x: Tensor, size: Size) => Tensor, size: Size) {
    super(kind, (x) => operation(x, size));
    this.size = size;
  }

  override config(): readonly JsonValue[] {
    return [this.size];
  }
}

/**
 * Means of as many windows as there are to be: x [N, H, W, C] → [N, size, C]. Window k of K over a length L goes from ⌊k·L/K⌋
 * to ⌈(k+1)·L/K⌉, as in PyTorch. `GlobalAvgPool2d` is that of size 1 without the axes.
 *
 * @throws OptionError for a size out of range; ShapeError for another rank.
 */
export class AdaptiveAvgPool2d extends AdaptivePool<readonly [number, number]> {
  static readonly ofLibrary = true;

  /**
   * Means of as many windows as there are to be: x [N, H, W, C] → [N, size, C]. `size`: a number for both axes, or [height,
   * width].
   *
   * @throws OptionError for a size out of range
   */
  constructor(size: Pair) {
    super('adaptiveAvgPool2d', adaptiveAvgPool2d, requirePair('AdaptiveAvgPool2d', 'size', size, 1));
  }
}

/**
 * Maxima of as many windows as there are to be: x [N, H, W, C] → [N, size, C], the windows those of `AdaptiveAvgPool2d`.
 *
 * @throws as `AdaptiveAvgPool2d`.
 */
export class AdaptiveMaxPool2d extends AdaptivePool<readonly [number, number]> {
  static readonly ofLibrary = true;

  /**
   * Maxima of as many windows as there are to be: x [N, H, W, C] → [N, size, C]. `size`: a number for both axes, or [height,
   * width].
   *
   * @throws OptionError for a size out of range
   */
  constructor(size: Pair) {
    super('adaptiveMaxPool2d', adaptiveMaxPool2d, requirePair('AdaptiveMaxPool2d', 'size', size, 1));
  }
}

/**
 * Means of as many windows of steps as there are to be: x [N, T, F] → [N, size, F].
 *
 * @throws as `AdaptiveAvgPool2d`.
 */
export class AdaptiveAvgPool1d extends AdaptivePool<number> {
  static readonly ofLibrary = true;

  /**
   * Means of `size` windows of steps: x [N, T, F] → [N, size, F].
   *
   * @throws OptionError for a size out of range
   */
  constructor(size: number) {
    const steps = requireNumber('AdaptiveAvgPool1d', 'size', size, 'a whole number of at least 1');
    super('adaptiveAvgPool1d', adaptiveAvgPool1d, steps);
  }
}

/**
 * Maxima of as many windows of steps as there are to be: x [N, T, F] → [N, size, F].
 *
 * @throws as `AdaptiveAvgPool2d`.
 */
export class AdaptiveMaxPool1d extends AdaptivePool<number> {
  static readonly ofLibrary = true;

  /**
   * Maxima of `size` windows of steps: x [N, T, F] → [N, size, F].
   *
   * @throws OptionError for a size out of range
   */
  constructor(size: number) {
    const steps = requireNumber('AdaptiveMaxPool1d', 'size', size, 'a whole number of at least 1');
    super('adaptiveMaxPool1d', adaptiveMaxPool1d, steps);
  }
}
