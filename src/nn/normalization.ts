/** Normalization layers: over the batch, over features, over groups of channels, over each channel. */
import { OptionError, ShapeError } from '../errors.ts';
import { add, multiply, stopGradient } from '../ops/elementwise.ts';
import { groupNorm, instanceNorm, layerNorm, normalizeWith, rmsNorm } from '../ops/normalization.ts';
import { mean, variance } from '../ops/reduce.ts';
import { requireBoolean, requireKnownOptions, requireNumber } from '../options.ts';
import { fill } from '../tensor/leaves.ts';
import { type Shape, sizeOf } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Parameter, Variable } from '../tensor/variable.ts';
import { type Cure, describeShape, requireLastAxes, requireLengths } from './checks.ts';
import { type JsonValue, Layer } from './layer.ts';

/** Options of `LayerNorm`, `GroupNorm` and `RMSNorm`. */
export interface NormLayerOptions {
  /** Added to the variance. Default 1e-5. */
  readonly epsilon?: number;
  /** Whether a scale (from 1) and a shift (from 0) are learned. Default true. */
  readonly affine?: boolean;
}

/** The learned scale and shift, both of `shape`. */
function makeAffine(where: string, affine: boolean, shape: Shape): { scale?: Parameter; shift?: Parameter } {
  requireBoolean(where, 'affine', affine);
  if (!affine) return {};
  return {
    scale: new Parameter(fill(1, shape), 'scale', { decays: false }),
    shift: new Parameter(fill(0, shape), 'shift', { decays: false }),
  };
}

/** The affine part as the operations take it. */
function affineOf(scale: Parameter | undefined, shift: Parameter | undefined) {
  return { ...(scale && { scale }), ...(shift && { shift }) };
}

/** The last axes of a tensor, as many as there are lengths. */
function lastAxes(lengths: Shape): readonly number[] {
  return lengths.map((_, axis) => axis - lengths.length);
}

/** The advice for a wrong last axis; `layer` is the constructor's call as far as the features. */
function featureCure(layer: string): Cure {
  return (shape) =>
    `Channels are the last axis: transpose channels-first data, or build the layer as ${layer}${shape.at(-1) ?? 'features'}).`;
}

/** Options of `BatchNorm`. */
export interface BatchNormOptions extends NormLayerOptions {
  /** The share of the new batch in the running statistics. Default 0.1. */
  readonly momentum?: number;
}

/**
 * Batch normalization (Ioffe & Szegedy 2015) of the last axis over all other axes: x […, features] → the same shape.
 * In training mode it uses the batch's mean and (population) variance and records the running ones, with the unbiased
 * variance, as PyTorch does; in evaluation mode, and when it is frozen (`freeze()`), it uses the running ones. Parameters: `scale`, `shift` [features];
 * variables: `runningMean`, `runningVariance` [features].
 *
 * @throws ShapeError when the last axis is not `features`, or in training mode for one value per feature.
 */
export class BatchNorm extends Layer {
  static readonly ofLibrary = true;

  /** Length of the last axis. */
  readonly features: number;
  /** Added to the variance. */
  readonly epsilon: number;
  /** The share of the new batch in the running statistics. */
  readonly momentum: number;
  /** [features], multiplied after normalizing; undefined with `affine: false`. */
  readonly scale: Parameter | undefined;
  /** [features], added after scaling; undefined with `affine: false`. */
  readonly shift: Parameter | undefined;
  /** [features], from 0: used in evaluation mode. */
  readonly runningMean: Variable;
  /** [features], from 1: used in evaluation mode. */
  readonly runningVariance: Variable;

