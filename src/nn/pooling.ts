/** Pooling layers: over images [N, H, W, C], and over sequences [N, T, F]. */
import { type Pair, requirePadding, requirePair, requireSteps } from '../ops/convolution.ts';
import {
  avgPool1d,
  avgPool2d,
  globalAvgPool1d,
  globalAvgPool2d,
  globalMaxPool1d,
  globalMaxPool2d,
  maxPool1d,
  maxPool2d,
  type Pool1dOptions,
  type Pool2dOptions,
} from '../ops/pooling.ts';
import { requireBoolean, requireKnownOptions, requireNumber } from '../options.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { requireAxes, sequenceCure } from './checks.ts';
import { Activation, type JsonValue, Layer } from './layer.ts';

/** Options of `AvgPool2d`. */
export interface AvgPool2dOptions extends Pool2dOptions {
  /** Whether padding counts as elements of value 0. Default true, as in PyTorch. */
  readonly countPadding?: boolean;
}

/** Options of `AvgPool1d`. */
export interface AvgPool1dOptions extends Pool1dOptions {
  /** Whether padding counts as elements of value 0. Default true, as in PyTorch. */
  readonly countPadding?: boolean;
}

const imageCure = 'Add the missing axis (expandDims), or pool before flattening.';
const cure1d = sequenceCure('Images have 2-D pooling: MaxPool2d, AvgPool2d.');

/** A window [height, width] over images, and its options with the defaults filled in. */
function windowOf(where: string, given: Pair, options: Pool2dOptions, known: readonly string[]) {
  requireKnownOptions(where, options, known);
  const window = requirePair(where, 'window', given, 1);
  const { stride = window, padding = 'valid' } = options;
  requirePair(where, 'stride', stride, 1);
  requirePadding(where, padding);
  return { window, options: { stride, padding } };
}

/** A window over steps, and its options with the defaults filled in. */
function windowOfSteps(where: string, window: number, options: Pool1dOptions, known: readonly string[]) {
  requireKnownOptions(where, options, known);
  const { stride = window, padding = 'valid' } = options;
  for (const [name, value] of Object.entries({ window, stride })) {
    requireNumber(where, name, value, 'a whole number of at least 1');
  }
  requireSteps(where, padding);
  return { stride, padding };
}

/**
 * Maximum of each window: x [N, H, W, C] → [N, OH, OW, C]. The stride is the window by default, so that windows do not
 * overlap, and rows or columns that fill no window are dropped.
 *
 * @throws ShapeError for another rank, or an image smaller than the window; OptionError for options out of range.
 */
export class MaxPool2d extends Layer {
  static readonly ofLibrary = true;

  /** [height, width] */
  readonly window: readonly [number, number];
  readonly #options: Required<Pool2dOptions>;

  /**
   * Maximum of each window: x [N, H, W, C] → [N, OH, OW, C]. `window`: a number for both axes, or [height, width]; default
   * 2. Default stride: the window. Default padding: none.
   *
   * @throws OptionError for options out of range
   */
  constructor(window: Pair = 2, options: Pool2dOptions = {}) {
    super();
    const checked = windowOf('MaxPool2d', window, options, ['stride', 'padding']);
    this.window = checked.window;
    this.#options = checked.options;
  }

  override get kind(): string {
    return 'maxPool2d';
  }

