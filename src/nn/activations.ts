/** Activation functions as layers: each is the function of the same name, on any shape unless it says otherwise. */
import {
  celu,
  elu,
  gelu,
  geluTanh,
  glu,
  hardsigmoid,
  hardswish,
  leakyRelu,
  logSigmoid,
  mish,
  relu,
  relu6,
  selu,
  silu,
  softplus,
  softsign,
} from '../ops/activations.ts';
import { lessEqual, multiply, sigmoid, tanh, where } from '../ops/elementwise.ts';
import { logSoftmax, softmax } from '../ops/softmax.ts';
import { requireNumber } from '../options.ts';
import { fill } from '../tensor/leaves.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Parameter } from '../tensor/variable.ts';
import { requireLastAxes, requireTensorFor } from './checks.ts';
import { Activation, type JsonValue, Layer } from './layer.ts';

/** max(x, 0) */
export class ReLU extends Activation {
  static readonly ofLibrary = true;

  constructor() {
    super('relu', relu);
  }
}

/** x limited to [0, 6] (Krizhevsky 2010). */
export class ReLU6 extends Activation {
  static readonly ofLibrary = true;

  constructor() {
    super('relu6', relu6);
  }
}

/** x·Φ(x), exactly, by erf (Hendrycks & Gimpel 2016). */
export class GELU extends Activation {
  static readonly ofLibrary = true;

  constructor() {
    super('gelu', gelu);
  }
}

/** The tanh approximation of `GELU`, as GPT-2 has it. */
export class GELUTanh extends Activation {
  static readonly ofLibrary = true;

  constructor() {
    super('geluTanh', geluTanh);
  }
}

/** x·sigmoid(x), also called swish (Ramachandran et al. 2017). */
export class SiLU extends Activation {
  static readonly ofLibrary = true;

  constructor() {
    super('silu', silu);
  }
}

/** x·tanh(softplus(x)) (Misra 2019). */
export class Mish extends Activation {
  static readonly ofLibrary = true;

  constructor() {
    super('mish', mish);
  }
}

/** `ELU` with the slope and the `alpha` that keep layers of it at mean 0 and variance 1 (Klambauer et al. 2017). */
export class SELU extends Activation {
  static readonly ofLibrary = true;

  constructor() {
    super('selu', selu);
  }
}

/** tanh(x) */
export class Tanh extends Activation {
  static readonly ofLibrary = true;

  constructor() {
    super('tanh', tanh);
  }
}

/** 1 / (1 + exp(-x)) */
export class Sigmoid extends Activation {
  static readonly ofLibrary = true;

  constructor() {
    super('sigmoid', sigmoid);
  }
}

/** log(sigmoid(x)), without overflow. */
export class LogSigmoid extends Activation {
  static readonly ofLibrary = true;

  constructor() {
    super('logSigmoid', logSigmoid);
  }
}

/** A sigmoid of straight lines: (x + 3) / 6, limited to [0, 1]. */
export class Hardsigmoid extends Activation {
  static readonly ofLibrary = true;

  constructor() {
    super('hardsigmoid', hardsigmoid);
  }
}

/** x·hardsigmoid(x) (Howard et al. 2019). */
export class Hardswish extends Activation {
  static readonly ofLibrary = true;

  constructor() {
    super('hardswish', hardswish);
  }
}

/** log(1 + exp(x)) */
export class Softplus extends Activation {
  static readonly ofLibrary = true;

  constructor() {
    super('softplus', softplus);
  }
}

/** x / (1 + |x|) */
export class Softsign extends Activation {
  static readonly ofLibrary = true;

  constructor() {
    super('softsign', softsign);
  }
}

/** x where positive, `slope`·x where negative. Default slope 0.01. */
export class LeakyReLU extends Activation {
  static readonly ofLibrary = true;

  /** The factor where x is negative. */
  readonly slope: number;

  /**
   * x where positive, `slope`·x where negative; any shape. Default slope 0.01.
   *
   * @throws OptionError unless `slope` is a finite number
   */
  constructor(slope = 0.01) {
    requireNumber('LeakyReLU', 'slope', slope, 'a number');
    super('leakyRelu', (x) => leakyRelu(x, slope));
    this.slope = slope;
  }

  override config(): readonly JsonValue[] {
    return [this.slope];
  }
}

/**
 * x where positive, a learned slope·x where negative (He et al. 2015): x […, channels] → the same shape. Parameter: `slope`
 * [channels], of the last axis; with 1 channel, the default, it is one slope for all, and x has any shape.
 *
 * @throws OptionError for arguments out of range; ShapeError when the last axis is not `channels`.
 */
export class PReLU extends Layer {
  static readonly ofLibrary = true;

  /** Slopes: 1, or the length of the last axis. */
  readonly channels: number;
  /** What each slope starts from. */
  readonly initialSlope: number;
  /** [channels] */
  readonly slope: Parameter;