  /**
   * Normalizes the last axis of x […, features] over all others, by the batch or, in evaluation mode, by running statistics.
   * Defaults: epsilon 1e-5, momentum 0.1, a learned scale and shift (`affine`).
   *
   * @throws OptionError for options out of range
   */
  constructor(features: number, options: BatchNormOptions = {}) {
    super();
    requireNumber('BatchNorm', 'features', features, 'a whole number of at least 1');
    requireKnownOptions('BatchNorm', options, ['epsilon', 'affine', 'momentum']);
    const { epsilon = 1e-5, affine = true, momentum = 0.1 } = options;
    requireNumber('BatchNorm', 'momentum', momentum, 'a number from 0 to 1');
    requireNumber('BatchNorm', 'epsilon', epsilon, 'a number from 0 to 1');
    this.features = features;
    this.epsilon = epsilon;
    this.momentum = momentum;
    ({ scale: this.scale, shift: this.shift } = makeAffine('BatchNorm', affine, [features]));
    this.runningMean = new Variable(fill(0, [features]), 'runningMean');
    this.runningVariance = new Variable(fill(1, [features]), 'runningVariance');
  }

  override get kind(): string {
    return 'batchNorm';
  }

  config(): readonly JsonValue[] {
    const { features, epsilon, momentum } = this;
    return [features, { epsilon, momentum, affine: this.scale !== undefined }];
  }

  forward(x: Tensor): Tensor {
    requireLastAxes(this, x, [this.features], featureCure('BatchNorm('), 2);
    const [center, spread] = this.#learns
      ? this.#batchStatistics(x)
      : [this.runningMean, this.runningVariance];
    return normalizeWith(x, center, spread, {
      epsilon: this.epsilon,
      ...affineOf(this.scale, this.shift),
    });
  }

  /** In training mode, unless it is frozen. */
  get #learns(): boolean {
    const { scale, shift, training } = this;
    return training && (!scale || !shift || scale.isTrained || shift.isTrained);
  }

  /** The batch's mean and variance; the running ones move towards them. */
  #batchStatistics(x: Tensor): [Tensor, Tensor] {
    const count = sizeOf(x.shape.slice(0, -1));
    if (count < 2) {
      throw new ShapeError({
        where: this.describe(),
        got: `${describeShape(x.shape)} in training mode, ${count} value${count === 1 ? '' : 's'} a feature`,
        expected: 'at least 2 values a feature',
        cure: 'Use a larger batch, drop the last small one, or call eval() to use the running statistics.',
      });
    }
    const axes = x.shape.slice(0, -1).map((_, axis) => axis);
    const center = mean(x, axes);
    const spread = variance(x, axes);
    const unbiased = multiply(spread, count / (count - 1));
    this.#move(this.runningMean, center);
    this.#move(this.runningVariance, unbiased);
    return [center, spread];
  }

  #move(running: Variable, batch: Tensor): void {
    const kept = multiply(running, 1 - this.momentum);
    running.assign(add(kept, multiply(stopGradient(batch), this.momentum)));
  }
}

/**
 * Layer normalization (Ba et al. 2016) over the last axis, or the last axes: x […, ...shape] → the same shape.
 * Parameters: `scale`, `shift` of `shape`.
 *
 * @throws ShapeError when the last axes are not `shape`.
 */
export class LayerNorm extends Layer {
  static readonly ofLibrary = true;

  /** The lengths of the last axes, over which it normalizes. */
  readonly normalizedShape: Shape;
  /** Added to the variance. */
  readonly epsilon: number;
  /** Of `normalizedShape`, multiplied after normalizing; undefined with `affine: false`. */
  readonly scale: Parameter | undefined;
  /** Of `normalizedShape`, added after scaling; undefined with `affine: false`. */
  readonly shift: Parameter | undefined;

  /**
   * Normalizes each sample of x […, ...shape] over the last axis, or axes: `shape` is its length, or theirs. Defaults: epsilon
   * 1e-5, a learned scale and shift (`affine`).
   *
   * @throws OptionError for lengths or options out of range
   */
  constructor(shape: number | Shape, options: NormLayerOptions = {}) {
    super();
    this.normalizedShape = requireLengths('LayerNorm', shape);
    requireKnownOptions('LayerNorm', options, ['epsilon', 'affine']);
    const { epsilon = 1e-5, affine = true } = options;
    requireNumber('LayerNorm', 'epsilon', epsilon, 'a number from 0 to 1');
    this.epsilon = epsilon;
    ({ scale: this.scale, shift: this.shift } = makeAffine('LayerNorm', affine, this.normalizedShape));
  }