  config(): readonly JsonValue[] {
    return [this.window, { ...this.#options }];
  }

  forward(x: Tensor): Tensor {
    requireAxes(this, x, ['N', 'H', 'W', 'C'], imageCure);
    return maxPool2d(x, this.window, this.#options);
  }
}

/**
 * Mean of each window: x [N, H, W, C] → [N, OH, OW, C]. The stride is the window by default.
 *
 * @throws as `MaxPool2d`.
 */
export class AvgPool2d extends Layer {
  static readonly ofLibrary = true;

  /** [height, width] */
  readonly window: readonly [number, number];
  readonly #options: Required<AvgPool2dOptions>;

  /**
   * Mean of each window: x [N, H, W, C] → [N, OH, OW, C]. `window`: a number for both axes, or [height, width]; default 2.
   * Default stride: the window. Default padding: none.
   *
   * @throws OptionError for options out of range
   */
  constructor(window: Pair = 2, options: AvgPool2dOptions = {}) {
    super();
    const checked = windowOf('AvgPool2d', window, options, ['stride', 'padding', 'countPadding']);
    const { countPadding = true } = options;
    requireBoolean('AvgPool2d', 'countPadding', countPadding);
    this.window = checked.window;
    this.#options = { ...checked.options, countPadding };
  }

  override get kind(): string {
    return 'avgPool2d';
  }

  config(): readonly JsonValue[] {
    return [this.window, { ...this.#options }];
  }

  forward(x: Tensor): Tensor {
    requireAxes(this, x, ['N', 'H', 'W', 'C'], imageCure);
    return avgPool2d(x, this.window, this.#options);
  }
}

/**
 * Maximum of each window of steps: x [N, T, F] → [N, OT, F]. The stride is the window by default, so that windows do not
 * overlap, and steps that fill no window are dropped.
 *
 * @throws ShapeError for another rank, or a sequence shorter than the window; OptionError for options out of range.
 */
export class MaxPool1d extends Layer {
  static readonly ofLibrary = true;

  /** In steps. */
  readonly window: number;
  readonly #options: Required<Pool1dOptions>;

  /**
   * Maximum of each window of steps: x [N, T, F] → [N, OT, F]. Default window 2. Default stride: the window. Default
   * padding: none.
   *
   * @throws OptionError for options out of range
   */
  constructor(window = 2, options: Pool1dOptions = {}) {
    super();
    this.#options = windowOfSteps('MaxPool1d', window, options, ['stride', 'padding']);
    this.window = window;
  }

  override get kind(): string {
    return 'maxPool1d';
  }

  config(): readonly JsonValue[] {
    return [this.window, { ...this.#options }];
  }

  forward(x: Tensor): Tensor {
    requireAxes(this, x, ['N', 'T', 'F'], cure1d);
    return maxPool1d(x, this.window, this.#options);
  }
}

/**
 * Mean of each window of steps: x [N, T, F] → [N, OT, F]. The stride is the window by default.
 *
 * @throws as `MaxPool1d`.
 */
export class AvgPool1d extends Layer {
  static readonly ofLibrary = true;

  /** In steps. */
  readonly window: number;
  readonly #options: Required<AvgPool1dOptions>;

  /**
   * Mean of each window of steps: x [N, T, F] → [N, OT, F]. Default window 2. Default stride: the window. Default padding:
   * none.
   *
   * @throws OptionError for options out of range
   */
  constructor(window = 2, options: AvgPool1dOptions = {}) {
    super();
    const checked = windowOfSteps('AvgPool1d', window, options, ['stride', 'padding', 'countPadding']);
    const { countPadding = true } = options;
    requireBoolean('AvgPool1d', 'countPadding', countPadding);
    this.window = window;
    this.#options = { ...checked, countPadding };
  }

  override get kind(): string {
    return 'avgPool1d';
  }

  config(): readonly JsonValue[] {
    return [this.window, { ...this.#options }];
  }

  forward(x: Tensor): Tensor {
    requireAxes(this, x, ['N', 'T', 'F'], cure1d);
    return avgPool1d(x, this.window, this.#options);
  }
}

/** Mean over height and width: x [N, H, W, C] → [N, C]. Takes images of any size. */
export class GlobalAvgPool2d extends Activation {
  static readonly ofLibrary = true;

  constructor() {
    super('globalAvgPool2d', globalAvgPool2d);
  }
}

/** Maximum over height and width: x [N, H, W, C] → [N, C]. Takes images of any size. */
export class GlobalMaxPool2d extends Activation {
  static readonly ofLibrary = true;

  constructor() {
    super('globalMaxPool2d', globalMaxPool2d);
  }
}

/** Mean over all steps: x [N, T, F] → [N, F]. Takes sequences of any length. */
export class GlobalAvgPool1d extends Activation {
  static readonly ofLibrary = true;

  constructor() {
    super('globalAvgPool1d', globalAvgPool1d);
  }
}

/** Maximum over all steps: x [N, T, F] → [N, F]. Takes sequences of any length. */
export class GlobalMaxPool1d extends Activation {
  static readonly ofLibrary = true;

  constructor() {
    super('globalMaxPool1d', globalMaxPool1d);
  }
}