  /**
   * x where positive, a learned slope·x where negative: x […, channels] → the same shape. By default one slope for all
   * (`channels` 1), from 0.25.
   *
   * @throws OptionError for arguments out of range
   */
  constructor(channels = 1, initialSlope = 0.25) {
    super();
    this.channels = requireNumber('PReLU', 'channels', channels, 'a whole number of at least 1');
    this.initialSlope = requireNumber('PReLU', 'initialSlope', initialSlope, 'a number');
    this.slope = new Parameter(fill(initialSlope, [channels]), 'slope');
  }

  override get kind(): string {
    return 'prelu';
  }

  config(): readonly JsonValue[] {
    return [this.channels, this.initialSlope];
  }

  forward(x: Tensor): Tensor {
    if (this.channels === 1) requireTensorFor(this, x);
    else {
      const cure = 'A slope for each channel is of the last axis: build the layer for its length, or for 1.';
      requireLastAxes(this, x, [this.channels], cure);
    }
    return where(lessEqual(x, 0), multiply(x, this.slope), x);
  }
}

/** A function with a number `alpha`. */
abstract class WithAlpha extends Activation {
  /** What x tends to far below 0 is -alpha. */
  readonly alpha: number;

  constructor(kind: string, operation: (x: Tensor, alpha: number) => Tensor, alpha: number) {
    super(kind, (x) => operation(x, alpha));
    this.alpha = alpha;
  }

  override config(): readonly JsonValue[] {
    return [this.alpha];
  }
}

/** x where positive, `alpha`·(exp(x) - 1) where negative (Clevert et al. 2016). Default alpha 1. */
export class ELU extends WithAlpha {
  static readonly ofLibrary = true;

  /**
   * x where positive, `alpha`·(exp(x) - 1) where negative; any shape. Default alpha 1.
   *
   * @throws OptionError unless `alpha` is a finite number
   */
  constructor(alpha = 1) {
    super('elu', elu, requireNumber('ELU', 'alpha', alpha, 'a number'));
  }
}

/** x where positive, `alpha`·(exp(x / alpha) - 1) where negative (Barron 2017). Default alpha 1. */
export class CELU extends WithAlpha {
  static readonly ofLibrary = true;

  /**
   * x where positive, `alpha`·(exp(x / alpha) - 1) where negative; any shape. Default alpha 1.
   *
   * @throws OptionError unless `alpha` is a number above 0
   */
  constructor(alpha = 1) {
    super('celu', celu, requireNumber('CELU', 'alpha', alpha, 'a number above 0'));
  }
}

/** A function along an axis. */
abstract class AlongAxis extends Activation {
  /** Along which it computes; negative ones count from the end. */
  readonly axis: number;

  constructor(kind: string, operation: (x: Tensor, axis: number) => Tensor, axis: number) {
    super(kind, (x) => operation(x, axis));
    this.axis = axis;
  }

  override config(): readonly JsonValue[] {
    return [this.axis];
  }
}

/**
 * exp(x) / Σ exp(x) along `axis`, by default the last: probabilities. x keeps its shape. A model that is trained with
 * `softmaxCrossEntropy` ends without it: that loss takes scores.
 */
export class Softmax extends AlongAxis {
  static readonly ofLibrary = true;

  /**
   * exp(x) / Σ exp(x) along `axis` (default -1, the last): x keeps its shape. `softmaxCrossEntropy` takes scores without it.
   *
   * @throws OptionError unless `axis` is a whole number
   */
  constructor(axis = -1) {
    super('softmax', softmax, requireNumber('Softmax', 'axis', axis, 'a whole number'));
  }
}

/** The logarithm of `Softmax`, computed without taking the logarithm of a rounded 0. x keeps its shape. */
export class LogSoftmax extends AlongAxis {
  static readonly ofLibrary = true;

  /**
   * log(exp(x) / Σ exp(x)) along `axis` (default -1, the last): x keeps its shape.
   *
   * @throws OptionError unless `axis` is a whole number
   */
  constructor(axis = -1) {
    super('logSoftmax', logSoftmax, requireNumber('LogSoftmax', 'axis', axis, 'a whole number'));
  }
}

/**
 * A gated linear unit: a·sigmoid(b), with a and b the halves of x along `axis`, by default the last, which becomes half as
 * long (Dauphin et al. 2017).
 *
 * @throws OptionError for an axis that x does not have, or one of odd length.
 */
export class GLU extends AlongAxis {
  static readonly ofLibrary = true;

  /**
   * a·sigmoid(b), with a and b the halves of x along `axis` (default -1, the last), which becomes half as long.
   *
   * @throws OptionError unless `axis` is a whole number
   */
  constructor(axis = -1) {
    super('glu', glu, requireNumber('GLU', 'axis', axis, 'a whole number'));
  }
}