  override get kind(): string {
    return 'layerNorm';
  }

  config(): readonly JsonValue[] {
    return [this.normalizedShape, { epsilon: this.epsilon, affine: this.scale !== undefined }];
  }

  forward(x: Tensor): Tensor {
    requireLastAxes(this, x, this.normalizedShape, featureCure('LayerNorm('));
    const axes = lastAxes(this.normalizedShape);
    return layerNorm(x, { axes, epsilon: this.epsilon, ...affineOf(this.scale, this.shift) });
  }
}

/**
 * Group normalization (Wu & He 2018) of each sample over blocks of channels and all positions: x [N, …, channels] →
 * the same shape. Parameters: `scale`, `shift` [channels].
 *
 * @throws OptionError when `groups` does not divide `channels`; ShapeError when the last axis is not `channels`.
 */
export class GroupNorm extends Layer {
  static readonly ofLibrary = true;

  /** How many blocks the channels are cut into. */
  readonly groups: number;
  /** Length of the last axis. */
  readonly channels: number;
  /** Added to the variance. */
  readonly epsilon: number;
  /** [channels], multiplied after normalizing; undefined with `affine: false`. */
  readonly scale: Parameter | undefined;
  /** [channels], added after scaling; undefined with `affine: false`. */
  readonly shift: Parameter | undefined;

  /**
   * Normalizes each sample of x [N, …, channels] over `groups` blocks of channels and all positions. Defaults: epsilon 1e-5, a
   * learned scale and shift (`affine`).
   *
   * @throws OptionError when `groups` does not divide `channels`, or for options out of range
   */
  constructor(groups: number, channels: number, options: NormLayerOptions = {}) {
    super();
    requireNumber('GroupNorm', 'groups', groups, 'a whole number of at least 1');
    requireNumber('GroupNorm', 'channels', channels, 'a whole number of at least 1');
    requireKnownOptions('GroupNorm', options, ['epsilon', 'affine']);
    if (channels % groups !== 0) {
      throw new OptionError({
        where: 'GroupNorm',
        got: `${groups} groups for ${channels} channels`,
        expected: 'a number of groups that divides the channels',
        cure: 'The groups come first, then the channels.',
      });
    }
    const { epsilon = 1e-5, affine = true } = options;
    requireNumber('GroupNorm', 'epsilon', epsilon, 'a number from 0 to 1');
    this.groups = groups;
    this.channels = channels;
    this.epsilon = epsilon;
    ({ scale: this.scale, shift: this.shift } = makeAffine('GroupNorm', affine, [channels]));
  }

  override get kind(): string {
    return 'groupNorm';
  }

  config(): readonly JsonValue[] {
    return [this.groups, this.channels, { epsilon: this.epsilon, affine: this.scale !== undefined }];
  }

  forward(x: Tensor): Tensor {
    requireLastAxes(this, x, [this.channels], featureCure(`GroupNorm(${this.groups}, `), 2);
    return groupNorm(x, this.groups, { epsilon: this.epsilon, ...affineOf(this.scale, this.shift) });
  }
}

/** Options of `InstanceNorm`. */
export interface InstanceNormOptions extends Omit<NormLayerOptions, 'affine'> {
  /** Whether a scale (from 1) and a shift (from 0) are learned. Default false, as in PyTorch. */
  readonly affine?: boolean;
}

/**
 * Instance normalization (Ulyanov et al. 2016) of each channel of each sample over all positions: x [N, …, channels], images
 * or sequences, → the same shape. With `affine: true`, parameters: `scale`, `shift` [channels].
 *
 * @throws ShapeError when the last axis is not `channels`, or for fewer than three axes.
 */
