/**
 * The update rules, side by side: SGD, Adagrad, RMSprop, Adam and AdamW. Every class that this file exports is an optimizer of the
 * package: a new rule is a class here.
 */
import { OptionError } from '../errors.ts';
import { add, divide, maximum, multiply, sqrt, square, subtract } from '../ops/elementwise.ts';
import { requireBoolean, requireNumber } from '../options.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Parameter } from '../tensor/variable.ts';
import type { OptimizerOptions, Update, UpdateCall } from './kind.ts';
import { Optimizer } from './optimizer.ts';
import type { GivenGroup } from './parameter-groups.ts';

/** What an optimizer trains: parameters, or groups of them with settings of their own. */
type Trained<Settings extends object> = readonly Parameter[] | readonly GivenGroup<Settings>[];

/** What `SGD` can be told, for all parameters or for a group. */
export interface SGDSettings {
  /** The part of the previous velocity that stays. Default 0: no momentum. */
  readonly momentum: number;
  /** The part of the gradient that does not enter the velocity, except at the first step. Default 0. */
  readonly dampening: number;
  /** Looks ahead along the velocity; needs momentum and no dampening. Default false. */
  readonly nesterov: boolean;
  /** Adds this times the parameter to its gradient. Default 0. */
  readonly weightDecay: number;
}

/** Options of `SGD`. */
export type SGDOptions = OptimizerOptions & Partial<SGDSettings>;

/** Stochastic gradient descent, with momentum (classical or Nesterov's): PyTorch's SGD. Default learning rate 1e-3. */
export class SGD extends Optimizer<SGDSettings> {
  static readonly ofLibrary = true;

  /** @throws OptionError for an unknown option or one out of range */
  constructor(parameters: Trained<SGDSettings>, options: SGDOptions = {}) {
    super(parameters, options, {
      kind: 'sgd',
      defaults: { momentum: 0, dampening: 0, nesterov: false, weightDecay: 0 },
      check: checkSGD,
    });
  }

  protected override slots({ momentum }: SGDSettings): readonly string[] {
    return momentum === 0 ? [] : ['velocity'];
  }

  protected override scalars(
    step: number,
    learningRate: number,
    { dampening }: SGDSettings,
  ): Record<string, number> {
    return { learningRate, gradientShare: step === 0 ? 1 : 1 - dampening };
  }

  protected override update(
    { parameter, gradient, state, scalars }: UpdateCall,
    { momentum, dampening, nesterov, weightDecay }: SGDSettings,
  ): Update {
    const { learningRate, gradientShare } = scalars;
    const decayed = weightDecay === 0 ? gradient : add(gradient, multiply(parameter, weightDecay));
    if (momentum === 0) return { value: subtract(parameter, multiply(learningRate, decayed)), state };
    const share = dampening === 0 ? decayed : multiply(gradientShare, decayed);
    const velocity = add(multiply(state.velocity, momentum), share);
    const direction = nesterov ? add(decayed, multiply(velocity, momentum)) : velocity;
    return { value: subtract(parameter, multiply(learningRate, direction)), state: { velocity } };
  }
}

function checkSGD(where: string, settings: SGDSettings): void {
  const { momentum, dampening, nesterov, weightDecay } = settings;
  requireNumber(where, 'momentum', momentum, 'a number of at least 0');
  requireNumber(where, 'dampening', dampening, 'a number from 0 to 1');
  requireBoolean(where, 'nesterov', nesterov);
  requireNumber(where, 'weightDecay', weightDecay, 'a number of at least 0');
  if (dampening !== 0 && momentum === 0) {
    throw new OptionError({
      where,
      got: `dampening ${dampening} without momentum`,
      expected: 'dampening only with momentum',
      cure: 'Set momentum (0.9 is usual), or leave dampening out.',
    });
  }
  if (nesterov && (momentum === 0 || dampening !== 0)) {
    throw new OptionError({
      where,
      got: `nesterov with momentum ${momentum} and dampening ${dampening}`,
      expected: 'momentum above 0 and dampening 0',
      cure: 'Set momentum (0.9 is usual) and leave dampening out.',
    });
  }
}

/** What `Adagrad` can be told, for all parameters or for a group. */
export interface AdagradSettings {
  /** Added to the root. Default 1e-10. */
  readonly epsilon: number;
  /** What the sum of squares starts from: above 0 it makes the first steps smaller. Default 0; Keras has 0.1. */
  readonly initialSum: number;
  /** Adds this times the parameter to its gradient. Default 0. */
  readonly weightDecay: number;
}

/** Options of `Adagrad`. */
export type AdagradOptions = OptimizerOptions & Partial<AdagradSettings>;

/**
 * Adagrad (Duchi et al. 2011), as PyTorch's: divides each gradient by the root of the sum of its squares so far, so that steps
 * become smaller by themselves, and what seldom has a gradient learns fast when it has one. Default learning rate 0.01.
 */
