/** Adam (Kingma & Ba 2015), its AMSGrad variant (Reddi et al. 2018), and AdamW (Loshchilov & Hutter 2019). */
import { add, divide, maximum, multiply, sqrt, square, subtract } from '../ops/elementwise.ts';
import { requireBoolean, requireNumber } from '../options.ts';
import type { Parameter } from '../tensor/variable.ts';
import type { OptimizerOptions, Update, UpdateCall } from './kind.ts';
import { Optimizer } from './optimizer.ts';
import type { GivenGroup } from './parameter-groups.ts';

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

/** Parameters, or groups of them with settings of their own. */
type Given = readonly Parameter[] | readonly GivenGroup<AdamSettings>[];

/** What both have in common; they differ in where weight decay enters. */
abstract class AdamFamily extends Optimizer<AdamSettings> {
  constructor(kind: string, parameters: Given, options: AdamOptions, usualDecay: number) {
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

/** PyTorch's Adam. Default learning rate 1e-3. */
export class Adam extends AdamFamily {
  /** @throws OptionError for an unknown option or one out of range */
  constructor(parameters: Given, options: AdamOptions = {}) {
    super('adam', parameters, options, 0);
  }

  protected override update(call: UpdateCall, settings: AdamSettings): Update {
    if (settings.weightDecay === 0) return this.moments(call, settings);
    const gradient = add(call.gradient, multiply(call.parameter, settings.weightDecay));
    return this.moments({ ...call, gradient }, settings);
  }
}

/** PyTorch's AdamW: the parameter shrinks by learningRate · weightDecay, apart from the gradient. Default rate 1e-3. */
export class AdamW extends AdamFamily {
  /** @throws OptionError for an unknown option or one out of range */
  constructor(parameters: Given, options: AdamOptions = {}) {
    super('adamw', parameters, options, 0.01);
  }

  protected override update(call: UpdateCall, settings: AdamSettings): Update {
    return this.moments({ ...call, parameter: multiply(call.parameter, call.scalars.kept) }, settings);
  }
}
