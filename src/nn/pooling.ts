/** Pooling layers over N,H,W,C images. */
import { type Pair, requirePadding, requirePair } from '../ops/convolution.ts';
import {
  avgPool2d,
  globalAvgPool2d,
  globalMaxPool2d,
  maxPool2d,
  type Pool2dOptions,
} from '../ops/pooling.ts';
import { requireBoolean, requireKnownOptions } from '../options.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { requireAxes } from './checks.ts';
import { type JsonValue, Layer } from './layer.ts';
import type { AnyModule } from './module.ts';

function requireImages(layer: AnyModule, x: Tensor): void {
  requireAxes(
    layer,
    x,
    ['N', 'H', 'W', 'C'],
    'Add the missing axis (expandDims), or pool before flattening.',
  );
}

/** Checks the geometry and gives the window as [height, width]. */
function requireWindow(
  where: string,
  window: Pair,
  { stride, padding }: Pool2dOptions,
): readonly [number, number] {
  if (stride !== undefined) requirePair(where, 'stride', stride, 1);
  if (padding !== undefined) requirePadding(where, padding);
  return requirePair(where, 'window', window, 1);
}

/**
 * Maximum of each window: x [N, H, W, C] → [N, OH, OW, C]. The stride is the window by default, so that windows do not
 * overlap, and rows or columns that fill no window are dropped.
 *
 * @throws ShapeError for another rank, or an image smaller than the window; OptionError for options out of range.
 */
export class MaxPool2d extends Layer {
  /** [height, width] */
  readonly window: readonly [number, number];
  readonly #options: Required<Pool2dOptions>;

  /**
   * `window`: a number for both axes, or [height, width]. Default 2.
   *
   * @throws OptionError for options out of range
   */
  constructor(window: Pair = 2, options: Pool2dOptions = {}) {
    super();
    requireKnownOptions('MaxPool2d', options, ['stride', 'padding']);
    this.window = requireWindow('MaxPool2d', window, options);
    this.#options = { stride: options.stride ?? this.window, padding: options.padding ?? 'valid' };
  }

  override get kind(): string {
    return 'maxPool2d';
  }

  config(): readonly JsonValue[] {
    return [this.window, { ...this.#options }];
  }

  forward(x: Tensor): Tensor {
    requireImages(this, x);
    return maxPool2d(x, this.window, this.#options);
  }
}

/** Options of `AvgPool2d`. */
export interface AvgPool2dOptions extends Pool2dOptions {
  /** Whether padding counts as elements of value 0. Default true, as in PyTorch. */
  readonly countPadding?: boolean;
}

/**
 * Mean of each window: x [N, H, W, C] → [N, OH, OW, C]. The stride is the window by default.
 *
 * @throws as `MaxPool2d`.
 */
export class AvgPool2d extends Layer {
  /** [height, width] */
  readonly window: readonly [number, number];
  readonly #options: Required<AvgPool2dOptions>;

  /**
   * `window`: a number for both axes, or [height, width]. Default 2.
   *
   * @throws OptionError for options out of range
   */
  constructor(window: Pair = 2, options: AvgPool2dOptions = {}) {
    super();
    requireKnownOptions('AvgPool2d', options, ['stride', 'padding', 'countPadding']);
    this.window = requireWindow('AvgPool2d', window, options);
    const { stride = this.window, padding = 'valid', countPadding = true } = options;
    requireBoolean('AvgPool2d', 'countPadding', countPadding);
    this.#options = { stride, padding, countPadding };
  }

  override get kind(): string {
    return 'avgPool2d';
  }

  config(): readonly JsonValue[] {
    return [this.window, { ...this.#options }];
  }

  forward(x: Tensor): Tensor {
    requireImages(this, x);
    return avgPool2d(x, this.window, this.#options);
  }
}

/** Mean over height and width: x [N, H, W, C] → [N, C]. Takes images of any size. */
export class GlobalAvgPool2d extends Layer {
  override get kind(): string {
    return 'globalAvgPool2d';
  }

  config(): readonly JsonValue[] {
    return [];
  }

  forward(x: Tensor): Tensor {
    requireImages(this, x);
    return globalAvgPool2d(x);
  }
}

/** Maximum over height and width: x [N, H, W, C] → [N, C]. Takes images of any size. */
export class GlobalMaxPool2d extends Layer {
  override get kind(): string {
    return 'globalMaxPool2d';
  }

  config(): readonly JsonValue[] {
    return [];
  }

  forward(x: Tensor): Tensor {
    requireImages(this, x);
    return globalMaxPool2d(x);
  }
}