export class Adagrad extends Optimizer<AdagradSettings> {
  static readonly ofLibrary = true;

  /** @throws OptionError for an unknown option or one out of range */
  constructor(parameters: Trained<AdagradSettings>, options: AdagradOptions = {}) {
    super(parameters, options, {
      kind: 'adagrad',
      defaults: { epsilon: 1e-10, initialSum: 0, weightDecay: 0 },
      learningRate: 0.01,
      check: (where, { epsilon, initialSum, weightDecay }) => {
        requireNumber(where, 'epsilon', epsilon, 'a number of at least 0');
        requireNumber(where, 'initialSum', initialSum, 'a number of at least 0');
        requireNumber(where, 'weightDecay', weightDecay, 'a number of at least 0');
      },
    });
  }

  protected override slots(): readonly string[] {
    return ['squareSum'];
  }

  protected override scalars(_step: number, learningRate: number): Record<string, number> {
    return { learningRate };
  }

  protected override update(
    { parameter, gradient, state, scalars }: UpdateCall,
    { epsilon, initialSum, weightDecay }: AdagradSettings,
  ): Update {
    const decayed = weightDecay === 0 ? gradient : add(gradient, multiply(parameter, weightDecay));
    const squareSum = add(state.squareSum, square(decayed));
    // The slot starts at 0, as all do.
    const whole = initialSum === 0 ? squareSum : add(squareSum, initialSum);
    const scaled = divide(decayed, add(sqrt(whole), epsilon));
    return { value: subtract(parameter, multiply(scalars.learningRate, scaled)), state: { squareSum } };
  }
}

/** What `RMSprop` can be told, for all parameters or for a group. */
export interface RMSpropSettings {
  /** How much of the mean square stays from step to step; PyTorch's alpha. Default 0.99. */
  readonly smoothing: number;
  /** Added to the root, not under it, as in PyTorch. Default 1e-8. */
  readonly epsilon: number;
  /** The part of the previous velocity that stays. Default 0: no momentum. */
  readonly momentum: number;
  /** Divides by the deviation of the gradient instead of its root mean square. Default false. */
  readonly centered: boolean;
  /** Adds this times the parameter to its gradient. Default 0. */
  readonly weightDecay: number;
}

/** Options of `RMSprop`. */
export type RMSpropOptions = OptimizerOptions & Partial<RMSpropSettings>;

/** RMSprop (Hinton 2012), as PyTorch's: divides each gradient by the root of its mean square. Default learning rate 0.01. */
export class RMSprop extends Optimizer<RMSpropSettings> {
  static readonly ofLibrary = true;

  /** @throws OptionError for an unknown option or one out of range */
  constructor(parameters: Trained<RMSpropSettings>, options: RMSpropOptions = {}) {
    super(parameters, options, {
      kind: 'rmsprop',
      defaults: { smoothing: 0.99, epsilon: 1e-8, momentum: 0, centered: false, weightDecay: 0 },
      learningRate: 0.01,
      check: (where, { smoothing, epsilon, momentum, centered, weightDecay }) => {
        requireNumber(where, 'smoothing', smoothing, 'a number from 0 to below 1');
        requireNumber(where, 'epsilon', epsilon, 'a number of at least 0');
        requireNumber(where, 'momentum', momentum, 'a number of at least 0');
        requireBoolean(where, 'centered', centered);
        requireNumber(where, 'weightDecay', weightDecay, 'a number of at least 0');
      },
    });
  }

  protected override slots({ centered, momentum }: RMSpropSettings): readonly string[] {
    return ['meanSquare', ...(centered ? ['meanGradient'] : []), ...(momentum > 0 ? ['velocity'] : [])];
  }

  protected override scalars(_step: number, learningRate: number): Record<string, number> {
    return { learningRate };
  }

  protected override update(
    { parameter, gradient, state, scalars }: UpdateCall,
    { smoothing, epsilon, momentum, centered, weightDecay }: RMSpropSettings,
  ): Update {
    const smoothed = (mean: Tensor, latest: Tensor): Tensor =>
      add(multiply(mean, smoothing), multiply(latest, 1 - smoothing));
    const decayed = weightDecay === 0 ? gradient : add(gradient, multiply(parameter, weightDecay));
    const meanSquare = smoothed(state.meanSquare, square(decayed));
    const meanGradient = centered ? smoothed(state.meanGradient, decayed) : decayed;
    // Rounding can leave a variance just below zero, whose root would be NaN.
    const spread = centered ? maximum(subtract(meanSquare, square(meanGradient)), 0) : meanSquare;
    const scaled = divide(decayed, add(sqrt(spread), epsilon));
    const velocity = momentum > 0 ? add(multiply(state.velocity, momentum), scaled) : scaled;
    return {
      value: subtract(parameter, multiply(scalars.learningRate, velocity)),
      state: { meanSquare, meanGradient, velocity },
    };
  }
}