export class InstanceNorm extends Layer {
  static readonly ofLibrary = true;

  /** Length of the last axis. */
  readonly channels: number;
  /** Added to the variance. */
  readonly epsilon: number;
  /** [channels], multiplied after normalizing; undefined unless `affine: true`. */
  readonly scale: Parameter | undefined;
  /** [channels], added after scaling; undefined unless `affine: true`. */
  readonly shift: Parameter | undefined;

  /**
   * Normalizes each channel of each sample of x [N, H, W, channels] or [N, T, channels]. Defaults: epsilon 1e-5, nothing
   * learned.
   *
   * @throws OptionError for options out of range
   */
  constructor(channels: number, options: InstanceNormOptions = {}) {
    super();
    requireNumber('InstanceNorm', 'channels', channels, 'a whole number of at least 1');
    requireKnownOptions('InstanceNorm', options, ['epsilon', 'affine']);
    const { epsilon = 1e-5, affine = false } = options;
    requireNumber('InstanceNorm', 'epsilon', epsilon, 'a number from 0 to 1');
    this.channels = channels;
    this.epsilon = epsilon;
    ({ scale: this.scale, shift: this.shift } = makeAffine('InstanceNorm', affine, [channels]));
  }

  override get kind(): string {
    return 'instanceNorm';
  }

  config(): readonly JsonValue[] {
    return [this.channels, { epsilon: this.epsilon, affine: this.scale !== undefined }];
  }

  forward(x: Tensor): Tensor {
    requireLastAxes(this, x, [this.channels], featureCure('InstanceNorm('), 3);
    return instanceNorm(x, { epsilon: this.epsilon, ...affineOf(this.scale, this.shift) });
  }
}

/**
 * Division by the root of the mean square (Zhang & Sennrich 2019) of the last axis, or the last axes: x […, ...shape] → the
 * same shape. As LayerNorm, without a mean that is taken away and without a shift. Parameter: `scale` of `shape`.
 *
 * @throws ShapeError when the last axes are not `shape`.
 */
export class RMSNorm extends Layer {
  static readonly ofLibrary = true;

  /** The lengths of the last axes, over which it normalizes. */
  readonly normalizedShape: Shape;
  /** Added to the mean square. */
  readonly epsilon: number;
  /** Of `normalizedShape`, multiplied after normalizing; undefined with `affine: false`. */
  readonly scale: Parameter | undefined;

  /**
   * x / √(mean(x²) + epsilon) · scale over the last axis, or axes, of x […, ...shape]. Defaults: epsilon 1e-5, a learned
   * scale (`affine`).
   *
   * @throws OptionError for lengths or options out of range
   */
  constructor(shape: number | Shape, options: NormLayerOptions = {}) {
    super();
    this.normalizedShape = requireLengths('RMSNorm', shape);
    requireKnownOptions('RMSNorm', options, ['epsilon', 'affine']);
    const { epsilon = 1e-5, affine = true } = options;
    requireBoolean('RMSNorm', 'affine', affine);
    this.epsilon = requireNumber('RMSNorm', 'epsilon', epsilon, 'a number from 0 to 1');
    this.scale = affine
      ? new Parameter(fill(1, this.normalizedShape), 'scale', { decays: false })
      : undefined;
  }

  override get kind(): string {
    return 'rmsNorm';
  }

  config(): readonly JsonValue[] {
    return [this.normalizedShape, { epsilon: this.epsilon, affine: this.scale !== undefined }];
  }

  forward(x: Tensor): Tensor {
    requireLastAxes(this, x, this.normalizedShape, featureCure('RMSNorm('));
    const axes = lastAxes(this.normalizedShape);
    return rmsNorm(x, { axes, epsilon: this.epsilon, ...(this.scale && { scale: this.scale }) });
  }
}