/** What `Adam` and `AdamW` can be told, for all parameters or for a group. */
export interface AdamSettings {
  /** How much of the mean gradient stays from step to step. Default 0.9. */
  readonly beta1: number;
  /** How much of the mean squared gradient stays from step to step. Default 0.999. */
  readonly beta2: number;
  /** Added to the root of the mean squared gradient. Default 1e-8. */
  readonly epsilon: number;
  /** Default 0 for Adam, which adds it times the parameter to the gradient; 0.01 for AdamW, which shrinks the parameter. */
  readonly weightDecay: number;
  /** Divides by the largest mean squared gradient so far instead of the latest. Default false. */
  readonly amsgrad: boolean;
}

/** Options of `Adam` and `AdamW`. */
export type AdamOptions = OptimizerOptions & Partial<AdamSettings>;

/** What both have in common; they differ in where weight decay enters. */
abstract class AdamFamily extends Optimizer<AdamSettings> {
  constructor(kind: string, parameters: Trained<AdamSettings>, options: AdamOptions, usualDecay: number) {
    super(parameters, options, {
      kind,
      defaults: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: usualDecay, amsgrad: false },
      check: (where, { beta1, beta2, epsilon, weightDecay, amsgrad }) => {
        requireNumber(where, 'beta1', beta1, 'a number from 0 to below 1');
        requireNumber(where, 'beta2', beta2, 'a number from 0 to below 1');
        requireNumber(where, 'epsilon', epsilon, 'a number of at least 0');
        requireNumber(where, 'weightDecay', weightDecay, 'a number of at least 0');
        requireBoolean(where, 'amsgrad', amsgrad);
      },
    });
  }

  protected override slots({ amsgrad }: AdamSettings): readonly string[] {
    return ['firstMoment', 'secondMoment', ...(amsgrad ? ['largestSecondMoment'] : [])];
  }

  /**
   * The moments start at zero; dividing them by 1 - beta^steps takes that bias out. With r the root of the second
   * correction, m / (√v / r + ε) is written r · m / (√v + r · ε), which costs each element one division less.
   */
  protected override scalars(
    step: number,
    learningRate: number,
    { beta1, beta2, epsilon, weightDecay }: AdamSettings,
  ): Record<string, number> {
    const rootCorrection = Math.sqrt(1 - beta2 ** (step + 1));
    return {
      stepSize: (learningRate * rootCorrection) / (1 - beta1 ** (step + 1)),
      epsilon: epsilon * rootCorrection,
      kept: 1 - learningRate * weightDecay,
    };
  }

  protected moments(
    { parameter, gradient, state, scalars }: UpdateCall,
    { beta1, beta2, amsgrad }: AdamSettings,
  ): Update {
    const firstMoment = add(multiply(state.firstMoment, beta1), multiply(gradient, 1 - beta1));
    const secondMoment = add(multiply(state.secondMoment, beta2), multiply(square(gradient), 1 - beta2));
    const largestSecondMoment = amsgrad ? maximum(state.largestSecondMoment, secondMoment) : secondMoment;
    const scale = add(sqrt(largestSecondMoment), scalars.epsilon);
    const value = subtract(parameter, multiply(scalars.stepSize, divide(firstMoment, scale)));
    return { value, state: { firstMoment, secondMoment, largestSecondMoment } };
  }
}

/** Adam (Kingma & Ba 2015) and its AMSGrad variant (Reddi et al. 2018), as PyTorch's. Default learning rate 1e-3. */
export class Adam extends AdamFamily {
  static readonly ofLibrary = true;

  /** @throws OptionError for an unknown option or one out of range */
  constructor(parameters: Trained<AdamSettings>, options: AdamOptions = {}) {
    super('adam', parameters, options, 0);
  }

  protected override update(call: UpdateCall, settings: AdamSettings): Update {
    if (settings.weightDecay === 0) return this.moments(call, settings);
    const gradient = add(call.gradient, multiply(call.parameter, settings.weightDecay));
    return this.moments({ ...call, gradient }, settings);
  }
}

/**
 * AdamW (Loshchilov & Hutter 2019), as PyTorch's: the parameter shrinks by learningRate · weightDecay, apart from the
 * gradient. Default learning rate 1e-3.
 */
export class AdamW extends AdamFamily {
  static readonly ofLibrary = true;

  /** @throws OptionError for an unknown option or one out of range */
  constructor(parameters: Trained<AdamSettings>, options: AdamOptions = {}) {
    super('adamw', parameters, options, 0.01);
  }

  protected override update(call: UpdateCall, settings: AdamSettings): Update {
    return this.moments({ ...call, parameter: multiply(call.parameter, call.scalars.kept) }, settings);
  }
}
